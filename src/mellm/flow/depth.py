"""Depth of a face: of the landmarks, and as a smooth surface over the picture.

Depths are pixels, smaller = nearer the camera. Only differences matter. Knows nothing of flow.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.types import Landmarks

Array = NDArray[np.float32]

CELLS = 128
"""Cells of the depth grid along the longer side of the face and its margin."""

LEVELS = (0.30, 0.15, 0.075, 0.04, 0.02, 0.01)
"""Blur per level of the surface, as a fraction of the grid."""


def depth_of_points(landmarks: Landmarks) -> Array | None:
    """Return the depth (N,) of each landmark, px, or None where the scheme carries none."""
    if landmarks.points.shape[1] < 3:
        return None
    return np.asarray(landmarks.points[:, 2], np.float32)


def depth_surface(points: NDArray[np.float64]) -> Callable[[Array, Array], Array]:
    """Return a smooth surface through `points` (N, 3): a function of x, y (px) that gives depth (px).

    Coarse-to-fine scattered-data approximation: each level spreads what the levels above left over with a
    narrower Gaussian (the idea of Lee, Wolberg and Shin's multilevel splines, TVCG 1997, with blurs for
    splines). Away from the face it falls off to the mean depth of the points.
    """
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    side = float((high - low).max()) * 1.8
    origin = (low + high) / 2 - side / 2
    cell = side / CELLS
    grid_xy = ((points[:, :2] - origin) / cell - 0.5).astype(np.float32)
    base = float(points[:, 2].mean())
    left_over = (points[:, 2] - base).astype(np.float32)
    surface = np.zeros((CELLS, CELLS), np.float32)
    count = _spread(grid_xy, np.ones(len(points), np.float32))
    for level in LEVELS:
        sigma = level * CELLS
        weight = cv2.GaussianBlur(count, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        value = cv2.GaussianBlur(_spread(grid_xy, left_over), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        # A share of the peak weight pulls the correction to zero where no point is near.
        correction = value / (weight + 0.002 * float(weight.max()))
        surface += correction
        left_over -= cv2.remap(correction, grid_xy[:, :1], grid_xy[:, 1:], cv2.INTER_LINEAR)[:, 0]

    def at(x: Array, y: Array) -> Array:
        columns = ((x - origin[0]) / cell - 0.5).astype(np.float32)
        rows = ((y - origin[1]) / cell - 0.5).astype(np.float32)
        inside = cv2.remap(surface, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(inside + np.float32(base), np.float32)

    return at


def _spread(xy: Array, values: Array) -> Array:
    """Add `values` (N,) to the four grid cells around each of `xy` (N, 2), bilinear."""
    grid = np.zeros((CELLS, CELLS), np.float32)
    corner = np.floor(xy).astype(int)
    part = xy - corner
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(grid, (corner[:, 1] + dy, corner[:, 0] + dx), values * share)
    return grid
