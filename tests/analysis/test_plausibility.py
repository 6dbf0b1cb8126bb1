"""Pairs and landmarks that do not belong together are told from those that do."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm import Analyzer, Settings
from mellm.analysis.plausibility import landmark_doubts, pair_doubts
from mellm.face import FaceTracker, Landmarks, find_faces
from mellm.media import open_media, read_image
from mellm.media.frame import Frame, Image
from mellm.simulate.generated_clip import ClipTruth


def points_of(image: Image) -> Landmarks:
    return find_faces(image, 1)[0].landmarks


def codes(messages: list) -> list[str]:
    return [message.code for message in messages]


@pytest.fixture(scope="module")
def picture(pair: tuple[Path, Path]) -> Image:
    return read_image(pair[0])


def moved(image: Image, scale: float, by: tuple[float, float] = (0, 0)) -> Image:
    """The picture scaled about its middle, then shifted, px; its edge is repeated."""
    height, width = image.shape[:2]
    matrix = np.array(
        [[scale, 0, width / 2 * (1 - scale) + by[0]], [0, scale, height / 2 * (1 - scale) + by[1]]]
    )
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def test_landmarks_of_the_picture_are_believed(picture: Image) -> None:
    frame, points = Frame(3, 0.1, picture), points_of(picture)
    assert landmark_doubts(frame, points) == []
    jitter = np.random.default_rng(1).normal(0, 4, points.points.shape)
    assert landmark_doubts(frame, Landmarks((points.points + jitter).astype(np.float32))) == []


def test_landmarks_of_a_picture_without_a_face_are_believed(picture: Image) -> None:
    assert landmark_doubts(Frame(0, 0.0, np.full_like(picture, 90)), points_of(picture)) == []


def test_landmarks_of_another_picture(picture: Image) -> None:
    xy = points_of(picture).xy
    height = picture.shape[0]
    wrong = {
        "unturned": np.stack([xy[:, 1], height - 1 - xy[:, 0]], axis=1),
        "mirrored top to bottom": np.stack([xy[:, 0], height - 1 - xy[:, 1]], axis=1),
        "of half the size": xy / 2,
        "of a picture cut otherwise": xy + 60,
    }
    for name, points in wrong.items():
        found = landmark_doubts(Frame(3, 0.1, picture), Landmarks(points.astype(np.float32)))
        assert codes(found) == ["analysis.landmarks_elsewhere"], name
    for far in (2000, -2000):
        points = (xy + far).astype(np.float32)
        found = landmark_doubts(Frame(3, 0.1, picture), Landmarks(points))
        assert codes(found) == ["analysis.landmarks_elsewhere"]


def test_a_true_pair_is_believed(pair: tuple[Path, Path]) -> None:
    onset, apex = map(read_image, pair)
    points = points_of(onset), points_of(apex)
    assert pair_doubts(onset, apex, points) == []
    darker = np.clip(apex * 0.7 + 5, 0, 255).astype(np.uint8)
    assert pair_doubts(onset, darker, points) == []
    away = moved(apex, 1.05, (20, -10))
    assert pair_doubts(onset, away, (points[0], points_of(away))) == []


def test_a_pair_cut_differently(picture: Image) -> None:
    closer = moved(picture, 1.5)
    found = pair_doubts(picture, closer, (points_of(picture), points_of(closer)))
    assert codes(found) == ["analysis.pair_cut_differently"]


def test_two_people_give_a_warning_and_no_emotion(shared_data: Path, tmp_path: Path) -> None:
    files = sorted((shared_data / "faces").glob("*.jpg"))[:8]
    names = []
    for number, file in enumerate(files):
        names.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(names[-1]), cv2.resize(cv2.imread(str(file)), (480, 480)))
    analyzer = Analyzer(Settings(llm="none"))
    told = 0
    for onset, apex in zip(names[::2], names[1::2], strict=True):
        report = analyzer.analyze(onset=onset, apex=apex)
        for moment in report.micro_expressions:
            told += moment.emotion.label is not None
            assert moment.warnings
    assert told == 0


def test_a_table_of_another_clip(smile_clip: tuple[Path, ClipTruth], tmp_path: Path) -> None:
    clip, _ = smile_clip
    tracker = FaceTracker(1)
    with open_media(clip) as media:
        seen = [tracker.update(frame)[0].landmarks for frame in media.frames()]
    stack = np.stack([face.xy for face in seen])
    table = tmp_path / "a.npz"

    def analysed(points: np.ndarray, first: int = 0) -> tuple[set[str], list[str | None]]:
        np.savez(table, points=points, frames=np.arange(first, first + len(points)))
        report = Analyzer(Settings(llm="none", landmarks=table)).analyze(clip)
        told = [m.emotion.label for m in report.micro_expressions if m.emotion.label]
        return {record.code for record in report.provenance.messages}, told

    said, told = analysed(stack)
    assert told and not any(code.startswith("analysis.landmarks") for code in said)
    said, told = analysed(stack + 90)
    assert "analysis.landmarks_elsewhere" in said and not told
    said, told = analysed(stack, first=len(stack))
    assert "analysis.landmarks_of_other_frames" in said and not told
    said, _ = analysed(np.concatenate([stack, stack[:5]]))
    assert "analysis.landmarks_go_on" in said
