"""The vision route's input: an MMC-Map in the crop's geometry, as a small picture.

Knows maps and stored flow; knows no model.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.alignment import CROP_SIZE, EYE_LINE
from mellm.face.anchors import ANCHOR_NAMES
from mellm.face.mean_face import MEAN_FACE
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.flow.colour import mmc_colours
from mellm.media.frame import Image

MAP_SIZE = (80, 96)
"""Width and height of the picture the encoder reads, a fifth of the crop's."""

_EYE_ROW, _MOUTH_ROW, _INTER_OCULAR, _MIDDLE = 8.0, 20.0, 20.0, 13.5
"""Where stored flow has the face: rows of eyes and mouth, outer eye corners' distance, middle column."""


def map_picture(picture: Image) -> NDArray[np.float32]:
    """Return a map, uint8 (H, W, 3) RGB of the aligned crop at any size, as float32 (3, 96, 80) in 0..1.

    Raises InputError where it has not the crop's proportions.
    """
    height, width = picture.shape[:2]
    if abs(width / height - MAP_SIZE[0] / MAP_SIZE[1]) > 0.02:
        raise InputError(
            f"The map is {width}x{height} px; give a map of the aligned crop ({CROP_SIZE[0]}x{CROP_SIZE[1]})."
        )
    small = cv2.resize(picture, MAP_SIZE, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small.transpose(2, 0, 1), np.float32) / np.float32(255)


def in_crop(field: NDArray[np.float32], size: tuple[int, int] = MAP_SIZE) -> NDArray[np.float32]:
    """Lay recovered flow (28, 28, 2) into the crop's geometry, float32 (h, w, 2); outside is still.

    Eyes and mouth come to where the mean face has them in a crop of `size` (w, h).
    """
    width, height = size
    unit = REFERENCE_INTER_OCULAR * width / CROP_SIZE[0]
    mouth = MEAN_FACE[ANCHOR_NAMES.index("left mouth corner"), 1]
    across, down = unit / _INTER_OCULAR, mouth * unit / (_MOUTH_ROW - _EYE_ROW)
    matrix = np.array(
        [
            [across, 0, (width - 1) / 2 - across * _MIDDLE],
            [0, down, height * EYE_LINE - 0.5 - down * _EYE_ROW],
        ]
    )
    return np.asarray(cv2.warpAffine(field, matrix, size, flags=cv2.INTER_LINEAR), np.float32)


def stored_map(field: NDArray[np.float32]) -> Image:
    """Return the MMC-Map of recovered flow (28, 28, 2) on black, each picture by its own largest motion."""
    return mmc_colours(in_crop(field, (2 * MAP_SIZE[0], 2 * MAP_SIZE[1])))
