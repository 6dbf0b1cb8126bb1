"""Classical estimators on analytic warps of a real face."""

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.flow import create
from mellm.flow.classical import on_face

CLASSICAL = ("tvl1", "dis", "farneback", "deepflow", "rlof")


@pytest.mark.parametrize("name", CLASSICAL)
def test_recovers_a_local_movement_beside_a_moving_head(face, epe, name):
    head = np.full((*face.picture.shape[:2], 2), (0.8, -0.5), np.float32)
    expression = face.bump(61, -1.2, -1.2, 18.0)
    flow = create(name).estimate(face.picture, face.moved(head + expression), face.landmarks)
    assert flow.facial.dtype == np.float32 and flow.facial.shape == (*face.picture.shape[:2], 2)
    # Less than a fifth of the motion, and far less than taking the face for still.
    assert epe(flow.facial, head + expression, face.inside) < 0.2
    nothing = epe(np.zeros_like(expression), expression, face.inside)
    assert epe(flow.expression, expression, face.inside) < 0.75 * nothing
    assert flow.estimator == name and flow.compensation == "mesh-rigid" and flow.warnings == ()


def test_dis_follows_a_translation_closely(face, epe):
    truth = np.full((*face.picture.shape[:2], 2), (1.3, 0.7), np.float32)
    flow = create("dis").estimate(face.picture, face.moved(truth), face.landmarks)
    assert epe(flow.facial, truth, face.inside) < 0.05
    assert np.abs(flow.expression[face.inside]).mean() < 0.03


def test_finds_the_face_when_no_landmarks_are_given(face):
    apex = face.moved(face.bump(61, -1.2, -1.2, 18.0))
    given = create("dis").estimate(face.picture, apex, face.landmarks)
    found = create("dis").estimate(face.picture, apex)
    assert found.warnings == () and found.head_motion is not None
    assert np.abs(found.expression - given.expression)[face.inside].mean() < 0.02


def test_without_a_face_it_warns_and_removes_the_motion_in_2d(rng):
    texture = cv2.GaussianBlur(rng.normal(0, 1, (200, 200, 3)).astype(np.float32), (0, 0), 3)
    onset = np.clip(128 + 300 * texture, 0, 255).astype(np.uint8)
    apex = np.roll(onset, 2, axis=1)
    flow = create("dis").estimate(onset, apex)
    assert "No face" in str(flow.warnings[0])
    assert flow.head[50:150, 50:150].mean(axis=(0, 1)) == pytest.approx([2.0, 0.0], abs=0.05)
    assert np.abs(flow.expression[50:150, 50:150]).mean() < 0.1


def test_a_large_face_is_made_smaller_for_the_algorithm_only(face, epe):
    double = cv2.resize(face.picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    truth = np.full((*face.picture.shape[:2], 2), (1.0, 0.5), np.float32)
    apex = cv2.resize(face.moved(truth), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    flow = create("dis", working_size=240).estimate(double, apex)
    inside = cv2.resize(face.inside.astype(np.uint8), None, fx=2, fy=2) > 0
    assert flow.facial.shape == (*double.shape[:2], 2)
    assert epe(flow.facial, np.full_like(flow.facial, (2.0, 1.0)), inside) < 0.2


def test_no_expression_is_claimed_off_the_face(face, rng):
    apex = face.picture.copy()
    apex[:40] = rng.integers(0, 255, apex[:40].shape)
    flow = create("dis").estimate(face.picture, apex, face.landmarks)
    off = on_face(face.landmarks, 300, 360) == 0
    assert off.any() and not flow.expression[off].any()
    assert on_face(face.landmarks, 300, 360)[face.inside].min() > 0.99


def test_compensation_none_gives_the_bare_flow(face):
    apex = face.moved(np.full((*face.picture.shape[:2], 2), (1.0, 0.0), np.float32))
    flow = create("dis", compensation="none").estimate(face.picture, apex)
    assert not flow.head.any() and flow.head_motion is None
    assert flow.expression[face.inside][:, 0].mean() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("onset", "apex", "says"),
    [
        (np.zeros((64, 64, 3), np.uint8), np.zeros((64, 65, 3), np.uint8), "one size"),
        (np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8), "RGB"),
        (np.zeros((64, 64, 3), np.float32), np.zeros((64, 64, 3), np.float32), "uint8"),
        (np.zeros((20, 64, 3), np.uint8), np.zeros((20, 64, 3), np.uint8), "32x32"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(onset, apex, says):
    with pytest.raises(InputError, match=says):
        create("dis").estimate(onset, apex)
