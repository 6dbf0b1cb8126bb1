"""Bicubic reading between pixels, corrected for the positional error of OpenCV's cubic kernel.

Knows arrays; nothing of faces, charts or files.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SERIES = (1.3324, -3.02372, 16.3133, -73.2744, 195.497, -220.021)
"""Of sinh(asinh(4 p) / 3) in the odd powers of p, |p| <= 1/2: minimax, off by 0.00003 at most."""


def read_picture(picture: NDArray[Any], at: NDArray[np.float32]) -> NDArray[Any]:
    """Read a picture (H, W) or (H, W, C) at its pixels `at` (h, w, 2): bicubic, edges repeated, in its type.

    The places are corrected first; see `cubic_places`.
    """
    return read_places(picture, cubic_places(at))


def cubic_places(at: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where OpenCV's cubic kernel has to be asked to read what stands at the pixels `at` (h, w, 2).

    OpenCV's (and torch's) cubic kernel has a = -0.75, which does not reproduce a ramp: at the fraction t it
    reads 0.5 t (1 - t) (1 - 2 t) too far, up to 0.048 px (Keys 1981 needs a = -0.5). With s = t - 1/2 it
    reads at 3/4 s + s^3, so s = sinh(asinh(4 p) / 3) reads at p; here by a series.
    """
    whole = np.floor(at)
    part = at - whole
    part -= np.float32(0.5)
    square = part * part
    total = square * np.float32(SERIES[-1])
    for term in SERIES[-2:0:-1]:
        total += np.float32(term)
        total *= square
    total += np.float32(SERIES[0])
    total *= part
    total += whole
    total += np.float32(0.5)
    return total


def read_places(picture: NDArray[Any], places: NDArray[np.float32]) -> NDArray[Any]:
    """Read a picture (H, W) or (H, W, C) at `cubic_places`, edges repeated, in its type."""
    # An empty array in place of None gives wrong values (OpenCV 5.0).
    read = cv2.remap(picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(read)
