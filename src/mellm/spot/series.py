"""Time series of regional motion: even sampling, smoothing, baselines, noise. Knows nothing of events."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.spot.events import RegionalMotion

Array = NDArray[np.float64]

MAD = 1.4826
"""Median absolute deviation -> standard deviation of a Gaussian."""
LEAST_KNOWN = 0.5
"""Share of the regions that must lie in the picture for a frame to count as seen."""
_BASELINE_RATE = 20.0
"""Baselines are slow: they are taken from this many samples per second."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch without long gaps on an even time grid.

    times: (N,) seconds; step: seconds
    source: (M,) times and frames: (M,) indices of the frames traced
    displacement: (N, R, 2) px; head: (N, 3) degrees; eyes: (N, 2)
    known: (N, R) 1 where the region lies in the picture, 0 where its last known place stands in
    pose: (N, 6) and mouth: (N,), as in `RegionalMotion`; None where the trace has none
    """

    times: Array
    step: float
    source: Array
    frames: NDArray[np.int64]
    displacement: Array
    head: Array
    eyes: Array
    known: Array
    pose: Array | None = None
    mouth: Array | None = None

    def samples(self, seconds: float) -> int:
        """The number of samples, at least one, that a time comes to."""
        return max(1, round(seconds / self.step))

    def frame_at(self, time: float) -> int:
        """The source frame shown nearest to a time; between traced frames they are counted evenly."""
        return round(float(np.interp(time, self.source, self.frames)))

    def time_of(self, frame: int) -> float:
        """When a source frame is shown; exact for traced frames, counted evenly between them."""
        return float(np.interp(frame, self.frames, self.source))


def segments(motion: RegionalMotion, max_gap: float) -> Iterator[Segment]:
    """Cut where the face was unseen for more than `max_gap` seconds; bridge shorter gaps linearly."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(motion.displacement).all(axis=2))
    index = np.flatnonzero(known.mean(axis=1) >= LEAST_KNOWN)
    if len(index) < 2:
        return
    breaks = np.flatnonzero(np.diff(motion.times[index]) > max_gap) + 1
    step = float(np.median(np.diff(motion.times)))
    for part in np.split(index, breaks):
        if len(part) < 2:
            continue
        times = motion.times[part]
        count = round((times[-1] - times[0]) / step) + 1
        even = times[0] + np.arange(count) * step
        yield Segment(
            times=even,
            step=step,
            source=times,
            frames=motion.frames[part],
            displacement=_resampled(even, times, _filled(motion.displacement[part])),
            head=_resampled(even, times, motion.head[part]),
            eyes=_resampled(even, times, motion.eye_opening[part]),
            known=np.asarray(_resampled(even, times, known[part].astype(np.float64)) > 0.5, np.float64),
            pose=_resampled(even, times, motion.pose[part]) if len(motion.pose) else None,
            mouth=_resampled(even, times, motion.mouth_opening[part]) if len(motion.mouth_opening) else None,
        )


def smoothed(values: Array, window: int) -> Array:
    """Savitzky-Golay smoothing of order 2 along the first axis (Anal. Chem. 36, 1964); odd `window`."""
    half = min(window // 2, (len(values) - 1) // 2)
    if half < 2:
        return values
    offsets = np.arange(-half, half + 1)
    fit = np.linalg.pinv(offsets[:, None] ** np.arange(3))
    kernel = fit[0]
    flat = values.reshape(len(values), -1)
    inner = np.stack([np.convolve(column, kernel[::-1], mode="valid") for column in flat.T], axis=1)
    # At the ends the parabola through the first (last) window is read off.
    powers = offsets[:, None] ** np.arange(3)
    head = (powers @ (fit @ flat[: 2 * half + 1]))[:half]
    tail = (powers @ (fit @ flat[-2 * half - 1 :]))[half + 1 :]
    return np.concatenate([head, inner, tail]).reshape(values.shape)


def running_median(values: Array, step: float, seconds: float) -> Array:
    """Centred running median along the first axis; towards the ends the window is cut, not padded."""
    stride = max(1, round(1 / (_BASELINE_RATE * step)))
    coarse = values.reshape(len(values), -1)[::stride]
    half = max(1, round(seconds / (2 * step * stride)))
    count = len(coarse)
    if count <= half:
        return np.broadcast_to(np.median(values, axis=0), values.shape).copy()
    ends = (*range(min(half, count)), *range(max(count - half, 0), count))
    at, grid = np.arange(len(values)), np.arange(count) * stride
    result = np.empty((len(values), coarse.shape[1]))
    # Column by column: all windows of all columns at once would take gigabytes for long clips.
    for k, column in enumerate(coarse.T):
        padded = np.full(count + 2 * half, np.nan)
        padded[half : half + count] = column
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
        medians = np.empty(count)
        medians[half : count - half] = np.median(windows[half : count - half], axis=-1)
        for place in ends:
            seen = windows[place]
            medians[place] = np.median(seen[np.isfinite(seen)])
        result[:, k] = np.interp(at, grid, medians)
    return result.reshape(values.shape)


def ends_baseline(values: Array, share: float = 0.1) -> Array:
    """The straight line from the median of the first to that of the last samples: for very short clips."""
    count = max(1, round(share * len(values)))
    first, last = np.median(values[:count], axis=0), np.median(values[-count:], axis=0)
    way = np.linspace(0, 1, len(values)).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(first + way * (last - first))


def white_noise(values: Array) -> Array:
    """Standard deviation of sample-to-sample noise, per column, from second differences."""
    if len(values) < 4:
        return np.zeros(values.shape[1:])
    return np.asarray(MAD * np.median(np.abs(np.diff(values, 2, axis=0)), axis=0) / np.sqrt(6.0))


def _resampled(even: Array, times: Array, values: NDArray[np.floating]) -> Array:
    flat = values.reshape(len(values), -1).astype(np.float64)
    columns = [np.interp(even, times, column) for column in flat.T]
    return np.stack(columns, axis=1).reshape(len(even), *values.shape[1:])


def _filled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (M, R, 2) with each unknown one replaced by the nearest known in time, or 0."""
    if np.isfinite(values).all():
        return values
    filled = values.copy()
    at = np.arange(len(values))
    for region in range(values.shape[1]):
        seen = np.isfinite(values[:, region]).all(axis=1)
        if not seen.any():
            filled[:, region] = 0.0
            continue
        for axis in (0, 1):
            filled[~seen, region, axis] = np.interp(at[~seen], at[seen], values[seen, region, axis])
    return filled
