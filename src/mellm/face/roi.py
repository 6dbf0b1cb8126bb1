"""Rotated square regions of a picture: cutting them out for a network, and mapping its answer back.

Follows the sampling of MediaPipe's image-to-tensor step: corner (0, 0) of the cut samples the region's
corner exactly, bilinear without smoothing, so that the networks see the pixels they see there. Knows
nothing about faces.
"""

from dataclasses import dataclass
from math import cos, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.media.frame import Image

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Roi:
    """A square of side `size` px round (`x`, `y`), turned by `rotation` radians (clockwise on the screen)."""

    x: float
    y: float
    size: float
    rotation: float = 0.0

    def to_image(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map points (..., 2) of the square, 0..1 each way, to picture pixels."""
        c, s = cos(self.rotation), sin(self.rotation)
        offset = (unit - 0.5) * self.size
        u = c * offset[..., 0] - s * offset[..., 1] + self.x
        v = s * offset[..., 0] + c * offset[..., 1] + self.y
        return np.stack([u, v], axis=-1)


def cut(image: Image, roi: Roi, side: int, *, border: int) -> Image:
    """Sample the region as a (side, side, 3) picture; `border` is an OpenCV border mode."""
    corners = roi.to_image(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])).astype(np.float32)
    targets = np.array([[0, 0], [side, 0], [0, side]], np.float32)
    matrix = cv2.getAffineTransform(corners, targets)
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)  # type: ignore[return-value]
