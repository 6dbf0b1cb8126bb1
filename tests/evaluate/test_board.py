"""The board: rows hold no sample, wrong figures are refused, the page follows from the rows alone."""

import json
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mellm.cli import app
from mellm.errors import InputError
from mellm.evaluate.board import row_of
from mellm.evaluate.board_page import board_page
from mellm.evaluate.board_rows import About, read_board, read_row, unchecked, write_row
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.emotion_from_sheets import evaluate_emotion_models
from mellm.evaluate.frames import label_figures_of_answers
from mellm.evaluate.made_where import commit_of
from mellm.evaluate.runs import (
    LabelRun,
    Provenance,
    SampleResult,
    SpottingRun,
    UnitRun,
    provenance,
    write_run,
)
from mellm.evaluate.spotting_figures import MethodFigures, PeakFigures, SpottingFigures, SpottingSample

ROOT = Path(__file__).parents[2]
ABOUT = About(method="mine", trained_on="nothing", contamination="none", measurement="first", by="me")


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    rows = [
        SampleResult(key=f"secret{k}", dataset="d", subject=str(k % 3), truth=t, prediction=p)
        for k, (t, p) in enumerate([("a", "a"), ("a", "b"), ("b", "b"), ("c", "none"), ("c", "c")])
    ]
    made = Provenance(
        mellm_version="1", command="mellm evaluate x", settings={"protocol": "loso"}, date="2026-01-02"
    )
    figures = label_figures_of_answers(rows, ("a", "b", "c"))
    write_run(tmp_path / "run.json", LabelRun(figures=figures, samples=rows, provenance=made))
    return tmp_path / "run.json"


def test_a_row_holds_the_figures_and_no_sample(run_file: Path, tmp_path: Path) -> None:
    write_row(row_of(run_file, ABOUT), tmp_path / "row.json")
    assert "secret" not in (tmp_path / "row.json").read_text()
    row = read_row(tmp_path / "row.json")
    assert (row.method, row.by, row.protocol, row.task) == ("mine", "me", "loso", "emotions")
    assert (row.lines[0].samples, row.lines[0].people, row.lines[0].classes) == (5, 3, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"uf1": 0.9, "uf1_interval": [0.0, 1.0]}, "its confusion says"),
        ({"accuracy": 0.99}, "its confusion says"),
        ({"uar_interval": [0.0, 0.1]}, "does not lie in its interval"),
        ({"samples": 6}, "holds 5 samples"),
        ({"uf1": 1.5}, "less than or equal to 1"),
        ({"surprise": 1}, "surprise"),
        ({"uar": 0.5, "uar_interval": [0.0, 1.0]}, "uar is 0.5, its confusion says"),
        ({"uf1": None}, "lines.0.uf1 is null"),
        ({"uar_interval": [0.0, 1.7]}, "less than or equal to 1"),
        ({"confusion": [[5]]}, "not of 3 classes"),
        ({"confusion": [[-1]]}, "greater than or equal to 0"),
        ({"people": 6}, "more people than samples"),
    ],
)
def test_figures_that_cannot_be_are_refused(
    run_file: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    file = tmp_path / "row.json"
    write_row(row_of(run_file, ABOUT), file)
    content = json.loads(file.read_text())
    content["lines"][0].update(change)
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=said):
        read_row(file)


def test_what_a_row_must_say_is_asked_for(run_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    write_row(row_of(run_file, ABOUT), file)
    content = json.loads(file.read_text())
    for name in ("format", "trained_on", "contamination", "command", "date", "commit", "machine"):
        less = {key: value for key, value in content.items() if key != name}
        file.write_text(json.dumps(less))
        with pytest.raises(InputError, match=name):
            read_row(file)


def test_a_row_of_labels_has_their_figures(run_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    write_row(row_of(run_file, ABOUT), file)
    content = json.loads(file.read_text())
    del content["lines"][0]["uar"]
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="there is no uar"):
        read_row(file)


def test_a_run_of_no_day_makes_no_row(run_file: Path) -> None:
    content = json.loads(run_file.read_text())
    content["provenance"]["date"] = ""
    run_file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="does not say when"):
        row_of(run_file, ABOUT)


