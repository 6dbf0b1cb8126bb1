"""Which units come together, and under which emotion, in generated motion: from sheets, or written by hand.

Knows annotations and the EMFACS combinations; knows no motion.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mellm.facs.codes import parse_codes
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.instruct.motion_draws import evenly, shares_of
from mellm.instruct.motion_fields import Pattern, read_fine_patterns, unit_codes, with_repression
from mellm.simulate.unit_fields import half_of

_EVEN = 2_000
"""Unit sets drawn evenly beside the written ones."""


def patterns_of(sheets: Sequence[Path]) -> list[Pattern]:
    """Return what coders wrote in the sheets, with repression; of no sheets, `written_patterns`."""
    return with_repression(read_fine_patterns(sheets)) if sheets else written_patterns()


def written_patterns(even: int = _EVEN, seed: int = 0) -> list[Pattern]:
    """Return patterns that rest on no sheet.

    The EMFACS combinations of every emotion, and `even` sets of one to three units, each unit alike likely,
    whose emotion is drawn as the prototypes weigh these units. Of each emotion both are about as many.
    """
    rng = np.random.default_rng([seed, 31])
    drawn: dict[str, list[Pattern]] = {emotion: [] for emotion in EMOTION_UNITS}
    for _ in range(even):
        units = evenly(rng)
        shares = shares_of(unit_codes(units))
        emotion = str(rng.choice(list(shares), p=np.array(list(shares.values()))))
        drawn[emotion].append(Pattern(units, emotion))
    found = []
    for emotion, units_of in EMOTION_UNITS.items():
        written = [
            Pattern(tuple((u.au, half_of(u.side)) for u in parse_codes(codes).present), emotion)
            for codes in units_of.combinations
        ]
        found += written * max(1, round(len(drawn[emotion]) / len(written))) + drawn[emotion]
    return found
