"""ICT-FaceKit as a source of shapes: heads, and expressions named by action units.

Reads the compact .npz of ICT-FaceKit (Li et al., Learning Formation of Physically-Based Face Attributes,
CVPR 2020; MIT licence), which is not shipped. The module knows nothing about pictures but the landmarks of
a face.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.simulate.canonical_mesh import SLITS, Points, canonical_points
from mellm.simulate.unit_fields import Side

# Vertices of the 68 landmarks of the iBUG scheme, from ICT-FaceKit's own tables.
LANDMARKS = (
    *(1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443),
    *(268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857),
    *(1140, 2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732),
    *(5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841),
    *(5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966),
)
# The same places on the 468-point mesh.
MESH_LANDMARKS = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4),
    *(75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87),
)
SKIN = slice(0, 9409)
"""Vertices of the face's skin, ears and neck front."""
# Vertex ranges of the parts that are drawn: skin, head, mouth socket, gums, teeth, both eyeballs.
_MOUTH = (11248, 13294), (14062, 21451)
_EYES = ((23021, 24591), (21451, 23021))  # image left (the subject's right) first
_OUTSIDE = (0, 11248)
SURFACE_SKIN, SURFACE_IMAGE_LEFT_EYE, SURFACE_IMAGE_RIGHT_EYE, SURFACE_MOUTH = 0, 1, 2, 3

