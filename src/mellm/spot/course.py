"""One movement followed along its own pattern over the regions to its exact onset, apex and offset.

Convention: the onset is the sample at which the movement leaves 6 % of its peak (or its noise, where that is
more), the apex its crest, the offset the sample at which it is back at 6 %. Knows a trace; decides nothing
about what kind of movement it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.series import Array

CREST = 0.95
"""Share of the peak above which samples tell where the apex is."""
EDGE_SHARE = 0.06
"""Onset and offset are where the movement leaves and reaches this share of its peak."""
PART = 0.3
"""Regions take part that move, over their noise, by this share of the strongest."""
LEVEL = 0.05
"""Seconds about the rough onset and offset over which the level there is taken."""
SLACK = 0.1
"""Seconds by which onset and offset may lie beyond the rough ones."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement along one pattern; onset, apex and offset are sample indices of the trace.

    crest: where between samples the apex is; peak: px of the strongest region at the apex, from the line
        between the levels at onset and offset; strength: the same over the noise; regions: indices of those
        that take part, strongest first
    """

    onset: int
    apex: int
    offset: int
    crest: float
    peak: float
    strength: float
    regions: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int, int]:
        """Onset, apex and offset."""
        return self.onset, self.apex, self.offset


def follow(
    values: Array, noise: Array, use: NDArray[np.bool_], rough: tuple[float, float, float], step: float
) -> Movement:
    """Follow the movement whose onset, apex and offset are about `rough`, in samples.

    values: (N, R, 2) smoothed displacement, px; noise: (R,) px; use: (R,) regions that may take part; step: s
    """
    last = len(values) - 1
    start, top, stop = (int(np.clip(round(at), 0, last)) for at in rough)
    margin, slack = max(1, round(LEVEL / step)), max(1, round(SLACK / step))
    before = np.median(values[max(0, start - margin) : start + 1], axis=0)
    after = np.median(values[stop : stop + margin + 1], axis=0)
    way = np.clip((np.arange(last + 1) - start) / max(1, stop - start), 0, 1)[:, None, None]
    lifted = values - ((1 - way) * before + way * after)
    vector = lifted[top]
    size = np.where(use, np.linalg.norm(vector, axis=1) / noise, 0.0)
    part = use & (size >= PART * float(size.max()))
    # Matched filter for independent noise: each region weighs by motion over variance.
    weights = np.where(part[:, None], vector / noise[:, None] ** 2, 0.0)
    gain = max(float((weights * vector).sum()), 1e-12)
    course = (lifted * weights).sum(axis=(1, 2)) / gain
    low, high = max(0, start - slack), min(last, stop + slack)
    top = _climb(course, top, low, high)
    peak = max(float(course[top]), 1e-9)
    error = float(np.linalg.norm(weights * noise[:, None])) / gain
    foot = max(EDGE_SHARE * peak, min(error, 0.3 * peak))
    onset = _walk(course, top, low, foot, start)
    offset = _walk(course, top, high, foot, stop)
    order = np.argsort(-size)
    return Movement(
        onset=min(onset, top - 1) if top else 0,
        apex=top,
        offset=max(offset, top + 1) if top < last else last,
        crest=_crest(course, top, onset, offset),
        peak=float(np.linalg.norm(vector[part], axis=1).max()) * peak,
        strength=float(size.max()) * peak,
        regions=tuple(int(k) for k in order[: int(part.sum())]),
    )


def widened(size: Array, start: int, stop: int, most: int) -> tuple[int, int]:
    """First and last sample of a longer movement about `start` to `stop`, from its size (N,) over time.

    Both sides go on to where the size is down to `EDGE_SHARE` of its peak or begins to rise again, `most`
    samples at most; where the size is lower than that inside, the ends come in.
    """
    foot = EDGE_SHARE * float(size[start : stop + 1].max())
    apex = start + int(size[start : stop + 1].argmax())
    first, last = start, stop
    while first < apex and size[first] <= foot:
        first += 1
    while last > apex and size[last] <= foot:
        last -= 1
    low, high = max(0, first - most), min(len(size) - 1, last + most)
    while first > low and size[first] > foot and size[first - 1] <= 1.1 * size[first]:
        first -= 1
    while last < high and size[last] > foot and size[last + 1] <= 1.1 * size[last]:
        last += 1
    return first, last


def _climb(values: Array, at: int, low: int, high: int) -> int:
    """Index of the local maximum reached from `at` by going uphill, between `low` and `high`."""
    while True:
        first = max(low, at - 1)
        top = first + int(values[first : min(high, at + 1) + 1].argmax())
        if top == at:
            return at
        at = top


def _walk(values: Array, top: int, end: int, foot: float, rough: int) -> int:
    """The sample towards `end` where the course reaches `foot`; the rough one where it does not."""
    way = 1 if end >= top else -1
    for at in range(top, end + way, way):
        if values[at] <= foot:
            return at
    return rough


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
