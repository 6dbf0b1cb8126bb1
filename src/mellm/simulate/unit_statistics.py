"""How often action units occur, together and one-sided, in annotated micro-expressions.

Coarse shares, in percent, over about 3,000 published FACS annotations of micro-expressions from three
public research sets; combinations seen less than about once in 200 are left out and made up from single
shares instead. Knows no samples.
"""

import numpy as np

from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, Side

COMBINATIONS: dict[tuple[int, ...], float] = {
    (4,): 22.0,
    (4, 7): 9.0,
    (14,): 7.5,
    (1, 2): 6.0,
    (1, 2, 5): 5.5,
    (12,): 5.0,
    (24,): 4.0,
    (6, 12): 3.5,
    (7,): 3.5,
    (5,): 2.5,
    (17,): 2.5,
    (1,): 2.5,
    (14, 24): 1.5,
    (15,): 1.0,
    (10,): 1.0,
    (2,): 1.0,
    (4, 5): 1.0,
    (38,): 1.0,
    (4, 7, 10): 1.0,
    (4, 9): 1.0,
    (4, 10): 1.0,
    (4, 6): 0.5,
    (23,): 0.5,
    (9,): 0.5,
    (18,): 0.5,
    (4, 17): 0.5,
    (1, 4): 0.5,
    (20,): 0.5,
}
"""Action units -> share of annotations, percent."""

SINGLES: dict[int, float] = {
    4: 41.0,
    7: 16.0,
    1: 16.0,
    2: 14.0,
    5: 11.5,
    14: 11.0,
    12: 10.5,
    24: 7.5,
    6: 6.0,
    10: 5.0,
    17: 5.0,
    9: 3.0,
    15: 2.0,
    23: 1.5,
    38: 1.0,
    20: 1.0,
    25: 1.0,
    18: 1.0,
    16: 1.0,
    28: 0.5,
    26: 0.5,
    22: 0.5,
}
"""Share of annotations with the unit, percent."""

ONE_SIDED_SHARE: dict[int, float] = {
    1: 0.18,
    2: 0.32,
    4: 0.04,
    5: 0.10,
    6: 0.08,
    7: 0.08,
    9: 0.02,
    10: 0.40,
    12: 0.42,
    14: 0.12,
    15: 0.15,
    16: 0.05,
    20: 0.28,
}
"""How often a unit, where it occurs, is scored on one side alone."""

_SMALLEST_SINGLE = 2.0


def draw_action_units(rng: np.random.Generator, invented: float = 0.25) -> list[tuple[int, Side]]:
    """Draw the action units of one micro-expression, with the subject's sides.

    A share `invented` of the draws puts 1 to 3 units together at random (rare units raised to a floor), so
    that no unit and no pair is unheard of. One side is shared by all one-sided units of a draw.
    """
    if rng.random() < invented:
        units = list(SINGLES)
        weights = np.maximum(np.array(list(SINGLES.values())), _SMALLEST_SINGLE)
        count = int(rng.choice((1, 2, 3), p=(0.5, 0.3, 0.2)))
        chosen = [int(u) for u in rng.choice(units, size=count, replace=False, p=weights / weights.sum())]
    else:
        combinations = list(COMBINATIONS)
        weights = np.array(list(COMBINATIONS.values()))
        chosen = list(combinations[int(rng.choice(len(combinations), p=weights / weights.sum()))])
    side: Side = "left" if rng.random() < 0.5 else "right"
    drawn: list[tuple[int, Side]] = []
    for unit in sorted(chosen):
        alone = unit in CAN_BE_ONE_SIDED and rng.random() < ONE_SIDED_SHARE.get(unit, 0.05)
        drawn.append((unit, side if alone else "both"))
    return drawn
