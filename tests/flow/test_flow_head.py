"""Head compensation on flows that are known exactly: the mesh turned in 3D."""

from itertools import islice

import av
import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face import Landmarks, find_faces
from mellm.face.anchors import anchor, anchors
from mellm.flow import compensate, create, nose_mean
from mellm.flow.depth import depth_surface, face_surface
from mellm.flow.head import evenly
from mellm.flow.rigid import fit_rigid


def turned(face, pitch=0.0, yaw=0.0, roll=0.0, scale=1.0, shift=(0.0, 0.0)):
    """Flow of the face as a rigid body without perspective; degrees as in HeadMotion."""
    x, y = face.grid()
    z = depth_surface(face.landmarks.points.astype(np.float64))(x, y)
    center = face.landmarks.points.mean(0)
    body = np.stack([x, y, z], -1) - center
    # Picture axes are right, down, away: nose up is a negative turn about x, nose right about y.
    rotation = cv2.Rodrigues(np.radians([-pitch, -yaw, roll]))[0]
    return ((scale * body @ rotation.T - body)[..., :2] + shift).astype(np.float32)


@pytest.mark.parametrize(
    "pose",
    [
        {"yaw": 3.0},
        {"pitch": -2.0},
        {"roll": 2.0},
        {"pitch": 1.5, "yaw": -2.0, "roll": 1.0, "scale": 1.01, "shift": (2.0, -1.0)},
    ],
    ids=["yaw", "pitch", "roll", "all"],
)
def test_removes_a_3d_turn_far_better_than_the_nose_patch(face, epe, pose):
    flow = turned(face, **pose)
    left = {}
    for method in ("mesh-rigid", "similarity", "nose-patch"):
        head, motion, warnings = compensate(flow, face.landmarks, method)
        left[method] = epe(flow, head, face.inside)
        assert warnings == ()
        if method == "mesh-rigid":
            for angle in ("pitch", "yaw", "roll"):
                assert getattr(motion, angle) == pytest.approx(pose.get(angle, 0.0), abs=0.25)
            assert motion.scale == pytest.approx(pose.get("scale", 1.0), abs=0.003)
    assert left["mesh-rigid"] < 0.2 * left["nose-patch"]
    if "roll" not in pose:
        assert left["mesh-rigid"] < 0.4 * left["similarity"]


def test_an_expression_does_not_become_head_motion(face, epe):
    flow = turned(face, yaw=1.5, shift=(1.0, 0.0))
    smile = face.bump(61, -1.5, -1.5, 20.0) + face.bump(291, 1.5, -1.5, 20.0)
    head, motion, _ = compensate(flow + smile, face.landmarks)
    assert epe(flow + smile - head, smile, face.inside) < 0.12
    assert motion.yaw == pytest.approx(1.5, abs=0.3)
    still, rest, _ = compensate(smile, face.landmarks)
    assert np.abs(still[face.inside]).max() < 0.05 and rest.degrees < 0.1


def test_points_that_move_by_themselves_lose_their_say(face):
    points = face.landmarks.points.astype(np.float64)
    smile = face.bump(61, -1.5, -1.5, 20.0) + face.bump(291, 1.5, -1.5, 20.0)
    flow = smile[tuple(np.rint(points[:, 1::-1].T).astype(int))].astype(np.float64)
    robust = fit_rigid(points, flow, 1100.0, prior=evenly(points[:, :2]))
    assert np.linalg.norm(robust.shift) < 0.02 < np.linalg.norm(flow.mean(0))
    moved = np.hypot(*flow.T) > 0.7
    assert robust.weights[moved].max() < 0.05 < 0.5 < robust.weights[~moved].mean()


def test_the_fit_is_exact_for_a_pinhole_camera(rng):
    points = rng.normal(0, 60, (80, 3)) + np.array([200, 200, 0])
    distance, rotation = 900.0, cv2.Rodrigues(np.radians([1.0, 2.0, -3.0]))[0]
    center = points.mean(0)
    body = points - center
    body[:, :2] *= (distance + body[:, 2:]) / distance
    moved = body @ rotation.T + np.array([3.0, -2.0, 20.0])
    flow = moved[:, :2] * (distance / (distance + moved[:, 2:])) - (points - center)[:, :2]
    fit = fit_rigid(points, flow, distance)
    assert fit.rotation == pytest.approx(rotation, abs=1e-6)
    assert fit.scale == pytest.approx(900 / 920, abs=1e-6)
    assert fit.shift == pytest.approx(np.array([3.0, -2.0]) * 900 / 920, abs=1e-4)


