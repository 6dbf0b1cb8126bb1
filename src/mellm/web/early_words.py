"""What a person said before an analysis had ended, brought to its report: nothing of it is lost.

Moments keep their numbers from the spotting on. Where the report has one no more (its face was lost), or the
clip was analysed anew meanwhile, the person's word stays, as a moment of the person's own. Knows annotations,
no storage and no HTTP.
"""

from mellm.facs.codes import parse_code
from mellm.report import ActionUnitReading
from mellm.web.annotation import CodedMoment, CodedUnit
from mellm.web.coding_ground import Ground, phases_of


def taken_over(given: CodedMoment, ground: Ground) -> CodedMoment:
    """Return a moment as it stands in what is known by now; `spotted` says what it was said about."""
    if given.number is None or given.spotted is None:
        return given.model_copy(update={"spotted": None})
    number = _number(given, ground)
    if number is None:
        if not ground.complete:
            return given.model_copy(update={"id": None})
        return _own(given, ground)
    units = ground.moments[number].units
    return given.model_copy(
        update={
            "number": number,
            "spotted": given.spotted if not ground.complete else None,
            "units": [_met(unit, units or []) for unit in given.units],
        }
    )


def _number(given: CodedMoment, ground: Ground) -> int | None:
    """The number under which the program has what was spoken about."""
    assert given.spotted is not None
    same = [
        number
        for number, known in ground.moments.items()
        if known.person == given.person and known.phases == phases_of(given.spotted)
    ]
    return given.number if given.number in same else next(iter(same), None)


def _own(given: CodedMoment, ground: Ground) -> CodedMoment:
    """A moment the program has no more, as the person's own; its number stays free for it where it can."""
    taken = given.number in ground.moments
    return given.model_copy(
        update={
            "number": None,
            "id": None if taken else given.number,
            "key": f"own{given.number}" if taken else f"me{given.number}",
            "verdict": "rejected" if given.verdict == "rejected" else "added",
            "frames": given.frames or given.spotted,
            "spotted": None,
        }
    )


def _met(unit: CodedUnit, program: list[ActionUnitReading]) -> CodedUnit:
    """A unit that was added before the program's own came: the person's word on that one."""
    if unit.verdict != "added" or unit.was is not None:
        return unit
    code = parse_code(unit.code)
    for own in program:
        if own.present and own.au == code.au and parse_code(own.code).side == code.side:
            verdict = "agreed" if own.code == unit.code else "changed"
            return unit.model_copy(update={"was": own.code, "verdict": verdict})
    return unit
