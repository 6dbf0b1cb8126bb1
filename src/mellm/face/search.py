"""Where to look for faces: the whole picture, then smaller squares of it, then the picture turned.

BlazeFace short range sees a face that fills a good part of its square, upright within about 45 degrees; a
wide shot or a 4K frame hides faces from it. Knows about one picture only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import pi

import numpy as np

from mellm.face.detector import Detection, detect, intersection_over_union, whole
from mellm.face.roi import Roi
from mellm.media.frame import Image

LEVELS = 3
"""Square sizes below the whole picture: its shorter side, a half and a quarter of that."""
SMALLEST_TILE = 128
"""Pixels; a smaller square would only enlarge pixels that hold no face."""
SURE = 0.9
"""Detections under this score are checked in all four turns."""
SURER = 0.05
"""Of two detections of one face, the second replaces the first if its score is higher by this much."""
SURROUNDINGS = 3.0
"""A doubtful face is looked at again in a square this many times its size."""
_SAME_FACE_IOU = 0.3


def search(image: Image, *, thorough: bool) -> list[Detection]:
    """Faces anywhere in the picture, largest first.

    `thorough` adds the squares of the first two levels even where the whole picture showed a face, so that
    small faces beside a large one are found. Where nothing is found, every level is tried, then the picture
    turned by a quarter and a half.
    """
    found = look(image, [whole(image)])
    for level in range(1, LEVELS + 1):
        if found and not (thorough and level < LEVELS):
            break
        found = look(image, tiles(image, level), found)
    return found or look(image, turned(image))


def look(image: Image, places: Iterable[Roi], known: Iterable[Detection] = ()) -> list[Detection]:
    """The known faces and those in the given squares, largest first."""
    found = list(known)
    for place in places:
        for face in detect(image, place):
            found = _with(found, face)
    return sorted(found, key=lambda face: -face.size)


def right_way_up(image: Image, face: Detection) -> Detection:
    """The same face, seen with its chin down.

    On a face upside down or on its side the detector gives a wrong answer with a lower score. So a face of
    low score is detected again in all four turns, and the one with the clearly highest score is returned.
    """
    if face.score >= SURE:
        return face
    near = Roi(face.roi.x, face.roi.y, face.size * SURROUNDINGS)
    best, least = face, face.score
    for quarters in range(4):
        for other in detect(image, replace(near, rotation=quarters * pi / 2))[:1]:
            if quarters == 0:
                least = max(least, other.score)
            elif other.score > max(best.score, least) + SURER:
                best = other
    return best


def turned(image: Image) -> list[Roi]:
    """The whole picture, turned by a quarter, a half and three quarters."""
    return [replace(whole(image), rotation=quarters * pi / 2) for quarters in (1, 2, 3)]


def tiles(image: Image, level: int) -> Iterator[Roi]:
    """Squares of a level that cover the picture with half a square of overlap."""
    height, width = image.shape[:2]
    side = min(height, width) / 2 ** (level - 1)
    if side < SMALLEST_TILE or (level == 1 and height == width):
        return
    for y in _centres(height, side):
        for x in _centres(width, side):
            yield Roi(x, y, side)


def _with(known: list[Detection], face: Detection) -> list[Detection]:
    """Add a face, or put it in the place of the same face seen less surely."""
    same = [o for o in known if intersection_over_union(face.box, o.box) >= _SAME_FACE_IOU]
    if any(other.score > face.score - SURER for other in same):
        return known
    return [other for other in known if other not in same] + [face]


def _centres(length: int, side: float) -> list[float]:
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [float(c) for c in np.linspace(side / 2, length - side / 2, max(count, 1))]
