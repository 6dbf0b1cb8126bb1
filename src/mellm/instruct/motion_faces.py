"""Faces for generated motion: meshes in the aligned crop, and weights that spread mesh motion over it.

Knows faces and grids of pixels; knows no units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from mellm.face.alignment import CROP_SIZE, Alignment
from mellm.face.people import Landmarks
from mellm.language.motion.map_tokens import MAP_SIZE
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.gallery import Gallery, Split

_FADE = 0.04
"""Motion beyond the mesh fades over this share of the crop's width."""


@dataclass(frozen=True, slots=True)
class CropFace:
    """One face in the crop: mesh float32 (468, 3) px of 400x480, its grey picture uint8 (96, 80)."""

    mesh: NDArray[np.float32]
    grey: NDArray[np.uint8]

    @property
    def to_crop(self) -> NDArray[np.float32]:
        """Matrix (2, 2) from canonical displacements (x right, y up; face widths) to px of the crop."""
        return canonical_to_mesh(self.mesh)[:2, :2].astype(np.float32)


def crop_faces(folder: Path, count: int, split: Split, seed: int) -> list[CropFace]:
    """Return faces of a gallery of portraits, drawn by the seed, aligned as the product aligns them."""
    portraits = Gallery(folder).of(split)
    order = np.random.default_rng([seed, 5]).permutation(len(portraits))[:count]
    faces = []
    for number in order:
        portrait = portraits[int(number)]
        landmarks = Landmarks(portrait.mesh)
        alignment = Alignment.fit(landmarks)
        crop = cv2.cvtColor(alignment.crop(portrait.read()), cv2.COLOR_RGB2GRAY)
        small = cv2.resize(crop, MAP_SIZE, interpolation=cv2.INTER_AREA)
        faces.append(CropFace(alignment.landmarks_to_crop(landmarks).points, np.asarray(small, np.uint8)))
    return faces


def spread_over(
    mesh: NDArray[np.floating], size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return, for every pixel of a crop of `size` (w, h), three mesh points (P, 3) and their weights (P, 3).

    Inside the mesh they are the corners of its triangle; beyond it the nearest points, fading away.
    """
    width, height = size
    places = mesh[:, :2].astype(np.float64) * (width / CROP_SIZE[0], height / CROP_SIZE[1])
    triangles = Delaunay(places)
    rows, columns = np.mgrid[:height, :width]
    cells = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    found = triangles.find_simplex(cells)
    corners = triangles.simplices[np.maximum(found, 0)].astype(np.int64)
    affine = triangles.transform[np.maximum(found, 0)]
    two = np.einsum("nij,nj->ni", affine[:, :2], cells - affine[:, 2])
    weights = np.c_[two, 1 - two.sum(axis=1)]
    outside = np.flatnonzero(found < 0)
    away, near = cKDTree(places).query(cells[outside], k=3)
    corners[outside] = near
    weights[outside] = np.exp(-away[:, :1] / (_FADE * width)) / 3
    return corners, weights.astype(np.float32)


def field_of(
    moved: NDArray[np.float32], spread: tuple[NDArray[np.int64], NDArray[np.float32]], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return the field (h, w, 2) of mesh displacements (468, 2)."""
    corners, weights = spread
    dense = sum(weights[:, k, None] * moved[corners[:, k]] for k in range(3))
    return np.asarray(dense, np.float32).reshape(size[1], size[0], 2)


def noise_bank(count: int, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return smooth errors float32 (count, h, w, 2) of unit spread, as flow estimators make them."""
    fields: list[NDArray[np.float32]] = []
    for _ in range(count):
        white = rng.normal(0, 1, (*shape, 2)).astype(np.float32)
        smooth = cv2.GaussianBlur(white, (0, 0), float(np.exp(rng.uniform(np.log(0.5), np.log(5.0)))))
        fields.append(smooth / smooth.std())
    return np.stack(fields)


def head_residue(
    parameters: Sequence[float] | NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return what compensation left of a head's motion, float32 (h, w, 2), px of the crop.

    parameters: shift right and down, and the four derivatives of the field over half the crop's width, px.
    """
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = (columns - width / 2) / (width / 2), (rows - height / 2) / (width / 2)
    right, down, u_x, u_y, v_x, v_y = (float(p) for p in parameters)
    return np.stack([right + u_x * x + u_y * y, down + v_x * x + v_y * y], axis=-1).astype(np.float32)
