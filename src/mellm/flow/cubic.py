"""Bicubic reading between pixels, corrected for the positional error of OpenCV's cubic kernel.

Knows arrays; nothing of faces, charts or files.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def read_picture(picture: NDArray[Any], at: NDArray[np.float32]) -> NDArray[Any]:
    """Read a picture (H, W) or (H, W, C) at its pixels `at` (h, w, 2): bicubic, edges repeated, in its type.

    OpenCV's (and torch's) cubic kernel has a = -0.75, which does not reproduce a ramp: at the fraction t it
    reads 0.5 t (1 - t) (1 - 2 t) too far, up to 0.048 px (Keys 1981 needs a = -0.5). The places asked for are
    moved the other way, by two steps of Newton's method (left over: below 0.00001 px).
    """
    whole = np.floor(at)
    part = at - whole
    aim = part
    for _ in range(2):
        beside = aim * (1 - aim)
        aim = aim - (aim + 0.5 * beside * (1 - 2 * aim) - part) / (1.5 - 3 * beside)
    place = np.ascontiguousarray(whole + aim, np.float32)
    # An empty array in place of None gives wrong values (OpenCV 5.0).
    read = cv2.remap(picture, place, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(read)
