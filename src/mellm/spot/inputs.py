"""What the detector sees of a trace: 30 samples a second, the head's residue and slow changes taken off.

One sample holds, for each region, what came and went (in px and in multiples of its own noise) and how far it
is from the face's rest; the head's pose and speed; lids; mouth. Knows numbers only, nothing of events.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.spot.series import Array, Segment, ends_baseline

RATE = 30.0
"""Samples per second of the detector's input; faster clips are averaged, slower ones interpolated."""
SHORT = 1.6
"""Seconds of the running median that what comes and goes is measured against."""
LONG = 8.0
"""Seconds of the running median that is taken for the face's rest."""
START = 10
"""Samples at the start of a stretch shorter than `LONG` that are taken for rest."""
CUT = 1.2
"""Seconds under which a stretch is too short for a median: the line between its ends is the rest."""
REGION_COUNT = len(RegionId)
CHANNELS = 6 * REGION_COUNT + 12 + 2 + 2 + 2
"""Numbers per sample: regions (three pairs each), head, lids, mouth, what is known."""
_NOISE_FLOOR = 0.03
_POSE_UNITS = np.array([1.0, 1.0, 1.0, 57.3, 0.33, 0.33])
"""Degrees, log size and px into numbers of like size."""
_REGRESSION = 8.0
"""Seconds over which the residue of the head in a region is taken to follow the pose."""
_RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stretch of one person's trace at `RATE`.

    displacement: (N, 29, 2) px at 200 px between the outer eye corners; pose: (N, 6), see `RegionalMotion`,
    None where only landmarks know the head; head: (N, 3) degrees by landmarks; eyes: (N, 2); mouth: (N,);
    known: (N, 29) 1 where the region is in the picture
    """

    displacement: Array
    pose: Array | None
    head: Array
    eyes: Array
    mouth: Array
    known: Array


def sampled(segment: Segment, inter_ocular: float) -> Sampled:
    """Bring a segment to `RATE`: averages over a sample's time where it is denser, else interpolation."""
    count = max(2, int((segment.times[-1] - segment.times[0]) * RATE) + 1)
    times = segment.times[0] + np.arange(count) / RATE
    scale = REFERENCE_INTER_OCULAR / inter_ocular if inter_ocular else 1.0
    mouth = np.zeros(len(segment.times)) if segment.mouth is None else segment.mouth

    def at(values: Array) -> Array:
        return _read(values, segment.times, segment.step, times)

    return Sampled(
        displacement=at(segment.displacement) * scale,
        pose=None if segment.pose is None else at(segment.pose),
        head=at(segment.head),
        eyes=at(segment.eyes),
        mouth=at(mouth),
        known=at(segment.known),
    )


def inputs(body: Sampled) -> NDArray[np.float32]:
    """Return what the detector sees, float32 (N, CHANNELS); every number is of the order of 1."""
    count = len(body.displacement)
    flat = body.displacement.reshape(count, -1)
    brief = flat - baseline(flat, SHORT)
    # In a short stretch an expression may fill most of the time: rest is how it starts.
    rest = flat - (np.median(flat[:START], axis=0) if count < LONG * RATE else baseline(flat, LONG))
    angles = np.zeros((count, 6))
    if body.pose is None:
        angles[:, :3] = running_mean(body.head, 7)
    else:
        angles = body.pose * _POSE_UNITS
    turned = angles - baseline(angles, SHORT)
    if body.pose is not None and count / RATE > 2 * SHORT:
        brief = brief - residue(brief, turned)
    size = np.abs(brief).reshape(count, REGION_COUNT, 2).max(axis=2)
    noise = np.maximum(1.48 * baseline(size, 4 * SHORT), _NOISE_FLOOR)
    over = brief.reshape(count, REGION_COUNT, 2) / noise[:, :, None]
    speed = np.asarray(np.gradient(angles, axis=0)) * RATE if count > 1 else np.zeros_like(angles)
    wide = np.maximum(baseline(body.eyes, LONG, 80.0), 1e-3)
    lips = body.mouth - baseline(body.mouth[:, None], LONG)[:, 0]
    columns = (
        np.arcsinh(brief / 0.3),
        np.arcsinh(over.reshape(count, -1)),
        np.arcsinh(rest / 1.5),
        np.arcsinh(turned),
        np.arcsinh(speed / 10.0),
        (wide - body.eyes) / wide * 2.0,
        np.stack([body.mouth * 3.0, lips * 6.0], axis=1),
        np.stack([1.0 - body.known.mean(axis=1), np.ones(count)], axis=1),
    )
    return np.concatenate(columns, axis=1).astype(np.float32)


