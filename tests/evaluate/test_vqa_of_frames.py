"""Questions put to a run on frames: made of the sheet, answered from the run, scored as always."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mellm.cli import app
from mellm.errors import InputError
from mellm.evaluate.frame_samples import FrameSet
from mellm.evaluate.frames import label_figures_of_answers
from mellm.evaluate.runs import LabelRun, Provenance, SampleResult, read_run, write_run
from mellm.evaluate.vqa_of_frames import evaluate_frames_vqa

SHEET = """Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion
01,EP01_01,20,32,46,12,happiness
02,EP01_02,20,32,46,4+L7,disgust
"""
CLASSES = ("happiness", "sadness", "fear", "surprise", "disgust")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """CASME II's layout with empty folders of frames: no picture is looked at."""
    root = tmp_path / "set"
    for place in ("sub01/EP01_01", "sub02/EP01_02"):
        (root / "Cropped" / place).mkdir(parents=True)
    (root / "casme2.csv").write_text(SHEET, encoding="utf-8")
    return root


def run_of(tmp_path: Path, answers: dict[str, tuple[str, list[str]]], **settings: str) -> Path:
    rows = [
        SampleResult(
            key=key, dataset="mine", subject=key[3:5], truth="disgust", prediction=label, action_units=au
        )
        for key, (label, au) in answers.items()
    ]
    made = Provenance(settings={"model": "m", "moment": "given", "taxonomy": "5", **settings})
    figures = label_figures_of_answers(rows, CLASSES)
    write_run(tmp_path / "run.json", LabelRun(figures=figures, samples=rows, provenance=made))
    return tmp_path / "run.json"


def test_questions_come_from_the_sheet_and_answers_from_the_run(folder: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path, {"sub01_EP01_01": ("happiness", ["12"]), "sub02_EP01_02": ("fear", ["4", "R7"])})
    found = evaluate_frames_vqa(run, [FrameSet.read(f"mine:casme2={folder}")])
    said = {(s.key.split("_EP")[0], s.question): (s.truth, s.prediction) for s in found.samples}
    assert said["mine_sub02", "What is the fine-grained expression class?"] == ("disgust", "fear")
    assert said["mine_sub02", "What is the coarse expression class?"] == ("negative", "negative")
    side = "Is the action unit lid tightener located on the left or right face?"
    assert said["mine_sub02", side] == ("left", "right")
    assert said["mine_sub01", "What is the action unit?"] == ("lip corner puller", "lip corner puller")
    assert found.figures.coarse is not None and found.figures.coarse.uf1 == 1.0
    assert found.figures.fine is not None and found.figures.fine.uf1 == 0.5
    assert (found.figures.units_f1, found.figures.side_accuracy) == (1.0, 0.0)


def test_a_sample_without_a_label_is_wrong(folder: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path, {"sub01_EP01_01": ("", [])})
    found = evaluate_frames_vqa(run, [FrameSet.read(f"mine:casme2={folder}")])
    said = {s.question: s.prediction for s in found.samples}
    assert (
        said["What is the coarse expression class?"]
        == said["What is the fine-grained expression class?"]
        == "none"
    )
    assert found.figures.coarse is not None and found.figures.coarse.uf1 == 0.0


def test_other_runs_and_other_sets_are_refused(folder: Path, tmp_path: Path) -> None:
    sets = [FrameSet.read(f"mine:casme2={folder}")]
    with pytest.raises(InputError, match="no sample of these sets"):
        evaluate_frames_vqa(run_of(tmp_path, {"sub09_EP09_09": ("fear", [])}), sets)
    run = run_of(tmp_path, {"sub01_EP01_01": ("fear", [])})
    text = run.read_text().replace('"moment"', '"other"')
    run.write_text(text)
    with pytest.raises(InputError, match="not a run of mellm evaluate frames"):
        evaluate_frames_vqa(run, sets)


def test_the_command_line_takes_a_run_in_place_of_flow(folder: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path, {"sub01_EP01_01": ("happiness", ["12"])})
    words = ["evaluate", "me-vqa", "--run", str(run), "--set", f"mine:casme2={folder}"]
    done = CliRunner().invoke(app, [*words, "--json", str(tmp_path / "out.json")])
    assert done.exit_code == 0, done.output
    assert read_run(tmp_path / "out.json").figures.questions["coarse"] == 1
    for wrong in (words[:4], ["evaluate", "me-vqa", "--data", str(folder)], [*words, "--data", str(folder)]):
        refused = CliRunner().invoke(app, wrong)
        assert refused.exit_code != 0 and isinstance(refused.exception, InputError), wrong
