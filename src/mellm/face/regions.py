"""The 29 regions of interest of the motion prompt (arXiv 2505.07007v3): names, and places on a face.

Names are *image* sides. Regions hang on named anchors, so they exist for every landmark scheme.
"""

from collections.abc import Iterator

import numpy as np

from mellm.face.anchors import anchor
from mellm.face.geometry import face_axes, face_height, inter_ocular
from mellm.face.people import Landmarks, Region
from mellm.face.region_id import ImageSide, Part, RegionId

REGION_NAMES: tuple[RegionId, ...] = tuple(RegionId)
"""All 29, in report order."""

_MOUTH = (Part.MOUTH_CORNER, Part.UPPER_LIP, Part.LOWER_LIP)

AREAS: dict[str, tuple[RegionId, ...]] = {
    "brows": tuple(r for r in RegionId if r.part is Part.BROW),
    "eyes": tuple(r for r in RegionId if r.is_eyelid),
    "nose": tuple(r for r in RegionId if r.part is Part.NOSTRIL_WING),
    "cheeks": tuple(r for r in RegionId if r.part is Part.CHEEK),
    "mouth": tuple(r for r in RegionId if r.part in _MOUTH),
    "chin": (RegionId.CHIN,),
}
"""Face areas of the timeline -> their regions."""

OUTSIDE_EYES = np.array([not region.is_eyelid for region in REGION_NAMES])
"""bool (29,): the regions that can show an expression by themselves, all but the eyelids."""

REFERENCE_INTER_OCULAR = 200.0
"""Outer-eye-corner distance, px, on the 400x480 crop for which box sizes and offsets are given."""

_CHEEK_SHIFT, _CHEEK_SIZE = 0.05, 0.12  # of the face's height


def _recipes() -> Iterator[tuple[RegionId, tuple[str, ...], float, float, float]]:
    """Per region: name, anchors whose mean is taken, side of the box, shift outwards and down (px)."""
    for side in ("left", "right"):
        for lid, down in (("upper", -5.0), ("lower", 5.0)):
            for part in ("outer", "centre", "inner"):
                yield RegionId(f"{side} {lid} eyelid {part}"), (f"{side} {lid} lid {part}",), 10, 0, down
    for part, places in (
        ("outer", ("outer end", "outer top", "outer bottom")),
        ("inner", ("inner top", "inner bottom", "inner end top", "inner end bottom")),
    ):
        for side in ("left", "right"):
            yield RegionId(f"{side} {part} brow"), tuple(f"{side} brow {place}" for place in places), 15, 0, 0
    for side in ("left", "right"):
        yield RegionId(f"{side} nostril wing"), (f"{side} nostril wing",), 20, 7, -7
        yield RegionId(f"{side} mouth corner"), (f"{side} mouth corner",), 15, 7, 0
        yield RegionId(f"upper lip {side}"), (f"{side} upper lip",), 15, 0, 0
        yield RegionId(f"lower lip {side}"), (f"{side} lower lip outer", f"{side} lower lip inner"), 15, 0, 0
    yield RegionId("upper lip centre"), ("upper lip centre",), 15, 0, 0
    yield RegionId("lower lip centre"), ("lower lip centre",), 15, 0, 0
    yield RegionId("chin"), ("chin",), 25, 0, 0


_RECIPES = tuple(_recipes())


def regions_of(landmarks: Landmarks) -> list[Region]:
    """The 29 regions of a face in the order of REGION_NAMES, in the landmarks' own pixels.

    Sizes and offsets scale with the distance of the outer eye corners, and offsets turn with the head.
    """
    along, down = face_axes(landmarks)
    scale = inter_ocular(landmarks) / REFERENCE_INTER_OCULAR
    height = face_height(landmarks)
    found: dict[RegionId, Region] = {}
    for region, places, size, out, below in _RECIPES:
        shift = scale * (out * _outwards(region) * along + below * down)
        found[region] = _region(region, anchor(landmarks, *places)[:2] + shift, size * scale)
    for cheek in AREAS["cheeks"]:
        side = cheek.side
        middle = anchor(landmarks, f"{side} eye outer corner", f"{side} mouth corner")[:2]
        shift = _CHEEK_SHIFT * height * (_outwards(cheek) * along - down)
        found[cheek] = _region(cheek, middle + shift, _CHEEK_SIZE * height)
    return [found[name] for name in REGION_NAMES]


def _outwards(region: RegionId) -> float:
    """Sign of "away from the middle of the face" along the eyes, for a region's side."""
    return -1.0 if region.side is ImageSide.LEFT else 1.0


def _region(name: RegionId, centre: np.ndarray[tuple[int, ...], np.dtype[np.float64]], size: float) -> Region:
    return Region(name, (float(centre[0]), float(centre[1])), float(size))