def baseline(values: Array, seconds: float, percentile: float = 50.0) -> Array:
    """Running percentile of values (N, C) at `RATE`; the first and last full window stand for the ends.

    Stretches under `CUT` seconds get the line between their ends, others shorter than the window one value.
    """
    count = len(values)
    if count / RATE < CUT and percentile == 50.0:
        return ends_baseline(values)
    stride = max(1, round(seconds * RATE / 25))
    coarse = values[::stride]
    width = round(seconds * RATE / stride) | 1
    if len(coarse) <= width:
        return np.broadcast_to(np.percentile(values, percentile, axis=0), values.shape).copy()
    windows = np.lib.stride_tricks.sliding_window_view(coarse, width, axis=0)
    if percentile == 50.0:
        middle = np.partition(windows, width // 2, axis=-1)[..., width // 2]
    else:
        middle = np.percentile(windows, percentile, axis=-1)
    where = np.clip(np.arange(count) / stride - width // 2, 0, len(middle) - 1)
    low = np.minimum(where.astype(int), len(middle) - 2) if len(middle) > 1 else np.zeros(count, int)
    high = np.minimum(low + 1, len(middle) - 1)
    share = (where - low)[:, None]
    return np.asarray(middle[low] * (1 - share) + middle[high] * share)


def residue(brief: Array, turned: Array) -> Array:
    """What the head's motion leaves in the regions (N, 58): the part that follows the pose (N, 6) linearly.

    Depth that is a little wrong leaves parallax in proportion to the turn. Each stretch has its own robust
    ridge regression; neighbouring stretches are blended.
    """
    count, width = len(brief), round(_REGRESSION * RATE)
    hop = width // 2
    total, weight = np.zeros_like(brief), np.zeros((count, 1))
    for start in range(0, max(1, count - hop), hop):
        part = slice(start, min(count, start + width))
        x, y = turned[part], brief[part]
        trust = np.ones(len(x))
        for _ in range(3):
            heavy = x * trust[:, None]
            normal = heavy.T @ x + _RIDGE * len(x) * np.eye(x.shape[1])
            left = y - x @ np.linalg.solve(normal, heavy.T @ y)
            length = np.linalg.norm(left, axis=1)
            trust = 1 / (1 + (length / (2 * np.median(length) + 1e-9)) ** 2)
        window = 1.0 - np.abs(np.linspace(-1, 1, len(x) + 2)[1:-1, None])
        total[part] += window * (y - left)
        weight[part] += window
    return np.asarray(total / weight)


def _read(values: Array, times: Array, step: float, at: Array) -> Array:
    flat = values.reshape(len(values), -1)
    dense = round(1 / (RATE * step))
    if dense > 1:
        flat = running_mean(flat, dense)
    where = np.clip((at - times[0]) / step, 0, len(flat) - 1)
    low = np.minimum(where.astype(int), max(len(flat) - 2, 0))
    high = np.minimum(low + 1, len(flat) - 1)
    share = (where - low)[:, None]
    return np.asarray(flat[low] * (1 - share) + flat[high] * share).reshape(len(at), *values.shape[1:])


def running_mean(values: Array, width: int) -> Array:
    """Centred running mean of `width` samples along the first axis; towards the ends of fewer."""
    before, after = width // 2, width - width // 2
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    at = np.arange(len(values))
    low, high = np.maximum(at - before, 0), np.minimum(at + after, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])
