"""A report with a person's annotation laid over it, for exports in which the person has the last word.

What the program had said stays readable: every change is a warning sentence of the micro-expression, and a
rewritten reading keeps the program's text in `raw`. Knows no files and no HTTP.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mellm.analysis.report_entries import message_records, suggestion
from mellm.facs import TAXONOMIES, au_name, parse_codes
from mellm.render.numbers import by_number, numbered
from mellm.report import ActionUnitReading, Interval, MicroExpression, Report
from mellm.web.annotation import AnnotationBody, CodedMoment, CodedText, CodedUnit
from mellm.wording.message import Message

_Place = tuple[float, float]

BY_A_PERSON = "grade given by a person (FACS A to E)"
"""Intensity scale of units a person coded."""


def corrected(
    report: Report,
    annotation: AnnotationBody,
    times: Sequence[float],
    rereads: Mapping[str, Report],
    names: Sequence[str] = (),
) -> Report:
    """Return a copy of the report as the annotation leaves it.

    Args:
        report: the program's, unchanged afterwards
        annotation: the person's
        times: seconds of each frame
        rereads: job id -> report of the moments the person had read anew
        names: file name of each frame, for a folder of frames
    """
    result = report.model_copy(deep=True)
    changes = _Changes(report, annotation.coder, times, rereads, names)
    said = {moment.number: moment for moment in annotation.moments if moment.number is not None}
    kept: list[MicroExpression] = []
    for number, me in numbered(result):
        moment = said.get(number)
        if moment is not None and moment.verdict == "rejected":
            frames, who = _frames(me.interval), changes.by(moment.note)
            rejected = Message("person.rejected", {"number": number, "frames": frames, "who": who})
            result.warnings.append(changes.tell(rejected))
        else:
            kept.append(me if moment is None else changes.moment(me, moment))
            kept[-1].number = number
    added = [moment for moment in annotation.moments if moment.number is None]
    highest = max((number for number, _ in numbered(report)), default=0)
    for after, moment in enumerate(added, highest + 1):
        if (coded := changes.coded(moment)) is not None:
            coded.number = moment.id or after
            kept.append(coded)
    result.micro_expressions = kept
    verdict = _verdict(kept, changes.who)
    result.verdict = str(verdict)
    if annotation.note:
        remark = Message("person.remark", {"who": changes.who, "note": annotation.note})
        result.warnings.append(changes.tell(remark))
    result.provenance.messages += message_records(verdict, changes.told, "en")
    for anew in rereads.values():
        result.provenance.messages += anew.provenance.messages
    return result


def as_coded(
    report: Report, moment: CodedMoment, who: str, times: Sequence[float], rereads: Mapping[str, Report]
) -> MicroExpression | None:
    """Return one micro-expression as a person left it.

    None for a rejected one and one that could not be measured. The arguments are those of `corrected`; `who`
    is the person's name, which may be empty.
    """
    return _Changes(report, who, times, rereads).coded(moment)


@dataclass
class _Changes:
    """Lays one person's annotation over one report's micro-expressions; `told` says what was changed."""

    report: Report
    coder: str
    times: Sequence[float]
    rereads: Mapping[str, Report]
    names: Sequence[str] = ()
    told: list[Message] = field(default_factory=list)

    @property
    def who(self) -> Message | str:
        """The person's name, as sentences give it."""
        return self.coder or Message("person.unnamed")

    def by(self, note: str) -> Message | str:
        """The person's name with the reason given for a change, if there is one."""
        reason = note.strip().rstrip(".")
        if not reason:
            return self.who
        if not self.coder:
            return Message("person.unnamed_note", {"note": reason})
        return Message("person.note", {"who": self.coder, "note": reason})

    def tell(self, change: Message) -> str:
        """Remember a change; return its sentence."""
        self.told.append(change)
        return str(change)

    def coded(self, moment: CodedMoment) -> MicroExpression | None:
        """See `as_coded`."""
        if moment.verdict == "rejected":
            return None
        if moment.number is not None:
            me = by_number(self.report, moment.number)
            return None if me is None else self.moment(me.model_copy(deep=True), moment)
        anew = _reread(moment, self.rereads, _middle(self.report, moment.person))
        if anew is None:
            return None
        added = self.moment(anew, moment, reread=False)
        added.warnings.insert(0, self.tell(Message("person.added", {"who": self.by(moment.note)})))
        return added

    def moment(self, me: MicroExpression, moment: CodedMoment, *, reread: bool = True) -> MicroExpression:
        """Change one micro-expression; with `reread`, one whose frames were moved is taken as read anew."""
        who, changes = self.who, list[Message]()
        frames = moment.frames
        if frames is not None:
            before = _frames(me.interval)
            me = (_reread(moment, self.rereads, centre(me)) if reread else None) or me
            me.interval = _interval(frames.onset, frames.apex, frames.offset, self.times)
            found = (frame for frame in (frames.onset, frames.apex, frames.offset) if frame is not None)
            me.interval.files = [self.names[frame] for frame in found if frame < len(self.names)]
            after = _frames(me.interval)
            if moment.number is not None and after != before:
                me.interval.set_by = str(who)
                changes.append(Message("person.interval", {"who": who, "frames": after, "before": before}))
        changes += [self._unit(me, unit) for unit in moment.units if unit.verdict != "agreed"]
        if moment.emotion is not None and moment.emotion.label != me.emotion.label:
            labels = {"label": moment.emotion.label, "before": me.emotion.label}
            changes.append(Message("person.emotion", {"who": who, **labels}))
            _set_emotion(me, moment.emotion.taxonomy, moment.emotion.label)
            me.emotion.set_by = str(who)
        if moment.text is not None:
            changes.append(Message("person.reading", {"who": who}))
            _set_text(me, moment.text, str(who))
        if moment.note and moment.number is not None:
            changes.append(Message("person.remark", {"who": who, "note": moment.note}))
        me.warnings = [*me.warnings, *map(self.tell, changes)]
        return me

    def _unit(self, me: MicroExpression, unit: CodedUnit) -> Message:
        """Change one action unit; return the sentence that says so."""
        code = parse_codes(unit.code).units[0]
        at = _place_of(me, unit.was) if unit.was else None
        who = self.by(unit.note)
        if unit.verdict == "rejected":
            if at is not None:
                me.action_units[at].present = False
            return Message("person.unit_rejected", {"unit": unit.was or unit.code, "who": who})
        side = code.side if code.side != "unilateral" else "both"
        entry = ActionUnitReading(
            code=unit.code,
            au=code.au,
            side=side,
            name=au_name(code.au),
            probability=1.0,
            intensity=code.intensity,
            intensity_scale=BY_A_PERSON,
            present=True,
            evidence=me.action_units[at].evidence if at is not None else [],
        )
        if at is None:
            me.action_units.insert(0, entry)
            return Message("person.unit_added", {"unit": unit.code, "who": who})
        me.action_units[at] = entry
        return Message("person.unit_changed", {"before": unit.was, "unit": unit.code, "who": who})


