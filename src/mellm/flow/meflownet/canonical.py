"""Face coordinates: where on the average face each picture cell lies, and how deep.

Learned motion statistics live on the average face; these maps carry them to a particular one and back.
Knows landmarks and the template; knows nothing of pictures or flow. Grids have one cell per `CELL` pixels
and a cell's value belongs to its centre, pixel (CELL * i + (CELL - 1) / 2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL = 4
"""Pixels per cell side: the network and the motion prior work at a quarter of the picture's resolution."""

GRID = (120, 100)
"""Rows and columns of the canonical grid."""

SPAN = ((-1.15, 1.65), (-1.167, 1.167))
"""Canonical extent, (v range), (u range), in outer-eye-corner distances from the point between them."""

EYE_CORNERS = (33, 263)
"""Mesh points of the outer eye corners, image left and image right."""

_KERNEL = 0.09  # width of the residual interpolation, in outer-eye-corner distances
_FADE = 0.02  # kernel mass under which the maps fall back to their affine (quadratic) part


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """One face's coordinates on a picture of (rows * CELL, cols * CELL) pixels.

    coords: float32 (rows, cols, 2), canonical (u, v) of each cell centre
    depth: float32 (rows, cols), px, smaller is nearer the camera, zero mean over the landmarks
    inside: float32 (rows, cols), about 1 on the face, falling to 0 away from the mesh
    axes: float32 (2, 2), canonical unit vectors in picture pixels (columns); maps canonical motion to px
    center: float32 (2,), mean landmark, px
    size: outer-eye-corner distance of the template in this picture, px
    """

    coords: NDArray[np.float32]
    depth: NDArray[np.float32]
    inside: NDArray[np.float32]
    axes: NDArray[np.float32]
    center: NDArray[np.float32]
    size: float


