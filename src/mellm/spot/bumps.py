"""One movement in a trace: its pattern over the regions, and its onset, apex and offset along that pattern.

Knows a trace and a sample near the apex; decides nothing about what kind of movement it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.series import Array

VALLEY = 0.25
"""Share of the peak that the course must rise again after a low for the movement to end at that low."""
CREST = 0.95
"""Share of the peak above which samples tell where the apex is."""
STEP = 0.3
"""Difference of the levels before and after, in peaks, from which a movement is measured from the lower."""


@dataclass(frozen=True, slots=True)
class Bump:
    """A movement along one pattern; onset, apex and offset are sample indices.

    peak: px of the strongest region at the apex, from the level before and after
    snr: the activation at its strongest: displacement over noise
    returns: 1 where the level after is the level before, 0 where it stays at the peak
    calm: 1 where the time before and after is still, 0 where it moves as much as the bump
    crest: where between samples the apex is
    open: the movement runs into the start or the end of the segment
    regions: indices of the regions that take part
    """

    onset: int
    apex: int
    offset: int
    peak: float
    snr: float
    returns: float
    calm: float
    crest: float
    open: bool
    regions: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int, int]:
        """Onset, apex and offset."""
        return self.onset, self.apex, self.offset


@dataclass(frozen=True, slots=True)
class Scale:
    """reach: samples to look at on each side; margin: samples of level before and after; edge_share: the
    share of the peak at onset and offset.
    """

    reach: int
    margin: int
    edge_share: float


def trace_bump(
    values: Array,
    residual: Array,
    noise: Array,
    use: NDArray[np.bool_],
    near: int,
    snr: float,
    scale: Scale,
) -> Bump:
    """Follow the movement around sample `near`.

    values: (N, R, 2) smoothed displacement, px; residual: the same less its baseline
    noise: (R,) standard deviation, px; use: (R,) regions that may take part
    """
    vector = residual[near]
    strength = np.where(use, np.linalg.norm(vector, axis=1) / noise, 0.0)
    part = strength > min(max(2.5, 0.3 * float(strength.max())), 0.99 * float(strength.max()))
    # Matched filter for independent noise: each region weighs by motion over variance.
    weights = np.where(part[:, None], vector / noise[:, None] ** 2, 0.0)
    gain = max(float((weights * vector).sum()), 1e-12)
    error = float(np.linalg.norm(weights * noise[:, None])) / gain
    low, high = max(0, near - scale.reach), min(len(values), near + scale.reach + 1)
    course = (values[low:high] * weights).sum(axis=(1, 2)) / gain
    top = near - low
    course -= course[top] - 1.0
    before = after = 0.0
    for _ in range(3):
        step = abs(after - before) > STEP
        lifted = course - (min(before, after) if step else (before + after) / 2)
        top = _climb(lifted, top)
        peak = max(float(lifted[top]), 1e-9)
        foot = max(scale.edge_share * peak, min(error, 0.3 * peak))
        start, open_start = _walk(lifted, top, -1, foot)
        stop, open_end = _walk(lifted, top, +1, foot)
        before = float(np.median(course[max(0, start - scale.margin) : start + 1]))
        after = float(np.median(course[stop : stop + scale.margin + 1]))
    # Slow change is no unrest: it is looked for in the residual.
    unsteady = (residual[low:high] * weights).sum(axis=(1, 2)) / gain
    skirt = scale.margin // 2
    around = np.abs(np.concatenate([unsteady[: max(0, start - skirt)], unsteady[stop + skirt + 1 :]]))
    # The upper quartile, not the maximum: another short movement near by is no unrest.
    unrest = float(np.percentile(around, 75)) / peak if len(around) > 2 else 0.0
    return Bump(
        onset=low + start,
        apex=low + top,
        offset=low + stop,
        peak=float(np.linalg.norm(vector[part], axis=1).max()) * peak,
        snr=snr,
        returns=1.0 - min(1.0, abs(after - before) / peak),
        calm=1.0 - min(1.0, unrest),
        crest=low + _crest(lifted, top, start, stop),
        open=(open_start and low == 0) or (open_end and high == len(values)),
        regions=tuple(int(k) for k in np.flatnonzero(part)),
    )


def _climb(values: Array, at: int) -> int:
    """Index of the local maximum reached from `at` by going uphill."""
    while True:
        first = max(0, at - 1)
        top = first + int(values[first : at + 2].argmax())
        if top == at:
            return at
        at = top


def _crest(values: Array, top: int, start: int, stop: int) -> float:
    """The vertex of the parabola through the samples about the top that are above `CREST` of it."""
    course = values[start : stop + 1]
    at = top - start
    low = np.flatnonzero(course < CREST * course[at])
    first = int(low[low < at].max(initial=-1)) + 1
    last = int(low[low > at].min(initial=len(course))) - 1
    if last - first < 2:
        return float(top)
    a, b, _ = np.polyfit(np.arange(first, last + 1) - at, course[first : last + 1], 2)
    return top + (float(np.clip(-b / (2 * a), first - at, last - at)) if a < 0 else 0.0)


def _walk(values: Array, top: int, way: int, foot: float) -> tuple[int, bool]:
    """The sample where the course reaches `foot` or the valley before a rise; True if it reaches neither."""
    lowest = at = top
    while 0 <= at + way < len(values):
        at += way
        if values[at] < values[lowest]:
            lowest = at
        if values[at] <= foot:
            return at, False
        if values[at] - values[lowest] > VALLEY * values[top]:
            return lowest, False
    return at, True
