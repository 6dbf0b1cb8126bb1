"""`mellm ask`: what it refuses, the language of its answers, the warning beside a file's answers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from made_up_report import made_up_report
from mellm.analysis.asking.question_files import Clips, read_asked
from mellm.cli import app
from mellm.errors import InputError

COUNT = "How many blinks?"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished report."""
    folder = tmp_path_factory.mktemp("made") / "clip.mellm"
    folder.mkdir()
    (folder / "report.json").write_text(made_up_report(with_pictures=False)[0].to_json(), encoding="utf-8")
    return folder


def asked(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["ask", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_questions_and_a_file_of_them_exclude_each_other(kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_text(COUNT, encoding="utf-8")
    with pytest.raises(InputError, match="not both"):
        asked(kept, COUNT, "--questions", file)
    with pytest.raises(InputError, match="Ask something"):
        asked(kept)


def test_the_language_is_the_questions_or_the_options(kept: Path) -> None:
    assert "1 blink was found." in asked(kept, COUNT)
    assert "共发现 1 次眨眼。" in asked(kept, "有几次眨眼？")
    assert "共发现 1 次眨眼。" in asked(kept, COUNT, "--language", "zh")
    assert "1 blink was found." in asked(kept, "有几次眨眼？", "--language", "en")


def test_settings_that_change_no_answer_are_refused(kept: Path) -> None:
    with pytest.raises(InputError, match="no language model takes part"):
        asked(kept, COUNT, "--llm", "openai:http://localhost:1,model=x")
    with pytest.raises(InputError, match="--fps cannot change"):
        asked(kept, COUNT, "--fps", "30")
    assert "1 blink" in asked(kept, COUNT, "--llm", "none")


def test_a_folder_without_a_clip_is_refused_as_analyze_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.png").touch()
    with pytest.raises(InputError, match="holds no videos and no folders of pictures"):
        asked(tmp_path, COUNT, "--fps", "30")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=tmp_path.name):
        asked(".", COUNT, "--fps", "30")


def test_clips_win_over_their_previews(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "a.png", "b.png"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="holds many clips"):
        asked(tmp_path, COUNT)
    file = tmp_path / "questions.jsonl"
    file.write_text(json.dumps({"video": "b", "question": COUNT}), encoding="utf-8")
    assert Clips(tmp_path).find(read_asked(file)[0]) == tmp_path / "b.mp4"


def test_a_files_unmeasured_answers_are_warned_of(tmp_path: Path) -> None:
    report = made_up_report(with_pictures=False)[0].model_copy(
        update={"people": [], "micro_expressions": [], "other_events": [], "traces": []}
    )
    (tmp_path / "report.json").write_text(report.to_json(), encoding="utf-8")
    file, out = tmp_path / "questions.jsonl", tmp_path / "answers.jsonl"
    rows = ({"video": "x", "question": text} for text in ("How many faces?", COUNT))
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    said = asked(tmp_path, "--questions", file, "--out", out, "--quiet")
    assert "not measured" in said and "question 2" in said
    assert [json.loads(line)["answer"] for line in out.read_text().splitlines()] == ["0", "0"]