def cell_centers(rows: int, cols: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the pixel u of each column and v of each row."""
    offset = (CELL - 1) / 2
    return (
        (np.arange(cols) * CELL + offset).astype(np.float32),
        (np.arange(rows) * CELL + offset).astype(np.float32),
    )


def canonical_centers() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the canonical u of each grid column and v of each grid row."""
    (v0, v1), (u0, u1) = SPAN
    rows, cols = GRID
    return np.linspace(u0, u1, cols, dtype=np.float32), np.linspace(v0, v1, rows, dtype=np.float32)


def normalise_template(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put a 468-point shape upright: outer eye corners at (-0.5, 0) and (0.5, 0); z in the same unit."""
    left, right = points[EYE_CORNERS[0], :2], points[EYE_CORNERS[1], :2]
    axis = right - left
    size = float(np.hypot(*axis))
    cos, sin = axis / size
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    flat = (points[:, :2] - (left + right) / 2) @ turn.T / size
    depth = points[:, 2:3] / size if points.shape[1] > 2 else np.zeros((len(points), 1), np.float32)
    return np.concatenate([flat, depth], axis=1).astype(np.float32)


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least-squares similarity (2, 3) that takes (N, 2) `source` to `target` (Umeyama 1991, no reflection)."""
    ms, mt = source.mean(0), target.mean(0)
    s, t = source - ms, target - mt
    norm = float((s**2).sum())
    a = float((s * t).sum()) / norm
    b = float((s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum()) / norm
    linear = np.array([[a, -b], [b, a]], np.float32)
    return np.concatenate([linear, (mt - linear @ ms)[:, None]], axis=1).astype(np.float32)


def face_frame(
    landmarks: NDArray[np.float32], template: NDArray[np.float32], rows: int, cols: int
) -> FaceFrame:
    """Return the coordinates of the face whose 468 mesh points are `landmarks`, (468, 2 or 3) px."""
    points = landmarks[:, :2].astype(np.float32)
    to_picture = similarity(template[:, :2], points)
    size = float(np.hypot(to_picture[0, 0], to_picture[1, 0]))
    xs, ys = cell_centers(rows, cols)
    back = _smooth_map(points, template[:, :2], xs, ys, _KERNEL * size, degree=1)
    relative = template[:, 2] * size if landmarks.shape[1] < 3 else landmarks[:, 2]
    depth = _smooth_map(points, (relative - relative.mean())[:, None], xs, ys, _KERNEL * size, degree=2)
    mass = _kernel_sum(points, np.ones((len(points), 1), np.float32), xs, ys, _KERNEL * size)[..., 0]
    # The parabola is only a fair guess of the depth near the mesh: hold its far values.
    low, high = np.float32(relative.min() - relative.mean()), np.float32(relative.max() - relative.mean())
    return FaceFrame(
        coords=back,
        depth=np.clip(depth[..., 0], 1.5 * low, 1.5 * high),
        inside=(mass / (mass + 0.3)).astype(np.float32),
        axes=to_picture[:, :2],
        center=points.mean(0),
        size=size,
    )


def to_canonical(landmarks: NDArray[np.float32], template: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each canonical grid point its place in the picture: float32 (*GRID, 2), px."""
    us, vs = canonical_centers()
    return _smooth_map(template[:, :2], landmarks[:, :2].astype(np.float32), us, vs, _KERNEL, degree=1)


def sample_canonical(grid: NDArray[np.float32], coords: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample (*GRID, C) values at canonical `coords` (..., 2), bilinear; zero outside the grid."""
    (v0, v1), (u0, u1) = SPAN
    rows, cols = GRID
    x = (coords[..., 0].ravel() - u0) / (u1 - u0) * (cols - 1)
    y = (coords[..., 1].ravel() - v0) / (v1 - v0) * (rows - 1)
    known = (x >= 0) & (x <= cols - 1) & (y >= 0) & (y <= rows - 1)
    x, y = x[known], y[known]
    ix = np.minimum(x.astype(np.intp), cols - 2)
    iy = np.minimum(y.astype(np.intp), rows - 2)
    fx, fy = (x - ix)[:, None].astype(np.float32), (y - iy)[:, None].astype(np.float32)
    flat = grid.reshape(rows * cols, -1)
    at = iy * cols + ix
    upper = flat[at] * (1 - fx) + flat[at + 1] * fx
    lower = flat[at + cols] * (1 - fx) + flat[at + cols + 1] * fx
    out = np.zeros((known.size, flat.shape[1]), np.float32)
    out[known] = upper * (1 - fy) + lower * fy
    return out.reshape(*coords.shape[:-1], -1)


def _polynomial(x: NDArray[np.float32], y: NDArray[np.float32], degree: int) -> NDArray[np.float32]:
    terms = [np.ones_like(x), x, y]
    if degree == 2:
        terms += [x * x, x * y, y * y]
    return np.stack(terms, axis=-1)


def _kernel_sum(
    points: NDArray[np.float32],
    values: NDArray[np.float32],
    xs: NDArray[np.float32],
    ys: NDArray[np.float32],
    width: float,
) -> NDArray[np.float32]:
    """Sum of Gaussians of `values` at `points`, on the grid ys x xs; separable, so one matrix product each."""
    ex = np.exp(-0.5 * ((xs[None] - points[:, :1]) / width) ** 2)
    ey = np.exp(-0.5 * ((ys[None] - points[:, 1:2]) / width) ** 2)
    return np.stack([(ey * values[:, c : c + 1]).T @ ex for c in range(values.shape[1])], axis=-1)


def _smooth_map(
    points: NDArray[np.float32],
    values: NDArray[np.float32],
    xs: NDArray[np.float32],
    ys: NDArray[np.float32],
    width: float,
    degree: int,
) -> NDArray[np.float32]:
    """Interpolate scattered values: a least-squares polynomial plus kernel-weighted residuals."""
    center, scale = points.mean(0), float(points.std())
    p = (points - center) / scale
    basis = _polynomial(p[:, 0], p[:, 1], degree)
    weights, *_ = np.linalg.lstsq(basis.astype(np.float64), values.astype(np.float64), rcond=None)
    residual = values - (basis @ weights).astype(np.float32)
    gx, gy = np.meshgrid((xs - center[0]) / scale, (ys - center[1]) / scale)
    smooth = _polynomial(gx.astype(np.float32), gy.astype(np.float32), degree) @ weights.astype(np.float32)
    both = _kernel_sum(
        points,
        np.concatenate([residual, np.ones((len(points), 1), np.float32)], axis=1),
        xs,
        ys,
        width,
    )
    return (smooth + both[..., :-1] / (both[..., -1:] + _FADE)).astype(np.float32)
