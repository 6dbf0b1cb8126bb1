"""One movement in a trace: its pattern over the regions, and its onset, apex and offset along that pattern.

Knows a trace and a sample near the apex; decides nothing about what kind of movement it is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.series import Array


@dataclass(frozen=True, slots=True)
class Bump:
    """A movement along one pattern; onset, apex and offset are sample indices.

    peak: px of the strongest region at the apex, from the level before and after
    snr: the course's peak over its noise
    returns: 1 where the level after is the level before, 0 where it stays at the peak
    calm: 1 where the second before and the second after are still, 0 where they move as much as the bump
    open_start, open_end: the movement runs into the start or the end of the segment
    regions: indices of the regions that take part
    """

    onset: int
    apex: int
    offset: int
    peak: float
    snr: float
    returns: float
    calm: float
    open_start: bool
    open_end: bool
    regions: tuple[int, ...]


def trace_bump(
    values: Array,
    residual: Array,
    noise: Array,
    use: NDArray[np.bool_],
    near: int,
    reach: int,
    edge_share: float,
    margin: int,
) -> Bump:
    """Follow the movement around sample `near`.

    values: (N, R, 2) smoothed displacement, px; residual: the same less its baseline
    noise: (R,) standard deviation, px; use: (R,) regions that may take part
    reach: samples to look at on each side; margin: samples of level before and after
    """
    vector = residual[near]
    strength = np.linalg.norm(vector, axis=1) / noise
    part = use & (strength > max(2.5, 0.3 * float(strength[use].max(initial=0))))
    if not part.any():
        part = use
    # Matched filter for independent noise: each region weighs by motion over variance.
    weights = np.where(part[:, None], vector / noise[:, None] ** 2, 0.0)
    gain = float((weights * vector).sum())
    low, high = max(0, near - reach), min(len(values), near + reach + 1)
    course = (values[low:high] * weights).sum(axis=(1, 2)) / max(gain, 1e-12)
    error = float(np.sqrt((weights**2 * noise[:, None] ** 2).sum())) / max(gain, 1e-12)
    at = near - low
    course = course - (course[at] - 1.0)
    before = after = 0.0
    for _ in range(3):
        base = _level(before, after, at, len(course), course)
        lifted = course - base
        at = _climb(lifted, at)
        peak = max(float(lifted[at]), 1e-9)
        foot = max(edge_share * peak, min(error, 0.3 * peak))
        start, open_start = _walk(lifted, at, -1, foot, peak)
        stop, open_end = _walk(lifted, at, +1, foot, peak)
        before = float(np.median(course[max(0, start - margin) : start + 1]))
        after = float(np.median(course[stop : stop + margin + 1]))
    scale = peak
    around = np.concatenate([lifted[: max(0, start - margin // 2)], lifted[stop + margin // 2 + 1 :]])
    unrest = float(np.percentile(np.abs(around), 75)) / peak if len(around) > 2 else 0.0
    strongest = float(np.linalg.norm(vector[part], axis=1).max()) * scale
    return Bump(
        onset=low + start,
        apex=low + at,
        offset=low + stop,
        peak=strongest,
        snr=scale / max(error, 1e-12),
        returns=1.0 - min(1.0, abs(after - before) / max(peak, 1e-9)),
        calm=1.0 - min(1.0, unrest),
        open_start=open_start and low == 0,
        open_end=open_end and high == len(values),
        regions=tuple(int(k) for k in np.flatnonzero(part)),
    )


def _level(before: float, after: float, at: int, count: int, course: Array) -> Array:
    """The lower of the two levels: a movement that does not return is measured from where it came."""
    return np.full(count, min(before, after) if abs(after - before) > 0.3 else (before + after) / 2)


def _climb(values: Array, at: int) -> int:
    """The nearest top uphill from `at`."""
    while True:
        around = values[max(0, at - 1) : at + 2]
        top = max(0, at - 1) + int(around.argmax())
        if top == at:
            return at
        at = top


def _walk(values: Array, at: int, way: int, foot: float, peak: float) -> tuple[int, bool]:
    """Go down from the top until the foot, or the valley before the next rise; true where neither came."""
    lowest = at
    k = at
    while 0 <= k + way < len(values):
        k += way
        if values[k] < values[lowest]:
            lowest = k
        if values[k] <= foot:
            return k, False
        if values[k] - values[lowest] > 0.25 * peak:
            return lowest, False
    return k, True
