"""Figures of probabilities on arrays, and the rule that tells one-sided units; NumPy alone."""

import numpy as np
from numpy.typing import NDArray


def side_gap(logits: NDArray[np.float32], halves: NDArray[np.int8]) -> float:
    """Return the difference of the halves' logits (N, 2, U) that tells one-sided units (N, 2, U) best.

    Every present unit counts, one-sided ones as much as two-sided ones.
    """
    present, alone = halves.any(axis=1), halves.sum(axis=1) == 1
    apart, both = np.abs(logits[:, 0] - logits[:, 1]), present & ~alone
    gaps = np.linspace(0.25, 6, 24)
    right = [
        (apart[alone] > gap).sum() / max(1, alone.sum()) + (apart[both] <= gap).sum() / max(1, both.sum())
        for gap in gaps
    ]
    return float(gaps[int(np.argmax(right))])


def f1(called: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return F1 of boolean arrays, pooled; 0 where nothing was called nor true."""
    return float(2 * (called & true).sum() / max(1, called.sum() + true.sum()))


def calibration_error(p: NDArray[np.float64], true: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error (Guo et al. 2017, eq. 3) of probabilities, pooled; 0 when empty.

    Bins have equal width; it is the sum of |share that is true - mean probability|, weighted by the bin's
    share of all.
    """
    sure, right = p.ravel(), true.ravel().astype(float)
    number = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(right[number == b].sum() - sure[number == b].sum()) for b in np.unique(number)]
    return float(sum(gaps) / max(len(sure), 1))
