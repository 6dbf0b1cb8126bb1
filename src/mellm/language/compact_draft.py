"""A guess at a compact answer, for a model to read ahead in: each part's motion, and the units told it.

Knows findings and the form of an answer; what a model says is its own.
"""

from collections.abc import Iterator, Sequence

from mellm.facs import PRESENT
from mellm.facs.codes import ActionUnitCode
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import emotion_name
from mellm.flow.region_motion import RegionMotion
from mellm.language.compact_answer import (
    ALONE,
    NO_SIGN,
    CompactAnswer,
    PartSentence,
    Reasoning,
    ToldUnit,
    clauses_of,
)
from mellm.language.compact_prompt import Findings, moving_parts
from mellm.language.reading_evidence import PartMotion


def units_of_parts(
    motion: Sequence[RegionMotion], units: Sequence[ActionUnitCode]
) -> Iterator[tuple[tuple[PartMotion, ...], list[ActionUnitCode]]]:
    """Yield the moving parts, strongest first, each with those of the units that rest on its regions."""
    bears = {unit: set(supporting_regions(unit, motion)) for unit in units}
    for sides in moving_parts(motion):
        regions = {name for side in sides for name in side.regions}
        yield sides, [unit for unit, names in bears.items() if names & regions]


def compact_draft(found: Findings, label: str | None) -> str:
    """Return the text: every moving part with the units that it bears out, and the label they are told with.

    label: one of the taxonomy asked for; None: nothing is reasoned
    """
    told = [ActionUnitCode(au.au, au.side) for au in found.aus or () if au.probability >= PRESENT]
    new, parts = set(told), []
    for sides, units in units_of_parts(found.motion, told):
        listed = tuple(ToldUnit(unit, unit in new) for unit in units)
        parts.append(PartSentence(clauses_of(sides, found.scale), listed))
        new -= set(units)
    name = emotion_name(label) if label and told else None
    reasoning = Reasoning(tuple(told), ALONE[0], name) if name else None
    return CompactAnswer(tuple(parts), None, reasoning, name, no_sign=NO_SIGN[0]).render()
