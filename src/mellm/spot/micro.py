"""Micro-expressions in one segment: peaks of activation outside the eyes that come and go in half a second.

Knows the trace and the blinks found in it; nothing of macro-expressions.
"""

import numpy as np

from mellm.face.regions import AREAS, OUTSIDE_EYES, REGION_NAMES
from mellm.spot.blinks import HEAD_WINDOW, Closure
from mellm.spot.bumps import Bump, Scale, trace_bump
from mellm.spot.series import (
    MAD,
    Array,
    Segment,
    ends_baseline,
    running_median,
    smoothed,
    white_noise,
)
from mellm.spot.thresholds import SpotSettings

_BROWS = frozenset(REGION_NAMES.index(name) for name in AREAS["brows"])
SHORT = 1.2
"""Seconds below which a segment is too short for a running median."""
FRINGE = 0.06
"""Seconds around a movement that belong to it."""
BLINK_SPREAD = 0.35
"""A blink moves brows and cheeks by up to this share of what the lids move."""


def find_micros(
    segment: Segment,
    values: Array,
    inter_ocular: float,
    fps: float,
    blinks: list[Closure],
    settings: SpotSettings,
) -> tuple[list[Bump], list[Bump]]:
    """Return the micro-expressions, and the clear movements that turned out longer.

    `values` (N, R, 2) is the smoothed displacement of the segment, px; `fps` that of the source.
    """
    residual, error = _residual_and_error(segment, values, settings)
    activation = _activation(residual, error, settings.best)
    scale = Scale(segment.samples(1.5), segment.samples(0.1), settings.edge_share)
    fringe = segment.samples(FRINGE)
    limit = settings.max_micro_duration + settings.tolerance + 1 / fps
    micros: list[Bump] = []
    longer: list[Bump] = []
    seen: list[Bump] = []
    left = activation.copy()
    while (snr := float(left[near := int(left.argmax())])) > settings.min_snr:
        bump = trace_bump(values, residual, error[near], OUTSIDE_EYES, near, snr, scale)
        left[max(0, min(near, bump.onset) - fringe) : max(near, bump.offset) + fringe + 1] = 0
        if any(other.onset <= bump.apex <= other.offset for other in seen):
            continue
        seen.append(bump)
        if not _counts(bump, inter_ocular, settings) or any(_of_blink(bump, c, segment) for c in blinks):
            continue
        if (bump.offset - bump.onset) * segment.step > limit or bump.open:
            if bump.peak > settings.min_macro_iod * inter_ocular:
                longer.append(bump)
        else:
            micros.append(bump)
    return micros, longer


def _residual_and_error(segment: Segment, values: Array, settings: SpotSettings) -> tuple[Array, Array]:
    """Displacement from the baseline (N, R, 2) and its standard deviation per axis (N, R), px."""
    short = len(values) * segment.step < SHORT
    if short:
        residual = values - ends_baseline(values)
    else:
        residual = values - running_median(values, segment.step, settings.baseline)
    head = smoothed(segment.head, segment.samples(HEAD_WINDOW) | 1)
    turned = np.linalg.norm(head - running_median(head, segment.step, settings.baseline), axis=1)
    noise = _noise(segment, residual, short, settings)
    return residual, np.hypot(noise[None], settings.head_leak * turned[:, None])


def _noise(segment: Segment, residual: Array, short: bool, settings: SpotSettings) -> Array:
    """Standard deviation (R,) of each region's residual, px, per axis.

    The larger of what differs from sample to sample and what wanders within the band of micro-expressions.
    The latter is a median over the whole segment, which short movements do not raise unless it is short.
    """
    white = white_noise(segment.displacement).max(axis=1)
    if short:
        return np.asarray(np.maximum(settings.noise_floor, 1.2 * white))
    band = (MAD * np.median(np.abs(residual), axis=0)).max(axis=1)
    # Smoothing leaves about 0.6 of white noise at the frame rates seen.
    return np.asarray(np.maximum(settings.noise_floor, np.maximum(0.6 * white, band)))


def _activation(residual: Array, error: Array, best: int) -> Array:
    """Root mean square (N,) of displacement over noise in the `best` strongest regions outside the eyes."""
    strength = np.where(OUTSIDE_EYES, np.linalg.norm(residual, axis=2) / error, 0.0)
    strongest = np.sort(strength, axis=1)[:, -best:]
    return np.asarray(np.sqrt((strongest**2).mean(axis=1)))


def _counts(bump: Bump, inter_ocular: float, settings: SpotSettings) -> bool:
    """Whether the movement has a possible size, comes back, and stands out from the motion around it."""
    size = bump.peak / inter_ocular
    return (
        settings.min_peak_iod <= size <= settings.max_peak_iod
        and bump.returns >= 1 - settings.return_share
        and bump.calm >= settings.min_calm
    )


def _of_blink(bump: Bump, blink: Closure, segment: Segment) -> bool:
    """Whether the bump is a side effect of a blink: at the same time and small, or brows in step with it.

    Brows follow lids in a blink by less than the lids move; lids follow brows in a frown.
    """
    slack = segment.samples(0.05)
    onset, _, offset = blink.span
    if not onset - slack <= bump.apex <= offset + slack:
        return False
    follows = in_step(bump, blink) and bump.peak < blink.lid and _BROWS.issuperset(bump.regions)
    return follows or bump.peak < BLINK_SPREAD * blink.lid


def in_step(bump: Bump, blink: Closure) -> bool:
    """Whether the two intervals share at least half of what they cover together."""
    onset, _, offset = blink.span
    shared = min(offset, bump.offset) - max(onset, bump.onset) + 1
    return shared >= (max(offset, bump.offset) - min(onset, bump.onset) + 1) / 2
