"""Rows of questions on the board: a line a kind of question, intervals over people, no sample."""

import json
from pathlib import Path

import pytest

from mellm.datasets.vqa_questions import VQAQuestion
from mellm.errors import InputError
from mellm.evaluate.board import row_of
from mellm.evaluate.board_page import board_page
from mellm.evaluate.board_rows import About, read_board, read_row, write_row
from mellm.evaluate.runs import Provenance, SampleResult, VQARun, write_run
from mellm.evaluate.vqa_answers import score_answers

ABOUT = About(method="mine", trained_on="nothing", contamination="none", measurement="both", by="me")
COARSE = "What is the coarse expression class?"
ASKED = [
    ("a", COARSE, "negative", "negative"),
    ("a", COARSE, "positive", "positive"),
    ("b", COARSE, "negative", "positive"),
    ("c", COARSE, "positive", "no idea"),
    ("a", "What are the action units?", "brow lowerer, cheek raiser", "brow lowerer"),
    ("b", "Is the action unit brow lowerer shown on the face?", "yes", "yes"),
    ("b", "Is the action unit cheek raiser shown on the face?", "yes", "no"),
]


@pytest.fixture
def row_file(tmp_path: Path) -> Path:
    questions = [VQAQuestion(str(k), "d", "k", who, "f", q, t) for k, (who, q, t, _) in enumerate(ASKED)]
    samples = [
        SampleResult(key=f"secret{k}", dataset="d", subject=who, question=q, truth=t, prediction=given)
        for k, (who, q, t, given) in enumerate(ASKED)
    ]
    run = VQARun(
        figures=score_answers(questions, [given for *_, given in ASKED]),
        samples=samples,
        provenance=Provenance(
            mellm_version="1", command="mellm evaluate me-vqa", settings={"protocol": "x"}, date="2026-01-02"
        ),
    )
    write_run(tmp_path / "run.json", run)
    rows = tmp_path / "rows"
    rows.mkdir()
    write_row(row_of(tmp_path / "run.json", ABOUT), rows / "row.json")
    return rows / "row.json"


def test_a_line_a_kind_of_question(row_file: Path) -> None:
    row = read_row(row_file)
    assert (row.task, [line.set for line in row.lines]) == ("questions", ["coarse", "units", "shown"])
    coarse, units, shown = row.lines
    # negative: F1 2/3, positive: 1 hit, 1 false, 1 missed -> 1/2; "no idea" is nobody's hit
    assert coarse.uf1 == pytest.approx((2 / 3 + 1 / 2) / 2, abs=1e-4)
    assert (coarse.accuracy, coarse.samples, coarse.people, coarse.classes) == (0.5, 4, 3, 2)
    assert coarse.uf1_interval is not None and coarse.uf1_interval[0] < coarse.uf1 < coarse.uf1_interval[1]
    assert units.unit_f1 == pytest.approx(2 / 3, abs=1e-4) and units.bleu is not None
    assert (shown.accuracy, shown.samples) == (0.5, 2)
    assert "secret" not in row_file.read_text()


def test_the_page_has_a_table_of_questions(row_file: Path) -> None:
    page = board_page(read_board(row_file.parent))
    assert "## Questions about a micro-expression" in page
    assert "| mine | me | both | coarse | 4, 3 | 0.583 (" in page
    assert "|  |  |  | shown | 2, 1 |  |  | 0.500 |" in page


def test_figures_that_their_answers_do_not_give_are_refused(row_file: Path) -> None:
    content = json.loads(row_file.read_text())
    content["lines"][0]["accuracy"] = 0.9
    row_file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="its confusion says"):
        read_row(row_file)
