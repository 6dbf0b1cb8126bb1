"""The eyes and the mouth of a still picture: where its skin is cut into sheets that move on their own.

Above an opening lies one sheet (UP), below it another (LOW); what shows through is a third (INNER):
eyeballs have a motion of their own, the inside of the mouth goes with the HEAD. The two skins are one
beyond the opening's corners. The module knows nothing about motion.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import MOUTH, SLITS, Points, canonical_points
from mellm.simulate.lattice import Lattice, Window, read_at, smoothstep
from mellm.simulate.scene_motion import Field

UP, LOW, INNER, HEAD = 0, 1, 2, 3
Rims = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening: its window of the frame, which sheet each pixel there belongs to, and more.

    labels: uint8 (h, w), UP, LOW or INNER
    soft_up, soft_low, soft_inner: float32 sheet masks, softened over a pixel; they add up to one
    nearest: float32 (h, w, 2) frame position of the nearest point inside the opening
    shade: how much darker than that point newly uncovered places are (1: as bright)
    behind: which motion what shows through follows, INNER or HEAD
    """

    window: Window
    labels: NDArray[np.uint8]
    soft_up: Field
    soft_low: Field
    soft_inner: Field
    nearest: Field
    shade: float
    behind: int

    @property
    def origin(self) -> NDArray[np.float32]:
        """The window's first pixel in the frame, (x, y)."""
        return np.array([self.window[1].start, self.window[0].start], np.float32)

    def look(self, mask: Field, positions: Field) -> Field:
        """Read one of the masks at frame positions float32 (h, w, 2)."""
        return read_at(mask, positions - self.origin)


def _axes(mesh: Points, rims: Rims) -> tuple[Field, Field, Field]:
    """The opening's left corner, the vector to its right corner, and that vector turned downwards."""
    left, right = mesh[rims[0][0], :2], mesh[rims[0][-1], :2]
    along = right - left
    return left, along, np.array([-along[1], along[0]], np.float32)


def free_share(lattice: Lattice, mesh: Points, width: float) -> Field:
    """Return how far the two sheets of an opening may move apart, 0..1, (h, w, 1) on the lattice.

    The share is 0 at the corners. `width` is that of the face, px.
    """
    shares = [_free_share(lattice, mesh, rims, width) for rims in SLITS]
    return np.asarray(np.maximum.reduce(shares)[..., None], np.float32)


def _free_share(lattice: Lattice, mesh: Points, rims: Rims, width: float) -> Field:
    left, along, down = _axes(mesh, rims)
    length2 = float(along @ along)
    t = (lattice.nodes - left) @ along / length2
    across = np.abs((lattice.nodes - left) @ down) / np.sqrt(length2)
    ends = smoothstep(0, 0.18, t) * smoothstep(0, 0.18, 1 - t)
    reach = 0.16 * width
    return np.asarray(ends * (1 - smoothstep(0.6 * reach, reach, across)), np.float32)


def above_share(lattice: Lattice, mesh: Points, width: float) -> Field:
    """Return how far each node lies above the opening nearest to it, 1 above to 0 below, (h, w, 1)."""
    soft, reach = 0.05 * width, 0.15 * width
    total, weights = np.zeros(lattice.shape), np.full(lattice.shape, 1e-12)
    for rims in SLITS:
        left, along, down = _axes(mesh, rims)
        length2 = float(along @ along)
        t = (lattice.nodes - left) @ along / length2
        height = -((lattice.nodes - left) @ down) / np.sqrt(length2)
        beyond = np.maximum(np.abs(t - 0.5) - 0.5, 0) * np.sqrt(length2)
        weight = np.exp(-(beyond**2 + height**2) / reach**2)
        total += weight * smoothstep(-soft, soft, height)
        weights += weight
    return np.asarray(total / weights, np.float32)[..., None]


def cut_openings(size: tuple[int, int], mesh: Points, width: float, mouth_shade: float) -> list[Opening]:
    """Cut a frame of `size` (width, height) at the eyes, from the picture's left, and at the mouth."""
    eyes = [_cut(size, mesh, rims, width, _CLOSED_EYE * width, 1.0, INNER) for rims in SLITS[:2]]
    return [*eyes, _cut(size, mesh, MOUTH, width, _CLOSED_MOUTH * width, mouth_shade, HEAD)]


