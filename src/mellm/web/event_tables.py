"""A result as other programs read it: BIDS events, WebVTT, a BORIS project. Knows reports only."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mellm.render.numbers import numbered
from mellm.report import MicroExpression, Report

NOTHING = "n/a"
"""What BIDS writes where there is no value."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A result with what people note about its clip, and the seconds of each frame."""

    report: Report
    times: Sequence[float]
    subject: str = ""
    session: str = ""
    coder: str = ""

    def begin(self, frame: int) -> float:
        """When a frame is first shown, s; of the frame after the last one, when the clip ends."""
        if frame < len(self.times):
            return self.times[frame]
        step = 1 / self.report.source.fps if self.report.source.fps else 0.04
        last = self.times[-1] if self.times else 0.0
        return last + step * (frame - len(self.times) + 1)


BIDS_COLUMNS = (
    ("onset", "When the onset frame is shown, seconds from the first frame"),
    ("duration", "Until the end of the last frame, seconds"),
    ("trial_type", "micro-expression, or what is none: blink, closure, speech, macro, head"),
    ("number", "Lasting number of the micro-expression"),
    ("person", "The face in the picture, from 1, left to right at first sight"),
    ("onset_frame", "Frame index from 0"),
    ("apex_frame", "Frame index from 0"),
    ("offset_frame", "Frame index from 0, inclusive"),
    ("apex", "When the apex frame is shown, seconds"),
    ("apex_file", "File of the apex frame, where the clip is a folder of frames"),
    ("action_units", "FACS codes; sides are the subject's"),
    ("emotion", "What the action units suggest, or what a person set"),
    ("confidence", "0 to 1; 1 where a person set the frames"),
    ("coder", "Who has the last word; n/a: the program"),
)
"""Columns of events.tsv and what they mean."""


