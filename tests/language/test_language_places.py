import pytest

from mellm.face.region_id import ImageSide, RegionId
from mellm.language.places import FacePart, Place, by_part, patch_of


@pytest.mark.parametrize(
    ("region", "part", "side", "patch"),
    [
        ("left upper eyelid outer", "upper eyelid", "left", "outer"),
        ("right inner brow", "inner brow", "right", ""),
        ("upper lip left", "upper lip", None, "left"),
        ("lower lip centre", "lower lip", None, "centre"),
        ("chin", "chin", None, ""),
    ],
)
def test_a_region_is_a_patch_of_a_place(region, part, side, patch):
    place = Place.of(RegionId(region))
    assert (place.part, place.side, patch_of(RegionId(region))) == (part, side, patch)


def test_places_cover_every_region_once():
    places = dict.fromkeys(map(Place.of, RegionId))
    assert [len(place.regions) for place in places].count(3) == 6
    assert sorted(region for place in places for region in place.regions) == sorted(RegionId)


def test_regions_are_grouped_by_part_with_their_sides():
    names = ["left mouth corner", "right mouth corner", "left cheek", "chin"]
    assert by_part(map(RegionId, names)) == {
        FacePart.MOUTH_CORNER: [ImageSide.LEFT, ImageSide.RIGHT],
        FacePart.CHEEK: [ImageSide.LEFT],
        FacePart.CHIN: [None],
    }
