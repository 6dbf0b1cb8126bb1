"""What the media stage hands on: frames with exact times.

Conventions, for the whole package: images are uint8 (H, W, 3) RGB, upright (rotation metadata already
applied); frame indices start at 0 in presentation order; times are seconds from the first frame's
presentation time, as floats.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8 (H, W, 3) RGB, upright."""


PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif"}
    | {".heic", ".heif", ".hif"}
    | {".pgm", ".ppm", ".pnm", ".pbm"}
)
"""What the name of a picture in a folder ends with, lower case."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture and when it is shown."""

    index: int
    time: float
    image: Image


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What is known about a source before (and without) decoding all of it.

    `width` and `height` are those of the upright picture, in pixels. `fps` is the average rate as an exact
    fraction (29.97 is 30000/1001), None for a single image. `frames` and `duration` (seconds) are None
    when the container does not say.
    """

    path: Path
    kind: Literal["image", "folder", "animation", "video"]
    width: int
    height: int
    fps: Fraction | None
    frames: int | None
    duration: float | None
    rotation: int = 0
    variable_rate: bool = False
