"""Questions: what is understood, what is answered, which frames are cited; nothing that was not measured."""

import json
from pathlib import Path

import pytest

from made_up_report import made_up_report
from mellm.analysis.asking import Topic, ask, read_question
from mellm.analysis.asking.question_files import Clips, read_asked, write_answers
from mellm.errors import InputError
from mellm.report import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return made_up_report()[0]


@pytest.fixture(scope="module")
def nothing(report: Report) -> Report:
    return report.model_copy(
        update={"micro_expressions": [], "other_events": [], "verdict": "No micro-expression found."}
    )


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("How many expression events appear in this video?", Topic.COUNT),
        ("What is the coarse expression class?", Topic.COARSE),
        ("What is the fine-grained expression class?", Topic.FINE),
        ("What is the action unit?", Topic.UNITS),
        ("What are the action units?", Topic.UNITS),
        ("Is the action unit lip corner puller shown on the face?", Topic.SHOWN),
        ("Is the action unit brow lowerer located on the left or right face?", Topic.SIDE),
        ("Please analyse the micro-expression shown in this video in detail.", Topic.DETAIL),
        (
            "What is the action unit present, and based on it, what is the fine-grained expression and the "
            "coarse expression class?",
            Topic.SPOKEN,
        ),
        ("Which emotion is there at 12 s?", Topic.AT),
        ("What happens at 1:05?", Topic.AT),
        ("What is shown in frame 127?", Topic.AT),
        ("Which action units appear in the whole video?", Topic.UNITS_OVER),
        ("Which micro-expression is the longest?", Topic.LONGEST),
        ("In which order do the expressions appear?", Topic.ORDER),
        ("When was the first micro-expression?", Topic.FIRST),
        ("视频中有多少个宏表情？", Topic.COUNT),
        ("第一个微表情在什么时候？", Topic.FIRST),
        ("整段视频出现了哪些动作单元？", Topic.UNITS_OVER),
        ("请详细分析该视频中的微表情。", Topic.DETAIL),
        ("Is she lying?", Topic.TRUTH),
        ("What colour is the shirt?", Topic.OTHER),
    ],
)
def test_what_a_question_asks_for(question: str, topic: Topic) -> None:
    assert read_question(question).topic is topic


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("How many expression events appear in this video?", "3"),
        ("How many micro-expression events appear in this video?", "2"),
        ("How many macro-expression events appear in this video?", "1"),
        ("What is the coarse expression class?", "positive"),
        ("What is the fine-grained expression class?", "happiness"),
        ("What are the action units?", "cheek raiser, lip corner puller"),
        ("Is the action unit lip corner puller shown on the face?", "yes"),
        ("Is the action unit nose wrinkler shown on the face?", "no"),
        ("Is the action unit lid tightener located on the left or right face?", "left"),
        ("In which order do the expressions appear?", "happiness, disgust, macro-expression"),
    ],
)
def test_the_challenges_questions_get_answers_in_their_form(
    report: Report, question: str, short: str
) -> None:
    assert ask(report, question).short == short


def test_an_answer_cites_the_frames_it_rests_on(report: Report) -> None:
    answer = ask(report, "Is the action unit lip corner puller shown on the face?")
    first = report.micro_expressions[0].interval
    assert answer.frames == [first.onset_frame, first.apex_frame]
    assert answer.micro_expressions == [1]
    assert str(first.apex_frame) in answer.text


def test_a_time_is_answered_by_what_covers_it(report: Report) -> None:
    second = report.micro_expressions[1].interval
    assert second.apex_time is not None
    covered = ask(report, f"Which emotion is there at {second.apex_time:.2f} s?")
    assert covered.short == report.micro_expressions[1].emotion.label
    empty = ask(report, "Which emotion is there at 1.2 s?")
    assert empty.short == "none" and "no expression was found" in empty.text
    late = ask(report, "Which emotion is there at 2000 s?")
    assert not late.measured and "ends at" in late.text


def test_the_language_is_the_questions_own(report: Report) -> None:
    answer = ask(report, "视频中有多少个微表情？")
    assert answer.language == "zh" and answer.short == "2" and "2 个微表情" in answer.text
    assert ask(report, "How many micro-expressions?", "zh").text.startswith("共发现")


