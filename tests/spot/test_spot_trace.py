"""The motion tracer on a real photograph that is shifted, turned, warped and covered with noise."""

import weakref

import cv2
import numpy as np
import pytest

from mellm.face import AREAS, REGION_NAMES, FaceTracker, inter_ocular
from mellm.face.people import FaceObservation
from mellm.media.frame import Frame, Image
from mellm.simulate.generated_clip import ClipEvent, HeadPath, make_clip
from mellm.simulate.scene import Pose
from mellm.simulate.sensor import Camera
from mellm.spot import RegionalMotion, spot
from mellm.spot.trace import MotionTracer

CUT = (122.0, 10.0, 0.8)
SIZE = (270, 270)
FACE = [k for k, name in enumerate(REGION_NAMES) if name not in AREAS["eyes"]]


@pytest.fixture(scope="module")
def face(portrait: Image) -> tuple[Image, FaceObservation]:
    picture = cv2.resize(portrait[10:240, 112:342], (368, 368), interpolation=cv2.INTER_CUBIC)
    (seen,) = FaceTracker(1).update(Frame(0, 0.0, picture))
    return picture, seen


def traced(frames: list[Image], fps: float = 30.0, max_rate: float = 100.0) -> RegionalMotion:
    tracker, tracer = FaceTracker(1), MotionTracer(max_rate=max_rate)
    for index, image in enumerate(frames):
        frame = Frame(index, index / fps, image)
        seen = tracker.update(frame)
        tracer.update(frame, seen[0] if seen else None)
    return tracer.finish()


def size(motion: RegionalMotion) -> np.ndarray:
    return np.linalg.norm(motion.displacement, axis=2)


def noisy(picture: Image, rng: np.random.Generator, sigma: float = 2.0) -> Image:
    return np.clip(picture + rng.normal(0, sigma, picture.shape), 0, 255).astype(np.uint8)


def test_a_still_noisy_face_stays_put(face: tuple[Image, FaceObservation]) -> None:
    rng = np.random.default_rng(0)
    motion = traced([noisy(face[0], rng) for _ in range(12)])
    assert motion.displacement.shape == (12, 29, 2)
    assert motion.regions == REGION_NAMES
    assert motion.inter_ocular == pytest.approx(200, rel=0.05)
    assert np.median(size(motion)[1:]) < 0.12
    assert np.isfinite(motion.eye_opening).all()


@pytest.mark.parametrize(
    ("turn", "zoom", "shift"), [(0.0, 1.0, (9.0, -5.0)), (6.0, 1.0, (2.0, 3.0)), (0.0, 1.12, (0.0, 0.0))]
)
def test_a_head_that_moves_in_the_picture_is_no_expression(
    face: tuple[Image, FaceObservation], turn: float, zoom: float, shift: tuple[float, float]
) -> None:
    picture, frames = face[0], []
    for share in np.linspace(0, 1, 15):
        matrix = cv2.getRotationMatrix2D((184, 184), -turn * share, 1 + (zoom - 1) * share)
        matrix[:, 2] += np.array(shift) * share
        frames.append(cv2.warpAffine(picture, matrix, (368, 368), flags=cv2.INTER_CUBIC, borderMode=1))
    motion = traced(frames)
    assert np.median(size(motion)[:, FACE]) < 0.15
    assert size(motion)[:, FACE].max() < 0.8


def test_a_head_that_turns_is_no_expression_and_gets_new_key_frames(portrait: Image) -> None:
    frames, truth = make_clip(
        portrait, fps=30, seconds=0.8, head=HeadPath(Pose(yaw=13.0)), frame=CUT, size=SIZE, noise=Camera()
    )
    motion = traced(list(frames))
    assert truth.poses[-1].yaw == pytest.approx(13.0)
    # The jaw slides over the neck as the head turns; the median region does not move.
    assert np.median(size(motion)[-1, FACE]) < 1.2
    steps = np.linalg.norm(np.diff(motion.displacement[:, FACE], axis=0), axis=2)
    assert np.median(steps.max(axis=0)) < 0.5
    assert abs(motion.head[-1, 1]) > 6


def test_a_known_movement_shows_in_its_regions(portrait: Image) -> None:
    events = [ClipEvent("12", 3.0, 0.2, 0.4, 0.6)]
    frames, truth = make_clip(portrait, fps=30, seconds=0.8, events=events, frame=CUT, size=SIZE)
    motion = traced(list(frames))
    event = truth.events[0]
    left, right = (REGION_NAMES.index(f"{side} mouth corner") for side in ("left", "right"))
    apex = motion.displacement[event.apex]
    assert apex[left, 0] < -0.6 and apex[right, 0] > 0.6
    assert apex[left, 1] < -0.6 and apex[right, 1] < -0.6
    assert size(motion)[event.onset - 1].max() < 0.25 * size(motion)[event.apex].max()
    course = size(motion)[:, [left, right]].mean(axis=1)
    assert abs(int(course.argmax()) - event.apex) <= 1
    brows = [REGION_NAMES.index(name) for name in AREAS["brows"]]
    assert size(motion)[event.apex, brows].max() < 0.3 * course.max()


def test_a_face_measures_the_same_small_and_large(portrait: Image) -> None:
    # Small ones are read at the flow's size at once, large ones averaged to it.
    events = [ClipEvent("12", 3.0, 0.1, 0.3, 0.5)]
    frames, truth = make_clip(portrait, fps=30, seconds=0.6, events=events, frame=CUT, size=SIZE)
    small = list(frames)
    large = [cv2.resize(image, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC) for image in small]
    corners = [REGION_NAMES.index(f"{side} mouth corner") for side in ("left", "right")]
    apexes = [traced(images).displacement[truth.events[0].apex, corners] for images in (small, large)]
    assert np.linalg.norm(apexes[0], axis=1).min() > 0.8
    assert apexes[0] == pytest.approx(apexes[1], abs=0.25)


