"""Where action units move the face, and which sides they move."""

import numpy as np
import pytest

from mellm.simulate.canonical_mesh import canonical_points, mirror_index, mirrored
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, TABLE, Variation, au_field, lid_closure

# A frontal face 300 px wide, in picture coordinates.
MESH = (canonical_points() * (300, -300, -300) + (200, 200, 0)).astype(np.float32)
SUBJECT_LEFT_CORNER, SUBJECT_RIGHT_CORNER = 291, 61
REQUIRED = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 28)


def test_every_required_unit_is_there_with_unit_peak() -> None:
    for au in REQUIRED:
        field = au_field(au, "both", MESH)
        assert field.shape == (468, 3) and field.dtype == np.float32
        assert np.linalg.norm(field[:, :2], axis=1).max() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("au", sorted(CAN_BE_ONE_SIDED))
def test_one_sided_units_leave_the_other_side_still(au: int) -> None:
    # The subject's left is the picture's right in an unmirrored picture.
    right_of_picture = MESH[:, 0] > 200 + 35
    left_of_picture = MESH[:, 0] < 200 - 35
    size = np.linalg.norm(au_field(au, "left", MESH)[:, :2], axis=1)
    assert size[right_of_picture].max() > 0.6
    assert size[left_of_picture].max() < 0.25 * size[right_of_picture].max()


def test_both_sides_are_mirror_images() -> None:
    for au in TABLE:
        field = au_field(au, "both", MESH)
        assert np.allclose(field[mirror_index()] * (-1, 1, 1), field, atol=1e-4), au


@pytest.mark.parametrize(
    ("au", "point", "u", "v"),
    [
        (12, SUBJECT_LEFT_CORNER, 1, -1),  # corners up and out
        (12, SUBJECT_RIGHT_CORNER, -1, -1),
        (15, SUBJECT_LEFT_CORNER, 0, 1),  # corners down
        (20, SUBJECT_LEFT_CORNER, 1, 0),  # corners sideways
        (18, SUBJECT_LEFT_CORNER, -1, 0),  # to the middle
        (1, 107, 0, -1),  # inner brow up
        (2, 63, 0, -1),  # outer brow up
        (4, 107, 1, 1),  # brows down and together
        (4, 336, -1, 1),
        (5, 159, 0, -1),  # upper lid up
        (7, 145, 0, -1),  # lower lid up
        (9, 129, 0, -1),  # nostril wings up
        (16, 84, 0, 1),  # lower lip down
        (17, 199, 0, -1),  # chin up
        (26, 152, 0, 1),  # jaw down
    ],
)
def test_units_move_as_facs_says(au: int, point: int, u: int, v: int) -> None:
    moved = au_field(au, "both", MESH)[point]
    assert np.linalg.norm(moved[:2]) > 0.3
    if u:
        assert np.sign(moved[0]) == u
    if v:
        assert np.sign(moved[1]) == v


def test_lids_and_lips_do_not_bleed_across_the_slit() -> None:
    lower_lid, upper_lid, upper_lip, lower_lip = 145, 159, 13, 14
    assert np.allclose(au_field(5, "both", MESH)[lower_lid], 0)
    assert np.allclose(au_field(16, "both", MESH)[upper_lip], 0, atol=0.02)
    assert np.allclose(au_field(10, "both", MESH)[lower_lip], 0, atol=0.02)
    assert np.abs(au_field(7, "both", MESH)[upper_lid, 1]) > 0.2


def test_sides_survive_mirroring_the_picture() -> None:
    flipped = mirrored(MESH, 400)
    assert flipped[33, 0] < flipped[263, 0]
    field = au_field(12, "left", flipped)
    assert field[SUBJECT_LEFT_CORNER, 0] > 0.2 > abs(field[SUBJECT_RIGHT_CORNER, 0])


def test_fields_turn_with_the_head() -> None:
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    rolled = ((MESH - MESH.mean(0)) @ turn.T).astype(np.float32)
    assert np.allclose(au_field(1, "both", rolled), au_field(1, "both", MESH) @ turn.T, atol=1e-3)


def test_variation_changes_the_field_but_not_its_peak() -> None:
    rng = np.random.default_rng(0)
    varied = au_field(12, "both", MESH, Variation(0.3, 0.1, 0.3, 0.3, 0.02), rng)
    assert np.abs(varied - au_field(12, "both", MESH)).max() > 0.1
    assert np.linalg.norm(varied[:, :2], axis=1).max() == pytest.approx(1, abs=1e-5)


def test_lid_closure_brings_the_upper_rim_to_the_lower() -> None:
    closed = MESH + lid_closure(MESH)
    assert closed[159, 1] >= MESH[145, 1] - 1
    assert np.allclose(lid_closure(MESH)[145], 0)
    assert np.allclose(lid_closure(MESH, "left")[159], 0)


def test_a_brow_stays_where_a_lid_closes() -> None:
    closing = lid_closure(MESH)
    assert np.abs(closing[[52, 53, 65, 105, 282, 283, 295, 334]]).max() < 0.01
    crease, below_brow = closing[27, 1] / closing[159, 1], closing[223, 1] / closing[159, 1]
    assert crease > 0.6
    assert 0 < below_brow < 0.4


def test_unknown_units_and_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="AU 99"):
        au_field(99, "both", MESH)
    with pytest.raises(ValueError, match="one-sided"):
        au_field(17, "left", MESH)