# An opening narrower than this (face widths) is a line that moves with the skin; lids and lips take _LASHES
# px from the mesh's opening.
_CLOSED_EYE, _CLOSED_MOUTH, _LASHES = 0.007, 0.018, 1.5


def _cut(
    size: tuple[int, int], mesh: Points, rims: Rims, width: float, closed: float, shade: float, behind: int
) -> Opening:
    upper, lower = mesh[list(rims[0]), :2], mesh[list(rims[1]), :2]
    middle = np.asarray((upper + lower) / 2, np.float32)
    _, along, down = _axes(mesh, rims)
    reach = 0.17 * width
    normal = down * np.float32(reach / max(float(np.linalg.norm(down)), 1e-6))
    window = _window(size, np.stack([middle[0], middle[0] + along]), normal)
    shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    origin = np.array([window[1].start, window[0].start], np.float32)

    def fixed(polygon: Field) -> NDArray[np.int32]:
        return np.round((polygon - origin) * 16).astype(np.int32)

    labels = np.full(shape, UP, np.uint8)
    below = np.concatenate([middle, middle[-1:] + 3 * normal, middle[:1] + 3 * normal])
    cv2.fillPoly(labels, [fixed(below)], LOW, shift=4)
    inside = np.zeros(shape, np.uint8)
    gap = float(np.linalg.norm(upper - lower, axis=1).max())
    if gap > closed:
        # The mesh's rim is the lid's edge; the lid's thickness and lashes move with the lid.
        shrink = max(0.0, 1 - _LASHES / gap)
        rim = np.concatenate([middle + shrink * (upper - middle), (middle + shrink * (lower - middle))[::-1]])
        cv2.fillPoly(inside, [fixed(rim)], 1, shift=4)
        labels[inside > 0] = INNER
    cv2.polylines(inside, [fixed(middle)], False, 1, shift=4)
    up, low, inner = (
        np.asarray(cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), 0.7), np.float32)
        for k in (UP, LOW, INNER)
    )
    return Opening(window, labels, up, low, inner, _nearest(inside) + origin, shade, behind)


def _window(size: tuple[int, int], ends: Field, normal: Field) -> Window:
    """The part of the frame around an opening with these ends, as far as `normal` on both sides."""
    w, h = size
    corners = np.concatenate([ends - normal, ends + normal])
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int), 0, [w - 1, h - 1])
    x1, y1 = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 1, [w, h])
    return slice(int(y0), int(max(y1, y0 + 1))), slice(int(x0), int(max(x1, x0 + 1)))


def _nearest(inside: NDArray[np.uint8]) -> Field:
    """For each pixel the position (x, y) of the nearest one that is set, float32 (h, w, 2)."""
    seed = inside.copy()
    if not seed.any():
        seed[seed.shape[0] // 2, seed.shape[1] // 2] = 1
    _, index = cv2.distanceTransformWithLabels(1 - seed, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, cols = np.nonzero(seed)
    where = np.zeros((int(index.max()) + 1, 2), np.float32)
    where[index[rows, cols]] = np.stack([cols, rows], -1)
    return np.asarray(where[index], np.float32)


@cache
def one_sided_points() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the mesh points of the upper and of the lower lids and lips alone, bool (468,) each."""
    points = canonical_points()
    upper_side, lower_side = np.zeros(468, bool), np.zeros(468, bool)
    for rims, reach in zip(SLITS, (0.055, 0.055, 0.085), strict=True):
        middle = (points[list(rims[0]), :2] + points[list(rims[1]), :2]) / 2
        x, y = points[:, 0], points[:, 1]
        line = np.interp(x, middle[:, 0], middle[:, 1])
        inside = (x > middle[0, 0] + 1e-6) & (x < middle[-1, 0] - 1e-6)
        upper_side |= inside & (y > line) & (y < line + reach)
        lower_side |= inside & (y < line) & (y > line - reach)
    return upper_side, lower_side
