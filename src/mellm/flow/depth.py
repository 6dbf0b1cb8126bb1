"""Depth of a face as a smooth surface over the picture: from the landmarks' own depth, or a generic face's.

Depths are pixels, smaller = nearer the camera. Only differences matter. Knows nothing of flow.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.anchors import anchor
from mellm.face.people import Landmarks

Array = NDArray[np.float32]
Surface = Callable[[Array, Array], Array]
"""Picture coordinates x, y (two arrays of one shape, px) -> depth there, px."""

LEVELS: Final = (0.30, 0.15, 0.075, 0.04, 0.02, 0.01)
"""Gaussian width per level of the surface, as a share of the square around the face."""

FINEST = 128
"""Cells per side at the finest level; coarser ones have two and a half cells per Gaussian width."""

# z / inter-ocular distance over (x / inter-ocular, y / drop to the chin), both from between the outer eye
# corners: 1, y, y2, x2, x2 y, x4 and the nose, a Gaussian. Least squares over 40 upright synthetic faces'
# meshes, root mean square error 0.10.
_GENERIC: Final = (-0.134, 0.049, 0.053, 0.028, 0.618, 1.531, -0.314)
_NOSE: Final = (0.35, 0.16, 0.20)  # y, spread in x, spread in y
_REACH: Final = ((-0.75, 0.75), (-0.50, 1.05))  # beyond it the depth stays that of the edge


def face_surface(landmarks: Landmarks) -> Surface:
    """Return the depth of the face under `landmarks` as a function of picture coordinates.

    Landmarks with depth (the 468-point mesh) give their own; other schemes get a generic face's, placed by
    the outer eye corners and the chin, which is right for a face that looks at the camera.
    """
    if landmarks.points.shape[1] > 2:
        return depth_surface(landmarks.points.astype(np.float64))
    return _generic_surface(landmarks)


def depth_of_points(landmarks: Landmarks) -> Array | None:
    """Return the depth (N,) of each landmark, px, or None where the scheme carries none."""
    return landmarks.points[:, 2].astype(np.float32) if landmarks.points.shape[1] > 2 else None


def depth_surface(points: NDArray[np.float64]) -> Surface:
    """Return a smooth surface through `points` (N, 3) px; away from them it falls off to their mean depth.

    Coarse-to-fine scattered-data approximation: each level spreads what the levels above left over with a
    narrower Gaussian (the idea of Lee, Wolberg and Shin's multilevel splines, TVCG 1997, with blurs for
    splines).
    """
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    side = max(1.0, float((high - low).max()) * 1.8)
    origin = (low + high) / 2 - side / 2
    unit = ((points[:, :2] - origin) / side).astype(np.float32)
    base = np.float32(points[:, 2].mean())
    left_over = points[:, 2].astype(np.float32) - base
    layers: list[Array] = []
    for level in LEVELS:
        cells = min(FINEST, round(2.5 / level))
        sigma = level * cells
        weight = _blurred(_spread(unit * cells - 0.5, np.ones_like(left_over), cells), sigma)
        value = _blurred(_spread(unit * cells - 0.5, left_over, cells), sigma)
        # A share of the peak weight pulls the correction to zero where no point is near.
        layers.append(value / (weight + np.float32(0.002) * weight.max()))
        left_over = left_over - _looked_up(layers[-1], unit[:, :1], unit[:, 1:])[:, 0]

    def at(x: Array, y: Array) -> Array:
        u, v = ((a - np.float32(o)) / np.float32(side) for a, o in zip((x, y), origin, strict=True))
        total = np.full(x.shape, base, np.float32)
        for layer in layers:
            total += _looked_up(layer, u, v)
        return total

    return at


def _generic_surface(landmarks: Landmarks) -> Surface:
    left = anchor(landmarks, "left eye outer corner")[:2]
    right = anchor(landmarks, "right eye outer corner")[:2]
    middle, across = (left + right) / 2, right - left
    inter_ocular = max(1.0, float(np.hypot(*across)))
    along = across / inter_ocular
    down = np.array([-along[1], along[0]])
    drop = max(1.0, float((anchor(landmarks, "chin")[:2] - middle) @ down))

    def at(x: Array, y: Array) -> Array:
        u, v = x - middle[0], y - middle[1]
        s = np.clip((u * along[0] + v * along[1]) / inter_ocular, *_REACH[0])
        t = np.clip((u * down[0] + v * down[1]) / drop, *_REACH[1])
        nose = np.exp(-0.5 * ((s / _NOSE[1]) ** 2 + ((t - _NOSE[0]) / _NOSE[2]) ** 2))
        terms = (1.0, t, t**2, s**2, s**2 * t, s**4, nose)
        depth = sum((c * term for c, term in zip(_GENERIC, terms, strict=True)), np.float64(0))
        return np.asarray(inter_ocular * depth, np.float32)

    return at


def _looked_up(layer: Array, u: Array, v: Array) -> Array:
    """Value of a layer at unit coordinates, bilinear; beyond its edge the edge's."""
    cells = layer.shape[0]
    columns, rows = (np.asarray(a * np.float32(cells) - np.float32(0.5), np.float32) for a in (u, v))
    found = cv2.remap(layer, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(u.shape)


def _blurred(grid: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(grid, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


def _spread(xy: Array, values: Array, cells: int) -> Array:
    """Add `values` (N,) to the four cells around each of `xy` (N, 2), bilinear."""
    corner = np.floor(xy).astype(np.int64)
    part = xy - corner
    grid = np.zeros(cells * cells)
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            place = (corner[:, 1] + dy) * cells + corner[:, 0] + dx
            grid += np.bincount(place, weights=values * share, minlength=cells * cells)
    return grid.reshape(cells, cells).astype(np.float32)
