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
from mellm.media.types import Image

LEVELS = 3
"""Square sizes below the whole picture: its shorter side, a half and a quarter of that."""
SMALLEST_TILE = 128
"""Pixels; a smaller square would only enlarge pixels that hold no face."""
NEIGHBOURHOOD = 2.0
"""A lost face is looked for in a square this many times the one its mesh was fitted in."""
SURE, SURER = 0.9, 0.03
"""A best score under the first is doubtful, and beaten by a turned picture's that is higher by the second."""
_SAME_FACE_IOU = 0.3

Box = tuple[float, float, float, float]


def search(image: Image, *, thorough: bool) -> list[Detection]:
    """Faces anywhere in the picture, largest first.

    `thorough` adds the squares of the first two levels even where the whole picture showed a face, so that
    small faces beside a large one are found. Where nothing is found, every level is tried. A doubtful result
    gives way to that of the picture turned by a quarter or a half, where that is clearly surer: on faces
    upside down the detector answers too, only wrongly and less surely.
    """
    found = detect(image, whole(image))
    for level in range(1, LEVELS + 1):
        if found and not (thorough and level < LEVELS):
            break
        found = merge(found, look_at_level(image, level))
    best = _best(found)
    if best < SURE:
        for quarter_turns in (1, 2, 3):
            turned = detect(image, replace(whole(image), rotation=quarter_turns * pi / 2))
            if _best(turned) > best + SURER:
                found, best = turned, _best(turned)
    return sorted(found, key=lambda face: -face.size)


def search_near(image: Image, places: Iterable[Roi]) -> list[Detection]:
    """Faces in the whole picture and around places where the mesh last looked, quickly; largest first."""
    found = detect(image, whole(image))
    for place in places:
        found = merge(found, detect(image, replace(place, size=place.size * NEIGHBOURHOOD)))
    return sorted(found, key=lambda face: -face.size)


def look_at_level(image: Image, level: int) -> list[Detection]:
    """Faces in the overlapping squares of one level (1 = as high as the picture's shorter side)."""
    found: list[Detection] = []
    for tile in tiles(image, level):
        found = merge(found, detect(image, tile))
    return found


def tiles(image: Image, level: int) -> Iterator[Roi]:
    """Squares of a level that cover the picture with half a square of overlap."""
    height, width = image.shape[:2]
    side = min(height, width) / 2 ** (level - 1)
    if side < SMALLEST_TILE or (level == 1 and height == width):
        return
    for y in _centres(height, side):
        for x in _centres(width, side):
            yield Roi(x, y, side)


def merge(known: list[Detection], more: list[Detection]) -> list[Detection]:
    """Add those faces that are not yet known."""
    result = list(known)
    for face in more:
        if all(intersection_over_union(_box(face), _box(other)) < _SAME_FACE_IOU for other in result):
            result.append(face)
    return result


def _centres(length: int, side: float) -> list[float]:
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [float(c) for c in np.linspace(side / 2, length - side / 2, max(count, 1))]


def _best(found: list[Detection]) -> float:
    return max((face.score for face in found), default=0.0)


def _box(face: Detection) -> Box:
    return (face.roi.x - face.size / 2, face.roi.y - face.size / 2, face.size, face.size)
