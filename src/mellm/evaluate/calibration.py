"""Whether probabilities mean what they say: expected calibration error (Guo et al. 2017, eq. 3)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class CalibrationError:
    """ECE of the answers given: bins of equal width over the probability of the chosen label."""

    bins: int = 10
    _sure: list[float] = field(default_factory=list, init=False)
    _right: list[bool] = field(default_factory=list, init=False)

    def reset(self) -> None:
        """Forget everything."""
        self._sure.clear()
        self._right.clear()

    def update(self, probability: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
        """Add answers: (N,) probability of the chosen label, (N,) whether it was right."""
        self._sure += [float(p) for p in probability]
        self._right += [bool(r) for r in right]

    def compute(self) -> float:
        """Return sum over bins of |accuracy - mean probability| weighted by the bin's share; 0 when empty."""
        if not self._sure:
            return 0.0
        sure, right = np.asarray(self._sure), np.asarray(self._right, float)
        bins = np.minimum((sure * self.bins).astype(int), self.bins - 1)
        gaps = [abs(right[bins == b].sum() - sure[bins == b].sum()) for b in np.unique(bins)]
        return float(sum(gaps) / len(sure))
