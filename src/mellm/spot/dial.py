"""The dial of the spotter: how sure the network must be for so many false alarms a minute.

Measured on real footage of people that the scoring network had not seen (docs/spotting.md).
"""

from dataclasses import dataclass

import numpy as np

DEFAULT_RATE = 0.3
"""False micro-expressions a minute that are put up with unless a user says otherwise."""

USUAL_STRENGTH = 15.0
"""Peak over the frame-to-frame noise of a movement that is just found."""


@dataclass(frozen=True, slots=True)
class Dial:
    """rates: false alarms a minute, rising; scores: the score from which on there were so many, falling."""

    rates: tuple[float, ...]
    scores: tuple[float, ...]

    def score(self, rate: float) -> float:
        """The least score for a rate: between measured ones by interpolation over the rate's logarithm."""
        return float(np.interp(np.log(rate), np.log(self.rates), self.scores))

    def confidence(self, score: float, strength: float = USUAL_STRENGTH) -> float:
        """About 0.5 where the score is just enough for the default rate; by the odds of the two, from 0 to 1.

        The network hardly tells a clear movement from a very clear one; `strength`, its size over the noise,
        adds a little to the odds.
        """
        least = self.score(DEFAULT_RATE)
        odds = (score / (1 - min(score, 1 - 1e-6))) / (least / (1 - min(least, 1 - 1e-6)))
        odds *= float(np.clip(strength / USUAL_STRENGTH, 0.25, 4.0)) ** 0.25
        return float(odds / (1 + odds))
