"""The motion reader's answer as text: decided units and label first, then what bears them out, then why.

    AU 6 + R12. Label: happiness.
    Analysis: Mouth corners go up and outward (most): AU R12. Chin goes down (little): no unit.
    Reasoning: AU 6 + R12 fit happiness. AU R12 is on one side only.

Sizes are told against the face's strongest part, because a map or flow without scale tells no more: `most` from
`MOST` of it, `less` from `LESS`, else `little`. Knows measured motion and codes; decides nothing.
"""

from collections.abc import Sequence

from mellm.facs.codes import ActionUnitCode
from mellm.facs.region_support import supporting_regions
from mellm.flow.region_motion import RegionMotion
from mellm.language.compact_answer import Clause, Verb, clauses_of, join_codes
from mellm.language.compact_prompt import moving_parts
from mellm.language.motion.questions import NOTHING
from mellm.language.reading_evidence import PartMotion
from mellm.language.reading_words import capital

MOST, LESS = 0.7, 0.3
"""Shares of the strongest part's motion from which a part is told as `most` and as `less`."""

ANALYSIS, REASONING = "\nAnalysis:", "\nReasoning:"
STILL = "Nothing moves."


def decision(units: Sequence[ActionUnitCode], label: str) -> str:
    """Return the first line: `AU 6 + R12. Label: happiness.`, or `No action unit. Label: none.`"""
    told = f"AU {join_codes(units)}" if units else "No action unit"
    return f"{told}. Label: {label}."


def part_sentences(
    motion: Sequence[RegionMotion], units: Sequence[ActionUnitCode]
) -> list[tuple[str, tuple[ActionUnitCode, ...]]]:
    """Return a true sentence for each moving part, strongest first, with the units of `units` it bears out."""
    bears = {unit: set(supporting_regions(unit, motion)) for unit in units}
    parts = moving_parts(motion)
    strongest = max((side.mean for sides in parts for side in sides), default=0.0)
    told = []
    for sides in parts:
        regions = {str(name) for side in sides for name in side.regions}
        borne = tuple(unit for unit, names in bears.items() if names & regions)
        told.append((_sentence(sides, strongest, borne), borne))
    return told


def _sentence(sides: Sequence[PartMotion], strongest: float, borne: Sequence[ActionUnitCode]) -> str:
    clauses = clauses_of(sides, "px")
    sizes = [max(side.mean for side in sides)] if len(clauses) == 1 else [side.mean for side in sides]
    told = ", ".join(
        f"{_said(clause)} ({share_word(size / strongest)})"
        for clause, size in zip(clauses, sizes, strict=True)
    )
    units = ", ".join(f"AU {unit.code}" for unit in borne) or "no unit"
    return f"{capital(told)}: {units}."


def _said(clause: Clause) -> str:
    verb = Verb.GO if len(clause.sides) > 1 else Verb.GO.singular
    return f"{clause.subject} {verb} {clause.direction}"


def share_word(share: float) -> str:
    """Return how a part's motion compares with the strongest part's: `most`, `less`, `little`."""
    return "most" if share >= MOST else "less" if share >= LESS else "little"


def is_nothing(label: str) -> bool:
    """Return whether a label says that no action unit is borne out."""
    return label == NOTHING
