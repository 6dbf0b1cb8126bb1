"""Regional measurement: what the expression flow does inside each region of interest.

The numbers of the motion prompt (2505.07007v3): mean and largest magnitude, dominant direction, and whether
the region moves at all beyond noise. Knows flow and boxes, nothing of landmarks or action units.
"""

import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from mellm.errors import InputError
from mellm.face.people import Region
from mellm.face.region_id import RegionId
from mellm.flow.field import FlowField
from mellm.flow.region_motion import OCTANTS, RegionMotion

NO_MOTION_PX = 1e-4
"""Below this mean magnitude (px) a region has no direction: it does not move (2505.07007v3)."""

CLEAR_DIRECTION = 0.15
"""Below this concentration |sum v| / sum |v| a region has no clear direction (2505.07007v3)."""

FLOOR_LOW = 0.0008
"""Least noise floor, as a fraction of the inter-ocular distance (0.15 px on a 280-px-wide face)."""

FLOOR_HIGH = 0.0040
"""Largest noise floor that the flow itself may suggest: a face that moves all over must not hide itself."""

FLOOR_SIGMAS = 4.0
"""Floor in standard deviations of a region's mean vector: pure noise passes once in 3,000 regions."""

PLAIN_SKIN = {RegionId.LEFT_CHEEK: 2.0, RegionId.RIGHT_CHEEK: 2.0, RegionId.CHIN: 2.0}
"""Regions of little texture, where flow is noisier: their floor is this many times the others'."""


def noise_floor(expression: FlowField, regions: Sequence[Region], inter_ocular: float) -> float:
    """Return the mean motion, px, a region must exceed to count as moving.

    Most of a face is still during a micro-expression, so the quieter half of the face tells how large the
    mean vector of a still region comes out by noise alone: the lower quartile of the block-mean lengths,
    over the part of the picture that the regions span, is 0.76 sigma of it (Rayleigh). The floor is
    `FLOOR_SIGMAS` sigma, kept between `FLOOR_LOW` and `FLOOR_HIGH` times `inter_ocular` (px of `expression`).
    """
    height, width = expression.shape[:2]
    boxes = np.array([_box(region, width, height) for region in regions]).reshape(-1, 4)
    boxes = boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])]
    low = FLOOR_LOW * inter_ocular
    if not len(boxes):
        return low
    left, top = boxes[:, :2].min(0)
    right, bottom = boxes[:, 2:].max(0)
    side = max(3, round(float(np.median(boxes[:, 2] - boxes[:, 0]))))
    means = cv2.blur(expression[top:bottom, left:right], (side, side))[side // 2 :: side, side // 2 :: side]
    lengths = np.hypot(means[..., 0], means[..., 1])
    sigma = float(np.quantile(lengths, 0.25)) / 0.7585 if lengths.size else 0.0
    return float(np.clip(FLOOR_SIGMAS * sigma, low, FLOOR_HIGH * inter_ocular))


def measure(
    expression: FlowField,
    regions: Sequence[Region],
    *,
    inter_ocular: float,
    scale: float = 1.0,
    noise_floor: float | None = None,
) -> list[RegionMotion]:
    """Return the motion of each region, in the order given.

    `expression` is float32 (H, W, 2) px; `regions` and `inter_ocular` (distance of the outer eye corners)
    are in the same pixels. `scale` maps those pixels to the source picture's: u, v, mean and max come out
    multiplied by it, `relative` is free of it. `noise_floor` (px of `expression`) is used as it is for all
    regions; None: that of `mellm.flow.measure.noise_floor`, raised by `PLAIN_SKIN`. A region moves when its
    mean vector is longer than the floor, or its mean magnitude is twice the floor (parts that move apart,
    such as lips, cancel in the mean vector). A region outside the picture does not move. Raises InputError
    for sizes that make no sense.
    """
    if inter_ocular <= 0 or scale <= 0:
        raise InputError(f"inter_ocular is {inter_ocular} and scale {scale}; both must be above 0 px.")
    if noise_floor is None:
        common = _floor(expression, regions, inter_ocular)
        floors = [common * PLAIN_SKIN.get(region.name, 1.0) for region in regions]
    else:
        floors = [noise_floor] * len(regions)
    return [
        _measure(expression, region, inter_ocular, scale, floor)
        for region, floor in zip(regions, floors, strict=True)
    ]


def strongest_motion(vectors: Mapping[str, tuple[float, float]]) -> float:
    """Return the face's own scale: the mean length of its three longest regional vectors (one may be wrong).

    Eyelids are left out: a blink or a glance moves them further than any micro-expression moves a brow.
    """
    lengths = [math.hypot(*v) for name, v in vectors.items() if not RegionId(name).is_eyelid]
    lengths = sorted(lengths, reverse=True)[:3]
    return sum(lengths) / len(lengths) if lengths else 0.0


_floor = noise_floor  # `measure` has an argument of the function's name


def octant_of(angle: float) -> str:
    """Return the name of the 45-degree sector around `angle` (degrees, 0 = right, 90 = up).

    >>> octant_of(350.0), octant_of(95.0)
    ('right', 'up')
    """
    return OCTANTS[round(angle / 45.0) % 8]


def _box(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels, clipped to the picture; at least one pixel before that."""
    (x, y), half = region.center, region.size / 2
    left, top = round(x - half), round(y - half)
    right, bottom = max(left + 1, round(x + half)), max(top + 1, round(y + half))
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def _measure(
    expression: FlowField, region: Region, inter_ocular: float, scale: float, floor: float
) -> RegionMotion:
    height, width = expression.shape[:2]
    left, top, right, bottom = _box(region, width, height)
    if left >= right or top >= bottom:
        return RegionMotion(region.name, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, False)
    vectors = expression[top:bottom, left:right].reshape(-1, 2).astype(np.float64)
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])
    u, v = vectors.mean(0)
    mean, length = float(lengths.mean()), float(np.hypot(u, v))
    still = mean < NO_MOTION_PX
    concentration = 0.0 if still else min(1.0, length / mean)
    angle = None if still else float(np.degrees(np.arctan2(-v, u)) % 360.0)
    return RegionMotion(
        name=region.name,
        u=float(u) * scale,
        v=float(v) * scale,
        mean=mean * scale,
        max=float(lengths.max()) * scale,
        relative=mean / inter_ocular,
        angle=angle,
        octant=None if angle is None or concentration < CLEAR_DIRECTION else octant_of(angle),
        concentration=concentration,
        moving=not still and (length > floor or mean > 2.0 * floor),
    )
