"""What can be got back from flow that was min-max normalised per channel: sign, channel ratio, head motion.

Stored pictures are uint8 (28, 28, 3): u, v, strain, each stretched to 0..255 on its own. Three steps:

1. zero level: the nose hardly takes part in expressions, so its value is the zero (and with it the sign);
2. channel ratio: strain was computed before the channels were stretched, so the ratio r = v-scale / u-scale
   is the one for which sqrt(u_x^2 + (r v_y)^2 + (u_y + r v_x)^2 / 2) correlates best with the strain channel;
3. head motion: a similarity (shift, turn, zoom) is fitted to the face by iteratively re-weighted least
   squares and taken off, so that the few regions that move stand out against the many that do not.

The result is in units of the face's own root-mean-square motion. Nothing here looks at labels.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.people import Region
from mellm.face.region_id import RegionId
from mellm.flow.measure import measure
from mellm.flow.region_motion import RegionMotion

Stored = NDArray[np.uint8]
Field = NDArray[np.float32]

_NOSE = (slice(12, 17), slice(12, 16))
_RATIOS = np.exp(np.linspace(-1.5, 2.0, 29))
_STEPS = 15
_CENTRE = 13.5
_INTER_OCULAR = 20.0
_FINE = 16

_BOXES: dict[str, tuple[float, float, float]] = {
    "outer brow": (8.6, 4.0, 3.0),
    "inner brow": (3.8, 4.3, 3.0),
    "upper eyelid outer": (10.0, 6.6, 2.0),
    "upper eyelid centre": (8.2, 6.3, 2.0),
    "upper eyelid inner": (6.4, 6.6, 2.0),
    "lower eyelid outer": (10.0, 8.4, 2.0),
    "lower eyelid centre": (8.2, 8.8, 2.0),
    "lower eyelid inner": (6.4, 8.4, 2.0),
    "nostril wing": (3.4, 15.3, 2.5),
    "mouth corner": (5.4, 19.4, 3.5),
    "upper lip": (2.6, 18.8, 2.0),
    "lower lip": (2.6, 21.4, 2.0),
    "cheek": (8.0, 13.5, 4.0),
}
"""Part -> (columns from the midline, row, side length), pixels of the stored picture.

From the crop's geometry (brows at rows 3..6, eyes 7..9, nose tip 15, mouth 19..21)."""


@cache
def region_boxes() -> dict[str, tuple[float, float, float]]:
    """Return the 29 regions in the stored crop: name -> (centre column, centre row, side length)."""
    boxes: dict[str, tuple[float, float, float]] = {}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for part, (away, row, size) in _BOXES.items():
            name = f"{part} {side}" if part in ("upper lip", "lower lip") else f"{side} {part}"
            boxes[name] = (_CENTRE + sign * away, row, size)
    boxes["upper lip centre"] = (_CENTRE, 18.6, 2.0)
    boxes["lower lip centre"] = (_CENTRE, 21.6, 2.0)
    boxes["chin"] = (_CENTRE, 24.2, 4.0)
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
        weight = inside / (1 + (length / (2 * np.median(length[inside]) + 1e-9)) ** 2)
    return residual[: x.size].reshape(u.shape), residual[x.size :].reshape(v.shape)


def regional_motion(field: Field) -> list[RegionMotion]:
    """Measure the 29 regions of a recovered field, with boxes placed to a sixteenth of a pixel.

    Only ratios mean anything: every region counts as moving, `relative` is in the field's own unit.
    """
    large = cv2.resize(field, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    regions = [
        Region(RegionId(name), ((column + 0.5) * _FINE, (row + 0.5) * _FINE), size * _FINE)
        for name, (column, row, size) in region_boxes().items()
    ]
    return measure(large, regions, inter_ocular=_INTER_OCULAR * _FINE, scale=1 / _FINE, noise_floor=0.0)


def nose_flow(stored: Stored) -> Field:
    """Return the simplest recovery, float32 (28, 28, 2): the nose at zero, each channel of unit spread."""
    flow = stored[..., :2].astype(np.float64)
    flow -= np.median(flow[_NOSE].reshape(-1, 2), axis=0)
    return np.asarray(flow / (flow.std(axis=(0, 1)) + 1e-6), np.float32)