def test_what_is_too_unsure_to_be_reported_counts(report: Report) -> None:
    smile = report.micro_expressions[0].interval
    around = report.other_events[1].model_copy(
        update={"onset_frame": smile.onset_frame - 5, "offset_frame": (smile.offset_frame or 0) + 40}
    )
    faint = around.model_copy(
        update={
            "kind": "micro",
            "onset_frame": 20,
            "offset_frame": 28,
            "onset_time": 0.67,
            "offset_time": 0.93,
        }
    )
    unsure = report.model_copy(update={"uncertain_events": [faint]})
    answer = ask(unsure, "How many micro-expression events appear in this video?")
    assert answer.short == "3" and "1 of them is too uncertain to be reported" in answer.text
    assert ask(unsure, "How many expression events appear in this video?").short == "4"
    assert ask(unsure, "How many macro-expression events appear in this video?").short == "1"
    # The other answers speak of the same expressions.
    first = ask(unsure, "When was the first micro-expression?")
    assert first.short == f"{faint.onset_time:.2f}" and "were not read" in first.text
    order = ask(unsure, "In which order do the expressions appear?")
    assert sorted(order.short.split(", ")) == ["disgust", "happiness", "macro-expression", "micro-expression"]
    # A brief movement within a longer one is a part of it.
    unsure = report.model_copy(update={"uncertain_events": [around]})
    assert ask(unsure, "How many micro-expression events appear in this video?").short == "1"
    assert ask(unsure, "How many expression events appear in this video?").short == "3"
    assert "把握不足" in ask(unsure, "视频中有多少个宏表情？").text


def test_readings_are_given_in_the_language_asked_for(report: Report) -> None:
    answer = ask(report, "请详细分析该视频中的微表情。")
    assert "嘴角" in answer.text and "Both mouth corners" not in answer.text


@pytest.mark.parametrize("question", ["What colour is the shirt?", "Is he lying?", "How old is she?"])
def test_what_was_not_measured_is_said_so(report: Report, question: str) -> None:
    answer = ask(report, question)
    assert not answer.measured and "not measured" in answer.text and answer.frames == []


def test_without_a_micro_expression_the_reason_is_told(nothing: Report) -> None:
    for question in ("What are the action units?", "When was the first micro-expression?", "How sure?"):
        answer = ask(nothing, question)
        assert "No " in answer.text and answer.frames == []
    assert ask(nothing, "How many micro-expressions?").short == "0"


def test_an_unmeasured_unit_is_no_no(report: Report) -> None:
    answer = ask(report, "Is the action unit jaw thrust shown on the face?")
    assert not answer.measured and "not measured" in answer.text


def test_an_empty_question_is_refused(report: Report) -> None:
    with pytest.raises(InputError, match="no question"):
        ask(report, "  ")


def test_pieces_are_the_text(report: Report) -> None:
    for language in ("en", "zh"):
        answer = ask(report, "When was the first micro-expression?", language)
        pieces = list(answer.pieces())
        assert len(pieces) > 2 and "".join(pieces) == answer.text


def test_a_file_is_answered_in_the_form_it_has(tmp_path: Path) -> None:
    asked = tmp_path / "asked.jsonl"
    rows = [
        {"video_id": "v1", "question": "How many?", "answer": ""},
        {"video": "x.mp4", "question": "When?"},
    ]
    asked.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    write_answers(tmp_path / "out.jsonl", read_asked(asked), ["3", "4.10"])
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert written == [rows[0] | {"answer": "3"}, rows[1] | {"answer": "4.10"}]


def test_a_files_clips_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("a/clip1.mp4", "b/clip1.mp4", "b/clip2.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    file = tmp_path / "asked.jsonl"
    rows = [
        {"video": "clip2.mp4", "question": "When?"},
        {"filename": "clip1", "subject": "a", "question": "When?"},
        {"filename": "clip1", "question": "When?"},
        {"filename": "clip9", "question": "When?"},
    ]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    clips, lines = Clips(tmp_path), read_asked(file)
    assert clips.find(lines[0]) == tmp_path / "b/clip2.mp4"
    assert clips.find(lines[1]) == tmp_path / "a/clip1.mp4"
    with pytest.raises(InputError, match="2 clips"):
        clips.find(lines[2])
    with pytest.raises(InputError, match="No clip"):
        clips.find(lines[3])
