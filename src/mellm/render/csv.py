"""Tables for statistics programs: OpenFace's columns frame by frame, and one row per micro-expression.

The frame table has exactly the action-unit columns of OpenFace, in its order, frames counted *from 1* as
OpenFace does (report.json counts from 0). How each value is derived is in docs/report.md. Knows nothing of
pages or pictures.
"""

import csv
import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mellm.face.regions import AREAS
from mellm.render.numbers import numbered
from mellm.report import ActionUnitReading, MicroExpression, Report, Trace

INTENSITY_AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""OpenFace's units with an intensity (`_r`, 0..5)."""

PRESENCE_AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
"""OpenFace's units with presence (`_c`, 0 or 1)."""

COLUMNS = (
    "frame",
    "timestamp",
    "confidence",
    "success",
    *(f"AU{au:02d}_r" for au in INTENSITY_AUS),
    *(f"AU{au:02d}_c" for au in PRESENCE_AUS),
)

ME_COLUMNS = (
    "number", "person", "onset_frame", "apex_frame", "offset_frame", "onset_s", "apex_s", "offset_s",
    "duration_s", "confidence", "frames_origin", "action_units", "action_unit_probabilities",
    "moving_regions", "strongest_region", "strongest_mean_px", "head_motion_px", "taxonomy", "emotion",
    "emotion_probability", "warnings", "clip", "onset_file", "apex_file", "offset_file",
)  # fmt: skip
"""Columns of mes.csv; frames from 0, `_s` seconds, `_px` pixels of the source picture, `_file` names of the
frames of a folder."""

_GRADE = {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0, "E": 5.0}
"""FACS intensity -> OpenFace's 0..5, where 1 is A and 5 is E."""


def frame_tables(report: Report) -> dict[str, str]:
    """Return file name -> CSV text, one table per person: report.csv, then report-person2.csv and so on."""
    people = sorted({p.person for p in report.people} | {me.person for me in report.micro_expressions}) or [1]
    return {
        "report.csv" if k == 0 else f"report-person{person}.csv": _frame_table(report, person)
        for k, person in enumerate(people)
    }


def me_table(report: Report) -> str:
    """Return one row per micro-expression as CSV text, columns `ME_COLUMNS`."""
    return me_tables([report])


def me_tables(reports: Iterable[Report]) -> str:
    """Return the rows of several clips as one table; the column `clip` tells them apart."""
    rows = (_me_row(report, number, me) for report in reports for number, me in numbered(report))
    return _text(ME_COLUMNS, rows)


def _me_row(report: Report, number: int, me: MicroExpression) -> list[object]:
    moving = sorted((r for r in me.regions if r.moving), key=lambda r: -r.mean_px)
    present = sorted((au for au in me.action_units if au.present), key=lambda au: au.au)
    when = me.interval
    label = me.emotion.label
    files = [*when.files, "", "", ""]
    return [
        number, me.person, when.onset_frame, when.apex_frame, when.offset_frame,
        _number(when.onset_time, 4), _number(when.apex_time, 4), _number(when.offset_time, 4),
        _number(when.duration, 4), _number(when.confidence, 3), when.origin,
        "+".join(au.code for au in present),
        "+".join(f"{au.probability:.3f}" for au in present),
        "; ".join(r.name for r in moving),
        moving[0].name if moving else "", _number(moving[0].mean_px, 3) if moving else "",
        _number(me.head_motion_px, 3), me.emotion.taxonomy, label or "none",
        _number(me.emotion.probabilities.get(label), 4) if label else "",
        " | ".join(me.warnings), report.source.path, *files[:3],
    ]  # fmt: skip


