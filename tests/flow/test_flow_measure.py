"""Regional measurement: directions, magnitudes, and what counts as moving."""

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face import Region, inter_ocular, regions_of
from mellm.flow import OCTANTS, create, measure
from mellm.flow.measure import noise_floor

REGION = Region("chin", (20.0, 20.0), 10.0)


def one(flow, **options):
    [motion] = measure(flow, [REGION], inter_ocular=100.0, **options)
    return motion


def constant(u, v):
    return np.full((40, 40, 2), (u, v), np.float32)


@pytest.mark.parametrize("k", range(8))
@pytest.mark.parametrize("off", [-20.0, 0.0, 20.0])
def test_every_octant_by_its_name(k, off):
    angle = 45.0 * k + off
    u, v = 2 * np.cos(np.radians(angle)), -2 * np.sin(np.radians(angle))
    motion = one(constant(u, v))
    assert motion.octant == OCTANTS[k]
    assert motion.angle == pytest.approx(angle % 360, abs=1e-3)


def test_up_is_up_in_the_picture():
    assert one(constant(0.0, -1.0)).octant == "up"
    assert one(constant(-1.0, 1.0)).octant == "down-left"


def test_magnitudes_and_scale():
    flow = constant(3.0, -4.0)
    flow[18, 18] = (6.0, -8.0)
    motion = one(flow, scale=2.0, noise_floor=0.1)
    assert motion.mean == pytest.approx(2 * (5 + 5 / 100), rel=1e-5)
    assert motion.max == pytest.approx(20.0)
    assert (motion.u, motion.v) == pytest.approx((6.06, -8.08), rel=1e-5)
    assert motion.relative == pytest.approx(5.05 / 100, rel=1e-5)
    assert motion.concentration == pytest.approx(1.0) and motion.moving


def test_no_motion_below_a_ten_thousandth_of_a_pixel():
    motion = one(constant(5e-5, 0.0), noise_floor=0.0)
    assert motion.angle is None and motion.octant is None and not motion.moving
    assert one(constant(5e-4, 0.0), noise_floor=0.0).octant == "right"


@pytest.mark.parametrize(("share", "clear"), [(0.56, False), (0.6, True)])
def test_no_clear_direction_below_a_concentration_of_fifteen_hundredths(share, clear):
    # `share` of the pixels go right, the rest left: the concentration is 2 share - 1.
    vectors = np.full(100, -1.0)
    vectors[: round(100 * share)] = 1.0
    flow = constant(0.0, 0.0)
    flow[15:25, 15:25, 0] = vectors.reshape(10, 10)
    motion = one(flow, noise_floor=0.3)
    assert motion.concentration == pytest.approx(2 * share - 1)
    assert (motion.octant is not None) == clear
    assert motion.moving  # it moves, though not one way


def test_a_region_off_the_picture_does_not_move():
    flow = np.ones((40, 40, 2), np.float32)
    [off] = measure(flow, [Region("chin", (80.0, 80.0), 10.0)], inter_ocular=100.0)
    [edge] = measure(flow, [Region("chin", (0.0, 0.0), 10.0)], inter_ocular=100.0, noise_floor=0.1)
    assert not off.moving and off.mean == 0.0 and off.octant is None
    assert edge.moving and edge.mean == pytest.approx(np.sqrt(2))


def test_sizes_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="inter_ocular"):
        measure(constant(1, 1), [REGION], inter_ocular=0.0)


def noisy(picture, rng):
    return np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)


def test_two_noisy_shots_of_a_still_face_do_not_move(crop):
    rng = np.random.default_rng(1)
    flow = create("dis").estimate(noisy(crop.picture, rng), noisy(crop.picture, rng), crop.landmarks)
    eyes = inter_ocular(crop.landmarks)
    motion = measure(flow.expression, regions_of(crop.landmarks), inter_ocular=eyes)
    assert len(motion) == 29
    assert [m.name for m in motion if m.moving] == []


def test_a_third_of_a_pixel_at_one_mouth_corner_is_seen_through_noise(crop):
    rng = np.random.default_rng(2)
    eyes = inter_ocular(crop.landmarks)
    apex = crop.moved(crop.bump(61, -0.23, -0.23, 0.2 * eyes))
    flow = create("dis").estimate(noisy(crop.picture, rng), noisy(apex, rng), crop.landmarks)
    motion = {m.name: m for m in measure(flow.expression, regions_of(crop.landmarks), inter_ocular=eyes)}
    assert motion["left mouth corner"].moving
    assert motion["left mouth corner"].octant == "up-left"
    assert not motion["right mouth corner"].moving and not motion["right outer brow"].moving


def test_the_floor_follows_the_noise_within_bounds(face, rng):
    regions, eyes = regions_of(face.landmarks), inter_ocular(face.landmarks)
    shape = (*face.picture.shape[:2], 2)
    calm = noise_floor(np.zeros(shape, np.float32), regions, eyes)
    rough = noise_floor(rng.normal(0, 1.0, shape).astype(np.float32), regions, eyes)
    wild = noise_floor(rng.normal(0, 50.0, shape).astype(np.float32), regions, eyes)
    assert calm == pytest.approx(0.0008 * eyes)
    assert calm < rough < wild
    assert wild == pytest.approx(0.004 * eyes)
