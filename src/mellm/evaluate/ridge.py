"""Class-balanced ridge regression on one-hot targets, linear and with a Gaussian kernel, in closed form.

Both are small enough to be refitted inside every fold, and have one setting each, fixed in advance. Features
are standardised on the training fold (linear: with the class weights).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Score = Callable[[Array], Array]
"""Samples (M, F) -> scores (M, C)."""


def balanced_weights(y: NDArray[np.int64], classes: int) -> Array:
    """Return a weight per sample (N,) that makes every class that occurs weigh the same, mean 1."""
    counts = np.bincount(y, minlength=classes)
    return np.asarray(len(y) / ((counts > 0).sum() * counts[y]), np.float64)


def fit_ridge(x: Array, y: NDArray[np.int64], classes: int, penalty: float = 1.0) -> Score:
    """Weighted ridge on standardised features; `penalty` is per sample, in units of a feature's variance."""
    weight = balanced_weights(y, classes)[:, None]
    mean = (x * weight).sum(axis=0) / weight.sum()
    spread = np.sqrt((weight * (x - mean) ** 2).sum(axis=0) / weight.sum()) + 1e-9
    z = (x - mean) / spread
    target = np.eye(classes)[y] - 1 / classes
    gram = z.T @ (z * weight) + penalty * len(y) * np.eye(z.shape[1])
    solution = np.linalg.solve(gram, z.T @ (target * weight))
    return lambda test: np.asarray(((test - mean) / spread) @ solution)


def fit_kernel_ridge(x: Array, y: NDArray[np.int64], classes: int, penalty: float = 1.0) -> Score:
    """Weighted ridge with the kernel exp(-|a - b|^2 / F) on standardised features (F of them)."""
    weight = balanced_weights(y, classes)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z = (x - mean) / spread
    target = np.eye(classes)[y] - 1 / classes
    dual = np.linalg.solve(_kernel(z, z) + penalty * np.diag(1 / weight), target)
    return lambda test: np.asarray(_kernel((test - mean) / spread, z) @ dual)


def _kernel(a: Array, b: Array) -> Array:
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-np.maximum(squared, 0) / a.shape[1]))
