"""One coded moment as rows of ELAN tiers, and rows of tiers as a coded moment.

Whatever a person can code has a row, so that a file may be made or changed in ELAN alone; what ELAN has no
place for (keys, re-reads) stands in a property of the file's header.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.render.numbers import by_number
from mellm.report import MicroExpression, Report
from mellm.web.annotation import CodedEmotion, CodedMoment, CodedText, CodedUnit
from mellm.web.contract import Frames
from mellm.web.corrected import as_coded
from mellm.web.elan_clock import Clock, Span
from mellm.web.elan_text import held

KINDS = ("ME", "phase", "AU", "AU reason", "emotion", "analysis", "reasoning", "conclusion", "note")
"""Tiers of one coder, for each person in the picture."""

PHASES = ("onset to apex", "apex to offset")

_NAME = re.compile(r"ME (\d+) (open|agreed|changed|rejected|added)$")
_REASON = re.compile(r"(\S+) (agreed|changed|rejected|added)(?: \(was (\S+)\))?(?:: ?(.*))?$", re.DOTALL)
_EMOTION = re.compile(r"(.+) \((\w+) classes\)$")
_NONE = "none"


@dataclass
class Rows:
    """The rows of one moment by tier; `phase` may have two."""

    person: int
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def add(self, kind: str, span: Span) -> None:
        """Add a row that says something, as a file holds it."""
        if text := held(span.text):
            self.spans.setdefault(kind, []).append(Span(span.begin, span.end, text))

    @property
    def begin(self) -> int:
        """When the moment begins, ms."""
        return self.spans["ME"][0].begin

    @property
    def end(self) -> int:
        """When it ends, ms."""
        return self.spans["ME"][0].end


def frames_of(moment: CodedMoment, report: Report) -> Frames | None:
    """A moment's frames: the person's, else the program's."""
    if moment.frames is not None:
        return moment.frames
    me = of_program(moment, report)
    if me is None:
        return None
    when = me.interval
    return Frames(onset=when.onset_frame, apex=when.apex_frame, offset=when.offset_frame)


def of_program(moment: CodedMoment, report: Report) -> MicroExpression | None:
    """The program's micro-expression that a person speaks about."""
    return by_number(report, moment.number)


def rows_of(
    moment: CodedMoment,
    coder: str,
    report: Report,
    clock: Clock,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> Rows | None:
    """Return a moment's rows; None where it has no frames."""
    frames = frames_of(moment, report)
    if frames is None:
        return None
    last = frames.offset if frames.offset is not None else frames.apex
    rows = Rows(moment.person)

    def say(kind: str, text: str) -> None:
        rows.add(kind, clock.span(frames.onset, last, text))

    number = moment.id or moment.number or 0
    say("ME", f"ME {number} {moment.verdict}")
    apex = clock.begin(frames.apex)
    for phase, begin, end in (
        (PHASES[0], clock.begin(frames.onset), apex),
        (PHASES[1], apex, clock.begin(last + 1) if frames.offset is not None else apex),
    ):
        if end > begin:
            rows.add("phase", Span(begin, end, phase))
    say("AU", "+".join(_codes(moment, coder, report, times, rereads)))
    say("AU reason", "\n".join(map(_reason, moment.units)))
    if moment.emotion is not None:
        say("emotion", f"{moment.emotion.label or _NONE} ({moment.emotion.taxonomy} classes)")
    if moment.text is not None:
        for kind in ("analysis", "reasoning", "conclusion"):
            say(kind, getattr(moment.text, kind))
    say("note", moment.note)
    return rows


def _codes(
    moment: CodedMoment,
    coder: str,
    report: Report,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> list[str]:
    """The units that stand in a moment: the program's as the person left them, or those of its re-read."""
    me = as_coded(report, moment, coder, times, rereads)
    if me is None:
        return [] if moment.verdict == "rejected" else _stand(moment)
    return [unit.code for unit in sorted(me.action_units, key=lambda unit: unit.au) if unit.present]


def _stand(moment: CodedMoment) -> list[str]:
    return [unit.code for unit in moment.units if unit.verdict != "rejected"]


def _reason(unit: CodedUnit) -> str:
    was = f" (was {unit.was})" if unit.was else ""
    said = _one_line(held(unit.note))
    note = f": {said}" if said else ""
    return f"{unit.code} {unit.verdict}{was}{note}"


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _lines(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def moment_of(rows: Rows, report: Report, clock: Clock) -> CodedMoment:
    """Return what a moment's rows say. Raises InputError for action units that are no codes."""
    name = _NAME.match(_text(rows, "ME"))
    number = int(name[1]) if name else None
    known = None if by_number(report, number) is None else number
    frames = _frames(rows, clock)
    moment = CodedMoment(
        number=known,
        id=number,
        person=rows.person,
        verdict=name[2] if name else ("open" if known else "added"),
        frames=frames,
        units=_units(rows, known is not None),
        emotion=_emotion(_text(rows, "emotion")),
        text=_reading(rows),
        note=_text(rows, "note"),
    )
    if known is not None and frames == frames_of(moment.model_copy(update={"frames": None}), report):
        moment.frames = None
    return moment


def _frames(rows: Rows, clock: Clock) -> Frames:
    first, after = clock.frame(rows.begin), clock.frame(rows.end)
    rise = next((span for span in rows.spans.get("phase", []) if span.text == PHASES[0]), None)
    fall = next((span for span in rows.spans.get("phase", []) if span.text == PHASES[1]), None)
    if rise is None:
        # Somebody marked an interval only: its middle has to stand for the apex.
        apex = max(first + 1, (first + after - 1) // 2)
        return Frames(onset=first, apex=apex, offset=max(after - 1, apex))
    apex = clock.frame(rise.end)
    return Frames(onset=first, apex=apex, offset=None if fall is None else max(after - 1, apex))


def _units(rows: Rows, of_program: bool) -> list[CodedUnit]:
    reasons = _text(rows, "AU reason")
    found = []
    for line in reasons.split("\n") if reasons else []:
        said = _REASON.match(line)
        if said is None:
            raise InputError(f"'{line[:60]}' is no reason for an action unit: write '12B added: why'.")
        code, verdict, was, note = said.groups()
        found.append(CodedUnit(code=code, verdict=verdict, was=was, note=_lines(note or "")))
    if not reasons and not of_program:
        # A file that was made in ELAN alone has units without reasons.
        codes = parse_codes(_text(rows, "AU")).units
        found = [CodedUnit(code=code.code, verdict="added") for code in codes]
    return found


def _emotion(text: str) -> CodedEmotion | None:
    if not text:
        return None
    said = _EMOTION.match(text)
    label, taxonomy = (said[1], said[2]) if said else (text, "7")
    return CodedEmotion(taxonomy=taxonomy, label=None if label == _NONE else label)


def _reading(rows: Rows) -> CodedText | None:
    parts = {kind: _text(rows, kind) for kind in ("analysis", "reasoning", "conclusion")}
    return CodedText(**parts) if any(parts.values()) else None


def _text(rows: Rows, kind: str) -> str:
    spans = rows.spans.get(kind, [])
    return spans[0].text if spans else ""
