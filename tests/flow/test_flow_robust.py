"""Weights of the robust fits, and what is measured of flow whose scale was lost."""

import numpy as np
import pytest

from mellm.face.region_id import ImageSide, Part, RegionId
from mellm.flow.measure import strongest_motion
from mellm.flow.normalised import region_boxes, regional_motion
from mellm.flow.robust import cauchy, huber_then_tukey


def test_huber_keeps_outliers_a_little_and_tukey_not_at_all() -> None:
    lengths = np.array([0.1, 0.1, 0.1, 0.1, 5.0])
    early, late = (huber_then_tukey(lengths, turn, rounds=4) for turn in (0, 2))
    assert early[0] == 1.0
    assert 0 < early[-1] < 0.1
    assert late[-1] == 0.0
    assert 0.5 < late[0] < 1.0


def test_cauchy_halves_at_its_scale() -> None:
    assert cauchy(np.array([0.0, 2.0]), 2.0).tolist() == [1.0, 0.5]


def test_the_face_s_scale_is_the_mean_of_three_and_knows_no_eyelids() -> None:
    vectors = dict.fromkeys(RegionId, (0.0, 0.0))
    vectors[RegionId.LEFT_UPPER_EYELID_CENTRE] = (0.0, 9.0)
    vectors[RegionId.CHIN], vectors[RegionId.LEFT_CHEEK], vectors[RegionId.RIGHT_CHEEK] = (
        (3, 4),
        (0, 2),
        (1, 0),
    )
    vectors[RegionId.LEFT_INNER_BROW] = (0.5, 0.0)
    assert strongest_motion(vectors) == (5 + 2 + 1) / 3
    assert strongest_motion({}) == 0.0


def test_boxes_are_the_29_regions_mirrored_about_the_midline() -> None:
    boxes = region_boxes()
    assert set(boxes) == set(RegionId)
    for region, (column, row, size) in boxes.items():
        assert boxes[region.mirrored] == pytest.approx((27 - column, row, size))


def test_only_regions_that_stand_out_of_recovered_flow_move() -> None:
    field = np.zeros((28, 28, 2), np.float32)
    column, row, _ = region_boxes()[RegionId.at(Part.MOUTH_CORNER, ImageSide.LEFT)]
    field[round(row) - 2 : round(row) + 3, round(column) - 2 : round(column) + 3] = (-3.0, -1.0)
    field[4, 4] = (0.0, 0.3)
    moving = {m.name for m in regional_motion(field) if m.moving}
    assert RegionId.LEFT_MOUTH_CORNER in moving
    assert RegionId.LEFT_OUTER_BROW not in moving
    assert RegionId.CHIN not in moving
