"""Finding faces: BlazeFace short range, decoded as MediaPipe does.

Paper: Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, arXiv 1907.05047.
Looks at one square region of one picture and gives rough boxes and eyes; knows nothing about meshes or time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.network import network
from mellm.face.roi import Roi, cut
from mellm.media.frame import Image

SIDE = 128
MIN_SCORE = 0.5
SUPPRESSION_IOU = 0.3
MESH_MARGIN = 1.5
"""The mesh network looks at a square this much larger than the longer side of the face's box."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found in a picture: the square the mesh should look at, the face's size (px), score 0..1."""

    roi: Roi
    size: float
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The face as an upright square: (left, top, width, height), pixels."""
        return (self.roi.x - self.size / 2, self.roi.y - self.size / 2, self.size, self.size)


def detect(image: Image, area: Roi) -> list[Detection]:
    """Faces in a square area of the picture, best first; faces should be upright in the (rotated) area."""
    pixels = cut(image, area, SIDE, border=cv2.BORDER_CONSTANT)
    tensor = pixels[None].astype(np.float32) / 127.5 - 1.0
    regressors, classifiers = network("face-detection")(tensor)
    scores = 1.0 / (1.0 + np.exp(-np.clip(classifiers[0, :, 0].astype(np.float64), -100, 100)))
    likely = scores >= MIN_SCORE
    # Per anchor: centre x, y, width, height, then six key points, all in pixels of the 128 px input.
    values = regressors[0, likely].reshape(-1, 8, 2).astype(np.float64) / SIDE
    shift = _ANCHORS[likely][:, None, :]
    values[:, 0] += shift[:, 0]
    values[:, 2:] += shift
    return [_to_image(area, shape, score) for shape, score in _weighted_suppression(values, scores[likely])]


def whole(image: Image) -> Roi:
    """The smallest upright square that holds the whole picture."""
    height, width = image.shape[:2]
    return Roi(width / 2, height / 2, float(max(width, height)))


def intersection_over_union(a: Sequence[float], b: Sequence[float]) -> float:
    """Overlap of two boxes (left, top, width, height), 0..1."""
    shared = _shared_area(a, b)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared > 0 else 0.0


def covered(a: Sequence[float], b: Sequence[float]) -> float:
    """The part of the smaller of two boxes (left, top, width, height) that lies in the other, 0..1."""
    shared = _shared_area(a, b)
    return shared / min(a[2] * a[3], b[2] * b[3]) if shared > 0 else 0.0


def _shared_area(a: Sequence[float], b: Sequence[float]) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _anchors() -> NDArray[np.float64]:
    """Centres (896, 2) of the anchors, 0..1: two per cell of a 16 px grid, six per cell of an 8 px grid."""
    centres = []
    for cells, per_cell in ((16, 2), (8, 6)):
        v, u = np.mgrid[0:cells, 0:cells]
        grid = (np.stack([u, v], axis=-1).reshape(-1, 2) + 0.5) / cells
        centres.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(centres)


_ANCHORS = _anchors()


def _weighted_suppression(
    values: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], float]]:
    """Merge overlapping candidates into their score-weighted mean (BlazeFace paper, section 3.4)."""
    corner = values[:, 0] - values[:, 1] / 2
    boxes = np.concatenate([corner, values[:, 1]], axis=1)
    left = list(np.argsort(-scores, kind="stable"))
    merged = []
    while left:
        best = left[0]
        near = [
            i for i in left if intersection_over_union(boxes[i], boxes[best]) > SUPPRESSION_IOU or i == best
        ]
        weights = scores[near] / scores[near].sum()
        merged.append((np.einsum("i,ijk->jk", weights, values[near]), float(scores[best])))
        left = [i for i in left if i not in near]
    return merged


def _to_image(area: Roi, shape: NDArray[np.float64], score: float) -> Detection:
    """Turn a decoded shape (centre, size, key points; 0..1 of the area) into a region of the picture."""
    centre = area.to_image(shape[0])
    (x0, y0), (x1, y1) = area.to_image(shape[2:4])  # eyes, the picture's left one first
    size = float(shape[1].max() * area.size)
    roi = Roi(float(centre[0]), float(centre[1]), size * MESH_MARGIN, normalised(atan2(y1 - y0, x1 - x0)))
    return Detection(roi, size, score)


def normalised(angle: float) -> float:
    """The same angle in [-pi, pi), radians."""
    return angle - 2 * pi * ((angle + pi) // (2 * pi))
