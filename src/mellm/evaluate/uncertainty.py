"""How sure a figure is: confidence intervals by resampling people, and a paired test between two runs.

Samples of one person are not independent, so people are resampled, never samples (cluster bootstrap,
Field & Welsh 2007). The paired test exchanges the two runs' answers person by person (randomisation test,
Noreen 1989).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from mellm.evaluate.classification import f1_precision_recall

Figure = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Counts such as confusions (..., C, C) -> figure (...)."""


class PairedTest(BaseModel):
    """A run's difference from another on the same people: 95% interval, two-sided p, and p after Holm."""

    difference: float
    low: float
    high: float
    p: float
    p_holm: float


def uf1_of(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """UF1 of confusion counts (..., C, C)."""
    return np.asarray(f1_precision_recall(confusion)[0].mean(axis=-1))


def uar_of(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """UAR of confusion counts (..., C, C)."""
    return np.asarray(f1_precision_recall(confusion)[2].mean(axis=-1))


def accuracy_of(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accuracy of confusion counts (..., C, C)."""
    return np.asarray(np.trace(confusion, axis1=-2, axis2=-1) / np.maximum(confusion.sum((-2, -1)), 1))


def confusion_by_person(
    truth: Sequence[str], prediction: Sequence[str], people: Sequence[str], labels: Sequence[str]
) -> NDArray[np.float64]:
    """Return confusion counts (people, C, C), people in order of first appearance."""
    number = {label: i for i, label in enumerate(labels)}
    person = {name: i for i, name in enumerate(dict.fromkeys(people))}
    counts = np.zeros((len(person), len(labels), len(labels)))
    for t, p, name in zip(truth, prediction, people, strict=True):
        counts[person[name], number[t], number[p]] += 1
    return counts


def bootstrap_interval(
    by_person: NDArray[np.float64], figure: Figure, seed: int = 0, draws: int = 2000, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the percentile interval of a figure, or of several at once, when people are redrawn.

    `by_person` holds counts (people, ...); low and high have the shape of `figure`'s answer for one of them.
    """
    weights = _draws(len(by_person), draws, seed)
    values = figure(_weighted(weights, by_person))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def paired_test(
    a: NDArray[np.float64], b: NDArray[np.float64], figure: Figure, seed: int = 0, draws: int = 10000
) -> PairedTest:
    """Compare run `b` with run `a` on the same people.

    `a` and `b` are counts (people, ...) in the same order. The p-value is the share of random
    exchanges with a difference at least as large (with the +1 correction of Davison & Hinkley 1997);
    `p_holm` equals it, as for a single test.
    """
    difference = float(figure(b.sum(0)) - figure(a.sum(0)))
    rng = np.random.default_rng(seed)
    swap = rng.integers(0, 2, (draws, len(a))).astype(float)
    left = _weighted(1 - swap, a) + _weighted(swap, b)
    right = _weighted(swap, a) + _weighted(1 - swap, b)
    chance = figure(right) - figure(left)
    weights = _draws(len(a), draws, seed + 1)
    spread = figure(_weighted(weights, b)) - figure(_weighted(weights, a))
    low, high = np.quantile(spread, [0.025, 0.975])
    p = float(((np.abs(chance) >= abs(difference) - 1e-12).sum() + 1) / (draws + 1))
    return PairedTest(difference=difference, low=float(low), high=float(high), p=p, p_holm=p)


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for there being several (Holm 1979, step-down), in the given order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        corrected[i] = worst
    return corrected


def _weighted(weights: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum counts (people, ...) with weights (draws, people): (draws, ...)."""
    return np.tensordot(weights, counts, axes=1)


def _draws(people: int, draws: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.multinomial(people, np.full(people, 1 / people), draws).astype(float)
