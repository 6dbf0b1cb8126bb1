"""Recovers expression flow that was stored min-max normalised per channel: sign, channel ratio, head motion.

Stored pictures are uint8 (28, 28, 3): u, v, strain, each stretched to 0..255 on its own. Three steps:

1. zero level: the nose hardly takes part in expressions, so its value is the zero (and with it the sign);
2. channel ratio: strain was computed before the channels were stretched, so the ratio r = v-scale / u-scale
   is the one for which sqrt(u_x^2 + (r v_y)^2 + (u_y + r v_x)^2 / 2) correlates best with the strain channel;
3. head motion: a similarity (shift, turn, zoom) is fitted to the face by iteratively re-weighted least
   squares and taken off, so that the few regions that move stand out against the many that do not.

The result is in units of the face's own root-mean-square motion. Nothing here looks at labels.
"""

import math
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.people import Region
from mellm.face.region_id import ImageSide, Part, Patch, RegionId
from mellm.flow.measure import measure, strongest_motion
from mellm.flow.region_motion import RegionMotion
from mellm.flow.robust import cauchy

Stored = NDArray[np.uint8]
Field = NDArray[np.float32]

_NOSE = (slice(12, 17), slice(12, 16))
_RATIOS = np.exp(np.linspace(-1.5, 2.0, 29))
_STEPS = 15
_CENTRE = 13.5
_INTER_OCULAR = 20.0
_FINE = 16

RELATIVE_FLOOR = (0.5, 0.25)
"""A region of recovered flow moves from this multiple of the face's root-mean-square motion on, and from this
share of the mean of its three strongest regions."""

_BOXES: dict[tuple[Part, Patch | None], tuple[float, float, float]] = {
    (Part.BROW, Patch.OUTER): (8.6, 4.0, 3.0),
    (Part.BROW, Patch.INNER): (3.8, 4.3, 3.0),
    (Part.UPPER_EYELID, Patch.OUTER): (10.0, 6.6, 2.0),
    (Part.UPPER_EYELID, Patch.CENTRE): (8.2, 6.3, 2.0),
    (Part.UPPER_EYELID, Patch.INNER): (6.4, 6.6, 2.0),
    (Part.LOWER_EYELID, Patch.OUTER): (10.0, 8.4, 2.0),
    (Part.LOWER_EYELID, Patch.CENTRE): (8.2, 8.8, 2.0),
    (Part.LOWER_EYELID, Patch.INNER): (6.4, 8.4, 2.0),
    (Part.NOSTRIL_WING, None): (3.4, 15.3, 2.5),
    (Part.MOUTH_CORNER, None): (5.4, 19.4, 3.5),
    (Part.UPPER_LIP, None): (2.6, 18.8, 2.0),
    (Part.LOWER_LIP, None): (2.6, 21.4, 2.0),
    (Part.CHEEK, None): (8.0, 13.5, 4.0),
}
"""Part and patch -> (columns from the midline, row, side length), pixels of the stored picture.

From the crop's geometry (brows at rows 3..6, eyes 7..9, nose tip 15, mouth 19..21)."""


@cache
def region_boxes() -> dict[RegionId, tuple[float, float, float]]:
    """Return the 29 regions in the stored crop: region -> (centre column, centre row, side length)."""
    boxes: dict[RegionId, tuple[float, float, float]] = {}
    for side, sign in ((ImageSide.LEFT, -1.0), (ImageSide.RIGHT, 1.0)):
        for (part, patch), (away, row, size) in _BOXES.items():
            boxes[RegionId.at(part, side, patch)] = (_CENTRE + sign * away, row, size)
    boxes[RegionId.UPPER_LIP_CENTRE] = (_CENTRE, 18.6, 2.0)
    boxes[RegionId.LOWER_LIP_CENTRE] = (_CENTRE, 21.6, 2.0)
    boxes[RegionId.CHIN] = (_CENTRE, 24.2, 4.0)
    return boxes


@cache
def face_mask() -> NDArray[np.bool_]:
    """Return bool (28, 28): the oval inside which the crop shows face."""
    rows, columns = np.mgrid[:28, :28]
    return np.asarray(((columns - _CENTRE) / 14) ** 2 + ((rows - 14) / 14.7) ** 2 < 1)


