"""From what the network says of each sample to stretches and moments of one kind. Knows no trace."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.blinks import joined, runs
from mellm.spot.detector import KINDS, Array32, Said
from mellm.spot.inputs import RATE

APART = 4
"""Samples that two apexes lie apart at least: 0.13 s."""
LOWEST = 0.01
"""Apexes that the network takes for less likely are not looked at."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A brief movement the network sees: onset, apex and offset in its samples, and its score 0..1."""

    onset: float
    apex: float
    offset: float
    score: float


def moments(said: Said) -> list[Moment]:
    """Every apex that stands out among its neighbours, best first."""
    micro = said.kinds[:, KINDS.index("micro")]
    score = np.sqrt(said.apex * np.maximum(micro, 1e-6))
    found: list[Moment] = []
    left = score.copy()
    while len(left) and float(left.max()) >= LOWEST:
        at = int(left.argmax())
        left[max(0, at - APART + 1) : at + APART] = 0
        near = slice(max(0, at - 1), at + 2)
        weight = said.apex[near] + 1e-6
        apex = float((np.arange(len(score))[near] * weight).sum() / weight.sum())
        found.append(Moment(at - float(said.since[at]), apex, at + float(said.until[at]), float(score[at])))
    return _apart(found)


def _apart(found: list[Moment]) -> list[Moment]:
    """Without those that mostly lie inside a better one."""
    kept: list[Moment] = []
    for moment in found:
        if all(_shared(moment, other) < 0.4 for other in kept):
            kept.append(moment)
    return kept


def _shared(a: Moment, b: Moment) -> float:
    """Overlap over the shorter of the two."""
    both = min(a.offset, b.offset) - max(a.onset, b.onset)
    return max(0.0, both) / max(1e-6, min(a.offset - a.onset, b.offset - b.onset))


def stretches(likely: Array32, at_least: float, gap: float, shortest: float) -> list[tuple[int, int]]:
    """Runs of samples, start and stop, in which a kind is likely; `gap` and `shortest` are seconds.

    A run begins and ends where the probability falls below half of `at_least`.
    """
    found = joined(runs(likely > at_least / 2), max(1, round(gap * RATE)))
    return [
        (start, stop)
        for start, stop in found
        if likely[start:stop].max() > at_least and (stop - start) / RATE >= shortest
    ]


def rivals(said: Said, start: float, stop: float) -> dict[str, float]:
    """How likely each kind is within a stretch of samples, on average; `nothing` where all are low."""
    low = int(np.clip(np.floor(start), 0, len(said.apex) - 1))
    part = said.kinds[low : max(low + 1, int(np.ceil(stop)) + 1)]
    means: NDArray[np.float32] = np.asarray(part.mean(axis=0), np.float32)
    chances = {kind: float(mean) for kind, mean in zip(KINDS, means, strict=True)}
    chances["nothing"] = float((1 - part.max(axis=1)).mean())
    return chances
