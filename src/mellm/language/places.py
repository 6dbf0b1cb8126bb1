"""Places on a face as sentences name them: the brow in two halves, a lip as one part of the midline.

Knows the 29 regions and no language.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from mellm.face.region_id import ImageSide, Part, Patch, RegionId


class FacePart(StrEnum):
    """A part of the face that a sentence speaks of."""

    UPPER_EYELID = "upper eyelid"
    LOWER_EYELID = "lower eyelid"
    OUTER_BROW = "outer brow"
    INNER_BROW = "inner brow"
    NOSTRIL_WING = "nostril wing"
    MOUTH_CORNER = "mouth corner"
    UPPER_LIP = "upper lip"
    LOWER_LIP = "lower lip"
    CHIN = "chin"
    CHEEK = "cheek"


_LIPS = (Part.UPPER_LIP, Part.LOWER_LIP)


@dataclass(frozen=True)
class Place:
    """A part of the face on one side of the picture (None: on the midline).

    >>> Place.of(RegionId.LEFT_OUTER_BROW).name, Place.of(RegionId.UPPER_LIP_LEFT).name
    ('left outer brow', 'upper lip')
    """

    part: FacePart
    side: ImageSide | None

    @classmethod
    def of(cls, region: RegionId) -> "Place":
        """Return the place that a region is a patch of."""
        return _PLACES[region]

    @property
    def name(self) -> str:
        """The place in the words of region names, without a patch."""
        return f"{self.side} {self.part}" if self.side else str(self.part)

    @cached_property
    def regions(self) -> tuple[RegionId, ...]:
        """The regions of the place, in report order."""
        return tuple(region for region, place in _PLACES.items() if place == self)


def patch_of(region: RegionId) -> str:
    """Return which patch of its place a region is (`outer`, `centre`, `left`); empty if it is all of it."""
    if region.part in _LIPS:
        return region.side or Patch.CENTRE
    return "" if region.part is Part.BROW else region.patch or ""


def by_part(regions: Iterable[RegionId]) -> dict[FacePart, list[ImageSide | None]]:
    """Return the parts that regions belong to, in order, with the image sides of each."""
    found: dict[FacePart, list[ImageSide | None]] = {}
    for place in map(Place.of, regions):
        sides = found.setdefault(place.part, [])
        if place.side not in sides:
            sides.append(place.side)
    return found


def _place(region: RegionId) -> Place:
    if region.part is Part.BROW:
        return Place(FacePart(f"{region.patch} brow"), region.side)
    return Place(FacePart(region.part), None if region.part in _LIPS else region.side)


_PLACES = {region: _place(region) for region in RegionId}
