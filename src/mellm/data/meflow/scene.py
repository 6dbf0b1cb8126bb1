"""A photograph of a face that can be set into exactly known motion.

The picture is cut into three sheets at the eyes and the mouth: what lies above the slit, what lies below
it, and what shows through (eyeball, mouth). Every sheet moves by a smooth map of its own, so lids and lips
move independently. Motion is defined forwards, on the onset picture; the moved picture is drawn by
inverting each sheet's map by fixed-point iteration and taking the front-most sheet. Both the onset and the
moved picture are cut from one source of twice their resolution, so neither is sharper than the other.
Knows nothing about action units, noise or files.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.data.meflow.canonical import OVAL, SLITS, Points, face_width
from mellm.flow.types import FlowField
from mellm.media.types import Image

Field = NDArray[np.float32]

STRIDE = 4
"""Smooth fields are computed on a lattice of this many pixels and upsampled by cubic interpolation."""
MARGIN = 32
"""The lattice and the source reach this far beyond the frame, px."""
# A node stands for the middle of its STRIDE pixels, as cv2.resize has it.
_NODE = (STRIDE - 1) / 2
OVERSAMPLE = 2
# A frame pixel sits at this sub-pixel phase of the source, so that onset and apex are interpolated alike.
PHASE = 0.25
UP, LOW, INNER = 0, 1, 2
# A place drawn from within this of a point (px) shows that point.
_SAME_POINT = 0.75
_LATTICE_ROUNDS, _FINE_ROUNDS = 6, 4


@dataclass(frozen=True, slots=True)
class Pose:
    """Rigid head motion since the onset: rotation in degrees about the neck, translation in px.

    pitch > 0 nods down, yaw > 0 turns the nose to the picture's right, roll > 0 tilts clockwise in the
    picture. `approach` is the relative growth of the head in the picture.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    approach: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """Return the 3x3 rotation in picture axes (u right, v down, z away from the viewer)."""
        a, b, c = np.deg2rad([self.pitch, self.yaw, self.roll])
        rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        ry = np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
        rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        return np.asarray(rz @ ry @ rx)


@dataclass(frozen=True, slots=True)
class Motion:
    """All motion between the onset and the moved picture.

    expression: float32 (468, 3) displacement of the mesh points, px, before the head moves
    gaze: shift of both eyeballs, px
    background: shift of everything that is not the head, px
    bumps: further displacement on the lattice, float32 (h, w, 3) px, or None
    """

    expression: Points
    pose: Pose = Pose()
    gaze: tuple[float, float] = (0.0, 0.0)
    background: tuple[float, float] = (0.0, 0.0)
    bumps: Field | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The moved picture with the exact motion from the onset to it (see FlowPair).

    source: float32 (H, W, 2), where in the onset picture each pixel of the moved one came from
    """

    image: Image
    facial: FlowField
    head: FlowField
    valid: NDArray[np.bool_]
    source: Field


@dataclass(frozen=True, slots=True)
class _Slit:
    """One opening: its window in the frame (slices), which sheet each pixel there belongs to, and more.

    soft_up, soft_low, soft_inner: float32 sheet masks, softened over a pixel; they add up to one
    nearest: float32 (h, w, 2) frame position of the nearest point inside the opening
    shade: how much darker than that point newly uncovered places are (1: as bright)
    """

    rows: slice
    cols: slice
    labels: NDArray[np.uint8]
    soft_up: NDArray[np.float32]
    soft_low: NDArray[np.float32]
    soft_inner: NDArray[np.float32]
    nearest: Field
    shade: float


def _read(field: NDArray[Any], positions: Field, method: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Read a picture or field at (x, y) positions float32 (h, w, 2); beyond its edge the edge goes on."""
    xy = np.ascontiguousarray(positions, np.float32)
    # An empty array in place of None gives wrong values (OpenCV 5.0).
    return np.asarray(cv2.remap(field, xy, None, method, borderMode=cv2.BORDER_REPLICATE))  # type: ignore[call-overload]


