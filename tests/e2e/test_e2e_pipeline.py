"""The main job through the Python API, on real pictures and a real video."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import mellm
from mellm.errors import InputError
from mellm.media import open_media
from mellm.report import Report
from mellm.simulate.generated_clip import ClipTruth


@pytest.fixture(scope="module")
def analyzer() -> mellm.Analyzer:
    """Readings by rules; its models are loaded once."""
    return mellm.Analyzer(mellm.Settings(llm="none"))


@pytest.fixture(scope="module")
def usual(pair: tuple[Path, Path]) -> Report:
    """The pair as everybody's first call reads it, with the built-in language model."""
    return mellm.analyze(onset=pair[0], apex=pair[1])


def test_pair_finds_the_smile(usual: Report) -> None:
    (me,) = usual.micro_expressions
    assert me.emotion.label == "happiness"
    present = {(a.au, a.side) for a in me.action_units if a.present}
    assert (12, "both") in present
    moving = {r.name: r for r in me.regions if r.moving}
    assert moving["left mouth corner"].octant == "up-left"
    assert moving["right mouth corner"].octant == "up-right"
    assert len(me.regions) == 29
    assert me.reading.unsupported_claims == []


def test_pair_with_one_moving_side_names_the_subjects_side(
    analyzer: mellm.Analyzer, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    onset, apex = (cv2.imread(str(p)) for p in pair)
    # Keep the motion of the picture's left half only: that is the subject's right.
    apex[:, 200:] = onset[:, 200:]
    half = tmp_path / "half.png"
    cv2.imwrite(str(half), apex)
    report = analyzer.analyze(onset=pair[0], apex=half)
    twelve = next(a for a in report.micro_expressions[0].action_units if a.au == 12)
    assert twelve.present and twelve.side == "right" and twelve.code.startswith("R12")


def test_still_pair_is_no_evidence(analyzer: mellm.Analyzer, pair: tuple[Path, Path]) -> None:
    report = analyzer.analyze(onset=pair[0], apex=pair[0])
    assert all(not a.present for a in report.micro_expressions[0].action_units)
    assert report.micro_expressions[0].emotion.label is None
    assert report.verdict.startswith("No evidence")


def test_a_pair_without_a_face_says_so(analyzer: mellm.Analyzer, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((240, 200, 3), 128, np.uint8))
    report = analyzer.analyze(onset=path, apex=path)
    assert report.micro_expressions == [] and "no face" in report.verdict


def test_a_pair_of_two_sizes_is_refused(
    analyzer: mellm.Analyzer, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "small.png"
    cv2.imwrite(str(path), np.zeros((100, 100, 3), np.uint8))
    with pytest.raises(InputError, match="100x100"):
        analyzer.analyze(onset=pair[0], apex=path)


def test_clip_finds_when_and_what(
    analyzer: mellm.Analyzer, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    path, truth = smile_clip
    report = analyzer.analyze(path)
    (me,) = report.micro_expressions
    (event,) = truth.events
    assert abs(me.interval.apex_frame - event.apex) <= 2
    assert me.interval.onset_frame < event.apex < (me.interval.offset_frame or 0)
    assert 12 in {a.au for a in me.action_units if a.present}
    assert me.emotion.label == "happiness"
    assert report.source.frames == truth.frames
    page = report.save(tmp_path / "out")
    again = Report.load(tmp_path / "out")
    assert again.to_json() == report.to_json()
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    for name in me.pictures.values():
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


def test_given_frames_skip_spotting(analyzer: mellm.Analyzer, smile_clip: tuple[Path, ClipTruth]) -> None:
    path, truth = smile_clip
    (event,) = truth.events
    report = analyzer.analyze(path, onset_frame=event.onset, apex_frame=event.apex)
    (me,) = report.micro_expressions
    assert me.interval.origin == "given" and me.interval.apex_frame == event.apex
    assert me.interval.apex_time == pytest.approx(event.apex_time, abs=1e-6)
    assert report.traces == []
    assert 12 in {a.au for a in me.action_units if a.present}


def test_file_numbers_of_a_folder_are_not_indices(
    analyzer: mellm.Analyzer, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    path, truth = smile_clip
    (event,) = truth.events
    folder = tmp_path / "EP02_01f"
    folder.mkdir()
    with open_media(path) as media:
        for frame in media.frames():
            cv2.imwrite(str(folder / f"img{frame.index + 100}.png"), frame.image[..., ::-1])
    report = mellm.Analyzer(mellm.Settings(fps=30, llm="none")).analyze(
        folder, onset_frame=event.onset + 100, apex_frame=event.apex + 100, by_file_number=True
    )
    interval = report.micro_expressions[0].interval
    assert (interval.onset_frame, interval.apex_frame) == (event.onset, event.apex)
    assert interval.files == [f"img{event.onset + 100}.png", f"img{event.apex + 100}.png"]
    with pytest.raises(InputError, match="no picture numbered 7"):
        mellm.Analyzer(mellm.Settings(fps=30, llm="none")).analyze(
            folder, onset_frame=7, apex_frame=140, by_file_number=True
        )
    with pytest.raises(InputError, match="not a folder of numbered pictures"):
        analyzer.analyze(path, onset_frame=1, apex_frame=2, by_file_number=True)


def test_frames_beyond_the_clip_are_refused(
    analyzer: mellm.Analyzer, smile_clip: tuple[Path, ClipTruth]
) -> None:
    with pytest.raises(InputError, match="no frame 9999"):
        analyzer.analyze(smile_clip[0], onset_frame=1, apex_frame=9999)


def test_the_report_is_the_same_twice(usual: Report, pair: tuple[Path, Path]) -> None:
    again = mellm.analyze(onset=pair[0], apex=pair[1])
    first, second = (json.loads(report.to_json()) for report in (usual, again))
    for report in (first, second):
        del report["provenance"]
        for me in report["micro_expressions"]:
            del me["reading"]["seconds"]  # how long the model took is not what it said
    assert first == second


def test_a_single_picture_is_refused_with_what_to_do(
    analyzer: mellm.Analyzer, pair: tuple[Path, Path]
) -> None:
    with pytest.raises(InputError, match="--onset A --apex B"):
        analyzer.analyze(pair[0])


def test_magnified_picture_on_request(analyzer: mellm.Analyzer, pair: tuple[Path, Path]) -> None:
    plain = analyzer.analyze(onset=pair[0], apex=pair[1])
    assert "me1_magnified.png" not in plain.pictures and "me1_mmc.png" in plain.pictures
    settings = mellm.Settings(magnify=8, llm="none")
    assert "me1_magnified.png" in mellm.Analyzer(settings).analyze(onset=pair[0], apex=pair[1]).pictures


def test_nose_patch_and_mesh_can_be_compared(pair: tuple[Path, Path]) -> None:
    by_patch = mellm.Analyzer(mellm.Settings(compensation="nose-patch", llm="none")).analyze(
        onset=pair[0], apex=pair[1]
    )
    assert by_patch.provenance.settings["compensation"] == "nose-patch"
    twelve = next(a for a in by_patch.micro_expressions[0].action_units if a.au == 12)
    assert twelve.present
