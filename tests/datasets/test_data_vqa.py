"""ME-VQA question files."""

import json
from pathlib import Path

import pytest

from mellm.datasets.vqa_questions import read_questions
from mellm.errors import InputError

ROW = {
    "id": "a_1",
    "dataset": "casme2",
    "image_id": "sub01_A",
    "subject": "sub01",
    "filename": "A",
    "question": "What is the action unit?",
    "answer": "brow lowerer",
}


def test_questions_are_read_and_blank_lines_skipped(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + json.dumps(ROW | {"id": "a_2"}) + "\n")
    first, second = read_questions(path)
    assert first.answer == "brow lowerer" and second.id == "a_2"


def test_a_repeated_question_is_counted_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(map(json.dumps, [ROW, ROW | {"id": "a_2"}, ROW])))
    assert [q.id for q in read_questions(path)] == ["a_1", "a_2"]
    assert caplog.messages == ["q.jsonl: repeated questions are counted once (1)."]


@pytest.mark.parametrize("line", ["not json", "{}", "[1]", json.dumps({"id": "x"})])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(ROW) + "\n" + line)
    with pytest.raises(InputError, match="line 2"):
        read_questions(path)


@pytest.mark.shared
def test_the_real_questions(shared_data: Path) -> None:
    questions = read_questions(shared_data / "me_vqa/casme2.jsonl")
    assert len(questions) == 911 and len({q.image_id for q in questions}) == 145


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_questions_in_other_encodings_and_with_a_line_separator(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(ROW | {"answer": "brow\u2028lowerer"}, ensure_ascii=False), encoding=encoding)
    (question,) = read_questions(path)
    assert question.answer == "brow\u2028lowerer"