def bids_files(clip: Clip, name: str) -> dict[str, str]:
    """Return events.tsv and its description, by file names with BIDS entities."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow([column for column, _ in BIDS_COLUMNS])
    rows: list[list[str]] = [_bids_row(clip, number, me) for number, me in numbered(clip.report)]
    for event in clip.report.other_events:
        begin, end = clip.begin(event.onset_frame), clip.begin(event.offset_frame + 1)
        frames = [event.onset_frame, event.apex_frame, event.offset_frame]
        times = [f"{begin:.4f}", f"{end - begin:.4f}", event.kind, NOTHING, str(event.person)]
        rest = [f"{clip.begin(event.apex_frame):.4f}", *[NOTHING] * 5]
        rows.append([*times, *map(str, frames), *rest])
    rows.sort(key=lambda row: float(row[0]))
    writer.writerows(rows)
    about = {column: {"Description": text} for column, text in BIDS_COLUMNS}
    stem = "_".join(
        f"{key}-{label}"
        for key, text in (("sub", clip.subject or "01"), ("ses", clip.session), ("task", name))
        if (label := re.sub(r"[\W_]+", "", text))
    )
    return {
        f"{stem}_events.tsv": out.getvalue(),
        f"{stem}_events.json": json.dumps(about, indent=2, ensure_ascii=False) + "\n",
    }


def _bids_row(clip: Clip, number: int, me: MicroExpression) -> list[str]:
    when = me.interval
    last = when.offset_frame if when.offset_frame is not None else when.apex_frame
    begin = clip.begin(when.onset_frame)
    return [
        f"{begin:.4f}",
        f"{clip.begin(last + 1) - begin:.4f}",
        "micro-expression",
        str(number),
        str(me.person),
        str(when.onset_frame),
        str(when.apex_frame),
        NOTHING if when.offset_frame is None else str(when.offset_frame),
        f"{clip.begin(when.apex_frame):.4f}",
        when.files[1] if len(when.files) > 1 else NOTHING,
        units_of(me) or NOTHING,
        me.emotion.label or NOTHING,
        f"{when.confidence:.3f}",
        " ".join(clip.coder.split()) or NOTHING,
    ]


def units_of(me: MicroExpression) -> str:
    """The codes of the units that are present, such as L12B+6A in the order of their numbers."""
    present = sorted((au for au in me.action_units if au.present), key=lambda au: au.au)
    return "+".join(au.code for au in present)


def webvtt(clip: Clip) -> str:
    """Return subtitles: a cue for each micro-expression, as long as it lasts."""
    cues = []
    for number, me in sorted(numbered(clip.report), key=lambda one: one[1].interval.onset_frame):
        when = me.interval
        last = when.offset_frame if when.offset_frame is not None else when.apex_frame
        begin, end = clip.begin(when.onset_frame), clip.begin(last + 1)
        words = [f"ME {number}", f"P{me.person}", units_of(me), me.emotion.label or ""]
        text = " · ".join(filter(None, words))
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        cues.append(f"ME{number}\n{_clock(begin)} --> {_clock(max(end, begin + 0.001))}\n{text}\n")
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


_KINDS = ("micro-expression", "macro", "blink", "closure", "speech", "head")
_KEYS = "mabcsh"


def boris_project(clips: Sequence[tuple[str, Clip]], date: str) -> str:
    """Return a BORIS project (format 7.0): an observation for each clip, state events for what was found.

    Args:
        clips: name of the observation, which is that of the media file, and its clip
        date: ISO 8601, of the export
    """
    people = sorted({person.person for _, clip in clips for person in clip.report.people} or {1})
    project = {
        "time_format": "hh:mm:ss",
        "project_date": date[:19],
        "project_name": "mellm",
        "project_description": "Micro-expressions; modifiers are FACS codes, comments the emotion.",
        "project_format_version": "7.0",
        "subjects_conf": {
            str(k): {"key": str(person)[-1], "name": f"P{person}", "description": f"person {person}"}
            for k, person in enumerate(people)
        },
        "behaviors_conf": {
            str(k): {
                "type": "State event",
                "key": key,
                "code": kind,
                "description": "",
                "color": "",
                "category": "",
                "modifiers": {},
                "excluded": "",
                "coding map": "",
            }
            for k, (kind, key) in enumerate(zip(_KINDS, _KEYS, strict=True))
        },
        "observations": {name: _observation(name, clip, date) for name, clip in clips},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, indent=1, ensure_ascii=False)


def _observation(name: str, clip: Clip, date: str) -> dict[str, object]:
    source = clip.report.source
    end = clip.begin(len(clip.times))
    return {
        "file": {"1": [source.path], **{str(player): [] for player in range(2, 9)}},
        "type": "MEDIA",
        "date": date[:19],
        "description": " ".join(filter(None, (clip.subject, clip.session, clip.coder))),
        "time offset": 0.0,
        "events": _boris_events(clip),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {source.path: end},
            "fps": {source.path: source.fps or 25.0},
            "hasVideo": {source.path: True},
            "hasAudio": {source.path: False},
            "offset": {"1": 0.0},
        },
    }


def _boris_events(clip: Clip) -> list[list[object]]:
    """Start and stop of each state: time, subject, code, modifier, comment, frame."""
    states: list[tuple[int, int, int, str, str, str]] = []
    for number, me in numbered(clip.report):
        when = me.interval
        last = when.offset_frame if when.offset_frame is not None else when.apex_frame
        comment = " ".join(filter(None, (f"ME {number}", f"apex {when.apex_frame}", me.emotion.label)))
        states.append((when.onset_frame, last + 1, me.person, _KINDS[0], units_of(me), comment))
    states += [
        (event.onset_frame, event.offset_frame + 1, event.person, event.kind, "", event.note)
        for event in clip.report.other_events
    ]
    rows: list[tuple[float, int, list[object]]] = []
    for state, (first, after, person, kind, units, comment) in enumerate(_merged(states)):
        for frame, said in ((first, comment), (after, "")):
            time = round(clip.begin(frame), 3)
            rows.append((time, state, [time, f"P{person}", kind, units, said, frame]))
    return [row for _, _, row in sorted(rows, key=lambda row: row[:2])]


def _merged(
    states: Sequence[tuple[int, int, int, str, str, str]],
) -> list[tuple[int, int, int, str, str, str]]:
    """States without overlap of the same kind and person, since BORIS pairs starts with stops in turn."""
    result: list[tuple[int, int, int, str, str, str]] = []
    for state in sorted(states, key=lambda one: (one[2], one[3], one[0])):
        former = result[-1] if result else None
        if former is not None and former[2:5] == state[2:5] and state[0] < former[1]:
            comment = " | ".join(filter(None, (former[5], state[5])))
            result[-1] = (former[0], max(former[1], state[1]), *former[2:5], comment)
        else:
            result.append(state)
    return result
