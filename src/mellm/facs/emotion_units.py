"""Which action units speak for which emotion: one row per fine emotion, for every part that needs it.

The prototypes are EMFACS-style (Ekman & Friesen 1983; Ekman, Friesen & Hager 2002): a prior, not a rule.
Knows nothing about motion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EmotionUnits:
    """Action units of one emotion.

    weights: AU -> log-odds weight of the unit's presence (negative: speaks against the emotion)
    one_sided_weights: AU -> weight added where the unit is seen on one side only
    prior: probability before any motion is seen, between equal coarse classes and equal fine emotions
    combinations: codes of units that occur together, as EMFACS describes the emotion
    signs: units commonly described for the emotion
    core: what one would look for, at least one unit of every group
    """

    weights: Mapping[int, float]
    prior: float
    combinations: tuple[str, ...]
    signs: frozenset[int]
    core: tuple[frozenset[int], ...]
    one_sided_weights: Mapping[int, float] = field(default_factory=dict)


def _sets(*groups: set[int]) -> tuple[frozenset[int], ...]:
    return tuple(map(frozenset, groups))


EMOTION_UNITS: dict[str, EmotionUnits] = {
    "happiness": EmotionUnits(
        weights={12: 3.0, 6: 1.0, 13: 1.0, 4: -1.0, 9: -1.0, 10: -1.0, 15: -1.5, 17: -0.7},
        prior=0.20,
        combinations=("12", "6+12"),
        signs=frozenset({6, 12}),
        core=_sets({12}, {6}),
    ),
    "surprise": EmotionUnits(
        weights={1: 1.5, 2: 2.0, 5: 0.7, 26: 0.7, 27: 0.7, 4: -1.5, 9: -1.0, 12: -0.7},
        prior=0.20,
        combinations=("1+2", "1+2+5", "1+2+5+26"),
        signs=frozenset({1, 2, 5, 25, 26, 27}),
        core=_sets({1}, {2}),
    ),
    "disgust": EmotionUnits(
        weights={9: 2.0, 10: 2.0, 4: 1.5, 7: 0.7, 6: -0.5},
        prior=0.15,
        combinations=("9", "10", "4+9", "4+10"),
        signs=frozenset({4, 7, 9, 10, 11, 16}),
        core=_sets({9, 10}),
    ),
    "anger": EmotionUnits(
        weights={4: 2.0, 7: 0.7, 5: 0.4, 23: 1.0, 24: 1.0, 10: 0.3},
        prior=0.10,
        combinations=("4+5+7+23", "4+7+24", "4+23"),
        signs=frozenset({4, 5, 7, 22, 23, 24}),
        core=_sets({4}, {5, 7, 23, 24}),
    ),
    "fear": EmotionUnits(
        weights={1: 0.7, 2: 0.4, 4: 1.0, 5: 0.8, 20: 1.5, 25: 0.3, 26: 0.3},
        prior=0.10,
        combinations=("1+2+4", "1+2+4+5", "1+2+4+5+20", "20"),
        signs=frozenset({1, 2, 4, 5, 20, 25}),
        core=_sets({1, 2}, {4}, {5, 20}),
    ),
    "sadness": EmotionUnits(
        weights={1: 0.7, 4: 0.7, 15: 2.0, 17: 1.0},
        prior=0.10,
        combinations=("1+4", "15", "1+15", "1+4+15", "17"),
        signs=frozenset({1, 4, 11, 15, 17}),
        core=_sets({1, 15}),
    ),
    "contempt": EmotionUnits(
        weights={14: 1.5, 10: 0.5},
        # Contempt is the one-sided lip corner.
        one_sided_weights={12: 1.0, 14: 1.0},
        prior=0.05,
        combinations=("L12", "R12", "L14", "R14"),
        signs=frozenset({12, 14}),
        core=_sets({12, 14}),
    ),
    "repression": EmotionUnits(
        weights={14: 1.2, 15: 1.2, 17: 1.2, 24: 1.0, 23: 0.7},
        prior=0.10,
        combinations=("12+24", "14+24", "15+17", "14+17", "12+17"),
        signs=frozenset({14, 15, 17, 23, 24}),
        core=_sets({14, 15, 17, 24}),
    ),
}
"""Fine emotion -> its units."""
