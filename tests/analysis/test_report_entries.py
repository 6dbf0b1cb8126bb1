"""Verdicts from what was found, and the records by which they are shown in another language."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from mellm.analysis.clip import Watched
from mellm.analysis.report_entries import clip_source, message_records, person_entry, verdict
from mellm.face.people import FaceObservation, Landmarks
from mellm.media import open_media
from mellm.report import Interval
from mellm.wording.message import Message, word

FAST_HEAD = Message("spot.none", {"why": Message("spot.fast_head")})
NO_FACE = Message("spot.none", {"why": Message("spot.no_face")})


def person(number: int, reason: Message | None = None) -> Any:
    return SimpleNamespace(person=number, reason=reason)


def reading(number: int, label: str | None, seconds: float = 0.3) -> Any:
    lasts = Interval(
        onset_frame=0, apex_frame=1, onset_time=0.0, apex_time=seconds, confidence=1.0, origin="given"
    )
    return SimpleNamespace(person=number, emotion=SimpleNamespace(label=label), interval=lasts)


@pytest.mark.parametrize(
    ("readings", "people", "sentence"),
    [
        ([], [], "No micro-expression found: no face was seen in any frame."),
        ([reading(1, "fear")], [person(1)], "1 micro-expression found (person 1: suggests fear)."),
        (
            [reading(1, "fear"), reading(1, None), reading(2, "anger")],
            [person(1), person(2)],
            "2 micro-expressions found (person 1: suggests fear; person 2: suggests anger).",
        ),
        (
            [reading(1, "happiness", 2.37)],
            [person(1)],
            "No micro-expression: 1 movement lasts longer than one (person 1: suggests happiness).",
        ),
        (
            [reading(1, None)],
            [person(1)],
            "No evidence of a micro-expression: no region moved as an action unit would move it.",
        ),
        ([], [person(1, NO_FACE), person(2, NO_FACE)], "No micro-expression found: no face was seen."),
        (
            [],
            [person(1, NO_FACE), person(2, FAST_HEAD)],
            "Person 1: No micro-expression found: no face was seen. "
            "Person 2: No micro-expression found: the head moves too fast.",
        ),
        ([], [person(1)], "No micro-expression found: no face could be read at the frames given."),
    ],
)
def test_one_sentence_says_what_was_found(readings: list[Any], people: list[Any], sentence: str) -> None:
    assert str(verdict(readings, people)) == sentence


def test_records_hold_each_sentence_once_and_none_without_a_code() -> None:
    warning = Message("flow.no_face")
    records = message_records(FAST_HEAD, [warning, Message.plain("as it is"), warning], "zh")
    assert [record.text for record in records] == [word(FAST_HEAD, "zh"), str(warning)]
    assert [record.word("zh") for record in records] == [word(FAST_HEAD, "zh"), word(warning, "zh")]


def test_runs_of_frames_in_which_a_face_was_seen():
    places = dict.fromkeys([0, 1, 2, 7, 9, 10], None)
    first = FaceObservation(0, 0.0, 1, (0, 0, 1, 1), a_mesh(), 1.0)
    entry = person_entry(Watched(first, places))
    assert entry.seen == [(0, 2), (7, 7), (9, 10)]
    assert (entry.frames_seen, entry.first_frame, entry.last_frame) == (6, 0, 10)


@pytest.mark.parametrize("stamps", [[0, 3, 6, 9], [0, 3, 9, 10], [5, 8, 11, 15]])
def test_frame_times_stand_in_the_report_where_they_are_uneven(tmp_path: Path, stamps: list[int]):
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width = stream.height = 32
        stream.codec_context.time_base = Fraction(1, 30)
        for stamp in stamps:
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 9 * stamp, np.uint8), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with open_media(path) as media:
        source = clip_source(path, media, 4)
        shown = [frame.time for frame in media.frames()]
    assert source.times() == pytest.approx(shown, abs=1e-6)
    assert source.times() == pytest.approx([(s - stamps[0]) / 30 for s in stamps], abs=0.0011)
    assert bool(source.frame_times) == (stamps != [0, 3, 6, 9])


def a_mesh() -> Landmarks:
    points = np.random.default_rng(0).uniform(0, 99, (468, 2)).astype(np.float32)
    return Landmarks(points, "mesh468")
