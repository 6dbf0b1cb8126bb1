"""Turning a stored picture upright: EXIF orientations and video display matrices in one form.

Knows the eight orientations of a rectangle; does not know where the metadata is kept.
"""

from dataclasses import dataclass

import numpy as np

from mellm.media.frame import Image


@dataclass(frozen=True, slots=True)
class Orientation:
    """What to do to the stored picture, in this order: transpose it, flip left-right, flip up-down."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def rotation(self) -> int:
        """Clockwise turn in degrees (0, 90, 180, 270) that makes it upright, mirroring left aside."""
        if self.swap:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (height, width) if self.swap else (width, height)

    def apply(self, image: Image) -> Image:
        """The upright picture; the same array when nothing has to be done."""
        # Imported here so that `import mellm.media` does not load OpenCV; NumPy takes several times as long.
        import cv2

        if self.swap:
            image = cv2.transpose(image).astype(np.uint8, copy=False)
        if self.flip_x or self.flip_y:
            image = cv2.flip(image, -1 if self.flip_x and self.flip_y else int(self.flip_x)).astype(
                np.uint8, copy=False
            )
        return image


UPRIGHT = Orientation()

_EXIF = {
    1: UPRIGHT,
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(swap=True),
    6: Orientation(swap=True, flip_x=True),
    7: Orientation(swap=True, flip_x=True, flip_y=True),
    8: Orientation(swap=True, flip_y=True),
}


def from_exif(code: int) -> Orientation:
    """Orientation for the value of EXIF tag 0x0112 (TIFF 6.0, p. 36); unknown values count as upright."""
    return _EXIF.get(code, UPRIGHT)


def from_display_matrix(matrix: bytes) -> Orientation:
    """Orientation for a video's display matrix: nine 32-bit integers, native order (ISO 14496-12, 8.3.2).

    The matrix sends a stored point (x, y) to (a x + c y, b x + d y). Only quarter turns and mirrorings are
    honoured; cameras write no others, and any other angle would leave empty corners.
    """
    a, b, _, c, d, *_ = np.frombuffer(matrix, dtype=np.int32, count=9).tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(swap=True, flip_x=c < 0, flip_y=b < 0)
    return Orientation(flip_x=a < 0, flip_y=d < 0)
