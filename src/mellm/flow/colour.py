"""Flow as colour: the MMC-Map of the vision route and the Middlebury wheel.

Knows flow fields and pictures; the legend that goes with a map is in `mellm.flow.legend`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.flow.field import FlowField
from mellm.media.frame import Image

DIRECTION_COLOURS = {
    "right": "red",
    "down-right": "orange",
    "down": "yellow-green",
    "down-left": "green",
    "left": "cyan",
    "up-left": "blue",
    "up": "violet",
    "up-right": "magenta",
}
"""Direction in the picture -> the colour's name in an MMC-Map (2505.07007v1)."""


MMC_SCALE_PX = 1.0
"""Motion of full brightness in every MMC-Map that must be comparable, px of the 400x480 crop: in the training
data, in what a vision model is shown, in reports. Micro-expressions seldom move a patch by more on average; a
still face stays grey, which the paper's normalisation of each picture (scale None) does not give."""


def mmc_colours(
    expression: FlowField,
    *,
    scale_px: float | None = None,
    quantise: float | None = None,
    percentile: float | None = None,
) -> Image:
    """Return the colours of an MMC-Map alone, on black: uint8 (H, W, 3) RGB.

    Hue is the direction, turning clockwise in the picture from red = right, at half the angle on OpenCV's
    0..179 scale; saturation is full; the HSV value is the magnitude. `scale_px` is the magnitude of full
    brightness; None normalises each picture by its own smallest and largest magnitude, as the paper does,
    and makes two maps incomparable. `quantise` rounds directions to that many degrees (the public code: 30).
    `percentile` blackens flow weaker than that percentile of the picture's magnitudes.
    """
    magnitude, angle = _polar(expression)
    if quantise is not None:
        if not 0 < quantise <= 180:
            raise InputError(f"Directions cannot be rounded to {quantise} degrees; give 1 to 180.")
        angle = np.rint(angle / quantise) * quantise
    hsv = np.full((*magnitude.shape, 3), 255, np.uint8)
    # The hue has 180 steps of 2 degrees; the last half step belongs to red again.
    hsv[..., 0] = np.rint(angle / 2).astype(np.int64) % 180
    hsv[..., 2] = np.rint(255 * _brightness(magnitude, scale_px))
    if percentile is not None:
        if not 0 <= percentile < 100:
            raise InputError(f"The percentile is {percentile}; give 0 to below 100.")
        hsv[magnitude < np.percentile(magnitude, percentile), 2] = 0
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def mmc_map(
    expression: FlowField,
    onset: Image,
    *,
    scale_px: float | None = None,
    quantise: float | None = None,
    percentile: float | None = None,
) -> Image:
    """Return the MMC-Map (2505.07007v1): `mmc_colours` added onto the grey onset frame, uint8 RGB.

    `onset` is uint8 (H, W, 3) RGB of the flow's size; otherwise InputError.
    """
    if onset.shape[:2] != expression.shape[:2]:
        raise InputError(
            f"The picture is {onset.shape[1]}x{onset.shape[0]} px and the flow "
            f"{expression.shape[1]}x{expression.shape[0]}; give the picture the flow was estimated on."
        )
    colours = mmc_colours(expression, scale_px=scale_px, quantise=quantise, percentile=percentile)
    grey = cv2.cvtColor(cv2.cvtColor(onset, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(grey, colours), np.uint8)


def image_scale(flow: FlowField) -> float:
    """Return the largest magnitude, px: what full brightness means when a map has no fixed scale."""
    return float(_polar(flow)[0].max())


def _polar(flow: FlowField) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Magnitude (px) and angle (degrees, clockwise in the picture from right) of each pixel."""
    u, v = np.ascontiguousarray(flow[..., 0]), np.ascontiguousarray(flow[..., 1])
    magnitude, angle = cv2.cartToPolar(u, v, angleInDegrees=True)
    return np.asarray(magnitude, np.float32), np.asarray(angle, np.float32)


def _brightness(magnitude: NDArray[np.float32], scale_px: float | None) -> NDArray[np.float32]:
    if scale_px is None:
        low, high = float(magnitude.min()), float(magnitude.max())
        return np.asarray((magnitude - low) / max(high - low, 1e-9), np.float32)
    if scale_px <= 0:
        raise InputError(f"A colour scale of {scale_px} px means nothing; give a value above 0.")
    return np.asarray(np.minimum(magnitude / scale_px, 1.0), np.float32)


def _middlebury_wheel() -> NDArray[np.float32]:
    """The 55 colours of Baker et al. (IJCV 2011): red-yellow-green-cyan-blue-magenta-red, (55, 3) 0..255."""
    legs = ((15, 0, 1, 1), (6, 1, 0, -1), (4, 1, 2, 1), (11, 2, 1, -1), (13, 2, 0, 1), (6, 0, 2, -1))
    rows = []
    for length, full, changing, sign in legs:
        ramp = np.floor(255 * np.arange(length) / length)
        leg = np.zeros((length, 3))
        leg[:, full] = 255
        leg[:, changing] = ramp if sign > 0 else 255 - ramp
        rows.append(leg)
    return np.concatenate(rows).astype(np.float32)


WHEEL = _middlebury_wheel()


def middlebury(flow: FlowField, *, scale_px: float | None = None) -> Image:
    """Return flow in the Middlebury code, uint8 (H, W, 3) RGB: white = still, saturated = `scale_px`.

    Without `scale_px` the picture's own largest magnitude is full colour. Source: Baker et al., IJCV 2011.
    """
    scale = image_scale(flow) if scale_px is None else scale_px
    if scale_px is not None and scale_px <= 0:
        raise InputError(f"A colour scale of {scale_px} px means nothing; give a value above 0.")
    u, v = (flow[..., k] / np.float32(max(scale, 1e-9)) for k in (0, 1))
    radius = np.hypot(u, v)[..., None]
    place = (np.arctan2(-v, -u) / np.pi + 1) / 2 * (len(WHEEL) - 1)
    lower = np.floor(place).astype(int)
    part = (place - lower)[..., None]
    colour = ((1 - part) * WHEEL[lower] + part * WHEEL[(lower + 1) % len(WHEEL)]) / 255
    colour = np.where(radius <= 1, 1 - radius * (1 - colour), 0.75 * colour)
    return np.asarray(np.floor(255 * colour), np.uint8)
