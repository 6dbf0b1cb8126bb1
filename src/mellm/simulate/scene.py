"""A photograph of a face that can be set into exactly known motion.

The picture is cut into three sheets at the eyes and the mouth: what lies above the slit, what lies below
it, and what shows through (eyeball, mouth). Every sheet moves by a smooth map of its own, so lids and lips
move independently. Motion is defined forwards, on the onset picture; the moved picture is drawn by
inverting each sheet's map by fixed-point iteration and taking the front-most sheet. Both the onset and the
moved picture are cut from one source of twice their resolution, so neither is sharper than the other. The
module knows nothing about action units, noise or files.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.cubic import read_picture
from mellm.flow.field import FlowField
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import OVAL, Points, face_width
from mellm.simulate.lattice import MARGIN, STRIDE, Lattice, Window, read_at
from mellm.simulate.openings import (
    HEAD,
    LOW,
    UP,
    Opening,
    above_share,
    cut_openings,
    free_share,
)
from mellm.simulate.scene_motion import Field, Motion, Moved, Pose
from mellm.simulate.skin_sheets import head_shape, spread_sheets

__all__ = ["Motion", "Moved", "Pose", "Scene"]

OVERSAMPLE = 2
# A frame pixel sits at this sub-pixel phase of the source, so that onset and apex are interpolated alike.
PHASE = 0.25
# A place drawn from within this of a point (px) shows that point.
_SAME_POINT = 0.75
_LATTICE_ROUNDS, _FINE_ROUNDS = 6, 4
# Skin that stretches by more than _STEEP px per px (a closing lid's) is solved in shorter steps, and more of
# them: whole ones do not converge there.
_STEEP, _SHORT, _MORE = 0.6, 0.4, 4


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
        linear = to_picture[:, :2]
        self._zoom = float(np.sqrt(abs(np.linalg.det(linear))))
        inverse = np.linalg.inv(linear)
        self.mesh = np.empty((468, 3), np.float32)
        self.mesh[:, :2] = (mesh[:, :2] - to_picture[:, 2]) @ inverse.T
        self.mesh[:, 2] = (mesh[:, 2] - mesh[:, 2].mean()) / self._zoom
        self.face_width = face_width(self.mesh)
        self._source = self._cut_source(picture, to_picture)
        self.lattice = Lattice(size)
        self._camera = camera * self.face_width
        self._depth, self._headness = head_shape(self.lattice, self.mesh, self.face_width)
        self._free = free_share(self.lattice, self.mesh, self.face_width)
        self._above = above_share(self.lattice, self.mesh, self.face_width)
        self._openings = cut_openings(size, self.mesh, self.face_width, mouth_shade)
        self.face = self._face_mask()
        """bool (H, W): the face's skin, eyes and mouth in the onset frame."""
        self.onset = self.sample(self.lattice.pixels)
        """uint8 (H, W, 3): the picture before any motion."""

    # ---- geometry of the still picture

    def _cut_source(self, picture: Image, to_picture: NDArray[np.float64]) -> Field:
        """Cut the frame and its margin out of the picture at OVERSAMPLE times the frame's resolution.

        In floating point: places in a uint8 picture are read by OpenCV to some 0.02 px only.
        """
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
                smooth.astype(np.float32),
                matrix,
                (OVERSAMPLE * (w + 2 * MARGIN), OVERSAMPLE * (h + 2 * MARGIN)),
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.float32,
        )

    def sample(self, positions: Field) -> Image:
        """Take the colours at frame positions, float32 (h, w, 2)."""
        where = positions * OVERSAMPLE + np.float32(OVERSAMPLE * MARGIN - PHASE)
        return np.asarray(np.clip(np.rint(read_picture(self._source, where)), 0, 255), np.uint8)

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
        points[..., :2] += self.lattice.nodes
        points[..., 2] += self._depth
        return np.asarray(self.carry(points, pose)[..., :2] - self.lattice.nodes, np.float32)

    def draw(self, motion: Motion) -> Image:
        """Draw the picture after `motion`, noise-free, uint8 (H, W, 3)."""
        return self._render(self._sheet_flows(motion))[0]

    def move(self, motion: Motion) -> Moved:
        """Draw the picture after `motion` and return it with the exact flow from the onset to it."""
        flows = self._sheet_flows(motion)
        image, source = self._render(flows)
        facial, head = self.lattice.upsample(flows[UP]), self.lattice.upsample(flows[HEAD])
        for opening in self._openings:
            window = opening.window
            below = self.lattice.upsample(flows[LOW], window)
            behind = self.lattice.upsample(flows[opening.behind], window)
            label = opening.labels[..., None]
            facial[window] = np.where(label == UP, facial[window], np.where(label == LOW, below, behind))
        return Moved(image, facial, head, self.visible(source, facial), source)

    def _sheet_flows(self, motion: Motion) -> tuple[Field, Field, Field, Field]:
        """Flow on the lattice of the sheets UP, LOW and INNER, and of the HEAD without expression."""
        still = np.zeros((*self.lattice.shape, 3), np.float32)
        up, low = still, still
        if np.any(motion.expression):
            up, low = spread_sheets(self.lattice, self.mesh, motion.expression, self._above, self._free)
        if motion.bumps is not None:
            up, low = up + motion.bumps, low + motion.bumps
        share = self._headness[..., None]
        backdrop = (1 - share) * np.array(motion.background, np.float32)

        def flow(field: Field) -> Field:
            return np.asarray(share * self._project(field, motion.pose) + backdrop, np.float32)

        head = flow(still)
        looking = flow(still + np.array([*motion.gaze, 0.0], np.float32)) if any(motion.gaze) else head
        return flow(up), flow(low), looking, head

    def _render(self, flows: tuple[Field, Field, Field, Field]) -> tuple[Image, Field]:
        """Draw the moved picture, and say where in the onset each of its pixels came from, (H, W, 2) px."""
        backs = [self._invert_lattice(flow) for flow in flows]
        source = self._invert(flows[UP], backs[UP], self.lattice.whole)
        patches = []
        for opening in self._openings:
            window = opening.window
            back_up = source[window].copy()
            back_low = self._invert(flows[LOW], backs[LOW], window)
            back_inner = self._invert(flows[opening.behind], backs[opening.behind], window)
            cover_up = opening.look(opening.soft_up, back_up)
            cover_low = opening.look(opening.soft_low, back_low)
            patches.append((opening, back_up, back_low, back_inner, cover_up, cover_low))
            seen_low = np.where((cover_low >= 0.5)[..., None], back_low, back_inner)
            source[window] = np.where((cover_up >= 0.5)[..., None], back_up, seen_low)
        image = self.sample(source)
        for patch in patches:
            self._draw_opening(image, *patch)
        return image, source

    def _invert_lattice(self, flow: Field) -> Field:
        """First rounds of the inversion, on the lattice: b with b(y) = flow(y - b(y))."""
        back = flow
        share, more = _pace(flow)
        for _ in range(_LATTICE_ROUNDS * more):
            found = read_at(flow, self.lattice.locate(self.lattice.nodes - back))
            back = found if share == 1 else back + share * (found - back)
        return back

    def _invert(self, flow: Field, back: Field, window: Window) -> Field:
        """Solve x + flow(x) = y for every y of a window, by fixed-point iteration; residual < 0.02 px.

        `flow` and the first guess `back` are on the lattice; the last rounds run at full resolution.
        """
        fine = self.lattice.upsample(flow, window)
        pixels = self.lattice.pixels[window]
        origin = pixels[0, 0]
        position = pixels - self.lattice.upsample(back, window)
        share, more = _pace(flow)
        for _ in range(_FINE_ROUNDS * more):
            found = pixels - read_at(fine, position - origin)
            position = found if share == 1 else position + share * (found - position)
        return np.asarray(position, np.float32)

    def _draw_opening(
        self,
        image: Image,
        opening: Opening,
        back_up: Field,
        back_low: Field,
        back_inner: Field,
        cover_up: NDArray[np.float32],
        cover_low: NDArray[np.float32],
    ) -> None:
        """Draw one opening: the upper sheet over the lower one over what shows through."""
        upper = cover_up[..., None]
        # Where the sheets meet their soft edges add up to one: nothing shines through skin.
        lower = np.minimum(cover_low, 1 - cover_up)[..., None]
        open_ = 1 - upper - lower
        # What was seen stays what it was; what was hidden takes the colour of the nearest point seen.
        seen = np.minimum(open_, opening.look(opening.soft_inner, back_inner)[..., None])
        hidden = open_ - seen
        total = upper * self.sample(back_up) + lower * self.sample(back_low)
        total += seen * self.sample(back_inner)
        if hidden.max() > 0.01:
            nearest = opening.look(opening.nearest, back_inner)
            total += hidden * opening.shade * self.sample(nearest)
        image[opening.window] = np.clip(np.round(total), 0, 255).astype(np.uint8)

    def uncover(self, image: Image, mask: NDArray[np.bool_], source: Field, which: int) -> None:
        """Paint what newly shows in an opening (0, 1: eyes from the picture's left, 2: mouth) under a mask.

        `source` is where in the onset picture the pixels would lie; they take the colour of the point nearest
        to it that did show, darker in the mouth.
        """
        opening = self._openings[which]
        rows, cols = np.nonzero(mask)
        if not len(rows):
            return
        h, w = opening.labels.shape
        local = np.round(source[rows, cols]) - opening.origin
        x = np.clip(local[:, 0], 0, w - 1).astype(np.int64)
        y = np.clip(local[:, 1], 0, h - 1).astype(np.int64)
        colour = self.sample(opening.nearest[y, x][None])[0]
        image[rows, cols] = np.round(colour * opening.shade).astype(np.uint8)

    def visible(self, source: Field, facial: FlowField) -> NDArray[np.bool_]:
        """A point is visible if what is drawn at its new place came from it."""
        w, h = self.size
        there = self.lattice.pixels + facial
        came_from = read_at(source, there, cv2.INTER_NEAREST)
        off = np.abs(came_from - self.lattice.pixels - (np.round(there) - there))
        # Rounding must not push a still border pixel out of the frame.
        u, v, edge = there[..., 0], there[..., 1], 0.01
        inside = (u > -edge) & (v > -edge) & (u < w - 1 + edge) & (v < h - 1 + edge)
        return np.asarray(inside & (off[..., 0] < _SAME_POINT) & (off[..., 1] < _SAME_POINT))


def _pace(flow: Field) -> tuple[np.float32, int]:
    """Return what share of a step the inversion of a lattice flow takes, and how many times as many."""
    slope = max(float(np.abs(np.diff(flow, axis=axis)).max()) for axis in (0, 1)) / STRIDE
    return (np.float32(_SHORT), _MORE) if slope > _STEEP else (np.float32(1), 1)
