"""468 points on a face, from a square region of the picture that holds it.

Model: Kartynnik et al., Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs,
arXiv 1907.06724. Knows nothing about how the region was found.
"""

from math import atan2

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.detector import MESH_MARGIN, normalised
from mellm.face.network import network
from mellm.face.roi import Roi, cut
from mellm.media.frame import Image

SIDE = 192
POINTS = 468
_EYE_CORNERS = (33, 263)


def fit_mesh(image: Image, roi: Roi) -> tuple[NDArray[np.float32], float]:
    """Points float32 (468, 3) in picture pixels (z in the same unit), and the presence of a face, 0..1."""
    pixels = cut(image, roi, SIDE, border=cv2.BORDER_REPLICATE)
    points, presence = network("face-mesh")(pixels[None].astype(np.float32) / 255.0)
    unit = points.reshape(POINTS, 3).astype(np.float64) / SIDE
    found = np.concatenate([roi.to_image(unit[:, :2]), unit[:, 2:] * roi.size], axis=1)
    return found.astype(np.float32), float(1.0 / (1.0 + np.exp(-float(presence.ravel()[0]))))


def roi_of(points: NDArray[np.float32]) -> Roi:
    """The region to look at in the next frame: around the points, turned with the outer eye corners."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    centre = (low + high) / 2
    du, dv = points[_EYE_CORNERS[1], :2] - points[_EYE_CORNERS[0], :2]
    size = float((high - low).max()) * MESH_MARGIN
    return Roi(float(centre[0]), float(centre[1]), size, normalised(atan2(float(dv), float(du))))
