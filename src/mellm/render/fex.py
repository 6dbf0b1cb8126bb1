"""Tables as py-feat's Fex reads them: a row per frame with action units and emotions from 0 to 1.

A unit's value is its probability times how far the motion is on its way to the apex; an emotion's is its
share times the same, and `neutral` has the rest. Landmarks are left empty. Knows nothing of pages.
"""

import csv
import io
from collections.abc import Sequence

from mellm.render.csv import course_of, motion_of
from mellm.report import Report

FEX_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
"""Action units of py-feat's models."""

FEX_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

FEX_COLUMNS = (
    "frame", "approx_time", "input", "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore",
    *(f"AU{au:02d}" for au in FEX_UNITS), *FEX_EMOTIONS, "person",
)  # fmt: skip


def fex_table(report: Report, names: Sequence[str] = ()) -> str:
    """Return the table of all people as CSV text; frames in which a face was not seen have no row.

    `names` are the files of the frames, for a folder; `input` is the clip without them.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FEX_COLUMNS)
    times = report.source.times()
    for person in report.people:
        trace, seen = course_of(report, person.person)
        moments = [me for me in report.micro_expressions if me.person == person.person]
        box = [f"{value:.1f}" for value in person.box]
        for frame, time in enumerate(times):
            if not seen[frame]:
                continue
            file = names[frame] if frame < len(names) else report.source.path
            units = dict.fromkeys(FEX_UNITS, 0.0)
            shares = dict.fromkeys(FEX_EMOTIONS[:-1], 0.0)
            for me in moments:
                far = {au.au: motion_of(trace, me, au, frame) for au in me.action_units}
                for au in me.action_units:
                    if au.present and au.au in units:
                        units[au.au] = max(units[au.au], au.probability * far[au.au])
                reach = max(far.values(), default=0.0)
                known = {me.emotion.taxonomy: me.emotion.probabilities, **me.emotion.also}.get("7", {})
                for label in shares:
                    shares[label] = max(shares[label], known.get(label, 0.0) * reach)
            neutral = max(0.0, 1.0 - sum(shares.values()))
            writer.writerow(
                [
                    frame,
                    f"{time:.4f}",
                    file,
                    *box,
                    "1.0",
                ]
                + [f"{value:.3f}" for value in (*units.values(), *shares.values(), neutral)]
                + [person.person]
            )
    return out.getvalue()
