"""Weights of iteratively re-weighted least squares, from the lengths of 2D residuals (N,) px."""

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.float64]

HUBER = 1.345
"""Huber's constant: 95 % efficiency on Gaussian noise."""

TUKEY = 2.5
"""Tukey's biweight constant. Below the usual 4.685: points that an expression moves a little are no outliers
by the usual measure, but there are many and they all pull one way (docs/flow.md has the figures)."""

SIGMA_FLOOR = 0.01
"""Pixels; keeps the weights meaningful where the flow fits perfectly."""


def huber_then_tukey(lengths: Lengths, turn: int, rounds: int) -> Lengths:
    """Return weights (N,) 0..1 of round `turn` of `rounds`.

    The first half uses Huber's weights (convex, hence safe to start with), the second half Tukey's, which
    ignore points that move by themselves altogether.
    """
    # The median length of a 2D Gaussian is 1.177 sigma.
    ratio = lengths / max(SIGMA_FLOOR, float(np.median(lengths)) / 1.177)
    if turn < rounds // 2:
        return np.asarray(np.minimum(1.0, HUBER / np.maximum(ratio, 1e-9)))
    return np.where(ratio < TUKEY, (1 - (ratio / TUKEY) ** 2) ** 2, 0.0)


def cauchy(lengths: Lengths, scale: float) -> Lengths:
    """Return Cauchy's weights (N,): 1 at no residual, a half at `scale` px."""
    return np.asarray(1 / (1 + (lengths / scale) ** 2))
