"""The canonical face as a surface: distances along the skin, around lids and lips, and the skin's normals.

Two points on either side of a closed mouth are a hair apart in the picture and a lip's length apart on the
skin; motion spreads along the skin. Unit: face widths. The module knows nothing about motion.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import SLITS, canonical_points
from mellm.simulate.ict import slit_side

_NEAR = 14
_STEP = 0.03


def _edges(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The edges of the triangulated mesh that cross no opening, int (E, 2)."""
    flat = ((points[:, :2] + 2.0) * 1000).astype(np.float32)
    division = cv2.Subdiv2D((0, 0, 4000, 4000))
    number: dict[tuple[float, float], int] = {}
    for index, (x, y) in enumerate(flat.tolist()):
        division.insert((x, y))
        number.setdefault((x, y), index)
    corners = np.asarray(division.getTriangleList(), np.float32).reshape(-1, 2)
    known = np.array([number.get((x, y), -1) for x, y in corners.tolist()])
    triangles = known.reshape(-1, 3)
    triangles = triangles[(triangles >= 0).all(1)]
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    keep = np.ones(len(pairs), bool)
    picture = points * (1.0, -1.0, -1.0)
    for rims in SLITS:
        side = slit_side(picture, rims)
        keep &= side[pairs[:, 0]] * side[pairs[:, 1]] >= 0
    return np.unique(np.sort(pairs[keep], 1), axis=0)


@cache
def skin_distances() -> NDArray[np.float32]:
    """Return the shortest way along the skin between all mesh points, float32 (468, 468), face widths."""
    points = canonical_points().astype(np.float64)
    a, b = _edges(points).T
    far = np.full((468, 468), np.inf, np.float32)
    np.fill_diagonal(far, 0)
    length = np.linalg.norm(points[a] - points[b], axis=1)
    far[a, b] = far[b, a] = length
    for k in range(468):  # Floyd 1962
        np.minimum(far, far[:, k : k + 1] + far[k : k + 1], out=far)
    return far


@cache
def straight_distances() -> NDArray[np.float32]:
    """Return the straight distances between all mesh points, float32 (468, 468), face widths."""
    points = canonical_points().astype(np.float64)
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=-1), np.float32)


@cache
def same_skin() -> NDArray[np.float32]:
    """Return how far two points share one skin, float32 (468, 468): 1 in sight, 0 across a slit."""
    detour = skin_distances() - 1.25 * straight_distances() - 0.01
    return np.asarray(np.exp(-((np.maximum(detour, 0) / _STEP) ** 2)), np.float32)


@cache
def normals() -> NDArray[np.float64]:
    """Return the skin's outward normals, float64 (468, 3), from the plane through each point's neighbours."""
    points = canonical_points().astype(np.float64)
    nearest = np.argsort(skin_distances(), axis=1)[:, :_NEAR]
    around = points[nearest] - points[nearest].mean(1, keepdims=True)
    directions = np.linalg.svd(around)[2][:, 2]
    return np.asarray(directions * np.where(directions[:, 2:] < 0, -1.0, 1.0))


def smoothed(field: NDArray[np.float64], reach: float, across: float = 0.0) -> NDArray[np.float64]:
    """Average a field (468, C) over the skin with a Gaussian of `reach` face widths.

    across: 0 averages along the skin only, 1 as if lids and lips were sewn together.
    """
    distance = (1 - across) * skin_distances() + across * straight_distances()
    weight = np.exp(-0.5 * (distance / reach) ** 2)
    # Points crowd at eyes and mouth; each stands for the skin around it.
    weight = weight * patch()[None]
    return np.asarray((weight / weight.sum(1, keepdims=True)) @ field)


@cache
def patch() -> NDArray[np.float64]:
    """Return the skin each mesh point stands for, float64 (468,), in square face widths, roughly."""
    nearest = np.sort(skin_distances(), axis=1)[:, 1:7]
    return np.asarray(np.clip(nearest.mean(1), 0.004, 0.08) ** 2, np.float64)
