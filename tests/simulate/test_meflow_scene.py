"""The flow says exactly where points went, and moving a picture does not blur it."""

import cv2
import numpy as np
import pytest

from mellm.flow.cubic import read_picture
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.lattice import spread
from mellm.simulate.origins import Origin, draw_face_motion, peak_of
from mellm.simulate.scene import Motion, Moved, Pose, Scene
from mellm.simulate.unit_fields import au_field, lid_closure

STILL = np.zeros((468, 3), np.float32)


def _motions(scene: Scene) -> dict[str, Motion]:
    return {
        "smile": Motion(4 * au_field(12, "both", scene.mesh)),
        "brow, one side": Motion(2 * au_field(2, "left", scene.mesh)),
        "lids": Motion(2 * au_field(7, "both", scene.mesh)),
        "lips": Motion(3 * au_field(25, "both", scene.mesh)),
        "head": Motion(STILL, Pose(2, -3, 1, (2.5, -1.5), 0.01)),
        "all": Motion(
            2 * au_field(4, "both", scene.mesh), Pose(1, 2, 0.5, (1, 1)), gaze=(0.7, 0), background=(-1.5, 1)
        ),
    }


MOTIONS = ("smile", "brow, one side", "lids", "lips", "head", "all")


def _pixels(scene: Scene) -> np.ndarray:
    w, h = scene.size
    return np.stack(np.meshgrid(np.arange(w), np.arange(h)), -1).astype(np.float32)


@pytest.mark.parametrize("name", MOTIONS)
def test_brightness_is_constant_along_the_flow(scene: Scene, name: str) -> None:
    moved = scene.move(_motions(scene)[name])
    back = cv2.remap(moved.image, _pixels(scene) + moved.facial, None, cv2.INTER_CUBIC)
    error = np.abs(back.astype(float) - scene.onset).mean(-1)
    inside = moved.valid & scene.face
    still = np.abs(moved.image.astype(float) - scene.onset).mean(-1)
    # Rounding to grey levels and one more interpolation remain; a wrong flow leaves several times that.
    assert error[inside].mean() < 0.8
    moving = inside & (np.linalg.norm(moved.facial, axis=-1) > 0.5)
    assert error[moving].mean() < 0.35 * still[moving].mean()


@pytest.mark.parametrize("shift", [(0.15, 0.0), (-0.15, 0.0), (0.0, 0.15), (0.0, -0.15)])
def test_a_flow_wrong_by_a_fraction_of_a_pixel_fits_worse(scene: Scene, shift: tuple[float, float]) -> None:
    moved = scene.move(_motions(scene)["all"])
    inside = moved.valid & scene.face

    def misfit(flow: np.ndarray) -> float:
        back = cv2.remap(moved.image, _pixels(scene) + flow, None, cv2.INTER_CUBIC)
        return float(((back.astype(float) - scene.onset)[inside] ** 2).mean())

    assert misfit(moved.facial + np.float32(shift)) > 1.5 * misfit(moved.facial)


def test_mesh_points_go_where_the_field_sends_them(scene: Scene) -> None:
    expression = 3 * au_field(1, "both", scene.mesh)
    moved = scene.move(Motion(expression))
    brow = [107, 66, 105, 336, 296, 334]
    at = scene.mesh[brow, :2]
    read = cv2.remap(moved.facial, at[None].astype(np.float32), None, cv2.INTER_LINEAR)[0]
    assert np.abs(read - expression[brow, :2]).max() < 0.2 * np.abs(expression[brow, :2]).max()


def test_head_flow_is_the_facial_flow_without_expression(scene: Scene) -> None:
    pose = Pose(1, 2, 0.5, (1, 1))
    with_expression = scene.move(Motion(2 * au_field(12, "both", scene.mesh), pose))
    without = scene.move(Motion(STILL, pose))
    assert np.array_equal(with_expression.head, without.head)
    assert np.abs(without.facial - without.head).max() < 1e-4
    assert np.abs(with_expression.facial - with_expression.head).max() > 1.5


def test_a_turning_head_shows_parallax(scene: Scene) -> None:
    flow = scene.move(Motion(STILL, Pose(yaw=3))).facial
    nose, temple = scene.mesh[4, :2].round().astype(int), scene.mesh[127, :2].round().astype(int)
    # A positive yaw takes the nose to the picture's right, more than what lies behind it.
    assert flow[nose[1], nose[0], 0] > flow[temple[1], temple[0], 0] + 0.5
    assert flow[nose[1], nose[0], 0] > 0.5


def test_lower_and_upper_lid_move_on_their_own(scene: Scene) -> None:
    moved = scene.move(Motion(2 * au_field(5, "both", scene.mesh)))
    upper, lower = scene.mesh[159, :2], scene.mesh[145, :2]
    u = moved.facial[int(upper[1]) - 1, int(upper[0])]
    lo = moved.facial[int(np.ceil(lower[1])) + 1, int(lower[0])]
    assert u[1] < -0.8
    assert abs(lo[1]) < 0.15


def test_covered_eyes_are_not_valid(scene: Scene) -> None:
    moved = scene.move(Motion(lid_closure(scene.mesh)))
    eye = scene.mesh[[159, 145], :2].mean(0).round().astype(int)
    assert not moved.valid[eye[1], eye[0]]
    forehead = scene.mesh[151, :2].round().astype(int)
    assert moved.valid[forehead[1], forehead[0]]


