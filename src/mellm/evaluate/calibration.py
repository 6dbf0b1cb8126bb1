"""How far probabilities can be trusted: reliability by bins, expected calibration error, what a fit mends.

Expected calibration error (Guo et al., ICML 2017, eq. 3): bins of equal width, |share that came true - mean
probability| weighted by each bin's share of all. Intervals redraw people, never samples. Knows numbers alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.evaluate.figures import Interval
from mellm.evaluate.uncertainty import bootstrap_interval
from mellm.facs.unit_figures import calibration_error

BINS = 10
"""Bins of equal width between 0 and 1."""

_LEAST = 1e-6
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """Probabilities that were said: `p` (N,), whether each came `true` (N,), of whose face (`people`, N)."""

    p: Array
    true: NDArray[np.bool_]
    people: tuple[str, ...]

    @classmethod
    def of_labels(cls, shares: Array, truth: NDArray[np.int64], people: Sequence[str]) -> "Said":
        """Return what was said of each sample's likeliest label; shares (N, C), truth (N,) class numbers."""
        return cls(shares.max(axis=1), shares.argmax(axis=1) == truth, tuple(people))

    @classmethod
    def of_units(cls, p: Array, true: NDArray[np.bool_], people: Sequence[str]) -> "Said":
        """Return what was said of every unit of every sample, pooled; p, true (N, U), people (N,)."""
        return cls(p.ravel(), true.ravel(), tuple(who for who in people for _ in range(p.shape[1])))


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: how many were said, their mean probability, the share that came true."""

    count: int
    said: float
    true: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Reliability of a source.

    ece, interval: expected calibration error, and 95% over people
    bins: those that hold something; count, people: of all
    sure, right: mean probability of those said with one half or more, and how many of these came true
    """

    ece: float
    interval: Interval
    bins: tuple[Bin, ...]
    count: int
    people: int
    sure: float
    right: float


def reliability(said: Said, seed: int = 0, draws: int = 1000) -> Reliability:
    """Return how far what was said came true. Raises InputError where nothing was said."""
    if not len(said.p):
        raise InputError("There are no probabilities to calibrate.")
    counts = _by_person(said)
    low, high = bootstrap_interval(counts, _error_of, seed, draws)
    called = said.p >= 0.5
    return Reliability(
        ece=calibration_error(said.p, said.true, BINS),
        interval=(float(low), float(high)),
        bins=tuple(Bin(int(n), p / n, t / n) for n, p, t in counts.sum(axis=0).tolist() if n),
        count=len(said.p),
        people=len(counts),
        sure=float(said.p[called].mean()) if called.any() else 0.0,
        right=float(said.true[called].mean()) if called.any() else 0.0,
    )


def _by_person(said: Said) -> Array:
    """Counts (people, BINS, 3): how many, the sum of probabilities, how many came true."""
    number = {who: k for k, who in enumerate(dict.fromkeys(said.people))}
    who = np.array([number[name] for name in said.people])
    place = np.minimum((said.p * BINS).astype(int), BINS - 1)
    counts = np.zeros((len(number), BINS, 3))
    np.add.at(counts, (who, place), np.stack([np.ones(len(said.p)), said.p, said.true], axis=1))
    return counts


def _error_of(counts: Array) -> Array:
    """Expected calibration error of counts (..., BINS, 3)."""
    gaps = np.abs(counts[..., 2] - counts[..., 1]).sum(axis=-1)
    return np.asarray(gaps / np.maximum(counts[..., 0].sum(axis=-1), 1))


def fitted_line(said: Said, steps: int = 50) -> tuple[float, float]:
    """Return slope and offset of log-odds that make `said` likeliest (Platt 1999), by Newton's method."""
    x = np.stack([log_odds(said.p), np.ones(len(said.p))], axis=1)
    w, true = np.array([1.0, 0.0]), said.true.astype(float)
    for _ in range(steps):
        q = 1 / (1 + np.exp(-(x @ w)))
        slope = x.T @ (true - q) - 1e-3 * w
        curve = (x * (q * (1 - q))[:, None]).T @ x + 1e-3 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        w = w + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-6:
            break
    return float(w[0]), float(w[1])


def along_line(p: Array, line: tuple[float, float]) -> Array:
    """Return probabilities whose log-odds are stretched and moved by a slope and an offset."""
    return np.asarray(1 / (1 + np.exp(-(line[0] * log_odds(p) + line[1]))))


def log_odds(p: Array) -> Array:
    """Return log p / (1 - p), p kept from 0 and 1 by 1e-6."""
    kept = np.clip(p, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(kept / (1 - kept)))


def fitted_temperature(shares: Array, truth: NDArray[np.int64]) -> float:
    """Return the temperature (.2 to 10) at which the labels' shares (N, C) make the truth (N,) likeliest."""
    tried = np.exp(np.linspace(np.log(0.2), np.log(10.0), 400))
    rows = np.arange(len(truth))
    losses = [-np.log(np.maximum(at_temperature(shares, t)[rows, truth], _LEAST)).mean() for t in tried]
    return float(tried[int(np.argmin(losses))])


def at_temperature(shares: Array, temperature: float) -> Array:
    """Return shares (N, C) made flatter (above 1) or sharper (below); the order stays."""
    scores = np.log(np.maximum(shares, _LEAST)) / temperature
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
