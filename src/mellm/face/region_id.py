"""The names of the 29 regions, as a type: which part of the face, on which image side, which patch of it."""

from enum import StrEnum


class Part(StrEnum):
    """What the region is a piece of."""

    UPPER_EYELID = "upper eyelid"
    LOWER_EYELID = "lower eyelid"
    BROW = "brow"
    NOSTRIL_WING = "nostril wing"
    MOUTH_CORNER = "mouth corner"
    UPPER_LIP = "upper lip"
    LOWER_LIP = "lower lip"
    CHIN = "chin"
    CHEEK = "cheek"


class ImageSide(StrEnum):
    """A side of the picture; FACS codes name the subject's side, which is the other one."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "ImageSide":
        """The opposite side."""
        return ImageSide.RIGHT if self is ImageSide.LEFT else ImageSide.LEFT


class Patch(StrEnum):
    """Where on the part: nearer the ear (outer), nearer the nose (inner), or between (centre)."""

    OUTER = "outer"
    CENTRE = "centre"
    INNER = "inner"


_EYELIDS = (Part.UPPER_EYELID, Part.LOWER_EYELID)


class RegionId(StrEnum):
    """One of the 29 regions of interest (arXiv 2505.07007v3). Its text is its name; sides are *image* sides.

    >>> RegionId("left upper eyelid outer").part
    <Part.UPPER_EYELID: 'upper eyelid'>
    >>> RegionId.LEFT_CHEEK.mirrored
    <RegionId.RIGHT_CHEEK: 'right cheek'>
    """

    LEFT_UPPER_EYELID_OUTER = "left upper eyelid outer"
    LEFT_UPPER_EYELID_CENTRE = "left upper eyelid centre"
    LEFT_UPPER_EYELID_INNER = "left upper eyelid inner"
    LEFT_LOWER_EYELID_OUTER = "left lower eyelid outer"
    LEFT_LOWER_EYELID_CENTRE = "left lower eyelid centre"
    LEFT_LOWER_EYELID_INNER = "left lower eyelid inner"
    RIGHT_UPPER_EYELID_OUTER = "right upper eyelid outer"
    RIGHT_UPPER_EYELID_CENTRE = "right upper eyelid centre"
    RIGHT_UPPER_EYELID_INNER = "right upper eyelid inner"
    RIGHT_LOWER_EYELID_OUTER = "right lower eyelid outer"
    RIGHT_LOWER_EYELID_CENTRE = "right lower eyelid centre"
    RIGHT_LOWER_EYELID_INNER = "right lower eyelid inner"
    LEFT_OUTER_BROW = "left outer brow"
    RIGHT_OUTER_BROW = "right outer brow"
    LEFT_INNER_BROW = "left inner brow"
    RIGHT_INNER_BROW = "right inner brow"
    LEFT_NOSTRIL_WING = "left nostril wing"
    RIGHT_NOSTRIL_WING = "right nostril wing"
    LEFT_MOUTH_CORNER = "left mouth corner"
    RIGHT_MOUTH_CORNER = "right mouth corner"
    UPPER_LIP_LEFT = "upper lip left"
    UPPER_LIP_CENTRE = "upper lip centre"
    UPPER_LIP_RIGHT = "upper lip right"
    LOWER_LIP_LEFT = "lower lip left"
    LOWER_LIP_CENTRE = "lower lip centre"
    LOWER_LIP_RIGHT = "lower lip right"
    CHIN = "chin"
    LEFT_CHEEK = "left cheek"
    RIGHT_CHEEK = "right cheek"

    @classmethod
    def at(cls, part: Part, side: ImageSide | None = None, patch: Patch | None = None) -> "RegionId":
        """The region of a part on a side (None: the midline); KeyError where there is none."""
        return _BY_PLACE[part, side, patch]

    @property
    def part(self) -> Part:
        """What the region is a piece of."""
        return _PLACES[self][0]

    @property
    def side(self) -> ImageSide | None:
        """The side of the picture; None on the midline."""
        return _PLACES[self][1]

    @property
    def patch(self) -> Patch | None:
        """Where on the part; None where the part is one region a side."""
        return _PLACES[self][2]

    @property
    def is_eyelid(self) -> bool:
        """Whether it lies on a lid, where blinks and gaze move it too."""
        return self.part in _EYELIDS

    @property
    def mirrored(self) -> "RegionId":
        """The same region on the other side; itself where it lies on the midline."""
        return _BY_PLACE[self.part, self.side and self.side.other, self.patch]


def _place(region: RegionId) -> tuple[Part, ImageSide | None, Patch | None]:
    words = region.split()
    return (
        next(part for part in Part if part in region),
        next((side for side in ImageSide if side in words), None),
        next((patch for patch in Patch if patch in words), None),
    )


_PLACES = {region: _place(region) for region in RegionId}
_BY_PLACE = {place: region for region, place in _PLACES.items()}
