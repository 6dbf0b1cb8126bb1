"""The flow route's input: 29 regions' numbers and the face's own scale, as 30 rows of features.

Row k < 29, region k of `REGION_NAMES`: mean motion u, v and mean magnitude as multiples of the face's scale
s = hypot(strongest motion, noise floor), saturating at `LIMIT`; concentration; whether it moves;
log(1 + mean / floor). Row 29: log(s / floor), whether the scale is known, the share of regions that move.
All rows have `FEATURES` columns. Where only ratios are known, the strongest motion is taken as `TYPICAL`.
Knows no model.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.face.regions import REGION_NAMES
from mellm.facs.learned import LIMIT, TYPICAL, motion_scale
from mellm.facs.unit_rules import NOISE_FLOOR
from mellm.flow.measure import CLEAR_DIRECTION, octant_of
from mellm.flow.region_motion import RegionMotion

FEATURES = 8
"""Columns of a row: six of a region, two that only the last row uses."""

Numbers = NDArray[np.float32]


def region_numbers(motion: Sequence[RegionMotion]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return u, v and mean magnitude (29, 3) as fractions of the inter-ocular distance, and what moves (29,).

    Regions that are missing count as still.
    """
    numbers, moving = np.zeros((len(REGION_NAMES), 3), np.float32), np.zeros(len(REGION_NAMES), np.bool_)
    named = {region.name: region for region in motion}
    for row, name in enumerate(REGION_NAMES):
        if (found := named.get(name)) is not None and found.mean > 0:
            share = found.relative / found.mean
            numbers[row] = found.u * share, found.v * share, found.relative
            moving[row] = found.moving
    return numbers, moving


def region_motion(numbers: Numbers, moving: NDArray[np.bool_], unit: float) -> list[RegionMotion]:
    """Return the regions that `region_numbers` made numbers of, but for their spread within a region.

    unit: the inter-ocular distance in the regions' own unit
    """
    found = []
    for name, (u, v, mean), moves in zip(REGION_NAMES, numbers.astype(float), moving, strict=True):
        length = float(np.hypot(u, v))
        angle = float(np.degrees(np.arctan2(-v, u)) % 360)
        share = min(1.0, length / max(mean, 1e-9))
        octant = octant_of(angle) if share >= CLEAR_DIRECTION and length > 0 else None
        size = unit * mean
        found.append(
            RegionMotion(name, unit * u, unit * v, size, size, mean, angle, octant, share, bool(moves))
        )
    return found


def region_features(numbers: Numbers, moving: NDArray[np.bool_], known: NDArray[np.bool_]) -> Numbers:
    """Return features (N, 30, FEATURES) of numbers (N, 29, 3), what moves (N, 29), and known scales (N,)."""
    floor = np.float32(NOISE_FLOOR)
    strongest = np.maximum(motion_scale(numbers[..., :2]), np.float32(1e-9))
    scaled = np.where(known, np.float32(1.0), np.float32(TYPICAL) / strongest)
    numbers = numbers * scaled[:, None, None]
    s = np.hypot(strongest * scaled, floor)
    ratio = LIMIT * np.tanh(numbers / s[:, None, None] / LIMIT)
    length = np.linalg.norm(numbers[..., :2], axis=-1)
    mean = np.maximum(numbers[..., 2], length)
    out = np.zeros((len(numbers), len(REGION_NAMES) + 1, FEATURES), np.float32)
    out[:, :-1, :3] = ratio
    out[:, :-1, 3] = length / np.maximum(mean, np.float32(1e-9))
    out[:, :-1, 4] = moving
    out[:, :-1, 5] = np.log1p(mean / floor)
    out[:, -1, 5] = np.log(s / floor)
    out[:, -1, 6] = known
    out[:, -1, 7] = moving.mean(axis=1)
    return out
