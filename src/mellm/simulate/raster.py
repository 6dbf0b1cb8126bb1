"""A small z-buffer rasteriser in NumPy: which triangle is seen at each pixel, and where in it.

Made for meshes of small triangles (a few pixels each). The module knows nothing about faces or colours.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def rasterise(points: Floats, triangles: Ints, size: tuple[int, int]) -> tuple[NDArray[np.int32], Floats]:
    """Draw triangles (T, 3) of points (N, 3) (x, y in px, z smaller = nearer) into a (width, height) frame.

    Returns the index of the nearest triangle at each pixel centre, int32 (H, W), -1 where there is none, and
    the barycentric weights of its corners, float32 (H, W, 3). Triangles that turn their back are left out:
    corners run clockwise in the picture (v down) when seen from the front.
    """
    w, h = size
    corner = points[triangles]
    x, y = corner[..., 0], corner[..., 1]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    left, right = np.ceil(x.min(1)), np.floor(x.max(1))
    top, bottom = np.ceil(y.min(1)), np.floor(y.max(1))
    left, top = np.maximum(left, 0), np.maximum(top, 0)
    right, bottom = np.minimum(right, w - 1), np.minimum(bottom, h - 1)
    wide, high = (right - left + 1).astype(np.int64), (bottom - top + 1).astype(np.int64)
    seen = np.flatnonzero((area > 1e-6) & (wide > 0) & (high > 0))
    order = np.argsort(wide[seen] * 100_000 + high[seen], kind="stable")
    seen = seen[order]
    same = np.flatnonzero(np.diff(wide[seen] * 100_000 + high[seen])) + 1
    hits = [
        _hits(corner[group], area[group], group, left[group], top[group], wide, high, w)
        for group in np.split(seen, same)
        if len(group)
    ]
    which = np.full(h * w, -1, np.int32)
    weights = np.zeros((h * w, 3), np.float32)
    if hits:
        pixel, triangle, weight, depth = (np.concatenate(parts) for parts in zip(*hits, strict=True))
        # Far to near, so that the nearest is written last.
        far_first = np.argsort(-depth, kind="stable")
        which[pixel[far_first]] = triangle[far_first]
        weights[pixel[far_first]] = weight[far_first]
    return which.reshape(h, w), weights.reshape(h, w, 3)


def _hits(
    corner: Floats, area: Floats, group: Ints, left: Floats, top: Floats, wide: Ints, high: Ints, width: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """Pixels inside triangles whose bounding boxes all have one size."""
    columns, rows = int(wide[group[0]]), int(high[group[0]])
    dy, dx = np.divmod(np.arange(rows * columns), columns)
    px, py = left[:, None] + dx, top[:, None] + dy
    x, y = corner[..., 0], corner[..., 1]

    def edge(a: int, b: int) -> Floats:
        value = (x[:, b] - x[:, a])[:, None] * (py - y[:, a, None])
        return np.asarray(value - (y[:, b] - y[:, a])[:, None] * (px - x[:, a, None]), np.float32)

    # Sums over a short last axis are slow in NumPy: the three corners are written out.
    weights = [edge(1, 2), edge(2, 0), edge(0, 1)]
    limit = -1e-5 * area[:, None]
    which, at = np.nonzero((weights[0] >= limit) & (weights[1] >= limit) & (weights[2] >= limit))
    found = np.stack([weight[which, at] / area[which] for weight in weights], -1)
    z = corner[which, :, 2]
    depth = found[:, 0] * z[:, 0] + found[:, 1] * z[:, 1] + found[:, 2] * z[:, 2]
    pixel = py[which, at].astype(np.int64) * width + px[which, at].astype(np.int64)
    return pixel, group[which], found.astype(np.float32), depth.astype(np.float32)
