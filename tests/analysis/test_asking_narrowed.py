"""Questions that name a time, a part of the video, a person or a place in the row are honoured."""

import pytest

from made_up_report import FPS, made_up_report
from mellm.analysis.asking import Topic, ask, read_question
from mellm.analysis.asking.named_places import Places, Span, read_places
from mellm.report import OtherEvent, Report


def event(kind: str, onset: int, offset: int, person: int = 1) -> OtherEvent:
    return OtherEvent(
        person=person,
        kind=kind,
        onset_frame=onset,
        apex_frame=onset + 2,
        offset_frame=offset,
        onset_time=onset / FPS,
        apex_time=(onset + 2) / FPS,
        offset_time=offset / FPS,
    )


@pytest.fixture(scope="module")
def report() -> Report:
    """A blink at 2.8 s, speech from 5.0 to 6.0 s, shut eyes from 7.0 to 8.3 s, an expression at 10.6 s."""
    made = made_up_report(with_pictures=False)[0]
    more = [event("speech", 150, 180), event("closure", 210, 250)]
    return made.model_copy(update={"other_events": [*made.other_events, *more]})


@pytest.fixture(scope="module")
def two_people(report: Report) -> Report:
    second = report.people[0].model_copy(update={"person": 2})
    return report.model_copy(
        update={
            "people": [*report.people, second],
            "other_events": [*report.other_events, event("blink", 20, 27, person=2)],
        }
    )


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("Was there a blink at 0.9 s?", Places(time=0.9)),
        ("0.9秒时眨眼了吗？", Places(time=0.9)),
        ("What happened at 900 ms?", Places(time=0.9)),
        ("What happened at 0:00:01?", Places(time=1)),
        ("What happened at 1:05?", Places(time=65)),
        ("What happened at 1:02:03.5?", Places(time=3723.5)),
        ("1分5秒时发生了什么？", Places(time=65)),
        ("at one minute and 5 seconds", Places(time=65)),
        ("What is in frame 12?", Places(frame=12)),
        ("第12帧有什么？", Places(frame=12)),
        ("How many blinks before 0.5 s?", Places(span=Span(None, 0.5))),
        ("0.5 秒之前有几次眨眼？", Places(span=Span(None, 0.5))),
        ("Did she blink in the first two seconds?", Places(span=Span(None, 2))),
        ("前两秒有眨眼吗？", Places(span=Span(None, 2))),
        ("Did she blink in the first half of the video?", Places(span=Span(None, 0.5, share=True))),
        ("Anything in the last quarter?", Places(span=Span(0.75, None, share=True))),
        ("What is in the second third?", Places(span=Span(1 / 3, 2 / 3, share=True))),
        ("后半段有几次眨眼？", Places(span=Span(0.5, None, share=True))),
        ("前三分之一有什么？", Places(span=Span(None, 1 / 3, share=True))),
        ("Did she blink after 1:05?", Places(span=Span(65, None))),
        ("2秒以后有眨眼吗？", Places(span=Span(2, None))),
        ("between 1 and 2 s", Places(span=Span(1, 2))),
        ("from 1 s to 2.5 s", Places(span=Span(1, 2.5))),
        ("1到2秒之间", Places(span=Span(1, 2))),
        ("in the last 0.5 s", Places(span=Span(-0.5, None))),
        ("最后两秒", Places(span=Span(-2, None))),
        ("frames 10 to 20", Places(span=Span(10, 20, frames=True))),
        ("第10到20帧", Places(span=Span(10, 20, frames=True))),
        ("blinks longer than 0.3 s", Places(lasting=Span(0.3, None))),
        ("不到0.3秒的眨眼", Places(lasting=Span(None, 0.3))),
        ("When was the third blink?", Places(ordinal=3)),
        ("When was the 22nd blink?", Places(ordinal=22)),
        ("第二次眨眼在什么时候？", Places(ordinal=2)),
        ("第十二次眨眼", Places(ordinal=12)),
        ("When was the last blink?", Places(ordinal=-1)),
        ("倒数第二次眨眼", Places(ordinal=-2)),
        ("the second to last blink", Places(ordinal=-2)),
        ("the first and the last blink", Places()),
        ("How many micro-expressions did person 2 show?", Places(person=2)),
        ("第二个人有几个微表情？", Places(person=2)),
        ("人物2眨了几次眼？", Places(person=2)),
        ("When did the second person first blink?", Places(person=2, ordinal=1)),
        ("How many frames per second are there?", Places()),
    ],
)
def test_what_narrows_a_question(question: str, places: Places) -> None:
    assert read_places(question)[0] == places