def channel_ratio(stored: Stored) -> float:
    """Return v-scale / u-scale: how much larger one stored unit of v is than one of u."""
    u_y, u_x = np.gradient(stored[..., 0].astype(np.float64))
    v_y, v_x = np.gradient(stored[..., 1].astype(np.float64))
    strain = stored[..., 2].astype(np.float64)
    strain -= strain.mean()
    r = _RATIOS[:, None, None]
    guesses = np.sqrt(u_x**2 + (r * v_y) ** 2 + (u_y + r * v_x) ** 2 / 2)
    guesses -= guesses.mean(axis=(1, 2), keepdims=True)
    fit = (guesses * strain).sum(axis=(1, 2)) / (np.linalg.norm(guesses, axis=(1, 2)) + 1e-9)
    return float(_RATIOS[int(fit.argmax())]) if np.ptp(fit) > 0 else 1.0


def recover_flow(stored: Stored, head: bool = True) -> Field:
    """Return expression flow, float32 (28, 28, 2), u right, v down, unit root-mean-square over the face.

    `head=False` leaves the head's in-plane motion in (only the nose is at rest).
    """
    u = stored[..., 0].astype(np.float64)
    v = stored[..., 1].astype(np.float64) * channel_ratio(stored)
    u -= np.median(u[_NOSE])
    v -= np.median(v[_NOSE])
    if head:
        u, v = _without_similarity(u, v)
    field = np.stack([u, v], axis=-1)
    rms = float(np.sqrt((field[face_mask()] ** 2).sum(axis=-1).mean()))
    return (field / rms if rms > 0 else field).astype(np.float32)


def _without_similarity(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Take off the similarity most of the face agrees on (Cauchy weights, scale from the median residual)."""
    rows, columns = np.mgrid[:28, :28]
    x, y = (columns - _CENTRE).ravel() / 14, (rows - 14).ravel() / 14
    one, none = np.ones_like(x), np.zeros_like(x)
    design = np.concatenate([np.stack([one, none, x, -y], 1), np.stack([none, one, y, x], 1)])
    target = np.concatenate([u.ravel(), v.ravel()])
    inside = face_mask().ravel()
    weight = inside.astype(np.float64)
    residual = target
    for _ in range(_STEPS):
        weighted = design * np.concatenate([weight, weight])[:, None]
        solution = np.linalg.lstsq(weighted.T @ design, weighted.T @ target, rcond=None)[0]
        residual = target - design @ solution
        length = np.hypot(residual[: x.size], residual[x.size :])
        weight = inside * cauchy(length, 2 * float(np.median(length[inside])) + 1e-9)
    return residual[: x.size].reshape(u.shape), residual[x.size :].reshape(v.shape)


def regional_motion(field: Field) -> list[RegionMotion]:
    """Measure the 29 regions of a recovered field (28, 28, 2), with boxes placed to a sixteenth of a pixel.

    All lengths are in the field's own unit, the face's root-mean-square motion; `relative` is the mean
    divided by `_INTER_OCULAR` and, like all the others, only good for ratios. A region moves if its mean
    vector reaches `RELATIVE_FLOOR`.
    """
    large = cv2.resize(field, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    regions = [
        Region(name, ((column + 0.5) * _FINE, (row + 0.5) * _FINE), size * _FINE)
        for name, (column, row, size) in region_boxes().items()
    ]
    motion = measure(large, regions, inter_ocular=_INTER_OCULAR, noise_floor=0.0)
    least, share = RELATIVE_FLOOR
    floor = max(least, share * strongest_motion({m.name: (m.u, m.v) for m in motion}))
    return [replace(m, moving=math.hypot(m.u, m.v) >= floor) for m in motion]


def nose_flow(stored: Stored) -> Field:
    """Return the simplest recovery, float32 (28, 28, 2): the nose at zero, each channel of unit spread."""
    flow = stored[..., :2].astype(np.float64)
    flow -= np.median(flow[_NOSE].reshape(-1, 2), axis=0)
    return np.asarray(flow / (flow.std(axis=(0, 1)) + 1e-6), np.float32)
