"""The scale of intensities: what each letter means for each unit, as the docs state it, beside the words."""

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from mellm.facs.unit_rules import INTENSITY_STEPS, UNITS, grade_of
from mellm.language.english_words import WORDS

DOCS = Path(__file__).parents[2] / "docs" / "facs.md"
EYES_PX = 200
"""Distance between the outer eye corners in the aligned crop, px."""


def letters(low: float, high: float) -> str:
    """The letters a range of shares spans, its upper end left out."""
    first, last = grade_of(low), grade_of(high - 1e-9)
    return first if first == last else f"{first}-{last}"


def rows() -> list[str]:
    """The table's rows: units of one range, px below which A, B, C and D end, letters of the four words."""
    units = defaultdict(list)
    for unit in UNITS:
        units[unit.full_range].append(unit.au)
    edges = [0.0, *(limit for limit, _ in WORDS.strengths), 10.0]
    found = []
    for full, numbers in sorted(units.items(), reverse=True):
        ends = [f"{limit * full * EYES_PX:.1f}" for limit, _ in INTENSITY_STEPS]
        words = [letters(a / full, b / full) for a, b in pairwise(edges)]
        found.append(f"| {', '.join(map(str, numbers))} | {full:.2f} | {' | '.join([*ends, *words])} |")
    return found


def test_the_docs_state_the_scale_that_the_code_has() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [row for row in rows() if row not in text]
    assert not missing, "docs/facs.md lacks:\n" + "\n".join(missing)


@pytest.mark.parametrize(
    ("share", "letter"),
    [(0.0, "A"), (0.099, "A"), (0.1, "B"), (0.25, "C"), (0.549, "C"), (0.55, "D"), (0.85, "E"), (2.0, "E")],
)
def test_a_letter_is_a_share_of_the_units_range(share: float, letter: str) -> None:
    assert grade_of(share) == letter