@pytest.mark.parametrize(
    ("question", "short", "said"),
    [
        ("At 2.9 s was there a blink?", "1", "At 2.90 s (frame 87) there is a blink: 2.80 to 3.04 s"),
        ("Was there a blink at 2 s?", "0", "no blink was found; the nearest is a blink: 2.80"),
        ("2.9秒时眨眼了吗？", "1", "2.90 秒（第 87 帧）处有眨眼"),
        ("2秒时有眨眼吗？", "0", "未发现眨眼"),
        ("Did she blink in frame 87?", "1", "there is a blink"),
        ("Did she speak at 5.5 s?", "1", "there is a run of speech: 5.00 to 6.01 s"),
        ("5.5秒时在说话吗？", "1", "处有说话"),
        ("Were her eyes closed at 7.5 s?", "1", "there is a time of shut eyes"),
        ("How many blinks before 0.5 s?", "0", "No blink was found there; the whole video has 1 blink."),
        ("How many blinks before 3 s?", "1", "Looked at: before 3.00 s. 1 blink was found."),
        ("3秒之前有几次眨眼？", "1", "所看范围：3.00 秒之前。共发现 1 次眨眼。"),
        ("Did she speak between 1 and 2 s?", "0", "No run of speech was found there"),
        ("How many blinks in frames 80 to 90?", "1", "frames 80 to 90"),
        ("How many micro-expressions before 5 s?", "1", "1 micro-expression was found."),
        ("5秒之前有几个微表情？", "1", "共发现 1 个微表情。"),
        ("How many macro-expressions in the last 2 s?", "1", "Looked at: after 10.41 s."),
        ("How many blinks were longer than 0.3 s?", "0", "No blink was found there"),
        ("When was the third blink?", "0", "There is no 3rd blink, only 1 blink."),
        ("第二次眨眼在什么时候？", "0", "没有第 2 次眨眼，只有 1 次眨眼。"),
        ("When was the first blink?", "2.80", "The 1st blink: 2.80 to 3.04 s (frames 84 to 91)."),
        ("第一次眨眼在什么时候？", "2.80", "第 1 次眨眼：2.80 至 3.04 秒"),
        ("When was the second micro-expression?", "8.84", "The 2nd micro-expression begins at 8.84 s"),
        ("第二个微表情在什么时候？", "8.84", "第 2 个微表情始于 8.84 秒"),
        ("When was the 5th micro-expression?", "", "There is no 5th micro-expression, only 2"),
        ("When was the second macro-expression?", "", "There is no 2nd macro-expression, only 1"),
        ("When was micro-expression 7?", "", "There is no micro-expression 7: the report has 2"),
        ("What is the emotion of the second micro-expression?", "disgust", "suggests disgust"),
        ("What emotion does the third expression show?", "", "The emotion of a macro-expression is not"),
        ("Is the lip corner puller shown at 9 s?", "no", "AU 12 lip corner puller was not measured"),
        ("Is the lip corner puller shown at 2 s?", "no", "No micro-expression was found there"),
        ("Is the lip corner puller shown at 4.2 s?", "yes", "in micro-expression 1"),
        ("What is the longest blink?", "0.23", "The longest blink lasts 0.23 s"),
    ],
)
def test_a_narrowed_question_is_honoured(report: Report, question: str, short: str, said: str) -> None:
    answer = ask(report, question)
    assert answer.short == short and said in answer.text


def test_what_happened_tells_of_every_kind_of_event(report: Report) -> None:
    assert "there is a blink" in ask(report, "What happened at 2.9 s?").text
    assert "there is a run of speech" in ask(report, "What happened at 0:00:05?").text
    part = ask(report, "What happened between 2 and 6 s?")
    assert part.short == "blink, happiness, run of speech"
    assert "no expression was found" in ask(report, "Which emotion is there at 2.9 s?").text
    assert ask(report, "What is in frame 4000?").text == "There is no frame 4000: the last is frame 371."


def test_a_persons_events_are_that_persons(two_people: Report) -> None:
    everyone = ask(two_people, "How many blinks?")
    assert everyone.short == "2" and "person 2: 0.67" in everyone.text
    assert ask(two_people, "How many blinks did person 2 show?").short == "1"
    assert ask(two_people, "第二个人有几个微表情？").short == "0"
    assert ask(two_people, "How many micro-expressions did person 1 show?").short == "2"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many micro-expressions did person 2 show?", "There is no person 2: 1 person was seen."),
        ("Did the second person blink?", "There is no person 2: 1 person was seen."),
        ("人物2眨眼了吗？", "没有人物 2：共看到 1 人。"),
        ("What emotion does person 3 show?", "There is no person 3: 1 person was seen."),
    ],
)
def test_there_is_no_such_person(report: Report, question: str, said: str) -> None:
    answer = ask(report, question)
    assert answer.text == said and not answer.measured


@pytest.mark.parametrize(
    ("question", "short", "said"),
    [
        ("Is AU 4 or AU 7 stronger?", "brow lowerer", "AU 4 brow lowerer is the strongest"),
        ("AU 4 和 AU 7 哪个更强？", "brow lowerer", "最强的是 AU 4"),
        ("Which is more likely, the lid tightener or the brow lowerer?", "brow lowerer", "is the likeliest"),
        ("Is AU 14 or AU 20 stronger?", "none", "none of them is likely"),
        ("Is AU 4 or AU 29 stronger?", "", "AU 29 jaw thrust is not measured"),
    ],
)
def test_units_are_compared(report: Report, question: str, short: str, said: str) -> None:
    assert read_question(question).topic is Topic.COMPARED
    answer = ask(report, question)
    assert said in answer.text
    assert short in answer.short.split(", ")


def test_several_units_are_all_answered(report: Report) -> None:
    assert ask(report, "Are AU 12 and AU 9 shown?").short == "no"
    either = ask(report, "Is AU 12 or AU 9 shown?")
    assert either.short == "yes" and "Yes: AU 12B" in either.text and "No: AU 9" in either.text


def test_a_share_of_the_video_is_looked_at(report: Report) -> None:
    """It lasts long enough that the blink at 2.8 s is in its first half, and the expression in its last."""
    whole = report.source.duration
    assert whole is not None and 2.8 < whole / 2 < 10
    assert ask(report, "How many blinks in the first half?").short == "1"
    late = ask(report, "How many blinks are there in the second half of the video?")
    assert late.short == "0" and f"after {whole / 2:.2f} s" in late.text
    assert ask(report, "后半段有几次眨眼？").short == "0"


def test_how_long_an_event_lasts_is_said(report: Report) -> None:
    assert "Lasting: 1.33 s." in ask(report, "How long were her eyes shut?").text
    assert "持续：1.00 秒。" in ask(report, "说话说了多久？").text
    assert "Lasting" not in ask(report, "How long is the video?").text
    assert "Lasting" not in ask(report, "What is the longest macro-expression?").text
