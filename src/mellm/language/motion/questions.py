"""The closed questions a motion encoder answers: each unit with its side, one fine label, one coarse label.

Knows no model.
"""

from typing import cast

from mellm.facs.codes import ActionUnitCode, CodeSide
from mellm.facs.taxonomies import FINE, get_taxonomy

UNITS: tuple[int, ...] = (
    1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 38,
)  # fmt: skip
"""The action units that are asked for, one by one."""

ALIKE = {27: 26, 13: 12, 39: 38}
"""Units that count as one of `UNITS`, whose motion can hardly be told from theirs."""

SIDES = ("no", "both", "left", "right")
"""Answers to a unit's question: not shown, on both halves, on the subject's left or right half alone."""

NOTHING = "none"
"""The label where the motion bears out no action unit."""

FINE_LABELS: tuple[str, ...] = (*FINE, NOTHING)
COARSE_LABELS: tuple[str, ...] = (*get_taxonomy("3").labels, NOTHING)
"""Answers to the two label questions."""


def coded(au: int, side: str) -> str:
    """Return a unit with an answer of `SIDES` but the first as coders write it: `12`, `L12`."""
    return ActionUnitCode(au, cast(CodeSide, side)).code


def options() -> tuple[tuple[str, ...], ...]:
    """Return the answers of every question in order: the units', the fine label's, the coarse label's."""
    return (*(SIDES for _ in UNITS), FINE_LABELS, COARSE_LABELS)