@pytest.fixture
def unit_row(tmp_path: Path) -> Path:
    """A row of action units: unit 4 is right once, missed once and called once too often."""
    answers = [(["4"], ["L4"]), (["4", "12"], ["12"]), ([], ["4"])]
    scores = UnitScores((4, 12))
    scores.update([truth for truth, _ in answers], [called for _, called in answers])
    figures = scores.compute(least=10)
    figures.samples = len(answers)
    samples = [
        SampleResult(key=str(k), dataset="d", subject=str(k % 2), truth=truth, prediction=called)
        for k, (truth, called) in enumerate(answers)
    ]
    made = Provenance(mellm_version="1", command="mellm evaluate aus", date="2026-01-02")
    write_run(tmp_path / "units.json", UnitRun(figures=figures, samples=samples, provenance=made))
    write_row(row_of(tmp_path / "units.json", ABOUT), tmp_path / "unit_row.json")
    return tmp_path / "unit_row.json"


def test_a_row_of_units_holds_their_counts(unit_row: Path) -> None:
    (line,) = read_row(unit_row).lines
    assert line.unit_counts is not None
    assert {unit: (c.hits, c.called, c.true) for unit, c in line.unit_counts.items()} == {
        "4": (1, 2, 2),
        "12": (1, 1, 1),
    }
    assert (line.people, line.unit_f1, unchecked(read_row(unit_row))) == (2, 0.75, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit_f1": 0.999}, "unit_f1 is 0.999, its counts of units say 0.7500"),
        ({"unit_f1_frequent": 0.5}, "unit_f1_frequent is 0.5"),
        ({"classes": 3}, "counts of 2 units, not 3"),
        ({"unit_counts": {"4": {"hits": 3, "called": 2, "true": 2}}}, "the counts of unit 4 cannot be"),
        ({"unit_counts": {"4": {"hits": 0, "called": 2, "true": 2}}}, "the counts of unit 4 cannot be"),
    ],
)
def test_figures_of_units_that_cannot_be_are_refused(
    unit_row: Path, change: dict[str, object], said: str
) -> None:
    content = json.loads(unit_row.read_text())
    content["lines"][0].update(change)
    unit_row.write_text(json.dumps(content))
    with pytest.raises(InputError, match=said):
        read_row(unit_row)


def test_what_cannot_be_checked_is_said(unit_row: Path) -> None:
    content = json.loads(unit_row.read_text())
    del content["lines"][0]["unit_counts"]
    content["lines"][0]["unit_f1"] = 0.999
    unit_row.write_text(json.dumps(content))
    said = CliRunner().invoke(app, ["evaluate", "board", "check", str(unit_row)])
    assert said.exit_code == 0
    assert "1 row is sound" in said.output
    assert "unit_f1 cannot be checked: no counts for it in unit_row.json" in said.output


