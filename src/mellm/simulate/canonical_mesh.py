"""The mean face mesh on which action units are described, and how it is laid onto a given mesh.

Points are those of the 468-point face mesh, averaged over synthetic portraits, aligned and made symmetric.
Unit: one face width (between the points at the ears); origin midway between the outer eye corners; x to the
picture's right (the subject's left), y up, z towards the viewer. The module knows nothing about pictures or
motion.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The face's outline, clockwise in the picture from the middle of the forehead."""

# The rims of the three openings, from the picture's left to its right, corners included.
IMAGE_LEFT_EYE = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
)
IMAGE_RIGHT_EYE = (
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
MOUTH = (
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
SLITS = (IMAGE_LEFT_EYE, IMAGE_RIGHT_EYE, MOUTH)


@cache
def _stored() -> tuple[Points, NDArray[np.int64]]:
    with np.load(str(files("mellm.simulate") / "canonical_face.npz")) as data:
        return data["points"].astype(np.float32), data["mirror"].astype(np.int64)


def canonical_points() -> Points:
    """Return the canonical mesh, float32 (468, 3), face widths."""
    return _stored()[0]


def mirror_index() -> NDArray[np.int64]:
    """Return, for each of the 468 points, its partner on the other side of the face, int (468,)."""
    return _stored()[1]


def mirrored(mesh: Points, width: float) -> Points:
    """Return the mesh of the left-right mirrored picture of `width` px, its points in their usual order."""
    flipped = mesh[mirror_index()].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def canonical_to_mesh(mesh: Points) -> NDArray[np.float64]:
    """Return the 3x3 matrix that turns canonical displacements (face widths) into mesh displacements (px).

    A least-squares similarity (Umeyama 1991, eq. 40-43) between the canonical points and `mesh`, which is
    in picture coordinates (v down, z smaller = nearer).
    """
    source = canonical_points().astype(np.float64) * (1.0, -1.0, -1.0)
    target = mesh.astype(np.float64)
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    d = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = float((s * d).sum() / (a**2).sum())
    rotation = (u * d) @ vt
    return np.asarray(scale * rotation * (1.0, -1.0, -1.0))


def face_width(mesh: Points) -> float:
    """Return the width of the face, px, by the similarity that fits the canonical mesh best."""
    return float(np.cbrt(abs(np.linalg.det(canonical_to_mesh(mesh)))))