def _frame_table(report: Report, person: int) -> str:
    trace, seen = course_of(report, person)
    events = [me for me in report.micro_expressions if me.person == person]
    blinks = [e for e in report.other_events if e.person == person and e.kind in ("blink", "closure")]
    times = report.source.times()
    rows: list[list[object]] = []
    for frame, time in enumerate(times):
        strength: dict[int, float] = {}
        present: set[int] = set()
        for me in events:
            first, last = _span(me)
            if not first <= frame <= last or not seen[frame]:
                continue
            for au in me.action_units:
                if au.present:
                    present.add(au.au)
                    share = _shape(trace, me, au, frame)
                    strength[au.au] = max(
                        strength.get(au.au, 0.0), share * _GRADE.get(au.intensity or "", 0.0)
                    )
        if seen[frame] and any(b.onset_frame <= frame <= b.offset_frame for b in blinks):
            present.add(45)
        rows.append(
            [frame + 1, f"{time:.4f}", f"{float(seen[frame]):.2f}", int(seen[frame])]
            + [f"{strength.get(au, 0.0):.2f}" for au in INTENSITY_AUS]
            + [f"{float(au in present):.2f}" for au in PRESENCE_AUS]
        )
    return _text(COLUMNS, rows)


def course_of(report: Report, person: int) -> tuple[Trace, list[bool]]:
    """A person's motion over time, and in which of the source's frames the face was seen and followed."""
    trace = next((t for t in report.traces if t.person == person), None) or _no_trace(person)
    return trace, _seen(report, person, trace, len(report.source.times()))


def motion_of(trace: Trace, me: MicroExpression, au: ActionUnitReading, frame: int) -> float:
    """How far an action unit is on its way to the apex at a frame, 0..1; 0 outside the moment."""
    first, last = _span(me)
    return _shape(trace, me, au, frame) if first <= frame <= last else 0.0


def _seen(report: Report, person: int, trace: Trace, count: int) -> list[bool]:
    """Whether the person's face was seen and could be followed, for each of `count` frames.

    Of clips in which only named frames were looked at, those of the moments read.
    """
    seen = [False] * count
    runs = [run for p in report.people if p.person == person for run in p.seen]
    if not trace.frames:
        runs += [_span(me) for me in report.micro_expressions if me.person == person]
    elif not runs:
        # Reports of earlier versions tell of traced frames only: of fast clips, some are between two of them.
        step = min((after - before for before, after in pairwise(trace.frames)), default=1)
        runs = [(frame, frame + step - 1) for frame in trace.frames]
    for first, last in runs:
        for frame in range(max(first, 0), min(last + 1, count)):
            seen[frame] = True
    for k, frame in enumerate(trace.frames):
        if frame < count and trace.areas and all(curve[k] is None for curve in trace.areas.values()):
            seen[frame] = False
    return seen


def _span(me: MicroExpression) -> tuple[int, int]:
    when = me.interval
    return when.onset_frame, when.offset_frame if when.offset_frame is not None else when.apex_frame


def _shape(trace: Trace, me: MicroExpression, au: ActionUnitReading, frame: int) -> float:
    """How far an action unit is on its way to the apex at a frame, 0..1.

    Follows the motion of the areas its evidence lies in; a straight rise and fall without such a trace.
    """
    first, last = _span(me)
    apex = me.interval.apex_frame
    at = {f: i for i, f in enumerate(trace.frames)}
    areas = [a for a, names in AREAS.items() if a in trace.areas and set(names) & set(au.evidence)]
    curves = [trace.areas[a] for a in areas]
    if curves and first in at and apex in at:
        # Of fast clips not every frame is traced: the last one before this tells.
        k = bisect_right(trace.frames, frame) - 1
        now, start, peak = (_mean(curves, i) for i in (k, at[first], at[apex]))
        if now is not None and start is not None and peak is not None and peak > start:
            return min(max((now - start) / (peak - start), 0.0), 1.0)
    if frame <= apex:
        return (frame - first + 1) / (apex - first + 1)
    return (last - frame + 1) / (last - apex + 1)


def _mean(curves: Sequence[Sequence[float | None]], k: int) -> float | None:
    values = [value for curve in curves if (value := curve[k]) is not None]
    return sum(values) / len(values) if values else None


def _no_trace(person: int) -> Trace:
    return Trace(person=person, frames=[], times=[], areas={})


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
