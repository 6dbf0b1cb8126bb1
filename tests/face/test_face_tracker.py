"""Detection and tracking with the real models on the shipped portrait."""

import cv2
import numpy as np
import pytest

from mellm.face import FaceObservation, FaceTracker, find_faces, head_pose
from mellm.face.tracker import RECENT, SEARCH_EVERY
from mellm.media.frame import Frame, Image

# Checked by eye on the 512x512 portrait: pupils and the middle of the closed lips' upper edge.
LEFT_PUPIL, RIGHT_PUPIL = (204, 101), (247, 104)


def moved(image: Image, du: float, dv: float) -> Image:
    matrix = np.array([[1, 0, du], [0, 1, dv]], np.float64)
    shifted = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(shifted, np.uint8)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(a - b, axis=1)))


def test_the_face_is_where_it_is(face: FaceObservation) -> None:
    points = face.landmarks.points
    assert points.shape == (468, 3)
    assert points.dtype == np.float32
    assert face.person == 1
    assert face.score > 0.9
    for lids, pupil in (((159, 145), LEFT_PUPIL), ((386, 374), RIGHT_PUPIL)):
        assert np.linalg.norm(points[list(lids), :2].mean(axis=0) - pupil) < 4
    left, top, width, height = face.box
    assert (points[:, 0] >= left - 1e-3).all()
    assert (points[:, 1] <= top + height + 1e-3).all()
    assert 80 < width < 110
    assert points[4, 2] < points[234, 2], "the nose is nearer than the ear"


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_turned_pictures(portrait: Image, face: FaceObservation, quarter_turns: int) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait, quarter_turns))
    [found] = find_faces(turned)
    back = found.landmarks.xy
    for _ in range(quarter_turns):
        back = np.stack([portrait.shape[1] - 1 - back[:, 1], back[:, 0]], axis=1)
    assert distance(back, face.landmarks.xy) < 1
    assert abs(head_pose(found.landmarks).roll) > 60


def test_a_tilted_head(portrait: Image, face: FaceObservation) -> None:
    matrix = cv2.getRotationMatrix2D((256.0, 128.0), 25, 1)
    [found] = find_faces(np.asarray(cv2.warpAffine(portrait, matrix, (512, 512)), np.uint8))
    expected = face.landmarks.xy @ matrix[:, :2].T + matrix[:, 2]
    assert distance(found.landmarks.xy, expected) < 2
    change = head_pose(found.landmarks, face.landmarks)
    assert change.roll == pytest.approx(-25, abs=2)


def test_two_people_count_from_the_left(portrait: Image, face: FaceObservation) -> None:
    pair = np.hstack([portrait, portrait[:, ::-1]])
    found = find_faces(pair)
    assert [seen.person for seen in found] == [1, 2]
    assert distance(found[0].landmarks.xy, face.landmarks.xy) < 1
    assert found[1].box[0] > 512
    assert len(find_faces(pair, max_people=1)) == 1


def test_a_small_face_in_a_wide_picture(portrait: Image, face: FaceObservation) -> None:
    wide = np.full((2160, 3840, 3), 90, np.uint8)
    wide[900:1412, 2500:3012] = portrait
    [found] = find_faces(wide)
    assert distance(found.landmarks.xy - [2500, 900], face.landmarks.xy) < 2


def test_nobody() -> None:
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (360, 640, 3), dtype=np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 15), None, 0, 255, cv2.NORM_MINMAX)
    for image in (noise, np.asarray(smooth, np.uint8), np.zeros((48, 64, 3), np.uint8)):
        assert find_faces(image) == []
    tracker = FaceTracker()
    assert tracker.update(Frame(0, 0.0, noise)) == []
    assert tracker.people == {}


def test_tracking_follows_motion(portrait: Image) -> None:
    tracker = FaceTracker(keep=True)
    path = [(6.0 * i, 3.0 * i) for i in range(12)]
    for i, (du, dv) in enumerate(path):
        [seen] = tracker.update(Frame(i, i / 30, moved(portrait, du, dv)))
        assert (seen.person, seen.frame, seen.time) == (1, i, i / 30)
    track = tracker.tracks[1].observations
    # From the second frame on both regions come from landmarks, so only the motion differs.
    motion = track[-1].landmarks.xy - track[1].landmarks.xy
    assert np.median(motion, axis=0) == pytest.approx([60, 30], abs=0.5)
    assert tracker.people[1].frames_seen == 12
    assert tracker.people[1].last_frame == 11
    assert tracker.people[1].first_box == track[0].box


def test_a_gap_keeps_the_person(portrait: Image) -> None:
    tracker = FaceTracker()
    empty = np.full_like(portrait, 127)
    sequence = [portrait] * 3 + [empty] * 5 + [moved(portrait, 10, 0)] * 2
    seen = [tracker.update(Frame(i, i / 30, image)) for i, image in enumerate(sequence)]
    assert [len(s) for s in seen] == [1] * 3 + [0] * 5 + [1] * 2
    assert {s[0].person for s in seen if s} == {1}
    assert tracker.people[1].frames_seen == 5
    assert tracker.tracks == {}, "observations are kept only on request"


def test_a_newcomer_elsewhere_is_someone_else(portrait: Image) -> None:
    empty = np.full_like(portrait, 127)
    alone = np.hstack([portrait, empty])
    both = np.hstack([portrait, portrait])
    other = np.hstack([empty, portrait])
    tracker = FaceTracker()
    index = 0
    for image, count in ((alone, 2), (both, SEARCH_EVERY + 2), (other, 2)):
        for _ in range(count):
            seen = tracker.update(Frame(index, index / 30, image))
            index += 1
    assert [s.person for s in seen] == [2]
    assert tracker.people[1].first_frame == 0
    assert tracker.people[2].first_frame <= 2 + SEARCH_EVERY
    for _ in range(RECENT + SEARCH_EVERY):
        seen = tracker.update(Frame(index, index / 30, both))
        index += 1
    assert [s.person for s in seen] == [1, 2]


def test_at_most_max_people(portrait: Image) -> None:
    small = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    scene = np.full((512, 768, 3), 127, np.uint8)
    scene[:256, :256] = small
    scene[:, 256:] = portrait
    tracker = FaceTracker(max_people=1)
    for i in range(3):
        [seen] = tracker.update(Frame(i, i / 30, scene))
        assert seen.box[0] > 256, "the larger face comes first"
    with pytest.raises(ValueError, match="at least 1"):
        FaceTracker(max_people=0)
