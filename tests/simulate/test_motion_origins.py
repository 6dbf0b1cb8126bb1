"""Origins of facial motion: what each draws, what it knows, and that they do not lean on each other."""

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.simulate.canonical_mesh import canonical_points, mirror_index
from mellm.simulate.mesh_surface import same_skin, skin_distances, smoothed, straight_distances
from mellm.simulate.muscle_fields import UNITS, muscle_field
from mellm.simulate.origins import Origin, draw_face_motion, draw_origin, known_units
from mellm.simulate.replayed_learning import displacements, head_path, learn_modes, part_fields
from mellm.simulate.replayed_motion import stored_modes
from mellm.simulate.smooth_fields import share_moving, smooth_field
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED

FREE = (Origin.TABLE, Origin.REPLAYED, Origin.MUSCLE, Origin.SMOOTH)
UP, DOWN = (0, 1), (0, -1)


@pytest.mark.parametrize("origin", FREE)
def test_a_motion_has_peak_one_and_follows_from_its_generator(origin: Origin) -> None:
    first = draw_face_motion(origin, np.random.default_rng(4))
    again = draw_face_motion(origin, np.random.default_rng(4))
    other = draw_face_motion(origin, np.random.default_rng(5))
    assert first.displacement.shape == (468, 3) and first.origin is origin
    assert np.linalg.norm(first.displacement[:, :2], axis=1).max() == pytest.approx(1)
    assert np.array_equal(first.displacement, again.displacement)
    assert not np.allclose(first.displacement, other.displacement)


def test_units_are_told_where_they_are_known() -> None:
    for origin in (Origin.TABLE, Origin.MUSCLE):
        motion = draw_face_motion(origin, np.random.default_rng(1), units=[(12, "left"), (4, "both")])
        assert motion.units is not None and [(u.au, u.side) for u in motion.units] == [
            (12, "left"),
            (4, "both"),
        ]
        assert np.allclose(sum(u.field for u in motion.units), motion.displacement)
    for origin in (Origin.REPLAYED, Origin.SMOOTH):
        assert draw_face_motion(origin, np.random.default_rng(1)).units is None
        assert not known_units(origin)


def test_scans_are_asked_for_where_they_are_needed() -> None:
    with pytest.raises(InputError, match="--ict"):
        draw_face_motion(Origin.ICT, np.random.default_rng(0))
    shares = {Origin.ICT: 0.9, Origin.MUSCLE: 0.1}
    assert draw_origin(np.random.default_rng(0), shares, None) is Origin.MUSCLE


@pytest.mark.parametrize(
    ("au", "point", "way"),
    [
        (1, 107, UP),
        (2, 105, UP),
        (4, 66, (1, -1)),
        (5, 159, UP),
        (6, 117, UP),
        (7, 145, UP),
        (9, 129, UP),
        (10, 39, UP),
        (12, 61, (-1, 1)),
        (13, 61, UP),
        (14, 61, (-1, 0)),  # dimplers draw the corner outwards
        (15, 61, DOWN),
        (16, 181, DOWN),
        (17, 199, UP),
        (18, 61, (1, 0)),
        (20, 61, (-1, 0)),
        (24, 84, UP),
        (26, 152, DOWN),
        (45, 159, DOWN),
    ],
)
def test_muscles_move_the_subjects_right_half_as_facs_says(au: int, point: int, way: tuple[int, int]) -> None:
    heading = np.array(way) / np.hypot(*way)
    for seed in range(4):
        moved = muscle_field(au, "both", np.random.default_rng(seed))[point, :2]
        assert moved @ heading > 0.6 * np.linalg.norm(moved) > 0.06


def test_a_dimple_draws_skin_together_beside_the_corner() -> None:
    """The corner goes outwards while the cheek beside it comes inwards, so skin meets between them."""
    x = canonical_points()[:, 0]
    field = np.mean([muscle_field(14, "both", np.random.default_rng(s)) for s in range(12)], 0)
    plain = np.mean([muscle_field(20, "both", np.random.default_rng(s)) for s in range(12)], 0)
    beside = [i for i in (214, 192, 138) if x[i] < x[61]]
    assert field[61, 0] < -0.5
    assert (field[beside, 0] - field[61, 0]).mean() > (plain[beside, 0] - plain[61, 0]).mean() + 0.1