def test_the_command_line_adds_checks_and_builds(run_file: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    rows.mkdir()
    told = ["--method", "mine", "--trained-on", "my own clips", "--seen", "none", "--measurement", "both"]
    words = ["evaluate", "board", "add", str(run_file), "--out", str(rows / "mine.json"), *told]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert CliRunner().invoke(app, ["evaluate", "board", "check", str(rows)]).exit_code == 0
    out = tmp_path / "page.md"
    assert (
        CliRunner().invoke(app, ["evaluate", "board", "build", str(rows), "--out", str(out)]).exit_code == 0
    )
    assert "| mine | mellm | loso | both | d (3) | 5 |" in out.read_text()
    assert "`mellm evaluate x`" in out.read_text()


def test_the_page_in_the_docs_is_the_one_its_rows_make() -> None:
    folder = ROOT / "benchmarks" / "board"
    page = (ROOT / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    assert page == board_page(read_board(folder))


def test_no_committed_row_holds_samples_or_paths_of_a_machine() -> None:
    for file in (ROOT / "benchmarks" / "board").glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert "sub0" not in text and "spNO" not in text and "/tmp/" not in text
        assert re.findall(r"(?<![\w.:/])/\w+/", text) == [], "a path that begins at a machine's root"


def test_every_weight_that_ships_has_its_rights() -> None:
    told = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
    weights = ROOT / "src" / "mellm" / "weights"
    shipped = [f.name for f in weights.iterdir() if f.suffix in (".safetensors", ".onnx")]
    assert shipped and all(f"`{name}`" in told for name in shipped)


def test_the_clean_emotion_model_rests_on_no_sheet_and_answers(tmp_path: Path) -> None:
    from mellm.analysis.settings import Settings
    from mellm.facs import create_emotion_model
    from mellm.facs.learned_emotion import PROTOTYPES, clean_emotion_model

    assert set(clean_emotion_model().sheets) == {PROTOTYPES}
    assert create_emotion_model("clean").name == "clean-emotion-2"
    assert Settings(emotion_model="clean").recorded()["emotion_model"] == "clean"
    (tmp_path / "s.csv").write_text(
        "Subject,AU,Emotion\n1,6+12,happiness\n2,1+2+5,surprise\n3,9,disgust\n3,4,others\n4,,fear\n"
    )
    run = evaluate_emotion_models({"own": tmp_path / "s.csv"}, "clean", "7")
    assert [(s.truth, s.prediction) for s in run.samples] == [
        ("happiness", "happiness"),
        ("surprise", "surprise"),
        ("disgust", "disgust"),
    ]
    with pytest.raises(InputError, match="choose learned, clean or prototypes"):
        evaluate_emotion_models({"own": tmp_path / "s.csv"}, "none", "7")


BOARD = sorted((ROOT / "benchmarks" / "board").glob("*.json"))


@pytest.mark.parametrize("file", BOARD, ids=[file.stem for file in BOARD])
def test_each_row_of_the_board_is_dated(file: Path) -> None:
    row = read_row(file)
    assert date.fromisoformat(row.date) >= date(2026, 1, 1)
    assert row.commit and row.machine, "mellm evaluate --json writes them from a checkout"
    assert row.command.startswith("mellm evaluate")


def test_a_run_says_when_where_and_from_what_it_was_made(tmp_path: Path) -> None:
    made = provenance([], {}, 0, 0.0)
    assert date.fromisoformat(made.date) and " cores" in made.machine
    assert made.commit == commit_of(ROOT / "src" / "mellm" / "__init__.py")
    (tmp_path / "stray.py").touch()
    assert commit_of(tmp_path / "stray.py") == ""


def test_a_commit_says_that_files_were_changed_since(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@x")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    file = tmp_path / "a.py"
    file.touch()
    git("init")
    git("add", "a.py")
    git("commit", "-m", "one")
    clean = commit_of(file)
    file.write_text("changed")
    assert len(clean) == 40 and commit_of(file) == clean + "+"


def test_spotting_in_real_clips_has_rows(tmp_path: Path) -> None:
    def one(found: int, false: float) -> MethodFigures:
        peaks = {"1.2": PeakFigures(put_in=4, found=found, recall=found / 4, apex_error=None)}
        return MethodFigures(
            false_per_minute={"calm": false, "all": false},
            recall={"calm": peaks, "talking": peaks},
            precision=1.0,
            f1=0.5,
        )

    figures = SpottingFigures(
        minutes={"calm": 1.0}, methods={"ours": one(3, 0.0), "mdmd": one(1, 9.0)}, covered={"blink": 0.1}
    )
    sample = SpottingSample(key="a", person="p", kind="calm", peak=0.0, put_in=[], found={"ours": []})
    file = tmp_path / "run.json"
    made = Provenance(mellm_version="1", command="mellm evaluate spotting r", date="2026-01-02")
    write_run(file, SpottingRun(figures=figures, samples=[sample], provenance=made))
    row = row_of(file, ABOUT)
    assert row.task == "spotting in real clips"
    assert [(line.set, line.samples, line.recall) for line in row.lines] == [
        ("ours", 8, {"1.2": 0.75}),
        ("mdmd", 8, {"1.2": 0.25}),
    ]
    write_row(row, tmp_path / "board" / "a.json")
    page = board_page(read_board(tmp_path / "board"))
    assert "| first | ours | 8, 1 | 0.750 | 0.500 | 0.00 | none | nothing |" in page
    assert "| first | mdmd | 8, 1 | 0.250 | 0.500 | 9.00 | none | nothing; rules |" in page
