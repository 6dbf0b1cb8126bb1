"""What the motion encoders are given: regions' numbers, and maps in the crop's geometry."""

import numpy as np
import pytest
from motion_regions import SMILE, regions

from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.flow.region_motion import RegionMotion
from mellm.language.motion.map_tokens import MAP_SIZE, in_crop, map_picture, stored_map
from mellm.language.motion.region_tokens import FEATURES, region_features, region_motion, region_numbers

CORNERS = {"left_mouth_corner": (-1.5, -1.5), "right_mouth_corner": (1.5, -1.5)}


def features(motion: list[RegionMotion], known: bool) -> np.ndarray:
    numbers, moving = region_numbers(motion)
    return region_features(numbers[None], moving[None], np.array([known]))[0]


def test_every_region_has_its_row_and_the_scale_one_more():
    found = features(regions(**CORNERS), known=True)
    assert found.shape == (30, FEATURES)
    corner = REGION_NAMES.index("left mouth corner")
    assert found[corner, 0] < 0 and found[corner, 1] < 0 and found[corner, 4] == 1
    assert np.abs(np.delete(found, [corner, REGION_NAMES.index("right mouth corner"), 29], axis=0)).sum() == 0


def test_without_scale_sizes_do_not_count_and_with_one_they_do():
    small, large = regions(0.5, **CORNERS), regions(3.0, **CORNERS)
    assert np.allclose(features(small, known=False), features(large, known=False), atol=1e-5)
    assert features(small, known=True)[29, 5] < features(large, known=True)[29, 5] - 1


def test_missing_regions_are_still():
    numbers, moving = region_numbers(regions(**CORNERS)[:3])
    assert numbers.shape == (29, 3) and not moving.any()


def test_a_map_comes_in_any_size_of_the_crops_proportions():
    large = np.zeros((480, 400, 3), np.uint8)
    large[100:120] = 255
    found = map_picture(large)
    assert found.shape == (3, MAP_SIZE[1], MAP_SIZE[0])
    assert found[:, 20:24].min() == 1 and found[:, 30].max() == 0
    with pytest.raises(InputError, match="give a map of the aligned crop"):
        map_picture(np.zeros((336, 336, 3), np.uint8))


def test_stored_flow_is_laid_where_the_crop_has_eyes_and_mouth():
    field = np.zeros((28, 28, 2), np.float32)
    field[8, 13:15, 0] = 1.0  # between the eyes
    field[20, 13:15, 1] = 1.0  # at the mouth's height
    laid = in_crop(field)
    rows = np.abs(laid).sum(axis=(1,))
    assert abs(int(rows[:, 0].argmax()) - 0.39 * 96) < 1.5
    # The mouth's corners lie .73 inter-ocular distances (40 px here) below the eyes.
    assert abs(int(rows[:, 1].argmax()) - (0.39 * 96 + 0.726 * 40)) < 1.5
    assert stored_map(field).shape == (192, 160, 3)


def test_regions_come_back_from_their_numbers():
    smile = regions(**SMILE)
    numbers, moving = region_numbers(smile)
    back = region_motion(numbers, moving, 200.0)
    again, moves = region_numbers(back)
    assert np.allclose(again, numbers, atol=1e-7) and (moves == moving).all()
    corner = next(r for r in back if r.name == "left mouth corner")
    assert (corner.u, corner.v) == pytest.approx((-1.5, -1.5)) and corner.octant == "up-left"
