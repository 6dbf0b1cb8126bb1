"""Movements as the tracer would see them: a pattern over the 29 regions and a course in time.

Patterns come from displacement fields on the face mesh, whatever made them: the region's mean, less the rigid
head motion that the tracer's robust fit takes for the head's, times what the tracer lets through. Knows
nothing of real footage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mellm.face import CROP_SIZE, Alignment, Landmarks, regions_of
from mellm.face.region_id import RegionId
from mellm.face.regions import REGION_NAMES
from mellm.simulate.canonical_mesh import canonical_points
from mellm.spot.head_step import HeadStep, fit_step

Array = NDArray[np.float64]

LIDS = np.array([region.is_eyelid for region in REGION_NAMES])
UPPER_LIDS = np.array([region.is_eyelid and "upper" in region for region in REGION_NAMES])
LOWER_FACE = np.array([any(w in r for w in ("mouth", "lip", "chin")) for r in REGION_NAMES])
BROWS = np.array(["brow" in region for region in REGION_NAMES])
MIRROR = np.array([REGION_NAMES.index(RegionId(region).mirrored) for region in REGION_NAMES])


@dataclass(frozen=True, slots=True)
class Frame:
    """The canonical face in the aligned crop.

    body: (468, 3) px from the head's centre; weights: (29, 468) each region's mean of mesh motion
    unit: crop px per face width
    """

    body: Array
    weights: Array
    unit: float


@cache
def frame() -> Frame:
    """Place the canonical face in the crop and find the mesh points about each region."""
    points = canonical_points().astype(np.float64) * (400.0, -400.0, -400.0)
    landmarks = Landmarks(points.astype(np.float32))
    alignment = Alignment.fit(landmarks, CROP_SIZE)
    crop = alignment.landmarks_to_crop(landmarks)
    places = crop.points.astype(np.float64)
    weights = np.zeros((len(REGION_NAMES), len(places)))
    for k, region in enumerate(regions_of(crop)):
        steps = (np.linspace(-0.4, 0.4, 5) * region.size)[:, None]
        grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2) + region.center
        near = np.linalg.norm(places[None, :, :2] - grid[:, None], axis=2)
        # A region on a lid or lip takes points of its own sheet only; reach: about the mesh's spacing.
        share = np.exp(-0.5 * (near / 7.0) ** 2) + 1e-9
        weights[k] = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
    return Frame(places - places.mean(axis=0), weights, 400.0 * alignment.scale)


def pattern(field: NDArray[np.floating], *, lids: bool = False) -> Array | None:
    """Motion (29, 2) of the regions for a field (468, 3) in canonical axes, per unit of its peak.

    The robust rigid fit takes its part away, as in the tracer. None where next to nothing is left outside the
    lids, or, with `lids`, of the lids.
    """
    face = frame()
    moved = field[:, :2].astype(np.float64) * (1.0, -1.0)
    peak = float(np.linalg.norm(moved, axis=1).max())
    if not np.isfinite(peak) or peak < 1e-9:
        return None
    moved = moved / peak
    head, _ = fit_step(face.body, moved, HeadStep(), turn=True)
    left = face.weights @ (moved - head.displacement(face.body))
    return left if np.linalg.norm(left[LIDS if lids else ~LIDS], axis=1).max() > 0.15 else None


class Patterns:
    """A store of patterns to draw from."""

    def __init__(self, made: Sequence[Array], lids: Sequence[Array] = ()) -> None:
        """Keep these patterns, each (29, 2); those of `lids` alone are drawn apart."""
        self.made = list(made)
        self.lids = list(lids)
        self.closing = pattern_of_lids()

    def draw(self, rng: np.random.Generator) -> Array:
        """One pattern (29, 2), mirrored at random and a little changed; one in ten is a bump of no origin."""
        chosen = smooth_bump(rng) if rng.random() < 0.1 else self.made[int(rng.integers(len(self.made)))]
        return _changed(chosen, rng)

    def draw_lids(self, rng: np.random.Generator) -> Array:
        """One pattern (29, 2) of lids that rise, as `draw` draws others."""
        return _changed(self.lids[int(rng.integers(len(self.lids)))], rng)


def _changed(chosen: Array, rng: np.random.Generator) -> Array:
    if rng.random() < 0.5:
        chosen = chosen[MIRROR] * (-1.0, 1.0)
    return np.asarray(chosen * np.exp(0.12 * rng.standard_normal(chosen.shape)))


def smooth_bump(rng: np.random.Generator) -> Array:
    """A soft push anywhere outside the eyes that no unit's description holds."""
    face = frame()
    places = face.weights @ face.body[:, :2]
    while True:
        at = places[int(rng.integers(len(places)))] + rng.normal(0, 8, 2)
        reach = rng.uniform(14, 45, 2)
        way = rng.standard_normal(2)
        push = np.exp(-0.5 * (((places - at) / reach) ** 2).sum(axis=1))[:, None] * way / np.linalg.norm(way)
        if np.linalg.norm(push[~LIDS], axis=1).max() > 0.4:
            return np.asarray(push)


def pattern_of_lids() -> Array:
    """Motion (29, 2) of closing eyes, the upper lids' centres at 1: down, the lower lids a little up."""
    closing = np.zeros((len(REGION_NAMES), 2))
    for k, region in enumerate(REGION_NAMES):
        if region.is_eyelid:
            middle = 1.0 if "centre" in region else 0.7
            closing[k, 1] = middle if "upper" in region else -0.15 * middle
    return closing


def pulse(times: Array, onset: float, apex: float, offset: float, shape: float, hold: float = 0.0) -> Array:
    """The share of the peak at `times`: 0 outside onset..offset, 1 at the apex.

    shape: 0 raised cosine, 1 minimum jerk (Flash & Hogan 1985), between: blends; hold: the share of the time
    around the apex for which the peak is held.
    """
    top, last = apex - hold * (apex - onset), apex + hold * (offset - apex)
    rise = np.clip((times - onset) / max(top - onset, 1e-6), 0, 1)
    fall = np.clip((offset - times) / max(offset - last, 1e-6), 0, 1)
    way = np.minimum(rise, fall)
    jerk = way**3 * (10 - 15 * way + 6 * way**2)
    return np.asarray(shape * jerk + (1 - shape) * (1 - np.cos(np.pi * way)) / 2)
