"""Generated motion for the encoders: fields by origin, draws, what is measured and answered."""

import numpy as np
import pytest

from mellm.facs.taxonomies import FINE
from mellm.instruct.motion_draws import MotionDraws, asked_units, drawn_field, shares_of
from mellm.instruct.motion_faces import CropFace, field_of, noise_bank, spread_over
from mellm.instruct.motion_fields import FieldBank, Pattern, asked_unit, unit_codes, with_repression
from mellm.instruct.motion_samples import ERRORS, CropMotion
from mellm.language.motion.questions import FINE_LABELS, NOTHING, UNITS
from mellm.simulate.canonical_mesh import canonical_points

PATTERNS = [Pattern(((12, "both"),), "happiness"), Pattern(((4, "left"),), "anger")]


@pytest.fixture(scope="module")
def bank() -> FieldBank:
    return FieldBank.drawn(None, 0)


@pytest.fixture(scope="module")
def face() -> CropFace:
    """The canonical mesh in a crop, 200 px between the outer eye corners."""
    points = canonical_points()
    scale = 200 / float(points[263, 0] - points[33, 0])
    mesh = points * np.array([scale, -scale, -scale], np.float32) + np.array([200, 187, 0], np.float32)
    return CropFace(mesh.astype(np.float32), np.full((96, 80), 90, np.uint8))


def test_every_origin_with_units_shows_a_smile_and_no_field_is_in_two_splits(bank):
    assert set(bank.unit_origins) == {"table", "muscle"}
    for origin in bank.unit_origins:
        rows = bank.of(origin, "train", (12, "left"))
        assert rows and not set(rows) & set(bank.of(origin, "val", (12, "left")))
        # A unit that FACS never scores alone is found on both halves.
        assert bank.of(origin, "train", (17, "left")) == bank.of(origin, "train", (17, "both"))
    assert bank.without_units("train")


def test_a_left_out_origin_is_never_drawn(bank):
    draws = MotionDraws(bank, PATTERNS, ["table"], "train", 1, 3, 0)
    origins = {bank.origins[row] for k in range(60) for row in draws.draw(k).rows if bank.units[row]}
    assert origins == {"table"}


def test_draws_repeat_and_differ(bank):
    draws = MotionDraws(bank, PATTERNS, ["table"], "train", 4, 3, 0)
    assert draws.draw(3) == draws.draw(3)
    assert draws.draw(3) != draws.draw(4)
    kinds = [draws.draw(k).emotion for k in range(80)]
    assert None in kinds and {"happiness", "anger"} <= set(kinds)


def test_what_moves_is_measured_and_answered(bank, face):
    draws = MotionDraws(bank, PATTERNS, ["table"], "train", 1, 3, 0)
    motion = CropMotion(draws, [face], noise_bank(3, ERRORS, np.random.default_rng(0)))
    found = motion.samples(range(40))
    assert found.numbers.shape == (40, 29, 3) and found.known.all()
    for k in range(40):
        draw = draws.draw(k)
        told = {UNITS[u] for u in np.flatnonzero(found.units[k])}
        assert told <= {au for au, _ in asked_units(draw)}
        # Without a unit that moves there is nothing to label.
        assert (FINE_LABELS[found.fine[k]] == NOTHING) == (not told)


def test_motion_keeps_its_size_on_the_face(bank, face):
    draws = MotionDraws(bank, PATTERNS, ["table"], "train", 1, 3, 0)
    draw = next(d for d in map(draws.draw, range(50)) if len(d.rows) == 1 and d.units)
    moved = drawn_field(draw, bank, face.to_crop)
    # A weight is the peak in px of the crop.
    assert np.linalg.norm(moved, axis=1).max() == pytest.approx(draw.weights[0], rel=0.15)
    field = field_of(moved, spread_over(face.mesh, (100, 120)), (100, 120))
    assert np.linalg.norm(field, axis=-1).max() == pytest.approx(draw.weights[0], rel=0.3)


def test_units_are_asked_for_by_the_one_they_are_like():
    assert asked_unit((27, "both")) == (26, "both")
    assert asked_unit((22, "both")) is None
    assert [unit.code for unit in unit_codes([(12, "left"), (12, "right"), (4, "right")])] == ["R4", "12"]


def test_emotions_of_units_are_the_prototypes():
    shares = shares_of(unit_codes([(12, "both"), (6, "both")]))
    assert max(shares, key=shares.__getitem__) == "happiness"
    assert sum(shares.values()) == pytest.approx(1)
    assert {p.emotion for p in with_repression(PATTERNS)} == {"happiness", "anger", "repression"}
    assert set(shares) == set(FINE)
