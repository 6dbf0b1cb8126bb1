"""Clips: the truth says exactly when and where the face moved."""

from pathlib import Path

import av
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.media import read_image
from mellm.simulate.gallery import Portrait
from mellm.simulate.generated_clip import ClipEvent, HeadPath, inject, make_clip, pulse, write_video
from mellm.simulate.scene import Pose
from mellm.simulate.sensor import Camera

SIZE = (240, 280)


def _clip(portrait: Portrait, **options: object) -> tuple[list[np.ndarray], object]:
    frames, truth = make_clip(
        read_image(portrait.path),
        mesh=portrait.mesh,
        frame=(40.0, 20.0, 1.4),
        size=SIZE,
        **options,  # type: ignore[arg-type]
    )
    return list(frames), truth


def _change(frames: list[np.ndarray]) -> np.ndarray:
    first = frames[0].astype(float)
    return np.array([np.abs(f - first).mean() for f in frames])


def test_pulse_is_zero_outside_and_one_at_the_apex() -> None:
    values = [pulse(t, 2, 4, 8) for t in (0, 2, 3, 4, 5, 8, 9)]
    assert values[0] == values[1] == values[5] == values[6] == 0
    assert values[3] == 1 and 0 < values[2] < 1 and 0 < values[4] < 1


def test_frames_move_only_between_onset_and_offset_and_most_at_the_apex(portrait: Portrait) -> None:
    frames, truth = _clip(portrait, fps=30, seconds=1.0, events=[ClipEvent("12", 3, 0.3, 0.4333, 0.7)])
    event = truth.events[0]  # type: ignore[attr-defined]
    assert (event.onset, event.apex, event.offset) == (9, 13, 21)
    change = _change(frames)
    assert np.all(change[: event.onset + 1] == 0) and np.all(change[event.offset :] == 0)
    assert np.all(change[event.onset + 1 : event.offset] > 0)
    assert change.argmax() == event.apex
    assert [(u.au, u.side) for u in event.action_units] == [(12, "both")]


def test_sides_are_the_subjects(portrait: Portrait) -> None:
    frames, truth = _clip(portrait, fps=20, seconds=1.0, events=[ClipEvent("L12", 4, 0.2, 0.4, 0.7)])
    event = truth.events[0]  # type: ignore[attr-defined]
    moved = np.abs(frames[event.apex].astype(float) - frames[0]).mean(-1)
    middle = int((portrait.mesh[13, 0] - 40) / 1.4)
    # The subject's left is the picture's right.
    assert moved[:, middle + 8 :].sum() > 5 * moved[:, : middle - 8].sum()


def test_a_blink_closes_the_eyes(portrait: Portrait) -> None:
    frames, truth = _clip(portrait, fps=20, seconds=1.0, blinks=[0.5])
    event = truth.events[0]  # type: ignore[attr-defined]
    assert event.kind == "blink" and event.apex == 10
    eye = ((portrait.mesh[[159, 145], :2].mean(0) - (40, 20)) / 1.4).round().astype(int)
    window = np.s_[eye[1] - 2 : eye[1] + 2, eye[0] - 3 : eye[0] + 3]
    assert frames[10][window].mean() > frames[0][window].mean() + 5


def test_head_path_and_noise(portrait: Portrait) -> None:
    frames, truth = _clip(
        portrait,
        fps=10,
        seconds=1.0,
        head=HeadPath(Pose(yaw=2.5), sway=0.1),
        noise=Camera(read=2.0, shot=0.0, chroma=0.0),
        seed=5,
    )
    assert truth.poses[0].yaw == 0 and truth.poses[-1].yaw == pytest.approx(2.5, abs=0.3)  # type: ignore[attr-defined]
    corner = np.array([f[:20, :20, 0].astype(float) for f in frames])
    assert 1.5 < (corner[1:] - corner[:-1]).std() / np.sqrt(2) < 3
    again, _ = _clip(
        portrait,
        fps=10,
        seconds=1.0,
        head=HeadPath(Pose(yaw=2.5), sway=0.1),
        noise=Camera(read=2.0, shot=0.0, chroma=0.0),
        seed=5,
    )
    assert all(np.array_equal(a, b) for a, b in zip(frames, again, strict=True))


def test_motion_is_added_to_a_real_clip(portrait: Portrait) -> None:
    picture = read_image(portrait.path)
    marks = [Landmarks(portrait.mesh)] * 10
    event = ClipEvent("1+2", 3, 0.2, 0.4, 0.8)
    frames, truth = inject([picture] * 10, marks, [event], fps=10)
    moved = list(frames)
    change = _change(moved)
    assert change.argmax() == truth.events[0].apex == 4
    assert change[1] == change[2] == change[8] == 0
    brow = portrait.mesh[105, :2].astype(int)
    chin = portrait.mesh[152, :2].astype(int)
    difference = np.abs(moved[4].astype(float) - moved[0]).mean(-1)
    assert difference[brow[1] - 8 : brow[1] + 8, brow[0] - 8 : brow[0] + 8].mean() > 2
    assert difference[chin[1] - 8 : chin[1] + 8, chin[0] - 8 : chin[0] + 8].mean() < 0.5


def test_frames_without_a_face_are_passed_on(portrait: Portrait) -> None:
    picture = read_image(portrait.path)
    marks = [Landmarks(portrait.mesh), None, *[Landmarks(portrait.mesh)] * 6]
    frames, _ = inject([picture] * 8, marks, [ClipEvent("4", 2, 0.2, 0.4, 0.6)], fps=10)
    assert np.array_equal(list(frames)[1], picture)


def test_video_keeps_count_rate_and_picture(portrait: Portrait, tmp_path: Path) -> None:
    frames, _ = _clip(portrait, fps=24, seconds=0.5)
    write_video(tmp_path / "clip.mp4", frames, 24)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 24
        decoded = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(decoded) == len(frames) == 12
    assert np.abs(decoded[5].astype(float) - frames[5]).mean() < 3


@pytest.mark.parametrize("codes", ["99", "L17"])
def test_units_without_known_motion_are_refused(portrait: Portrait, codes: str) -> None:
    with pytest.raises(InputError, match="No motion is known"):
        _clip(portrait, fps=10, seconds=1.0, events=[ClipEvent(codes, 1, 0.2, 0.4, 0.7)])


def test_events_that_do_not_fit_are_refused(portrait: Portrait) -> None:
    with pytest.raises(InputError, match="inside the clip"):
        _clip(portrait, fps=10, seconds=1.0, events=[ClipEvent("12", 1, 0.8, 0.9, 1.4)])