@pytest.mark.parametrize("jaw", [13.0, 14.0, 15.0])
def test_a_large_expression_is_followed_across_key_frames(portrait: Image, jaw: float) -> None:
    events = [ClipEvent("26", jaw, 0.1, 0.5, 0.9)]
    frames, truth = make_clip(portrait, fps=30, seconds=1.1, events=events, frame=CUT, size=SIZE)
    motion = traced(list(frames))
    chin = motion.displacement[:, REGION_NAMES.index("lower lip centre"), 1]
    assert chin[truth.events[0].apex] > 6
    # A lip that passes over the teeth may look covered for a frame.
    assert np.isnan(chin).sum() <= 1
    assert abs(chin[-1]) < 0.15 * np.nanmax(chin)


def test_frames_without_a_face_are_gaps(face: tuple[Image, FaceObservation]) -> None:
    picture, seen = face
    tracer = MotionTracer()
    for index in range(6):
        tracer.update(Frame(index, index / 30, picture), None if index in (2, 3) else seen)
    motion = tracer.finish()
    assert motion.frames.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.isnan(motion.displacement).all(axis=(1, 2)).tolist() == [False, False, True, True, False, False]
    assert np.abs(motion.displacement[4:]).max() < 0.05


def test_fast_clips_are_thinned_to_the_rate(face: tuple[Image, FaceObservation]) -> None:
    picture, seen = face
    tracer = MotionTracer(max_rate=100.0)
    for index in range(21):
        tracer.update(Frame(index, index / 500, picture), seen)
    assert tracer.finish().frames.tolist() == [0, 5, 10, 15, 20]


def test_no_frame_is_kept(face: tuple[Image, FaceObservation]) -> None:
    picture, seen = face
    tracer, alive = MotionTracer(), []
    for index in range(5):
        image = picture.copy()
        alive.append(weakref.ref(image))
        tracer.update(Frame(index, index / 30, image), seen)
        del image
    assert [reference() for reference in alive] == [None] * 5


def test_another_face_in_the_crop_breaks_the_trace_not_the_program(
    face: tuple[Image, FaceObservation],
) -> None:
    """A cut to a picture that nothing rigid links to the key frame: gaps, then a fresh start."""
    picture, seen = face
    rng = np.random.default_rng(1)
    other = cv2.GaussianBlur(rng.uniform(0, 255, picture.shape).astype(np.uint8), (0, 0), 3)
    tracer = MotionTracer()
    for index in range(14):
        tracer.update(Frame(index, index / 30, picture if index < 4 else other), seen)
    motion = tracer.finish()
    assert len(motion.frames) == 14
    assert np.isfinite(motion.displacement[-3:]).all()


def test_nothing_seen_is_an_empty_trace() -> None:
    motion = MotionTracer().finish()
    assert motion.displacement.shape == (0, 29, 2)
    assert spot(motion, fps=30) == []


def test_from_pixels_to_event(portrait: Image) -> None:
    """3 px (at 200 px between the eyes) on a swaying head with sensor noise: found within two frames."""
    events = [ClipEvent("6+12", 1.2, 0.6, 0.8, 1.0)]
    frames, truth = make_clip(
        portrait, fps=30, seconds=1.6, events=events, frame=CUT, size=SIZE,
        head=HeadPath(Pose(yaw=2.0, shift=(2.0, 0.0)), sway=0.5), noise=Camera(read=0.8, shot=1.5), seed=4,
    )  # fmt: skip
    listed = list(frames)
    (seen,) = FaceTracker(1).update(Frame(0, 0.0, listed[0]))
    assert 1.2 * 200 / inter_ocular(seen.landmarks) < 4
    micros = [e for e in spot(traced(listed), fps=30) if e.kind == "micro"]
    assert len(micros) == 1
    assert abs(micros[0].apex - truth.events[0].apex) <= 2
    assert abs(micros[0].onset - truth.events[0].onset) <= 3
    assert abs(micros[0].offset - truth.events[0].offset) <= 3
    assert any("mouth" in name or "cheek" in name for name in micros[0].regions)


def test_something_before_the_mouth_is_a_gap_there_and_leaves_nothing_behind(
    face: tuple[Image, FaceObservation],
) -> None:
    rng = np.random.default_rng(0)
    chin = REGION_NAMES.index("chin")
    x, y = (round(v) for v in face[1].landmarks.points[152, :2])
    hand = cv2.GaussianBlur(rng.normal(0, 90, (70, 110)), (0, 0), 3)[..., None] + (190, 140, 120)
    frames = []
    for index in range(16):
        picture = noisy(face[0], rng)
        if 5 <= index < 11:
            top = y - 45 - 2 * (index - 5)
            part = picture[top : top + 70, x - 55 : x + 55]
            part[:] = np.clip(hand[: part.shape[0]], 0, 255)
        frames.append(picture)
    motion = traced(frames)
    covered = np.isnan(motion.displacement[..., 0])
    assert covered[6:11, chin].mean() > 0.7
    assert not covered[:, [k for k, r in enumerate(REGION_NAMES) if r in AREAS["brows"]]].any()
    assert size(motion)[13:, chin].max() < 0.6
