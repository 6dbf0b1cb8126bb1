"""What a person says, held against the report before it is kept: what there is not is refused.

Also gives what the person need not say: names and numbers of moments that last, and the end of an agreement
whose frames were moved. Knows no storage and no HTTP.
"""

import secrets
from collections.abc import Mapping

from mellm.errors import InputError
from mellm.facs import AU_NAMES, TAXONOMIES
from mellm.facs.codes import parse_code
from mellm.report import MicroExpression, Report
from mellm.web.annotation import AnnotationBody, CodedMoment
from mellm.web.contract import Frames
from mellm.wording.message import Message

_MORE_UNITS = frozenset((40, 50, 59, 60, *range(68, 75), *range(80, 86), 91, 92, 97, 98))
"""Numbers of FACS (Ekman, Friesen and Hager 2002) that have no name here: movements of the head and the body,
speech, and what cannot be seen."""


def settled(
    body: AnnotationBody, report: Report, rereads: Mapping[str, Report], *, highest_id: int
) -> AnnotationBody:
    """Return a checked annotation whose moments all have a key and a number.

    Args:
        body: as it came
        report: the program's
        rereads: reports of the moments that were read anew, by job; those of other clips are not among them
        highest_id: the highest number any moment of this clip had

    Raises InputError for the first thing that is not in the report or in FACS.
    """
    moments = []
    next_id = max(highest_id, len(report.micro_expressions)) + 1
    for given in body.moments:
        moment = _settled(given, report, rereads)
        if moment.id is None or (moment.number is None and moment.id <= len(report.micro_expressions)):
            moment.id, next_id = next_id, next_id + 1
        moments.append(moment)
    for name in ("key", "id"):
        seen: set[object] = set()
        for moment in moments:
            if getattr(moment, name) in seen:
                raise InputError(Message("coding.twice", {"number": moment.id}))
            seen.add(getattr(moment, name))
    return body.model_copy(update={"moments": moments})


def _settled(given: CodedMoment, report: Report, rereads: Mapping[str, Report]) -> CodedMoment:
    moment = given.model_copy(deep=True)
    me = _of_program(moment, report)
    if me is not None:
        if "person" in given.model_fields_set and given.person != me.person:
            wrong = {"number": moment.number, "person": me.person, "given": given.person}
            raise InputError(Message("coding.other_person", wrong))
        moment.person, moment.key, moment.id = me.person, f"me{moment.number}", moment.number
    else:
        _check_added(moment, report)
        moment.key = moment.key or f"p{secrets.token_hex(6)}"
    if moment.frames is not None:
        _check_frames(moment.frames, report)
    if moment.reread is not None and moment.reread not in rereads:
        raise InputError(Message("coding.no_reread", {"job": moment.reread}))
    _check_units(moment, rereads.get(moment.reread or ""), me)
    if moment.emotion is not None:
        _check_emotion(moment.emotion.taxonomy, moment.emotion.label)
    if moment.verdict == "agreed" and me is not None and moved(moment, me):
        # An agreement is about what was seen then: it does not outlive a phase that was moved since.
        moment.verdict = "changed"
    return moment


def moved(moment: CodedMoment, me: MicroExpression) -> bool:
    """Whether a person's frames are others than the program's."""
    frames, when = moment.frames, me.interval
    if frames is None:
        return False
    return (frames.onset, frames.apex, frames.offset) != (
        when.onset_frame,
        when.apex_frame,
        when.offset_frame,
    )


def _of_program(moment: CodedMoment, report: Report) -> MicroExpression | None:
    if moment.number is None:
        return None
    count = len(report.micro_expressions)
    if moment.number > count:
        raise InputError(Message("coding.no_moment", {"number": moment.number, "count": count}))
    return report.micro_expressions[moment.number - 1]


def _check_added(moment: CodedMoment, report: Report) -> None:
    if moment.frames is None:
        raise InputError(Message("coding.no_frames"))
    people = {person.person for person in report.people} or {1}
    if moment.person not in people:
        raise InputError(Message("coding.no_person", {"person": moment.person, "count": max(people)}))


def _check_frames(frames: Frames, report: Report) -> None:
    last = report.source.frames - 1
    for frame in (frames.onset, frames.apex, frames.offset):
        if frame is not None and frame > last:
            raise InputError(Message("coding.outside", {"frame": frame, "last": last}))


def _check_units(moment: CodedMoment, reread: Report | None, me: MicroExpression | None) -> None:
    stands: set[tuple[int, str]] = set()
    spoken: set[int] = set()
    for unit in moment.units:
        code = parse_code(unit.code)
        if code.au not in AU_NAMES and code.au not in _MORE_UNITS:
            raise InputError(Message("coding.no_unit", {"au": code.au, "code": unit.code}))
        if unit.was is not None:
            spoken.add(parse_code(unit.was).au)
        if unit.verdict == "rejected":
            spoken.add(code.au)
            continue
        if (code.au, code.side) in stands:
            raise InputError(Message("coding.unit_twice", {"au": code.au}))
        stands.add((code.au, code.side))
    program = reread.micro_expressions[0] if reread is not None and reread.micro_expressions else me
    for present in program.action_units if program is not None else []:
        known = (present.au, parse_code(present.code).side)
        if present.present and present.au not in spoken and known in stands:
            agreed = any(u.verdict == "agreed" and parse_code(u.code).au == present.au for u in moment.units)
            if not agreed:
                raise InputError(Message("coding.unit_twice", {"au": present.au}))


def _check_emotion(taxonomy: str, label: str | None) -> None:
    if taxonomy not in TAXONOMIES:
        raise InputError(
            Message("coding.no_taxonomy", {"taxonomy": taxonomy, "known": ", ".join(TAXONOMIES)})
        )
    known = TAXONOMIES[taxonomy].labels
    if label is not None and label not in known:
        wrong = {"taxonomy": taxonomy, "label": label, "known": ", ".join(known)}
        raise InputError(Message("coding.no_emotion", wrong))
