"""The fixed crop."""

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face import Alignment, FaceObservation, Landmarks, head_pose, inter_ocular
from mellm.face.anchors import anchor


def test_the_face_fills_the_crop(face: FaceObservation) -> None:
    alignment = Alignment.fit(face.landmarks)
    inside = alignment.landmarks_to_crop(face.landmarks)
    points = inside.xy
    assert (points > 20).all()
    assert (points < [380, 460]).all()
    assert inter_ocular(inside) == pytest.approx(200, rel=0.06)
    assert np.ptp(points[:, 1]) > 0.65 * 480
    assert abs(head_pose(inside).roll) < 1.5, "the roll is taken away"
    assert abs(head_pose(face.landmarks).roll) > 2


def test_points_come_back(face: FaceObservation) -> None:
    alignment = Alignment.fit(face.landmarks)
    there = alignment.to_crop(face.landmarks.points)
    back = alignment.to_source(there)
    assert back == pytest.approx(face.landmarks.points, abs=1e-2)
    assert np.ptp(there[:, 2]) == pytest.approx(
        alignment.scale * np.ptp(face.landmarks.points[:, 2]), rel=1e-4
    )


def test_vectors_turn_and_scale_back() -> None:
    quarter = Alignment(np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]]))
    assert quarter.scale == 2
    # Rightwards in the source is downwards in the crop.
    assert quarter.vectors_to_source(np.array([[[0.0, 2.0]]])) == pytest.approx(np.array([[[1.0, 0.0]]]))


def test_the_crop_shows_what_the_points_say(portrait: np.ndarray, face: FaceObservation) -> None:
    """A mark painted at a source pixel appears in the crop where `to_crop` puts it, for large faces too."""
    for factor in (1, 2, 7):
        large = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        points = (face.landmarks.xy + 0.5) * factor - 0.5
        u, v = np.round(points[4]).astype(int)
        radius = 3 * factor
        marked = large.copy()
        marked[v - radius : v + radius + 1, u - radius : u + radius + 1] = (0, 255, 0)
        alignment = Alignment.fit(Landmarks(points))
        change = np.abs(alignment.crop(marked).astype(int) - alignment.crop(large).astype(int)).sum(axis=2)
        weights = (change > 60).astype(float)
        rows, columns = np.indices(change.shape)
        centre = [(columns * weights).sum() / weights.sum(), (rows * weights).sum() / weights.sum()]
        assert centre == pytest.approx(alignment.to_crop(np.array([u, v], float)), abs=0.6)


def test_one_transform_per_clip_from_the_median(face: FaceObservation) -> None:
    rng = np.random.default_rng(3)
    shaken = [
        Landmarks(face.landmarks.points + rng.normal(0, 0.4, (468, 3)).astype(np.float32)) for _ in range(30)
    ]
    lost = Landmarks(face.landmarks.points + np.float32(400))
    steady = Alignment.fit(face.landmarks)
    clip = Alignment.fit([*shaken, lost, lost])
    corners = np.array([[150.0, 50.0], [300.0, 200.0]])
    assert clip.to_crop(corners) == pytest.approx(steady.to_crop(corners), abs=1.5)


def test_expressions_do_not_move_the_crop(face: FaceObservation) -> None:
    smile = face.landmarks.points.copy()
    for index in (61, 291, 13, 14, 17, 152, 70, 300):
        smile[index] += (0, 8, 0)
    assert Alignment.fit(Landmarks(smile)).matrix == pytest.approx(Alignment.fit(face.landmarks).matrix)


def test_other_sizes_keep_the_face_whole(face: FaceObservation) -> None:
    for size in ((200, 240), (128, 128), (480, 400)):
        alignment = Alignment.fit(face.landmarks, size=size)
        points = alignment.to_crop(face.landmarks.xy)
        assert (points > 0).all()
        assert (points < size).all()
        bridge = alignment.to_crop(anchor(face.landmarks, "nose bridge")[:2])
        assert bridge[0] == pytest.approx(size[0] / 2, abs=0.03 * size[0])


def test_nothing_to_align() -> None:
    with pytest.raises(InputError, match="No face"):
        Alignment.fit([])
    with pytest.raises(InputError, match="one spot"):
        Alignment.fit(Landmarks(np.ones((68, 2), np.float32), "ibug68"))