def test_similarity_is_exact_in_the_plane(face, epe):
    x, y = face.grid()
    turn, scale = np.radians(1.5), 1.02
    u = scale * (np.cos(turn) * (x - 150) - np.sin(turn) * (y - 180)) - (x - 150) + 2
    v = scale * (np.sin(turn) * (x - 150) + np.cos(turn) * (y - 180)) - (y - 180) - 1
    flow = np.stack([u, v], -1).astype(np.float32)
    for landmarks in (face.landmarks, None):
        head, motion, _ = compensate(flow, landmarks, "similarity")
        assert epe(flow, head, face.inside) < 0.01
        assert motion.roll == pytest.approx(1.5, abs=0.01) and motion.scale == pytest.approx(1.02, abs=0.001)


def test_nose_patch_is_the_mean_of_eleven_by_eleven_pixels(face, rng):
    flow = rng.normal(0, 1, (*face.picture.shape[:2], 2)).astype(np.float32)
    x, y = np.rint(anchor(face.landmarks, "nose tip")[:2]).astype(int)
    expected = flow[y - 5 : y + 6, x - 5 : x + 6].mean((0, 1))
    head, _, _ = compensate(flow, face.landmarks, "nose-patch")
    assert head[0, 0] == pytest.approx(expected, abs=1e-6) and (head == head[0, 0]).all()
    small = nose_mean(flow, face.landmarks, 5)
    assert small == pytest.approx(flow[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1)), abs=1e-6)


def test_landmarks_without_depth_use_a_generic_face(face, epe):
    flow = turned(face, yaw=3.0)
    flat = Landmarks(anchors(face.landmarks)[:, :2].astype(np.float32), "template")
    head, motion, warnings = compensate(flow, flat)
    assert "template" in str(warnings[0])
    in_2d, _, _ = compensate(flow, flat, "similarity")
    assert epe(flow, head, face.inside) < 0.8 * epe(flow, in_2d, face.inside)
    assert motion.yaw == pytest.approx(3.0, abs=1.2)


def test_the_surface_passes_through_the_mesh_and_levels_off(face):
    points = face.landmarks.points.astype(np.float64)
    surface = face_surface(face.landmarks)
    at = surface(*(points[:, k].astype(np.float32) for k in (0, 1)))
    assert np.median(np.abs(at - points[:, 2])) < 0.03 * np.ptp(points[:, 2])
    far = surface(np.float32([[-5000.0]]), np.float32([[-5000.0]]))
    assert abs(far[0, 0] - points[:, 2].mean()) < 0.1 * np.ptp(points[:, 2])


def test_a_face_outside_the_picture_is_said(face):
    away = Landmarks(face.landmarks.points + np.float32([1000, 0, 0]))
    head, motion, warnings = compensate(np.ones((100, 100, 2), np.float32), away)
    assert not head.any() and motion is None and "inside" in str(warnings[0])
    assert "inside" in str(compensate(np.ones((100, 100, 2), np.float32), away, "nose-patch")[2][0])
    with pytest.raises(InputError, match="outside"):
        nose_mean(np.ones((100, 100, 2), np.float32), away)


def test_an_unknown_method_lists_the_choices(face):
    with pytest.raises(InputError, match="mesh-rigid, similarity, nose-patch, none"):
        compensate(np.zeros((360, 300, 2), np.float32), face.landmarks, "magic")


def test_a_large_turn_is_warned_of(face):
    _, motion, warnings = compensate(turned(face, yaw=7.0), face.landmarks)
    # A camera without perspective drew this turn; taken for one with it, it looks a little smaller.
    assert motion.degrees == pytest.approx(7.0, rel=0.1)
    assert f"{motion.degrees:.0f} degrees" in str(warnings[0])
    assert compensate(turned(face, yaw=2.0), face.landmarks)[2] == ()


@pytest.mark.shared
def test_less_is_left_of_a_real_speaking_head_than_the_nose_patch_leaves(shared_data):
    left: dict[str, list[float]] = {"mesh-rigid": [], "nose-patch": []}
    with av.open(str(shared_data / "clips" / "single_face.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in islice(clip.decode(video=0), 40)]
    for k in (5, 15, 25, 35):
        [found] = find_faces(frames[k])
        hull = cv2.convexHull(found.landmarks.xy.astype(np.int32))
        inside = cv2.fillConvexPoly(np.zeros(frames[k].shape[:2], np.uint8), hull, 1) > 0
        for method in left:
            flow = create("dis", compensation=method).estimate(frames[k], frames[k + 2], found.landmarks)
            left[method].append(float(np.linalg.norm(flow.expression, axis=-1)[inside].mean()))
    assert np.mean(left["mesh-rigid"]) < 0.85 * np.mean(left["nose-patch"])
