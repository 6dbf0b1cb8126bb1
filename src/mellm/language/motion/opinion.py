"""What an encoder's shares of the closed answers say: units with sides, labels of every taxonomy.

Knows shares and codes; knows neither motion nor text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mellm.facs.codes import ActionUnitCode
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, NOTHING, UNITS

CALLED = 0.5
"""Likelihood from which a unit is called."""

_LEAST = 1e-4


def log_odds(probability: float) -> float:
    """Return log p / (1 - p), p kept between 1e-4 and its complement."""
    p = min(max(probability, _LEAST), 1 - _LEAST)
    return float(np.log(p / (1 - p)))


def probability_of(odds: float) -> float:
    """Return the probability of log-odds."""
    return float(1 / (1 + np.exp(-odds)))


MotionTokens = NDArray[np.float32]
"""Embeddings (N, E) that stand in a prompt in place of words."""

Shares = tuple[NDArray[np.float64], ...]
"""For each question, shares over its `questions.options()`."""

_SIDES: tuple[Side, ...] = ("both", "left", "right")


@dataclass(frozen=True, slots=True)
class UnitOpinion:
    """One unit: likelihood that it is there at all, and on which side it is likeliest (the subject's).

    likelihood: one half is where calling units on held-out generated motion does best

    lean: likelihood of the left half alone less that of the right half alone
    """

    au: int
    side: Side
    likelihood: float
    lean: float = 0.0

    @property
    def code(self) -> ActionUnitCode:
        """The unit as a FACS code."""
        return ActionUnitCode(self.au, self.side)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A whole answer.

    units: all of `UNITS`, in their order; fine, coarse: label -> share, with `none`
    look: gives `tokens` when they are asked for
    """

    units: tuple[UnitOpinion, ...]
    fine: Mapping[str, float]
    coarse: Mapping[str, float]
    look: Callable[[], MotionTokens] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls, shares: Shares, offset: float = 0.0, look: Callable[[], MotionTokens] | None = None
    ) -> "Opinion":
        """Read shares in the order of `questions.options()`; `offset` is added to units' log-odds."""
        units = tuple(
            UnitOpinion(
                au,
                _SIDES[int(np.argmax(share[1:]))],
                probability_of(log_odds(1 - float(share[0])) + offset),
                float(share[2] - share[3]),
            )
            for au, share in zip(UNITS, shares[:-2], strict=True)
        )
        fine, coarse = (
            dict(zip(labels, map(float, share), strict=True))
            for labels, share in zip((FINE_LABELS, COARSE_LABELS), shares[-2:], strict=True)
        )
        return cls(units, fine, coarse, look)

    @property
    def tokens(self) -> MotionTokens | None:
        """What was seen, in the language model's own width: float32 (24, E), a token a question.

        None where the encoder was not trained together with a language model.
        """
        return None if self.look is None else self.look()

    @property
    def called(self) -> tuple[UnitOpinion, ...]:
        """The units that are likelier there than not."""
        return tuple(unit for unit in self.units if unit.likelihood >= CALLED)

    @property
    def nothing(self) -> float:
        """Share of `none`: that the motion bears out no unit."""
        return self.fine[NOTHING]

    def labels(self, taxonomy: str) -> dict[str, float]:
        """Return label -> probability of a taxonomy, given that there is a micro-expression; sums to 1."""
        found = get_taxonomy(taxonomy)
        if taxonomy == "3":
            total = max(sum(self.coarse[name] for name in found.labels), 1e-12)
            return {name: self.coarse[name] / total for name in found.labels}
        return found.marginal({name: self.fine[name] for name in FINE})

    def evidence(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return the units as evidence, with the measured regions that bear each out; likeliest first."""
        found = [
            AUEvidence(u.au, u.side, u.likelihood, None, supporting_regions(u.code, motion))
            for u in self.units
        ]
        return sorted(found, key=lambda unit: -unit.probability)


def borne_out(units: Sequence[AUEvidence]) -> list[AUEvidence]:
    """Return the units that a text may speak of: those a moving region bears out, or that no region could."""
    return [unit for unit in units if unit.evidence or not knows_motion(unit.au)]
