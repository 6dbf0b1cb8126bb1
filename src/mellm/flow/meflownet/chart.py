"""The face chart: a 400x480 picture plane in which every face has its features at the same place.

The motion prior and the network work on this chart. A chart is a smooth map from the plane to the source
picture, fitted to the onset's mesh; motion is carried there and back exactly, without linearisation. Knows
landmarks and the average face; knows nothing of estimation. Chart grids have one cell per `CELL` chart
pixels; a cell's value belongs to its centre, chart pixel CELL * i + (CELL - 1) / 2.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.cubic import cubic_places, read_places
from mellm.flow.field import FlowField

WIDTH, HEIGHT = 400, 480
"""Size of the chart, chart pixels: the size the paper estimates at."""

CELL = 4
"""Chart pixels per cell side: prior and network work at a quarter of the resolution."""

COLS, ROWS = WIDTH // CELL, HEIGHT // CELL

EYE_DISTANCE = 168.0
"""Distance of the outer eye corners in the chart, chart pixels: about that of the training frames."""

ORIGIN = (199.5, 196.0)
"""Where the point between the outer eye corners lies, chart pixels."""

EYE_CORNERS = (33, 263)
"""Mesh points of the outer eye corners, picture left and right."""

_MAP_KERNELS = (0.24, 0.12)  # widths of the map's residual interpolation, in EYE_DISTANCE
_DEPTH_KERNELS = (0.16, 0.08, 0.04)
_FADE = 0.05  # kernel mass under which interpolation falls back to its polynomial
_LEAST = 1e-12  # kernels are zero below: products of smaller ones are denormal, and tenfold slower

KEPT = 4
"""Charts for which derived arrays are kept."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One face's chart; equal to itself alone, so what follows from it can be kept.

    affine: float32 (2, 3), chart pixel -> source pixel, the map's linear part
    bend: float32 (ROWS, COLS, 2), what the map adds at each cell, source pixels
    depth: float32 (ROWS, COLS), chart pixels, smaller is nearer the camera, about zero mean
    """

    affine: Array
    bend: Array
    depth: Array

    @property
    def scale(self) -> float:
        """Source pixels per chart pixel."""
        (a, b), (c, d) = self.affine[:, :2].tolist()
        return float(abs(a * d - b * c) ** 0.5)

    def place(self, at: Array) -> Array:
        """Return the source pixel of chart pixels `at` (h, w, 2)."""
        there = read_cells(self.bend, at)
        there += turned(self.affine[:, :2], at)
        there += self.affine[:, 2]
        return there

    def locate(self, pixels: Array, near: Array | None = None) -> Array:
        """Return the chart pixel of source pixels (h, w, 2): the inverse of `place`, by Newton's method.

        `near`, chart pixels (h, w, 2), are answers to start from that are right to a part of a pixel.
        """
        steps = inverse_slope(self).reshape(ROWS, COLS, 4)
        if near is None:
            back = np.linalg.inv(self.affine[:, :2].astype(np.float64)).astype(np.float32)
            at = turned(back, pixels - self.affine[:, 2])
        else:
            at = near.copy()
        for _ in range(4 if near is None else 1):
            error = pixels - self.place(at)
            step = read_cells(steps, at)
            at[..., 0] += step[..., 0] * error[..., 0] + step[..., 1] * error[..., 1]
            at[..., 1] += step[..., 2] * error[..., 0] + step[..., 3] * error[..., 1]
        return at

    def picture(self, grey: NDArray[np.uint8]) -> Array:
        """Draw a grey source picture (H, W) on the chart: float32 (HEIGHT, WIDTH)."""
        if self.scale > 1.3:
            # remap does not average: blur away what the chart cannot hold.
            grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.4 * self.scale), np.uint8)
        return np.asarray(read_places(grey.astype(np.float32), _pixel_places(self)), np.float32)

    def from_source(self, flow: Array, at: Array, stride: int = 1) -> Array:
        """Carry source flow (px) to chart pixels `at` (h, w, 2): (h, w, 2), chart pixels.

        `flow` is kept at every `stride`-th source pixel.
        """
        start = self.place(at)
        x, y = start[..., 0] / stride, start[..., 1] / stride
        moved = start + cv2.remap(flow, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self.locate(moved) - at

    def covers(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Return which pixels of a source of (width, height) px lie on the chart, (height, width)."""
        width, height = size
        corners = np.array([[[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]], np.float32)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round(self.place(corners)[0]).astype(np.int32)], (1,))
        return mask.astype(bool)

    def to_source(self, flow: Array, size: tuple[int, int]) -> FlowField:
        """Carry chart flow on the cells (ROWS, COLS, 2) to a source of (width, height) px.

        It is carried at every `CELL`-th source pixel and interpolated: it is as smooth as that. Off the chart
        the motion of its nearest edge is repeated.
        """
        at = _source_grid(self, size)
        move = read_cells(flow, at)
        there = (
            turned(self.affine[:, :2], move) + read_cells(self.bend, at + move) - read_cells(self.bend, at)
        )
        return np.asarray(cv2.resize(there, size, interpolation=cv2.INTER_LINEAR), np.float32)