@pytest.mark.parametrize("au", sorted(UNITS & CAN_BE_ONE_SIDED))
def test_one_sided_muscles_leave_the_other_half_still(au: int) -> None:
    size = np.linalg.norm(muscle_field(au, "left", np.random.default_rng(2))[:, :2], axis=1)
    x = canonical_points()[:, 0]
    assert size[x > 0.12].max() > 0.5  # the subject's left is the picture's right
    assert size[x < -0.12].max() < 0.3


def test_units_without_muscle_or_side_are_refused() -> None:
    with pytest.raises(ValueError, match="AU 99"):
        muscle_field(99, "both", np.random.default_rng(0))
    with pytest.raises(ValueError, match="both"):
        muscle_field(17, "left", np.random.default_rng(0))


def test_lips_are_far_apart_along_the_skin() -> None:
    assert skin_distances()[13, 14] > 2 * straight_distances()[13, 14]
    assert np.isfinite(skin_distances()).all() and np.allclose(skin_distances(), skin_distances().T)
    assert same_skin()[0, 17] < 0.1 < 0.9 < same_skin()[0, 11]
    dot = np.zeros((468, 1))
    dot[0] = 1
    apart, sewn = smoothed(dot, 0.05), smoothed(dot, 0.05, across=1.0)
    assert apart[14] < 0.3 * sewn[14]


def test_smooth_motion_is_local_and_sometimes_symmetric() -> None:
    fields = [smooth_field(np.random.default_rng(s)) for s in range(30)]
    assert max(share_moving(f) for f in fields) < 0.4
    mirrored = [np.abs(f[mirror_index()] * (-1, 1, 1) - f).max() < 0.6 for f in fields]
    assert 0.05 < np.mean(mirrored) < 0.8


def test_people_of_the_two_splits_move_by_modes_of_their_own() -> None:
    train, test = stored_modes("train"), stored_modes("test")
    for half in ("upper", "lower"):
        assert train[half].modes.shape == test[half].modes.shape == (14, 468, 3)
        assert not np.allclose(train[half].modes, test[half].modes)
    a, b = (draw_face_motion(Origin.REPLAYED, np.random.default_rng(3), split=s) for s in ("train", "test"))
    assert not np.allclose(a.displacement, b.displacement)


def _clip(rng: np.random.Generator, moves: np.ndarray, frames: int = 90) -> np.ndarray:
    """Meshes, px, of a face that turns, shifts and comes nearer while it makes `moves` now and then."""
    points = canonical_points() * (1.0, -1.0, -1.0)
    out = []
    for t in range(frames):
        on = float(np.sin(np.pi * np.clip((t % 30 - 8) / 14, 0, 1)))
        angle = np.deg2rad(6) * np.sin(t / 15)
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        moved = (points + on * moves * (1.0, -1.0, -1.0)) @ turn.T
        out.append(
            200 * (1 + 0.02 * np.sin(t / 20)) * moved + (300 + t, 260, 0) + rng.normal(0, 0.15, (468, 3))
        )
    return np.array(out, np.float32)


def test_an_expression_is_found_under_a_moving_head() -> None:
    rng = np.random.default_rng(0)
    truth = 0.04 * muscle_field(12, "both", rng)
    path = head_path(_clip(rng, truth), (600, 520))
    assert np.ptp(path.pose[:, 1]) > 8
    moved = displacements(path, 30, 40, rng)
    fields = part_fields(moved, "lower")
    assert len(fields) >= 10 and len(part_fields(moved, "upper")) < len(fields) / 2
    modes = learn_modes([fields], 3)
    found = modes.modes[0].ravel().astype(float)
    wanted = part_fields(truth[None], "lower")[0].ravel()
    assert abs(found @ wanted) > 0.85 * np.linalg.norm(found) * np.linalg.norm(wanted)


def test_a_face_that_only_turns_gives_no_motion() -> None:
    rng = np.random.default_rng(1)
    moved = displacements(head_path(_clip(rng, np.zeros((468, 3))), (600, 520)), 30, 40, rng)
    assert len(moved) > 10 and not len(part_fields(moved, "upper")) and not len(part_fields(moved, "lower"))
