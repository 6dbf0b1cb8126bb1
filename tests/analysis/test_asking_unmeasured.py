"""What nobody looked for is not said to be absent: pairs, clips without a face, clips too short."""

import pytest

from made_up_report import made_up_report
from mellm.analysis.asking import ask
from mellm.report import MessageRecord, Report
from mellm.wording.message import Message


@pytest.fixture(scope="module")
def report() -> Report:
    return made_up_report(with_pictures=False)[0]


@pytest.fixture(scope="module")
def pair(report: Report) -> Report:
    """Two pictures, whose language model ends in another label than the action units."""
    me = report.micro_expressions[1]
    frames = {"onset_frame": 0, "apex_frame": 1, "offset_frame": None, "origin": "given", "confidence": 1.0}
    unknown = dict.fromkeys(("onset_time", "apex_time", "offset_time", "duration"))
    reading = {"model": "a model", "label": "happiness", "agrees_with_facs": False}
    me = me.model_copy(
        update={
            "interval": me.interval.model_copy(update=frames | unknown),
            "reading": me.reading.model_copy(update=reading),
        }
    )
    source = {"kind": "pair", "fps": None, "duration": None, "frames": 2}
    return report.model_copy(
        update={
            "source": report.source.model_copy(update=source),
            "micro_expressions": [me],
            "other_events": [],
            "traces": [],
        }
    )


@pytest.fixture(
    scope="module",
    params=[
        Message("spot.seen_too_short", {"seen": 0.1, "least": 0.2}),
        Message("spot.rate_too_low", {"fps": 1.0, "least": 4}),
        Message("spot.too_few_frames", {"count": 2, "least": 3}),
    ],
    ids=lambda why: why.code,
)
def too_short(report: Report, request: pytest.FixtureRequest) -> Report:
    why = request.param
    record = MessageRecord.of(Message("spot.none", {"why": why}))
    provenance = report.provenance.model_copy(update={"messages": [record]})
    nothing = {"micro_expressions": [], "other_events": [], "verdict": record.text, "provenance": provenance}
    return report.model_copy(update=nothing)


@pytest.fixture(scope="module")
def no_face(report: Report) -> Report:
    verdict = "No micro-expression found: no face was seen in any frame."
    nothing = {"people": [], "micro_expressions": [], "other_events": [], "traces": [], "verdict": verdict}
    return report.model_copy(update=nothing)


ABSENT = [
    "Did she blink?",
    "How many blinks?",
    "Did she speak?",
    "Were her eyes shut?",
    "How many macro-expressions?",
    "她眨眼了吗？",
    "说话了几次？",
    "有多少个宏表情？",
]


@pytest.mark.parametrize("question", ABSENT)
def test_what_was_not_looked_for_is_not_counted(
    pair: Report, too_short: Report, no_face: Report, question: str
) -> None:
    for report, english, chinese in (
        (pair, "only the frames that a person gave were compared", "只比较了人工给定的帧"),
        (too_short, "needed", "至少需要"),
        (no_face, "no face was seen in any frame", "没有看到人脸"),
    ):
        answer = ask(report, question)
        # A count stays a number in the challenges' form.
        assert not answer.measured and answer.short == "0"
        assert (chinese if answer.language == "zh" else english) in answer.text


def test_micro_expressions_need_a_face_and_time(too_short: Report, no_face: Report) -> None:
    for report in (too_short, no_face):
        assert not ask(report, "How many micro-expressions are there?").measured
        assert not ask(report, "What are the action units?").measured
        assert ask(report, "How long is the video?").measured
    assert ask(no_face, "How many faces are there?").short == "0"


def test_a_pairs_own_expression_counts(pair: Report) -> None:
    answer = ask(pair, "How many micro-expressions are there?")
    assert answer.measured and answer.short == "1"
    assert "nothing else was looked for" in answer.text
    assert "没有检测其他内容" in ask(pair, "有多少个微表情？").text
    head = ask(pair, "Did the head move?")
    assert "was not measured" in head.text and "the head moves 0.42 px" in head.text


@pytest.mark.parametrize(
    "question",
    [
        "How long does it last?",
        "How long is the video?",
        "What happens at 1 s?",
        "视频多长？",
        "Which expression was the longest?",
        "Did anything happen before 2 s?",
    ],
)
def test_a_pair_has_no_times(pair: Report, question: str) -> None:
    answer = ask(pair, question)
    said = "没有时间" if answer.language == "zh" else "they have no times"
    assert not answer.measured and said in answer.text


def test_a_pairs_frames_are_named_without_times(pair: Report) -> None:
    for question in (
        "What is the onset frame?",
        "When was the first micro-expression?",
        "What is in frame 1?",
    ):
        answer = ask(pair, question)
        assert "onset in frame 0, apex in frame 1" in answer.text and "0.00" not in answer.text
    assert "起始在第 0 帧，顶点在第 1 帧" in ask(pair, "起始帧是哪一帧？").text


def test_frames_that_a_person_set_have_no_confidence(pair: Report, report: Report) -> None:
    sure = ask(pair, "How sure are you?")
    assert "A person set the frames" in sure.text and "1.00" not in sure.text
    assert "suggests disgust, probability 0.38" in sure.text
    assert "由人工给定" in ask(pair, "你有多大把握？").text
    assert "spotted with confidence 0.81" in ask(report, "How sure are you?").text


def test_a_reading_that_disagrees_is_remarked_on(pair: Report, report: Report) -> None:
    answer = ask(pair, "Why disgust?")
    remark = "the model ends in happiness, the action units suggest disgust"
    assert remark in answer.text and answer.text.index("suggests disgust") < answer.text.index(remark)
    assert "模型的结论为高兴" in ask(pair, "为什么是厌恶？").text
    assert "disagree" not in ask(report, "Why disgust?").text