def _smoothstep(low: float, high: float, x: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
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
    for sigma in (24.0, 12.0, 6.0, 3.0, 1.5):
        sums = np.zeros((h * w, channels + 1), np.float32)
        data = np.concatenate([rest, np.ones((n, 1), np.float32)], 1)
        for index, weight in corners:
            np.add.at(sums, index, data * weight)
        blurred = _blur(sums.reshape(h, w, channels + 1), sigma)
        density = np.maximum(blurred[..., -1:], 0)
        trust = density / (density + 1.0 / (4 * np.pi * sigma**2))
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


class Scene:
    """One photograph, cropped to a frame, with its mesh, depth and sheets. Not safe to share by threads.

    picture: uint8 (H, W, 3) RGB, any size
    mesh: float32 (468, 3), px of `picture`
    to_picture: float (2, 3) affine from frame pixels to pixels of `picture` (no mirroring)
    size: (width, height) of the frame
    camera: distance of the camera in face widths
    """

    def __init__(
        self,
        picture: Image,
        mesh: Points,
        to_picture: NDArray[np.float64],
        size: tuple[int, int],
        *,
        camera: float = 5.0,
        mouth_shade: float = 0.5,
    ) -> None:
        """Cut the frame, its depth and its three openings out of the picture (tens of milliseconds)."""
        self.size = size
        w, h = size
        linear = to_picture[:, :2]
        self._zoom = float(np.sqrt(abs(np.linalg.det(linear))))
        inverse = np.linalg.inv(linear)
        self.mesh = np.empty((468, 3), np.float32)
        self.mesh[:, :2] = (mesh[:, :2] - to_picture[:, 2]) @ inverse.T
        self.mesh[:, 2] = (mesh[:, 2] - mesh[:, 2].mean()) / self._zoom
        self.face_width = face_width(self.mesh)
        self._source = self._cut_source(picture, to_picture)
        self._lattice_shape = ((h + 2 * MARGIN) // STRIDE + 2, (w + 2 * MARGIN) // STRIDE + 2)
        rows, cols = np.mgrid[: self._lattice_shape[0], : self._lattice_shape[1]].astype(np.float32)
        self.lattice = np.stack([cols, rows], -1) * STRIDE - MARGIN + _NODE
        """float32 (h, w, 2): frame position of each lattice node."""
        self._pixels = np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)
        self._camera = camera * self.face_width
        self._depth, self._headness = self._shape()
        self._window = np.maximum.reduce([self._slit_window(rims) for rims in SLITS])[..., None]
        self._above = self._above_slits()[..., None]
        self._slits = [self._cut_slit(rims, 1.0 if i < 2 else mouth_shade) for i, rims in enumerate(SLITS)]
        self.face = self._face_mask()
        """bool (H, W): the face's skin, eyes and mouth in the onset frame."""
        self.onset = self.sample(self._pixels)
        """uint8 (H, W, 3): the picture before any motion."""

    # ---- geometry of the still picture

    def _cut_source(self, picture: Image, to_picture: NDArray[np.float64]) -> Image:
        """Cut the frame and its margin out of the picture at OVERSAMPLE times the frame's resolution."""
        w, h = self.size
        blur = 0.45 * self._zoom
        smooth = cv2.GaussianBlur(picture, (0, 0), blur) if blur > 0.3 else picture
        scale = np.array(
            [[1 / OVERSAMPLE, 0, -MARGIN + PHASE / OVERSAMPLE], [0, 1 / OVERSAMPLE, 0], [0, 0, 1]]
        )
        scale[1, 2] = scale[0, 2]
        matrix = to_picture @ scale
        return np.asarray(
            cv2.warpAffine(
                smooth,
                matrix,
                (OVERSAMPLE * (w + 2 * MARGIN), OVERSAMPLE * (h + 2 * MARGIN)),
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def sample(self, positions: Field) -> Image:
        """Take the colours at frame positions, float32 (h, w, 2)."""
        where = positions * OVERSAMPLE + np.float32(OVERSAMPLE * MARGIN - PHASE)
        return np.asarray(_read(self._source, where, cv2.INTER_CUBIC), np.uint8)

    def _to_lattice(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        return np.asarray((points + MARGIN - _NODE) / STRIDE, np.float32)

    def _shape(self) -> tuple[Field, Field]:
        """Depth of the head (px, lattice) and how far each node belongs to the head (1) or background (0)."""
        oval = self.mesh[list(OVAL)]
        centre = self.mesh[:, :2].mean(0)
        # The skull recedes outside the face's outline.
        rings = []
        for grow, recede in ((1.25, 0.10), (1.6, 0.22), (2.2, 0.30)):
            ring = oval.copy()
            ring[:, :2] = centre + grow * (ring[:, :2] - centre)
            ring[:, 2] += recede * self.face_width
            rings.append(ring)
        known = np.concatenate([self.mesh, *rings])
        depth = spread(self._to_lattice(known[:, :2]), known[:, 2:], self._lattice_shape)[..., 0]
        # Soft outline: the oval grown by a quarter, reaching further down for the neck.
        outline = centre + 1.3 * (oval[:, :2] - centre)
        inside = np.zeros(self._lattice_shape, np.uint8)
        cv2.fillPoly(inside, [np.round(self._to_lattice(outline)).astype(np.int32)], 1)
        distance = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5), np.float32) * np.float32(
            STRIDE
        )
        headness = 1 - _smoothstep(0, 0.45 * self.face_width, distance)
        return depth.astype(np.float32), np.asarray(cv2.GaussianBlur(headness, (0, 0), 3), np.float32)

    def _slit_axes(self, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[NDArray[np.float32], ...]:
        left, right = self.mesh[rims[0][0], :2], self.mesh[rims[0][-1], :2]
        along = right - left
        down = np.array([-along[1], along[0]], np.float32)
        return left, along, down

    def _slit_window(self, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> Field:
        """Where the two sheets of an opening may move apart, 0..1 on the lattice; 0 at the corners."""
        left, along, down = self._slit_axes(rims)
        length2 = float(along @ along)
        t = (self.lattice - left) @ along / length2
        across = np.abs((self.lattice - left) @ down) / np.sqrt(length2)
        ends = _smoothstep(0, 0.18, t) * _smoothstep(0, 0.18, 1 - t)
        reach = 0.16 * self.face_width
        return np.asarray(ends * (1 - _smoothstep(0.6 * reach, reach, across)), np.float32)

    def _above_slits(self) -> Field:
        """How far each node lies above the opening nearest to it, from 0 (below) to 1, on the lattice."""
        soft, reach = 0.05 * self.face_width, 0.15 * self.face_width
        total, weights = np.zeros(self._lattice_shape), np.full(self._lattice_shape, 1e-12)
        for rims in SLITS:
            left, along, down = self._slit_axes(rims)
            length2 = float(along @ along)
            t = (self.lattice - left) @ along / length2
            height = -((self.lattice - left) @ down) / np.sqrt(length2)
            beyond = np.maximum(np.abs(t - 0.5) - 0.5, 0) * np.sqrt(length2)
            weight = np.exp(-(beyond**2 + height**2) / reach**2)
            total += weight * _smoothstep(-soft, soft, height)
            weights += weight
        return np.asarray(total / weights, np.float32)

    def _cut_slit(self, rims: tuple[tuple[int, ...], tuple[int, ...]], shade: float) -> _Slit:
        w, h = self.size
        upper, lower = self.mesh[list(rims[0]), :2], self.mesh[list(rims[1]), :2]
        left, along, down = self._slit_axes(rims)
        reach = 0.17 * self.face_width
        normal = down / max(float(np.linalg.norm(down)), 1e-6)
        ends = np.concatenate([left - reach * normal, left + reach * normal])
        corners = np.concatenate([ends.reshape(2, 2), ends.reshape(2, 2) + along])
        x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, [w - 1, h - 1])
        x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 1, [w, h])
        rows, cols = slice(int(y0), int(max(y1, y0 + 1))), slice(int(x0), int(max(x1, x0 + 1)))
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        origin = np.array([cols.start, rows.start], np.float32)

        def fill(polygon: NDArray[np.float32], value: int, labels: NDArray[np.uint8]) -> None:
            fixed = np.round((polygon - origin) * 16).astype(np.int32)
            cv2.fillPoly(labels, [fixed], value, shift=4)

        middle = (upper + lower) / 2
        labels = np.full(shape, UP, np.uint8)
        fill(
            np.concatenate([middle, middle[::-1][:1] + 3 * reach * normal, middle[:1] + 3 * reach * normal]),
            LOW,
            labels,
        )
        # The mesh's rim is the lid's edge; the lid's thickness and lashes move with the lid.
        opening = float(np.linalg.norm(upper - lower, axis=1).max())
        inside = np.zeros(shape, np.uint8)
        if opening > 2.0:
            shrink = max(0.0, 1 - 1.5 / opening)
            fill(
                np.concatenate(
                    [middle + shrink * (upper - middle), (middle + shrink * (lower - middle))[::-1]]
                ),
                1,
                inside,
            )
            labels[inside > 0] = INNER
        # Newly uncovered eyeball or mouth takes the colour of the nearest point that shows.
        seed = inside.copy()
        line = np.round((middle - origin) * 16).astype(np.int32)
        cv2.polylines(seed, [line], False, 1, shift=4)
        if not seed.any():
            seed[shape[0] // 2, shape[1] // 2] = 1
        _, index = cv2.distanceTransformWithLabels(1 - seed, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        ys, xs = np.nonzero(seed)
        where = np.zeros((int(index.max()) + 1, 2), np.float32)
        where[index[ys, xs]] = np.stack([xs, ys], -1)
        up, low, inner = (
            np.asarray(cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), 0.7), np.float32)
            for k in (UP, LOW, INNER)
        )
        return _Slit(rows, cols, labels, up, low, inner, where[index] + origin, shade)

    def _face_mask(self) -> NDArray[np.bool_]:
        w, h = self.size
        mask = np.zeros((h, w), np.uint8)
        cv2.fillPoly(mask, [np.round(self.mesh[list(OVAL), :2]).astype(np.int32)], 1)
        return mask.astype(bool)

    # ---- motion

    def carry(self, points: NDArray[np.float32], pose: Pose) -> NDArray[np.float32]:
        """Move points (..., 3), px, with the head: rotation about the neck, shift, perspective."""
        centre = self.mesh.mean(0)
        pivot = centre + np.array([0.0, 0.35, 0.55], np.float32) * np.float32(self.face_width)
        m = pose.matrix().astype(np.float32)
        x, y, z = points[..., 0] - pivot[0], points[..., 1] - pivot[1], points[..., 2] - pivot[2]
        turned = [m[k, 0] * x + m[k, 1] * y + m[k, 2] * z for k in range(3)]
        depth = turned[2] + pivot[2]
        # Perspective relative to where the point was: what comes nearer grows.
        before = self._camera + points[..., 2] - centre[2]
        after = np.maximum(self._camera + depth - centre[2], 0.2 * self._camera)
        grow = (1 + pose.approach) * before / after
        out = np.empty_like(points, np.float32)
        out[..., 0] = (turned[0] + pivot[0] - centre[0]) * grow + centre[0] + pose.shift[0]
        out[..., 1] = (turned[1] + pivot[1] - centre[1]) * grow + centre[1] + pose.shift[1]
        out[..., 2] = depth
        return out

    def _project(self, moved: Field, pose: Pose) -> Field:
        """Flow on the lattice of nodes with a 3D displacement `moved` (px) under the head's motion."""
        points = moved.copy()
        points[..., :2] += self.lattice
        points[..., 2] += self._depth
        return np.asarray(self.carry(points, pose)[..., :2] - self.lattice, np.float32)

    def _upsample(self, field: Field, window: tuple[slice, slice] | None = None) -> Field:
        """Lattice -> frame resolution, cubic, for the whole frame or a window of it."""
        w, h = self.size
        rows, cols = window or (slice(0, h), slice(0, w))
        # Two nodes beyond the window on each side, so that its edge is interpolated like its middle.
        top, left = (rows.start + MARGIN) // STRIDE - 2, (cols.start + MARGIN) // STRIDE - 2
        bottom, right = (rows.stop + MARGIN) // STRIDE + 3, (cols.stop + MARGIN) // STRIDE + 3
        part = np.ascontiguousarray(field[top:bottom, left:right])
        size = (part.shape[1] * STRIDE, part.shape[0] * STRIDE)
        fine = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
        y, x = rows.start + MARGIN - top * STRIDE, cols.start + MARGIN - left * STRIDE
        return np.asarray(fine[y : y + rows.stop - rows.start, x : x + cols.stop - cols.start])

    def _sheets(self, expression: Points) -> tuple[Field, Field]:
        """The expression's 3D displacement on the lattice for the upper and the lower sheet."""
        points, values = self.mesh[:, :2], expression
        centre = points.mean(0)
        rings = [centre + g * (points[list(OVAL)] - centre) for g in (1.3, 1.6, 2.0)]
        still = np.concatenate(rings)
        where = self._to_lattice(np.concatenate([points, still]))
        what = np.concatenate([values, np.zeros((len(still), 3), np.float32)]).astype(np.float32)
        fields = []
        for keep in (~_LOWER_SIDE, ~_UPPER_SIDE):
            rows = np.concatenate([keep, np.ones(len(still), bool)])
            fields.append(spread(where[rows], what[rows], self._lattice_shape))
        up, low = fields
        # Away from the slits both sheets are one skin: the upper sheet above them, the lower one below.
        skin = low + self._above * (up - low)
        return skin + self._window * (up - skin), skin + self._window * (low - skin)

    def draw(self, motion: Motion) -> Image:
        """Draw the picture after `motion`, noise-free, uint8 (H, W, 3)."""
        return self._render(self._sheet_flows(motion))[0]

    def move(self, motion: Motion) -> Moved:
        """Draw the picture after `motion` and return it with the exact flow from the onset to it."""
        flows = self._sheet_flows(motion)
        image, source = self._render(flows)
        facial, head = self._upsample(flows[UP]), self._upsample(flows[3])
        for slit in self._slits:
            window = (slit.rows, slit.cols)
            below = self._upsample(flows[LOW], window)
            behind = self._upsample(flows[INNER], window)
            label = slit.labels[..., None]
            facial[window] = np.where(label == UP, facial[window], np.where(label == LOW, below, behind))
        return Moved(image, facial, head, self.visible(source, facial), source)

    def _sheet_flows(self, motion: Motion) -> tuple[Field, Field, Field, Field]:
        """Flow on the lattice of the sheets UP, LOW and INNER, and of the head without expression."""
        still = np.zeros((*self._lattice_shape, 3), np.float32)
        up, low = still, still
        if np.any(motion.expression):
            up, low = self._sheets(motion.expression)
        if motion.bumps is not None:
            up, low = up + motion.bumps, low + motion.bumps
        inner = still + np.array([*motion.gaze, 0.0], np.float32)
        share = self._headness[..., None]
        backdrop = (1 - share) * np.array(motion.background, np.float32)

        def flow(field: Field) -> Field:
            return np.asarray(share * self._project(field, motion.pose) + backdrop, np.float32)

        return flow(up), flow(low), flow(inner), flow(still)

    def _render(self, flows: tuple[Field, Field, Field, Field]) -> tuple[Image, Field]:
        """Draw the moved picture, and say where in the onset each of its pixels came from, (H, W, 2) px."""
        backs = [self._invert_lattice(flow) for flow in flows[:3]]
        whole = (slice(0, self.size[1]), slice(0, self.size[0]))
        source = self._invert(flows[UP], backs[UP], whole)
        patches = []
        for slit in self._slits:
            window = (slit.rows, slit.cols)
            back_up = source[window].copy()
            back_low = self._invert(flows[LOW], backs[LOW], window)
            back_inner = self._invert(flows[INNER], backs[INNER], window)
            cover_up = self._look(slit.soft_up, slit, back_up)
            cover_low = self._look(slit.soft_low, slit, back_low)
            patches.append((slit, back_up, back_low, back_inner, cover_up, cover_low))
            seen_low = np.where((cover_low >= 0.5)[..., None], back_low, back_inner)
            source[window] = np.where((cover_up >= 0.5)[..., None], back_up, seen_low)
        image = self.sample(source)
        for patch in patches:
            self._draw_slit(image, *patch)
        return image, source

    def _invert_lattice(self, flow: Field) -> Field:
        """First rounds of the inversion, on the lattice: b with b(y) = flow(y - b(y))."""
        back = flow
        for _ in range(_LATTICE_ROUNDS):
            back = _read(flow, self._to_lattice(self.lattice - back))
        return back

    def _invert(self, flow: Field, back: Field, window: tuple[slice, slice]) -> Field:
        """Solve x + flow(x) = y for every y of a window, by fixed-point iteration; residual < 0.02 px.

        `flow` and the first guess `back` are on the lattice; the last rounds run at full resolution.
        """
        fine = self._upsample(flow, window)
        pixels = self._pixels[window]
        origin = pixels[0, 0]
        position = pixels - self._upsample(back, window)
        for _ in range(_FINE_ROUNDS):
            position = pixels - _read(fine, position - origin)
        return np.asarray(position, np.float32)

    def _look(self, mask: Field, slit: _Slit, positions: Field) -> Field:
        """Read a window's mask at frame positions."""
        return _read(mask, positions - np.array([slit.cols.start, slit.rows.start], np.float32))

    def _draw_slit(
        self,
        image: Image,
        slit: _Slit,
        back_up: Field,
        back_low: Field,
        back_inner: Field,
        cover_up: NDArray[np.float32],
        cover_low: NDArray[np.float32],
    ) -> None:
        """Draw one opening: the upper sheet over the lower one over what shows through."""
        window = (slit.rows, slit.cols)
        upper = cover_up[..., None]
        # Where the sheets meet their soft edges add up to one: nothing shines through skin.
        lower = np.minimum(cover_low, 1 - cover_up)[..., None]
        open_ = 1 - upper - lower
        # What was seen stays what it was; what was hidden takes the colour of the nearest point seen.
        seen = np.minimum(open_, self._look(slit.soft_inner, slit, back_inner)[..., None])
        hidden = open_ - seen
        total = upper * self.sample(back_up) + lower * self.sample(back_low)
        total += seen * self.sample(back_inner)
        if hidden.max() > 0.01:
            nearest = self._look(slit.nearest, slit, back_inner)
            total += hidden * slit.shade * self.sample(nearest)
        image[window] = np.clip(np.round(total), 0, 255).astype(np.uint8)

    def uncover(self, image: Image, mask: NDArray[np.bool_], source: Field, opening: int) -> None:
        """Paint what newly shows in an opening (0, 1: eyes from the picture's left, 2: mouth) under a mask.

        `source` is where in the onset picture the pixels lie; those that did not show take the colour of the
        nearest point that did, darker in the mouth.
        """
        slit = self._slits[opening]
        rows, cols = np.nonzero(mask)
        if not len(rows):
            return
        h, w = slit.labels.shape
        local = np.round(source[rows, cols]) - (slit.cols.start, slit.rows.start)
        x = np.clip(local[:, 0], 0, w - 1).astype(np.int64)
        y = np.clip(local[:, 1], 0, h - 1).astype(np.int64)
        hidden = slit.labels[y, x] != INNER
        rows, cols, x, y = rows[hidden], cols[hidden], x[hidden], y[hidden]
        if len(rows):
            colour = self.sample(slit.nearest[y, x][None])[0]
            image[rows, cols] = np.round(colour * slit.shade).astype(np.uint8)

    def visible(self, source: Field, facial: FlowField) -> NDArray[np.bool_]:
        """A point is visible if what is drawn at its new place came from it."""
        w, h = self.size
        there = self._pixels + facial
        came_from = _read(source, there, cv2.INTER_NEAREST)
        off = np.abs(came_from - self._pixels - (np.round(there) - there))
        # Rounding must not push a still border pixel out of the frame.
        u, v, edge = there[..., 0], there[..., 1], 0.01
        inside = (u > -edge) & (v > -edge) & (u < w - 1 + edge) & (v < h - 1 + edge)
        return np.asarray(inside & (off[..., 0] < _SAME_POINT) & (off[..., 1] < _SAME_POINT))


def _sides() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which mesh points belong to the upper or the lower lids and lips alone."""
    from mellm.data.meflow.canonical import canonical_points

    points = canonical_points()
    upper_side, lower_side = np.zeros(468, bool), np.zeros(468, bool)
    for rims, reach in zip(SLITS, (0.055, 0.055, 0.085), strict=True):
        upper, lower = points[list(rims[0]), :2], points[list(rims[1]), :2]
        middle = (upper + lower) / 2
        x, y = points[:, 0], points[:, 1]
        line = np.interp(x, middle[:, 0], middle[:, 1])
        inside = (x > middle[0, 0] + 1e-6) & (x < middle[-1, 0] - 1e-6)
        upper_side |= inside & (y > line) & (y < line + reach)
        lower_side |= inside & (y < line) & (y > line - reach)
    return upper_side, lower_side


_UPPER_SIDE, _LOWER_SIDE = _sides()
