"""Warnings of moments that are less sure than their numbers look."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm import Settings
from mellm.analysis.analyzer import Analyzer
from mellm.analysis.clip import Watched
from mellm.analysis.doubtful_moments import moment_warnings, small_faces, too_long
from mellm.face import find_faces
from mellm.flow import create, measure_pair
from mellm.media.frame import Image
from mellm.report import Interval
from mellm.wording.message import Message, word


def warned(picture: Image, interval: Interval) -> list[Message]:
    (face,) = find_faces(picture, 1)
    points = face.landmarks, face.landmarks
    pair = measure_pair(picture, picture, points, create("dis"))
    return moment_warnings(interval, 1, pair, face.landmarks)


def lasting(rise: float | None, seconds: float | None = None) -> Interval:
    return Interval(
        onset_frame=0, apex_frame=5, onset_time=0.0, apex_time=rise, offset_time=seconds, confidence=1.0,
        origin="given",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "long"),
    [
        (lasting(None), False),
        (lasting(0.2, 0.5), False),
        (lasting(0.2, 0.53), False),
        (lasting(0.2, 0.6), True),
        (lasting(0.4), False),
        (lasting(0.8), True),
    ],
)
def test_what_lasts_longer_than_a_micro_expression_is_warned_about(moment: Interval, long: bool) -> None:
    assert too_long(moment) is long


def test_an_ordinary_moment_has_no_warning_and_a_long_one_says_both_durations(portrait: Image) -> None:
    assert warned(portrait, lasting(0.2, 0.4)) == []
    (warning,) = warned(portrait, lasting(1.0, 2.37))
    assert "lasts 2.37 s, and a micro-expression at most 0.5 s" in str(warning)
    assert "持续 2.37 秒" in word(warning, "zh")


def test_a_small_face_is_warned_about_in_moments_and_without(portrait: Image) -> None:
    small = cv2.resize(portrait, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    (warning,) = warned(small, lasting(0.2))
    assert "px between the outer corners of the eyes, and under 30 px" in str(warning)
    people = [Watched(face) for face in find_faces(small, 1)]
    assert small_faces(people) == [warning]
    assert small_faces([Watched(face) for face in find_faces(portrait, 1)]) == []


def test_a_face_without_contrast_is_warned_about(portrait: Image) -> None:
    (warning,) = warned((portrait * 0.06).astype(np.uint8), lasting(0.2))
    assert "too dark or too pale" in str(warning)
    assert warned((portrait * 0.4).astype(np.uint8), lasting(0.2)) == []


def test_the_report_of_a_small_pair_carries_the_warning(portrait: Image, tmp_path: Path) -> None:
    small = cv2.resize(portrait, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA)
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file, shift in zip(files, (0, 1), strict=True):
        cv2.imwrite(str(file), np.roll(small, shift, axis=0)[..., ::-1])
    report = Analyzer(Settings(estimator="dis", llm="none")).analyze(onset=files[0], apex=files[1])
    (moment,) = report.micro_expressions
    assert any("face is small" in warning for warning in moment.warnings)