def test_skin_that_stretches_far_is_drawn_from_where_it_was(scene: Scene) -> None:
    moved = scene.move(Motion(lid_closure(scene.mesh)))
    x, brow, rim = scene.mesh[159, 0].round(), scene.mesh[52, 1], scene.mesh[159, 1]
    rows = np.arange(int(brow), int(scene.mesh[145, 1]) - 1)
    source = moved.source[rows, int(x)][:, None]
    skin = source[:, 0, 1] < rim - 3
    assert skin.sum() > 8
    there = source + cv2.remap(moved.facial, source[..., 0], source[..., 1], cv2.INTER_LINEAR)
    assert np.abs(there[skin, 0, 1] - rows[skin]).max() < 0.1
    assert np.diff(source[skin, 0, 1]).min() > 0


def _displaced(scene: Scene, moved: Moved) -> tuple[float, float]:
    """Mean displacement (u, v), px, of the picture against its flow: one Lucas-Kanade step over the face."""
    inner = moved.valid & (cv2.erode(scene.face.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0)
    # Without its finest detail, where one kernel's phase says little about where the picture lies.
    first, apex = (
        cv2.GaussianBlur(p.astype(np.float32).mean(-1), (0, 0), 2) for p in (scene.onset, moved.image)
    )
    back = read_picture(apex, _pixels(scene) + moved.facial)
    gy, gx = np.gradient((first + back) / 2)
    g = np.stack([gx[inner], gy[inner]], -1)
    step = np.linalg.solve(g.T @ g, -g.T @ (back - first)[inner])
    return float(step[0]), float(step[1])


@pytest.mark.parametrize("shift", [(0.25, 0.0), (0.0, 0.25), (-0.1, 0.375), (0.6, -0.8), (2.75, 1.1)])
def test_the_moved_picture_lies_where_the_flow_says(scene: Scene, shift: tuple[float, float]) -> None:
    moved = scene.move(Motion(STILL, Pose(shift=shift)))
    assert np.abs(moved.facial[scene.face] - shift).max() < 5e-3
    assert max(np.abs(_displaced(scene, moved))) < 0.006


@pytest.mark.parametrize("name", ["smile", "brow, one side", "head", "all"])
def test_the_picture_follows_an_uneven_flow(scene: Scene, name: str) -> None:
    assert max(np.abs(_displaced(scene, scene.move(_motions(scene)[name])))) < 0.012


def _detail(image: np.ndarray) -> np.ndarray:
    """Energy at high spatial frequencies, pixel by pixel."""
    grey = image.astype(np.float32).mean(-1)
    return (grey - cv2.GaussianBlur(grey, (0, 0), 1.0)) ** 2


@pytest.mark.parametrize("shift", [(0.5, 0.5), (0.25, -0.25), (1.0, 0.0), (3.3, 1.7)])
def test_the_moved_picture_is_as_sharp_as_the_still_one(scene: Scene, shift: tuple[float, float]) -> None:
    moved = scene.move(Motion(STILL, Pose(shift=shift)))
    inner = cv2.erode(scene.face.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    after = cv2.remap(_detail(moved.image), _pixels(scene) + moved.facial, None, cv2.INTER_LINEAR)
    assert after[inner].mean() == pytest.approx(_detail(scene.onset)[inner].mean(), rel=0.03)


def test_no_motion_changes_nothing(scene: Scene) -> None:
    moved: Moved = scene.move(Motion(STILL))
    assert np.abs(moved.facial).max() < 1e-4
    assert moved.valid.all()
    assert np.abs(moved.image.astype(int) - scene.onset)[scene.face].mean() < 0.05


def test_gaze_moves_the_eyes_alone(scene: Scene) -> None:
    moved = scene.move(Motion(STILL, gaze=(1.5, 0.0)))
    eye = scene.mesh[[159, 145], :2].mean(0).round().astype(int)
    assert moved.facial[eye[1], eye[0], 0] == pytest.approx(1.5, abs=0.05)
    mouth = scene.mesh[[13, 14], :2].mean(0).round().astype(int)
    assert np.abs(moved.facial[mouth[1] - 20 : mouth[1] + 20, mouth[0] - 30 : mouth[0] + 30]).max() < 1e-3


def test_fields_fade_out_without_ripples(scene: Scene) -> None:
    flow = scene.move(Motion(4 * au_field(1, "both", scene.mesh))).facial[..., 1]
    middle = int(scene.mesh[10, 0])
    above = flow[: int(scene.mesh[107, 1]), middle]
    # From the top of the frame down to the brow the motion only grows.
    assert np.diff(-above).min() > -0.02


def test_background_moves_on_its_own(scene: Scene) -> None:
    moved = scene.move(Motion(STILL, Pose(), background=(2.0, -1.0)))
    corner = moved.facial[2, 2]
    nose = scene.mesh[4, :2].round().astype(int)
    assert np.abs(moved.facial[nose[1], nose[0]]).max() < 0.01
    assert corner[0] > 0.2


def test_spread_honours_dense_points() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(5, 35, (300, 2)).astype(np.float32)
    values = np.stack([np.sin(points[:, 0] / 8), points[:, 1] / 20], 1).astype(np.float32)
    field = spread(points, values, (40, 40))
    read = cv2.remap(field, points[None], None, cv2.INTER_LINEAR)[0]
    assert np.abs(read - values).mean() < 0.05


@pytest.mark.parametrize("origin", [Origin.TABLE, Origin.REPLAYED, Origin.MUSCLE, Origin.SMOOTH])
def test_the_picture_follows_every_origin_to_a_two_hundredth_of_a_pixel(scene: Scene, origin: Origin) -> None:
    to_mesh = canonical_to_mesh(scene.mesh).T
    off = []
    for seed in range(4):
        motion = draw_face_motion(origin, np.random.default_rng(seed)).displacement @ to_mesh
        expression = (0.8 * motion / peak_of(motion)).astype(np.float32)
        off.append(
            np.abs(_displaced(scene, scene.move(Motion(expression, Pose(0.3, -0.5, 0.2, (0.4, 0.7))))))
        )
    assert np.mean(off) < 0.005
