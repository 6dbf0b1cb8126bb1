"""The dial of the spotter: how sure the network must be for so many false alarms a minute.

Measured on real footage of people that the scoring network had not seen (docs/spotting.md).
"""

from dataclasses import dataclass

import numpy as np

DEFAULT_RATE = 0.3
"""False micro-expressions a minute that are put up with unless a user says otherwise."""


@dataclass(frozen=True, slots=True)
class Dial:
    """rates: false alarms a minute, rising; scores: the score from which on there were so many, falling."""

    rates: tuple[float, ...]
    scores: tuple[float, ...]

    def score(self, rate: float) -> float:
        """The least score for a rate: between measured ones by interpolation over the rate's logarithm."""
        return float(np.interp(np.log(rate), np.log(self.rates), self.scores))

    def confidence(self, score: float) -> float:
        """0.5 where the score is just enough for the default rate, by the odds of the two, to 0 and 1."""
        least = self.score(DEFAULT_RATE)
        odds = (score / (1 - min(score, 1 - 1e-6))) / (least / (1 - min(least, 1 - 1e-6)))
        return float(odds / (1 + odds))