def _reread(moment: CodedMoment, rereads: Mapping[str, Report], near: _Place) -> MicroExpression | None:
    """What was read anew for the face nearest to a place, as a copy; people may be numbered otherwise."""
    anew = rereads.get(moment.reread or "")
    if anew is None or not anew.micro_expressions:
        return None
    nearest = min(anew.micro_expressions, key=lambda me: math.dist(centre(me), near))
    copy = nearest.model_copy(deep=True)
    copy.person = moment.person
    return copy


def centre(me: MicroExpression) -> _Place:
    """The middle of a face's regions, px of the source."""
    boxes = [region.box for region in me.regions]
    count = max(len(boxes), 1)
    return sum(b[0] + b[2] / 2 for b in boxes) / count, sum(b[1] + b[3] / 2 for b in boxes) / count


def _middle(report: Report, person: int) -> _Place:
    """The middle of a person's box at first sight."""
    box = next((p.box for p in report.people if p.person == person), (0.0, 0.0, 0.0, 0.0))
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def _place_of(me: MicroExpression, was: str) -> int | None:
    """Where a unit of the program is: its code may have changed when the moment was read anew."""
    codes = [au.code for au in me.action_units]
    if was in codes:
        return codes.index(was)
    number = parse_codes(was).units[0].au
    return next((k for k, au in enumerate(me.action_units) if au.au == number), None)


def _set_emotion(me: MicroExpression, taxonomy: str, label: str | None) -> None:
    if label is not None and taxonomy != me.emotion.taxonomy and taxonomy in TAXONOMIES:
        everything = {me.emotion.taxonomy: me.emotion.probabilities, **me.emotion.also}
        me.emotion.probabilities = everything.pop(taxonomy, {})
        me.emotion.also, me.emotion.taxonomy = everything, taxonomy
    me.emotion.label = label


def _set_text(me: MicroExpression, text: CodedText, who: str) -> None:
    reading = me.reading
    reading.raw = "\n\n".join([reading.analysis, reading.reasoning, reading.conclusion])
    reading.analysis, reading.reasoning, reading.conclusion = text.analysis, text.reasoning, text.conclusion
    reading.model, reading.unsupported_claims = f"{who} (before: {reading.model})", []


def _interval(onset: int, apex: int, offset: int | None, times: Sequence[float]) -> Interval:
    def time(frame: int | None) -> float | None:
        return times[frame] if frame is not None and frame < len(times) else None

    start, end = time(onset), time(offset)
    return Interval(
        onset_frame=onset,
        apex_frame=apex,
        offset_frame=offset,
        onset_time=start,
        apex_time=time(apex),
        offset_time=end,
        duration=None if start is None or end is None else end - start,
        confidence=1.0,
        origin="given",
    )


def _frames(interval: Interval) -> Message:
    frames = [interval.onset_frame, interval.apex_frame, interval.offset_frame]
    text = " -> ".join(str(frame) for frame in frames if frame is not None)
    return Message("person.frames", {"frames": text})


def _verdict(kept: Sequence[MicroExpression], who: Message | str) -> Message:
    if not kept:
        return Message("person.none_left", {"who": who})
    people = tuple(map(suggestion, kept))
    return Message("person.reviewed", {"count": len(kept), "who": who, "people": people})