def turned(matrix: Array, vectors: Array) -> Array:
    """Return `matrix` (2, 2), or one for each (h, w, 2, 2), times `vectors` (h, w, 2), written out."""
    u, v = vectors[..., 0], vectors[..., 1]
    out = np.empty(vectors.shape, np.float32)
    for k in (0, 1):
        out[..., k] = matrix[..., k, 0] * u + matrix[..., k, 1] * v
    return out


def chart_pixels() -> Array:
    """Return every chart pixel's own position, float32 (HEIGHT, WIDTH, 2)."""
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    return np.stack([x, y], axis=-1)


def cell_pixels() -> Array:
    """Return every cell centre's chart pixel, float32 (ROWS, COLS, 2)."""
    x, y = np.meshgrid(np.arange(COLS, dtype=np.float32), np.arange(ROWS, dtype=np.float32))
    return np.stack([x, y], axis=-1) * CELL + np.float32((CELL - 1) / 2)


def read_cells(field: Array, at: Array) -> Array:
    """Read a cell field (ROWS, COLS, C <= 4) at chart pixels (h, w, 2), bilinear, edges repeated."""
    x, y = ((at[..., k] - (CELL - 1) / 2) / CELL for k in (0, 1))
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def to_template(points: Array) -> Array:
    """Put a 468-point mesh (N, 3) upright and to size, in chart pixels; depth zero-mean in the same unit."""
    left, right = points[EYE_CORNERS[0], :2], points[EYE_CORNERS[1], :2]
    axis = right - left
    size = float(np.hypot(*axis))
    cos, sin = axis / size
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    flat = (points[:, :2] - (left + right) / 2) @ turn.T * (EYE_DISTANCE / size) + np.array(ORIGIN)
    depth = (points[:, 2:3] - points[:, 2].mean()) * (EYE_DISTANCE / size)
    return np.concatenate([flat, depth], axis=1).astype(np.float32)


def make_chart(landmarks: Array, template: Array) -> Chart:
    """Return the chart of the face with the mesh `landmarks` (468, 3), px, onto `template` (468, 3)."""
    ones = np.ones((len(template), 1))
    flat = np.concatenate([template[:, :2], ones], axis=1).astype(np.float64)
    solution, *_ = np.linalg.lstsq(flat, landmarks[:, :2].astype(np.float64), rcond=None)
    affine = solution.T.astype(np.float32)
    residual = landmarks[:, :2] - (flat @ solution).astype(np.float32)
    bend = _unfolded(affine, _spread(template[:, :2], residual.astype(np.float32), _MAP_KERNELS))
    flat_chart = Chart(affine, bend, np.zeros((ROWS, COLS), np.float32))
    # The map is smooth and so not exact: depth belongs where the points really come to lie.
    at = flat_chart.locate(landmarks[None, :, :2].astype(np.float32))[0]
    depth = (landmarks[:, 2] - landmarks[:, 2].mean()) / flat_chart.scale
    # A paraboloid is a fair head; its far values are held.
    unit = (at - np.array(ORIGIN)) / EYE_DISTANCE
    curve, *_ = np.linalg.lstsq(_paraboloid(unit), depth.astype(np.float64), rcond=None)
    cells = (cell_pixels() - np.array(ORIGIN)) / EYE_DISTANCE
    bowl = np.clip(_paraboloid(cells) @ curve, depth.min() * 1.2, depth.max() * 1.2)
    left_over = (depth - _paraboloid(unit) @ curve).astype(np.float32)[:, None]
    relief = _spread(at, left_over, _DEPTH_KERNELS)[..., 0]
    return Chart(affine, bend, (bowl + relief).astype(np.float32))


def slope(affine: Array, bend: Array) -> Array:
    """Return the map's derivative d(source) / d(chart) per cell, (rows, cols, 2, 2)."""
    down, right = np.gradient(bend, CELL, axis=(0, 1))
    return np.asarray(affine[:, :2] + np.stack([right, down], axis=-1), np.float32)


@lru_cache(maxsize=KEPT)
def cell_places(chart: Chart) -> Array:
    """Return the source pixel of every cell's centre, (ROWS, COLS, 2); kept, not to be changed."""
    return chart.place(cell_pixels())