# Action unit -> expression shapes with weights; `*` stands for the side, L and R.
_SHAPES: dict[int, dict[str, float]] = {
    1: {"browInnerUp_*": 1.0},
    2: {"browOuterUp_*": 1.0},
    4: {"browDown_*": 1.0},
    5: {"eyeWide_*": 1.0},
    6: {"cheekRaiser_*": 1.0, "cheekSquint_*": 0.5},
    7: {"eyeSquint_*": 1.0},
    9: {"noseSneer_*": 1.0},
    10: {"mouthUpperUp_*": 1.0},
    12: {"mouthSmile_*": 1.0},
    14: {"mouthDimple_*": 1.0},
    15: {"mouthFrown_*": 1.0},
    16: {"mouthLowerDown_*": 1.0},
    17: {"mouthShrugLower": 1.0},
    18: {"mouthPucker": 1.0},
    20: {"mouthStretch_*": 1.0},
    22: {"mouthFunnel": 1.0},
    23: {"mouthPress_*": 0.6, "mouthPucker": 0.3},
    24: {"mouthPress_*": 1.0},
    25: {"mouthLowerDown_*": 0.6, "mouthUpperUp_*": 0.3},
    26: {"jawOpen": 1.0},
    27: {"jawOpen": 1.0, "mouthLowerDown_*": 0.2},
    28: {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
    45: {"eyeBlink_*": 1.0},
}
_IDENTITIES = 40
_RIDGE = 4.0
_NEIGHBOURS = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """The head laid onto a face in a picture.

    points: float32 (V, 3) vertices, px of the picture (v down, z smaller = nearer)
    to_picture: (3, 3) matrix from model displacements to picture displacements
    """

    points: Points
    to_picture: NDArray[np.float64]


class IctModel:
    """ICT-FaceKit's shapes. `triangles` int (T, 3) and `surface` int8 (T,) (SURFACE_...) cover the head.

    `eyeballs` are the vertices of both eyes.
    """

    def __init__(self, path: str | Path) -> None:
        """Read the compact .npz. Raises InputError where it is something else."""
        try:
            with np.load(path) as data:
                self.neutral = data["neutral"].astype(np.float64)
                self._identity = data["identity"][:_IDENTITIES].astype(np.float32)
                self._expression = data["expr"].astype(np.float32)
                names = [str(n) for n in data["expr_names"]]
                quads = data["faces"].astype(np.int64)
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{path} is not ICT-FaceKit's compact .npz ({error}).") from error
        self._names = {name: k for k, name in enumerate(names)}
        self.triangles, self.surface = _triangles(quads)
        self.eyeballs = slice(_EYES[1][0], _EYES[0][1])
        self._transfer: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] | None = None

    @property
    def action_units(self) -> tuple[int, ...]:
        """The action units with a shape of their own."""
        return tuple(_SHAPES)

    @property
    def two_sided(self) -> frozenset[int]:
        """The action units whose shapes have no one-sided version."""
        return frozenset(au for au, shapes in _SHAPES.items() if all("*" not in name for name in shapes))

    def displacement(self, au: int, side: Side) -> NDArray[np.float32]:
        """Return the unit's displacement of all vertices in model units, float32 (V, 3); side: subject's."""
        sides = {"both": "LR", "left": "L", "right": "R"}[side]
        total = np.zeros_like(self._expression[0])
        for pattern, weight in _SHAPES[au].items():
            for letter in sides if "*" in pattern else "":
                total += weight * self._expression[self._names[pattern.replace("*", letter)]]
            if "*" not in pattern:
                total += weight * self._expression[self._names[pattern]]
        return np.asarray(total, np.float32)

    def canonical_field(self, au: int, side: Side) -> NDArray[np.float64]:
        """Return the unit on the 468 points of the canonical mesh, float64 (468, 3), peak 1 in the picture.

        Canonical axes (x to the picture's right, y up, z towards the viewer), as the built-in fields have.
        """
        if self._transfer is None:
            self._transfer = self._find_transfer()
        nearest, share, linear = self._transfer
        moved = self.displacement(au, side)[nearest].astype(np.float64)
        field = (moved * share[..., None]).sum(1) @ linear.T * (1.0, -1.0, -1.0)
        peak = float(np.linalg.norm(field[:, :2], axis=1).max())
        return np.asarray(field / max(peak, 1e-12))

    def _find_transfer(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """For each canonical point its nearest skin vertices on the same side of every slit, and weights."""
        points = canonical_points().astype(np.float64) * (1.0, -1.0, -1.0)
        fit = self.fit(points.astype(np.float32))
        skin = fit.points[SKIN].astype(np.float64)
        squared = ((points[:, None] - skin[None]) ** 2 * (1.0, 1.0, 0.25)).sum(-1)
        for rims in SLITS:
            above = slit_side(points, rims)[:, None] * slit_side(skin, rims, points)[None]
            squared[above < 0] = np.inf
        nearest = np.argsort(squared, axis=1)[:, :_NEIGHBOURS]
        near = np.take_along_axis(squared, nearest, 1)
        share = 1 / (near + 1e-5)
        return nearest, share / share.sum(1, keepdims=True), fit.to_picture

    def fit(self, mesh: Points) -> Fit:
        """Lay a head onto a face mesh, float32 (468, 3) px: pose, identity, then a smooth warp."""
        target = mesh[list(MESH_LANDMARKS)].astype(np.float64)
        shape = self.neutral.copy()
        marks = list(LANDMARKS)
        modes = self._identity[:, marks].astype(np.float64)
        known = shape[marks]
        coefficients = np.zeros(len(modes))
        for _ in range(3):
            linear, offset = _similarity(known, target)
            # Depth of the face mesh is less sure than its place in the picture.
            weight = np.array([1.0, 1.0, 0.3])
            basis = ((modes @ linear.T) * weight).reshape(len(modes), -1).T
            rest = ((target - (self.neutral[marks] @ linear.T + offset)) * weight).ravel()
            scale = float(np.cbrt(abs(np.linalg.det(linear))))
            ridge = _RIDGE * scale**2 * np.eye(len(modes))
            coefficients = np.linalg.solve(basis.T @ basis + ridge, basis.T @ rest)
            known = self.neutral[marks] + np.tensordot(coefficients, modes, 1)
        shape += np.tensordot(coefficients.astype(np.float32), self._identity, 1)
        linear, offset = _similarity(shape[marks], target)
        placed = shape @ linear.T + offset
        for share in (6, 18):
            placed[:, :2] += _smooth_warp(placed[marks], (target - placed[marks])[:, :2], placed, share)
        return Fit(placed.astype(np.float32), linear)


def slit_side(
    points: NDArray[np.float64],
    rims: tuple[tuple[int, ...], tuple[int, ...]],
    mesh: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return +1 for points close above an opening of `mesh` (default: `points`), -1 close below, else 0."""
    reference = points if mesh is None else mesh
    middle = (reference[list(rims[0])] + reference[list(rims[1])]) / 2
    width = middle[-1, 0] - middle[0, 0]
    inside = (points[:, 0] > middle[0, 0]) & (points[:, 0] < middle[-1, 0])
    height = np.interp(points[:, 0], middle[:, 0], middle[:, 1]) - points[:, 1]
    return np.asarray(np.sign(height) * (inside & (np.abs(height) < 0.5 * width)))


def _triangles(quads: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Split quads (a fourth corner of -1: a triangle) and keep the parts that are drawn."""
    full = quads[:, 3] >= 0
    triangles = np.concatenate([quads[:, :3], quads[full][:, [0, 2, 3]]])
    # The model's axes are y up; with v down a front-facing corner order becomes clockwise as it is.
    surface = np.full(len(triangles), -1, np.int8)
    parts = [(_OUTSIDE, SURFACE_SKIN), *((r, SURFACE_MOUTH) for r in _MOUTH)]
    parts += [(_EYES[0], SURFACE_IMAGE_LEFT_EYE), (_EYES[1], SURFACE_IMAGE_RIGHT_EYE)]
    for (first, last), kind in parts:
        surface[((triangles >= first) & (triangles < last)).all(1)] = kind
    keep = surface >= 0
    return triangles[keep][:, [0, 2, 1]], surface[keep]


def _similarity(
    source: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least-squares similarity (Umeyama 1991) from model axes (y up) to picture axes (v down)."""
    flip = np.diag([1.0, -1.0, -1.0])
    a, b = (source - source.mean(0)) @ flip, target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    d = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    linear = float((s * d).sum() / (a**2).sum()) * (u * d) @ vt @ flip
    return linear, target.mean(0) - linear @ source.mean(0)


def _smooth_warp(
    anchors: NDArray[np.float64], moves: NDArray[np.float64], points: NDArray[np.float64], share: int
) -> NDArray[np.float64]:
    """Spread moves of anchors over all points with Gaussians whose sigma is a share of the face's size."""
    reach = float(np.ptp(anchors[:, 0])) / share

    def kernel(at: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b = at[:, :2].astype(np.float32), anchors[:, :2].astype(np.float32)
        squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
        return np.asarray(np.exp(-0.5 * squared / reach**2), np.float64)

    weights = np.linalg.solve(kernel(anchors) + 0.05 * np.eye(len(anchors)), moves)
    return kernel(points) @ weights
