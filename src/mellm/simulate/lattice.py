"""Smooth fields over a frame: a coarse lattice, scattered values spread over it, and reading in between."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.simulate.scene_motion import Field

STRIDE = 4
"""Smooth fields are computed on a lattice of this many pixels and upsampled by cubic interpolation."""
MARGIN = 32
"""The lattice reaches this far beyond the frame, px; motion should stay below that."""
# A node stands for the middle of its STRIDE pixels, as cv2.resize has it.
_NODE = (STRIDE - 1) / 2
# Gaussians that spread values over the lattice, in nodes, from coarse to fine.
_SCALES = (24.0, 12.0, 6.0, 4.2, 3.0, 2.1, 1.5)

Window = tuple[slice, slice]
"""Rows and columns of a part of the frame."""


class Lattice:
    """The lattice of a frame of `size` (width, height) px.

    shape: (rows, columns) of the lattice
    nodes: float32 (h, w, 2), frame position of each node
    pixels: float32 (H, W, 2), position of each pixel of the frame
    """

    def __init__(self, size: tuple[int, int]) -> None:
        """Lay the lattice over a frame."""
        w, h = size
        self.size = size
        self.shape = ((h + 2 * MARGIN) // STRIDE + 2, (w + 2 * MARGIN) // STRIDE + 2)
        rows, cols = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32)
        nodes = np.stack([cols, rows], -1) * STRIDE - MARGIN + _NODE
        self.nodes = np.asarray(nodes, np.float32)
        self.pixels: Field = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
        self.whole: Window = (slice(0, h), slice(0, w))

    def locate(self, points: NDArray[np.floating[Any]]) -> Field:
        """Turn frame positions (..., 2) into lattice positions (column, row)."""
        return np.asarray((points + MARGIN - _NODE) / STRIDE, np.float32)

    def spread(self, points: NDArray[np.floating[Any]], values: Field) -> Field:
        """Spread values (N, C) given at frame positions (N, 2) into a smooth field (h, w, C)."""
        return spread(self.locate(points), values, self.shape)

    def upsample(self, field: Field, window: Window | None = None) -> Field:
        """Lattice -> frame resolution, cubic, for the whole frame or a window of it."""
        rows, cols = window or self.whole
        # Two nodes beyond the window on each side, so that its edge is interpolated like its middle.
        top, left = (rows.start + MARGIN) // STRIDE - 2, (cols.start + MARGIN) // STRIDE - 2
        bottom, right = (rows.stop + MARGIN) // STRIDE + 3, (cols.stop + MARGIN) // STRIDE + 3
        part = np.ascontiguousarray(field[top:bottom, left:right])
        size = (part.shape[1] * STRIDE, part.shape[0] * STRIDE)
        fine = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
        y, x = rows.start + MARGIN - top * STRIDE, cols.start + MARGIN - left * STRIDE
        return np.asarray(fine[y : y + rows.stop - rows.start, x : x + cols.stop - cols.start])


def read_at(field: NDArray[Any], positions: Field, method: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Read a picture or field at (x, y) positions float32 (h, w, 2); beyond its edge the edge goes on."""
    xy = np.ascontiguousarray(positions, np.float32)
    # An empty array in place of None gives wrong values (OpenCV 5.0).
    return np.asarray(cv2.remap(field, xy, None, method, borderMode=cv2.BORDER_REPLICATE))  # type: ignore[call-overload]


def smoothstep(low: float, high: float, x: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def spread(points: NDArray[np.float32], values: NDArray[np.float32], shape: tuple[int, int]) -> Field:
    """Spread values (N, C) given at lattice positions (N, 2) into a smooth field float32 (h, w, C).

    Normalised convolution (Knutsson & Westin 1993) with Gaussians from coarse to fine, each spreading what
    the ones before left over, as far as points are dense enough for it.
    """
    h, w = shape
    n, channels = values.shape
    base = np.floor(points).astype(np.int64)
    frac = points - base
    corners = []
    for dy in (0, 1):
        for dx in (0, 1):
            x, y = base[:, 0] + dx, base[:, 1] + dy
            weight = np.abs(1 - dx - frac[:, 0]) * np.abs(1 - dy - frac[:, 1])
            inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
            corners.append((np.where(inside, y * w + x, 0), (weight * inside)[:, None].astype(np.float32)))
    result = np.zeros((h, w, channels), np.float32)
    rest = values.astype(np.float32)
    for sigma in _SCALES:
        sums = np.zeros((h * w, channels + 1), np.float32)
        data = np.concatenate([rest, np.ones((n, 1), np.float32)], 1)
        for index, weight in corners:
            np.add.at(sums, index, data * weight)
        blurred = _blur(sums.reshape(h, w, channels + 1), sigma)
        density = np.maximum(blurred[..., -1:], 0)
        # How many points a Gaussian of this size sees; one alone would leave a bead.
        seen = density * np.float32(2 * np.pi * sigma**2)
        trust = seen / (seen + 0.5) if sigma == _SCALES[0] else smoothstep(1.1, 2.0, seen)
        result += trust * blurred[..., :-1] / np.maximum(density, 1e-9)
        flat = result.reshape(h * w, channels)
        rest = values - sum(flat[index] * weight for index, weight in corners)
    return result


def _blur(grid: Field, sigma: float) -> Field:
    """Gaussian blur of a lattice, wide ones at a lower resolution."""
    h, w = grid.shape[:2]
    scale = max(1, int(sigma // 3))
    if scale == 1:
        return np.asarray(cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))
    small = cv2.resize(grid, (-(-w // scale), -(-h // scale)), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), sigma / scale, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.resize(blurred, (w, h), interpolation=cv2.INTER_CUBIC))
