"""What a person says, held against what is known of the clip before it is kept: what there is not is refused.

Also gives what the person need not say: names and numbers of moments that last, and the end of an agreement
whose frames were moved. Knows no storage and no HTTP.
"""

import secrets
from collections.abc import Mapping, Sequence

from mellm.errors import InputError
from mellm.facs import AU_NAMES, TAXONOMIES
from mellm.facs.codes import parse_code
from mellm.report import ActionUnitReading, Report
from mellm.web.annotation import AnnotationBody, CodedMoment
from mellm.web.coding_ground import Ground, KnownMoment, phases_of
from mellm.web.contract import Frames
from mellm.web.early_words import taken_over
from mellm.wording.message import Message

_MORE_UNITS = frozenset((40, 50, 59, 60, *range(68, 75), *range(80, 86), 91, 92, 97, 98))
"""Numbers of FACS (Ekman, Friesen and Hager 2002) that have no name here: movements of the head and the body,
speech, and what cannot be seen."""


def settled(
    body: AnnotationBody, ground: Ground, rereads: Mapping[str, Report], *, highest_id: int
) -> AnnotationBody:
    """Return a checked annotation whose moments all have a key and a number.

    Before an analysis has ended nobody knows how many moments the program will number: added ones get their
    number at its end, when this is called again.

    Args:
        body: as it came
        ground: what is known of the clip
        rereads: reports of the moments that were read anew, by job; those of other clips are not among them
        highest_id: the highest number any moment of this clip had

    Raises InputError for the first thing that is not in the clip, its report or FACS.
    """
    moments = [_settled(taken_over(given, ground), ground, rereads) for given in body.moments]
    seen: set[str | None] = set()
    for moment in moments:
        if moment.key in seen:
            raise InputError(Message("coding.twice", {"number": moment.id or moment.number or "-"}))
        seen.add(moment.key)
    _number_added(moments, ground, max(highest_id, ground.highest))
    return body.model_copy(update={"moments": moments, "early": not ground.complete})


def _number_added(moments: Sequence[CodedMoment], ground: Ground, highest: int) -> None:
    """Give every moment somebody added a number that nothing else has, or none while the analysis runs."""
    added = [moment for moment in moments if moment.number is None]
    taken = set(ground.moments)
    for moment in added:
        if moment.id in taken or not ground.complete:
            moment.id = None
        elif moment.id is not None:
            taken.add(moment.id)
    after = max(highest, *taken, 0) + 1
    for moment in added if ground.complete else []:
        if moment.id is None:
            moment.id, after = after, after + 1


def _settled(given: CodedMoment, ground: Ground, rereads: Mapping[str, Report]) -> CodedMoment:
    moment = given.model_copy(deep=True)
    known = _of_program(moment, ground)
    if known is not None:
        if "person" in given.model_fields_set and given.person != known.person:
            wrong = {"number": moment.number, "person": known.person, "given": given.person}
            raise InputError(Message("coding.other_person", wrong))
        moment.person, moment.key, moment.id = known.person, f"me{moment.number}", moment.number
        if known.units is None and moment.verdict == "agreed":
            raise InputError(Message("coding.not_measured", {"number": moment.number}))
    elif moment.number is not None:
        moment.key = f"me{moment.number}"
    else:
        _check_added(moment, ground)
        moment.key = moment.key or f"p{secrets.token_hex(6)}"
    for frames in (moment.frames, moment.spotted):
        if frames is not None:
            _check_frames(frames, ground)
    if moment.reread is not None and moment.reread not in rereads:
        raise InputError(Message("coding.no_reread", {"job": moment.reread}))
    _check_units(moment, rereads.get(moment.reread or ""), known)
    if moment.emotion is not None:
        _check_emotion(moment.emotion.taxonomy, moment.emotion.label)
    if moment.verdict == "agreed" and known is not None and moved(moment, known):
        # An agreement is about what was seen then: it does not outlive a phase that was moved since.
        moment.verdict = "changed"
    return moment


def moved(moment: CodedMoment, known: KnownMoment) -> bool:
    """Whether a person's frames are others than the program's."""
    return moment.frames is not None and phases_of(moment.frames) != known.phases


def _of_program(moment: CodedMoment, ground: Ground) -> KnownMoment | None:
    """What a person speaks about; None for an added moment, and for one that is not known again yet."""
    if moment.number is None:
        return None
    known = ground.moments.get(moment.number)
    if known is None and moment.spotted is None:
        count = len(ground.moments)
        raise InputError(Message("coding.no_moment", {"number": moment.number, "count": count}))
    return known


def _check_added(moment: CodedMoment, ground: Ground) -> None:
    if moment.frames is None:
        raise InputError(Message("coding.no_frames"))
    if moment.person not in ground.people and ground.people:
        count = max(ground.people)
        raise InputError(Message("coding.no_person", {"person": moment.person, "count": count}))


def _check_frames(frames: Frames, ground: Ground) -> None:
    last = ground.frames - 1
    for frame in (frames.onset, frames.apex, frames.offset):
        if frame is not None and frame > last:
            raise InputError(Message("coding.outside", {"frame": frame, "last": last}))


def _check_units(moment: CodedMoment, reread: Report | None, known: KnownMoment | None) -> None:
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
    program: Sequence[ActionUnitReading] = (known.units or []) if known is not None else []
    if reread is not None and reread.micro_expressions:
        program = reread.micro_expressions[0].action_units
    for present in program:
        own = (present.au, parse_code(present.code).side)
        if present.present and present.au not in spoken and own in stands:
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