@lru_cache(maxsize=KEPT)
def _source_grid(chart: Chart, size: tuple[int, int]) -> Array:
    """Return the chart pixel of every `CELL`-th pixel of a source of (width, height) px; kept, not to be
    changed.
    """
    width, height = size
    coarse = (max(2, -(-width // CELL)), max(2, -(-height // CELL)))
    xs = (np.arange(coarse[0]) + 0.5) * width / coarse[0] - 0.5
    ys = (np.arange(coarse[1]) + 0.5) * height / coarse[1] - 0.5
    return chart.locate(np.stack(np.meshgrid(xs, ys), axis=-1).astype(np.float32))


@lru_cache(maxsize=KEPT)
def _pixel_places(chart: Chart) -> Array:
    """Return where the source is read for every chart pixel, (HEIGHT, WIDTH, 2); kept, not to be changed."""
    there = np.asarray(cv2.resize(chart.bend, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)
    x, y = np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32)[:, None]
    for k in (0, 1):
        there[..., k] += chart.affine[k, 0] * x + (chart.affine[k, 1] * y + chart.affine[k, 2])
    return cubic_places(there)


@lru_cache(maxsize=KEPT)
def inverse_slope(chart: Chart) -> Array:
    """Return the inverse of the map's derivative per cell, d(chart) / d(source), (ROWS, COLS, 2, 2); kept."""
    derivative = slope(chart.affine, chart.bend)
    a, b, c, d = (derivative[..., i, j] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    inverse = np.stack([d, -b, -c, a], axis=-1) / (a * d - b * c)[..., None]
    return np.asarray(inverse.reshape(derivative.shape), np.float32)


def inside_face(template: Array) -> Array:
    """Return about 1 on the face, falling to 0 away from the mesh: float32 (ROWS, COLS)."""
    mass = _kernel_sum(template[:, :2], np.ones((len(template), 1), np.float32), 0.08 * EYE_DISTANCE)[..., 0]
    return (mass / (mass + 0.3)).astype(np.float32)


def _unfolded(affine: Array, bend: Array) -> Array:
    """Weaken the bend until the map nowhere folds: on a head turned far, hidden points lie over seen ones."""
    least = 0.4 * float(np.linalg.det(affine[:, :2]))
    for share in (1.0, 0.7, 0.45, 0.25, 0.1):
        if float(np.linalg.det(slope(affine, share * bend)).min()) > least:
            return (share * bend).astype(np.float32)
    return np.zeros_like(bend)


def _paraboloid(at: NDArray[np.floating]) -> NDArray[np.float64]:
    x, y = at[..., 0].astype(np.float64), at[..., 1].astype(np.float64)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _kernel_sum(points: Array, values: Array, width: float) -> Array:
    """Sum of Gaussians of `values` (N, C) at `points`, on the cells; separable: one matrix product each."""
    x, y = (np.arange(count, dtype=np.float32) * CELL + np.float32((CELL - 1) / 2) for count in (COLS, ROWS))
    ex = _gaussian((x[None] - points[:, :1]) ** 2, width)
    ey = _gaussian((y[None] - points[:, 1:2]) ** 2, width)
    return np.stack([(ey * values[:, c : c + 1]).T @ ex for c in range(values.shape[1])], axis=-1)


def _gaussian(square: Array, width: float) -> Array:
    """Return Gaussian weights of squared distances, zero below `_LEAST`."""
    return _cleared(np.exp(np.float32(-0.5 / width**2) * square))


def _cleared(weights: Array) -> Array:
    """Put zero where weights are below `_LEAST`, in place."""
    weights[weights < _LEAST] = 0
    return weights


def _spread(points: Array, values: Array, kernels: tuple[float, ...]) -> Array:
    """Spread scattered values over the cells; each narrower kernel takes what the wider ones left over.

    Each kernel is half as wide as the one before, so its mutual weights are the fourth powers of those.
    """
    out = np.zeros((ROWS, COLS, values.shape[1]), np.float32)
    square = (points**2).sum(1)
    distance = np.maximum(square[:, None] + square - 2 * points @ points.T, 0)
    near = _gaussian(distance, kernels[0] * EYE_DISTANCE)
    ones = np.ones((len(points), 1), np.float32)
    for k, kernel in enumerate(kernels):
        grid = _kernel_sum(points, np.concatenate([values, ones], axis=1), kernel * EYE_DISTANCE)
        out += grid[..., :-1] / (grid[..., -1:] + _FADE)
        if k + 1 < len(kernels):
            near = near if k == 0 else _cleared((near * near) ** 2)
            values = values - near @ values / (near.sum(1, keepdims=True) + _FADE)
    return out
