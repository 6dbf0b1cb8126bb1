"""A report with a person's annotation laid over it, for exports in which the person has the last word.

What the program had said stays readable: every change is a warning sentence of the micro-expression, and a
rewritten reading keeps the program's text in `raw`. Knows no files and no HTTP.
"""

import math
from collections.abc import Mapping, Sequence

from mellm.facs import TAXONOMIES, au_name, parse_codes
from mellm.report import ActionUnitReading, Interval, MicroExpression, Report
from mellm.web.annotation import AnnotationBody, CodedMoment, CodedText, CodedUnit

_Place = tuple[float, float]

BY_A_PERSON = "grade given by a person (FACS A to E)"
"""Intensity scale of units a person coded."""


def corrected(
    report: Report,
    annotation: AnnotationBody,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> Report:
    """Return a copy of the report as the annotation leaves it.

    Args:
        report: the program's, unchanged afterwards
        annotation: the person's
        times: seconds of each frame
        rereads: job id -> report of the moments the person had read anew
    """
    result = report.model_copy(deep=True)
    who = annotation.coder or "a person"
    said = {moment.number: moment for moment in annotation.moments if moment.number is not None}
    kept: list[MicroExpression] = []
    for number, me in enumerate(result.micro_expressions, 1):
        moment = said.get(number)
        if moment is not None and moment.verdict == "rejected":
            result.warnings.append(
                f"Micro-expression {number} ({_frames(me.interval)}) was rejected by {who}"
                f"{_why(moment.note)}."
            )
        else:
            kept.append(me if moment is None else _moment(me, moment, who, times, rereads))
    added = [moment for moment in annotation.moments if moment.number is None]
    kept += filter(None, (as_coded(report, moment, who, times, rereads) for moment in added))
    result.micro_expressions = kept
    result.verdict = _verdict(kept, who)
    if annotation.note:
        result.warnings.append(f"Note by {who}: {annotation.note}")
    return result


def as_coded(
    report: Report, moment: CodedMoment, who: str, times: Sequence[float], rereads: Mapping[str, Report]
) -> MicroExpression | None:
    """One micro-expression as a person left it; None for a rejected one and one that could not be measured.

    The arguments are those of `corrected`; `who` is the person's name, which may be empty.
    """
    who = who or "a person"
    if moment.verdict == "rejected":
        return None
    if moment.number is not None:
        known = moment.number <= len(report.micro_expressions)
        me = report.micro_expressions[moment.number - 1].model_copy(deep=True) if known else None
        return None if me is None else _moment(me, moment, who, times, rereads)
    anew = _reread(moment, rereads, _middle(report, moment.person))
    if anew is None:
        return None
    added = _moment(anew, moment, who, times, {})
    added.warnings.insert(0, f"This micro-expression was added by {who}{_why(moment.note)}.")
    return added


def _reread(moment: CodedMoment, rereads: Mapping[str, Report], near: _Place) -> MicroExpression | None:
    """What was read anew for the face nearest to a place, as a copy; people may be numbered otherwise."""
    anew = rereads.get(moment.reread or "")
    if anew is None or not anew.micro_expressions:
        return None
    nearest = min(anew.micro_expressions, key=lambda me: math.dist(_centre(me), near))
    copy = nearest.model_copy(deep=True)
    copy.person = moment.person
    return copy


def _centre(me: MicroExpression) -> _Place:
    """The middle of a face's regions, px of the source."""
    boxes = [region.box for region in me.regions]
    count = max(len(boxes), 1)
    return sum(b[0] + b[2] / 2 for b in boxes) / count, sum(b[1] + b[3] / 2 for b in boxes) / count


def _middle(report: Report, person: int) -> _Place:
    """The middle of a person's box at first sight."""
    box = next((p.box for p in report.people if p.person == person), (0.0, 0.0, 0.0, 0.0))
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def _moment(
    me: MicroExpression,
    moment: CodedMoment,
    who: str,
    times: Sequence[float],
    rereads: Mapping[str, Report],
) -> MicroExpression:
    changes: list[str] = []
    frames = moment.frames
    if frames is not None:
        before = _frames(me.interval)
        me = _reread(moment, rereads, _centre(me)) or me
        me.interval = _interval(frames.onset, frames.apex, frames.offset, times)
        after = _frames(me.interval)
        if moment.number is not None and after != before:
            me.interval.set_by = who
            changes.append(f"The interval was set by {who}: {after} (program: {before}).")
    changes += [_unit(me, unit, who) for unit in moment.units if unit.verdict != "agreed"]
    if moment.emotion is not None and moment.emotion.label != me.emotion.label:
        changes.append(
            f"The emotion was set by {who}: {moment.emotion.label or 'none'} "
            f"(program: {me.emotion.label or 'none'})."
        )
        _set_emotion(me, moment.emotion.taxonomy, moment.emotion.label)
        me.emotion.set_by = who
    if moment.text is not None:
        changes.append(f"The reading was rewritten by {who}; the program's text is in `raw`.")
        _set_text(me, moment.text, who)
    if moment.note and moment.number is not None:
        changes.append(f"Note by {who}: {moment.note}")
    me.warnings = [*me.warnings, *changes]
    return me


def _unit(me: MicroExpression, unit: CodedUnit, who: str) -> str:
    """Change one action unit; return the sentence that says so."""
    code = parse_codes(unit.code).units[0]
    at = _place_of(me, unit.was) if unit.was else None
    if unit.verdict == "rejected":
        if at is not None:
            me.action_units[at].present = False
        return f"AU {unit.was or unit.code} was rejected by {who}{_why(unit.note)}."
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
        return f"AU {unit.code} was added by {who}{_why(unit.note)}."
    me.action_units[at] = entry
    return f"AU {unit.was} was changed to {unit.code} by {who}{_why(unit.note)}."


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


def _frames(interval: Interval) -> str:
    frames = [interval.onset_frame, interval.apex_frame, interval.offset_frame]
    return "frames " + " -> ".join(str(frame) for frame in frames if frame is not None)


def _why(note: str) -> str:
    return f": {note.strip().rstrip('.')}" if note.strip() else ""


def _verdict(kept: Sequence[MicroExpression], who: str) -> str:
    if not kept:
        return f"No micro-expression left after the corrections of {who}."
    parts = "; ".join(f"person {me.person}: suggests {me.emotion.label or 'no emotion'}" for me in kept)
    return f"{len(kept)} micro-expression{'s' if len(kept) > 1 else ''} after review by {who} ({parts})."
