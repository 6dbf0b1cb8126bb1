"""Odd cells in a sheet are named and never stop an evaluation."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from test_evaluate_language import Asked, Echo

from mellm.datasets.megc2019 import read_flow_set
from mellm.errors import InputError
from mellm.evaluate.emotion_from_sheets import evaluate_emotion_models
from mellm.evaluate.emotion_from_units import read_coded
from mellm.evaluate.language_models import evaluate_language
from mellm.evaluate.unit_recognition import evaluate_units
from mellm.evaluate.vqa_answers import evaluate_vqa
from mellm.train.facs.emotion_model import read_rows

ODD = {0: "soft focus", 1: "A4B+glare", 2: "ref(12)+4", 3: "(1B+2A)or(loses AU4)", 4: "NaN"}


@pytest.fixture
def odd_folder(flow_folder: Path, tmp_path: Path) -> Path:
    """The folder of flow whose first cells hold what real sheets hold, saved as Excel does in Germany."""
    folder = tmp_path / "odd"
    shutil.copytree(flow_folder, folder)
    sheet = folder / "samples.csv"
    with sheet.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, cell in ODD.items():
        rows[number]["action_units"] = cell
    with sheet.open("w", newline="", encoding="utf-16") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_language_model_is_evaluated_all_the_same(
    odd_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = evaluate_language(odd_folder, Asked(Echo()))
    everything = read_flow_set(odd_folder).samples
    assert len(run.samples) == len(everything)
    assert run.figures.units.samples == len(everything) - 2
    said = caplog.messages[0]
    assert "samples.csv, column action_units: 3 cells" in said
    assert "row 2 'soft focus', 3 'glare', 5 'loses AU4'" in said


def test_units_are_scored_without_references_and_remarks(odd_folder: Path) -> None:
    run = evaluate_units(odd_folder, "zero-shot")
    assert run.figures.unreadable == 1
    truth = {sample.key: sample for sample in read_flow_set(odd_folder).samples}
    codes = [[u.sided for u in s.action_units.present] for s in list(truth.values())[:5]]
    assert codes == [[], ["4"], ["4"], ["1", "2"], []]


def test_questions_are_answered_about_the_sample_they_name(flow_folder: Path, tmp_path: Path) -> None:
    sample = read_flow_set(flow_folder).samples[0]
    base = {"dataset": sample.dataset.upper(), "subject": sample.subject, "filename": f"{sample.key}.avi"}
    asked = {"id": "1", "image_id": "another spelling", "question": "What is the coarse expression class?"}
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(base | asked | {"answer": sample.label}))
    run = evaluate_vqa(flow_folder, path)
    assert (len(run.samples), run.figures.unanswered) == (1, 0)
    path.write_text(json.dumps(base | asked | {"answer": sample.label, "dataset": "another set"}))
    with pytest.raises(InputError, match="None of the questions"):
        evaluate_vqa(flow_folder, path)


def test_rows_of_no_known_emotion_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Subject;Filename;AU;Emotion\n1;a;4 blurred;anger\n1;b;12;others\n2;c;A12;happy\n")
    assert [(s.key, s.emotion) for s in read_coded(sheet)] == [("a", "anger"), ("c", "happiness")]
    said = "\n".join(caplog.messages)
    assert "column AU: 1 cell holds" in said and "row 2 'blurred'" in said
    assert "column Emotion: 1 row left out" in said and "row 3 'others'" in said
    sheet.write_text("Subject,Filename,AU,Emotion\n1,a,4,others\n")
    with pytest.raises(InputError, match="No emotion"):
        read_coded(sheet)


def test_dates_in_place_of_units_are_said_once_and_not_scored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sheet = tmp_path / "sheet.csv"
    cells = ("7-Apr", "7/4/2024", "2024-04-07", "45389", "4+7")
    lines = [f"1,{k},{cell},anger" for k, cell in enumerate(cells)]
    sheet.write_text("\n".join(["Subject,Filename,AU,Emotion", *lines]))
    assert [len(s.codes.present) for s in read_coded(sheet)] == [0, 0, 0, 0, 2]
    (said,) = caplog.messages
    assert "column AU: 4 cells hold dates, which a spreadsheet made of codes; nothing is scored" in said
    assert "row 2 '7-Apr', 3 '7/4/2024', 4 '2024-04-07', 5 '45389'" in said


def test_a_repeated_row_is_one_sample(
    flow_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Subject,Filename,AU,Emotion\n1,a,4,anger\n1,a,4,anger\n2,b,12,happiness\n")
    assert [s.key for s in read_coded(sheet)] == ["a", "b"]
    assert len(evaluate_emotion_models({"own": sheet}, "clean").samples) == 2
    assert len(read_rows(sheet)) == 2
    assert caplog.text.count("1 row repeats another and is counted once (row 3 like 2)") == 3
    folder = tmp_path / "twice"
    shutil.copytree(flow_folder, folder)
    header, *rows = (folder / "samples.csv").read_text().splitlines()
    (folder / "samples.csv").write_text("\n".join([header, *rows, *rows]))
    assert read_flow_set(folder).samples == read_flow_set(flow_folder).samples
