"""What the motion reader is asked, as text around its motion tokens, and the answers each question can have.

A row of the model is: `OPENING`, 30 motion tokens, `ASKING`, then one of the branches. A unit's branch is its
number with two digits and a colon and is answered by one word of `SIDES`; the two label branches are answered
by one label; the reading's branch is written freely. Every branch but the reading has three tokens and every
answer is one token of SmolLM2's vocabulary, so that all of them are read in one pass. Knows no model.
"""

from mellm.facs.taxonomies import FINE, get_taxonomy

MOTION_TOKENS = 30
"""Tokens of a motion, by either route: 29 regions and their scale, or 6 x 5 patches of a map."""

OPENING = "<|im_start|>user\n"
ASKING = "\nWhich action units does the motion show, and which label fits?<|im_end|>\n<|im_start|>assistant\n"
"""The text before and after the motion tokens."""

UNITS: tuple[int, ...] = (
    1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 38,
)  # fmt: skip
"""The action units that are asked for, one by one."""

ALIKE = {27: 26, 13: 12, 39: 38}
"""Units that count as one of `UNITS`, whose motion can hardly be told from theirs."""

SIDES = (" no", " both", " left", " right")
"""Answers to a unit's question: not shown, on both halves, on the subject's left or right half alone."""

NOTHING = "none"
"""The label where the motion bears out no action unit."""

FINE_LABELS: tuple[str, ...] = (*FINE, NOTHING)
COARSE_LABELS: tuple[str, ...] = (*get_taxonomy("3").labels, NOTHING)
"""Answers to the two label questions."""

FINE_QUESTION, COARSE_QUESTION = "The label:", "The class:"


def unit_question(au: int) -> str:
    """Return the branch that asks for a unit.

    >>> unit_question(4)
    '04:'
    """
    return f"{au:02d}:"


def branches() -> tuple[str, ...]:
    """Return the branches that are answered by one token: every unit's, then the fine and the coarse label's."""
    return (*map(unit_question, UNITS), FINE_QUESTION, COARSE_QUESTION)


def options() -> tuple[tuple[str, ...], ...]:
    """Return the answers of each of `branches()`, each one token."""
    fine, coarse = (tuple(f" {label}" for label in labels) for labels in (FINE_LABELS, COARSE_LABELS))
    return (*(SIDES for _ in UNITS), fine, coarse)
