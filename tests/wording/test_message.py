"""Sentences for people: both languages of every code, their fields, and where the program makes them."""

import ast
import json
import re
from dataclasses import asdict
from pathlib import Path
from string import Formatter

import pytest

import mellm
from mellm.errors import InputError, MellmError
from mellm.report import MessageRecord
from mellm.wording.message import Message, word
from mellm.wording.messages import MESSAGES

SOURCE = Path(mellm.__file__).parent
ADA_REASON = Message("person.note", {"who": "Ada", "note": "one corner"})
UNNAMED_REASON = Message("person.unnamed_note", {"note": "a sniff"})
BLINKS = Message("spot.none", {"why": Message("spot.blinks_only", {"count": 3})})
FAST_HEAD = Message("spot.none", {"why": Message("spot.fast_head")})
NO_FACE = Message("spot.none", {"why": Message("spot.no_face")})


def suggests(person: int, label: str) -> Message:
    return Message("verdict.suggests", {"person": person, "label": label})


def fields(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def made() -> dict[str, set[str] | None]:
    """Every code that the source makes a message of, with its fields where they stand there."""
    found: dict[str, set[str] | None] = {}
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"from mellm\.wording\.message import .*\bMessage\b", text):
            continue  # a language model's message is another thing
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Message" and node.args):
                continue
            if not isinstance(node.args[0], ast.Constant):
                continue  # a message put together again from its record
            code, given = node.args[0].value, node.args[1] if len(node.args) > 1 else None
            if given is None:
                found[code] = set()
            elif isinstance(given, ast.Dict) and all(isinstance(key, ast.Constant) for key in given.keys):
                found[code] = {key.value for key in given.keys if isinstance(key, ast.Constant)}
            else:
                found.setdefault(code, None)
    return found


def test_every_code_is_made_somewhere_and_no_other() -> None:
    assert set(made()) == set(MESSAGES) - {"text"}


def test_messages_are_made_with_the_fields_of_their_sentence() -> None:
    wrong = {code for code, given in made().items() if given not in (None, fields(MESSAGES[code][0]))}
    assert wrong == set()


@pytest.mark.parametrize("code", MESSAGES)
def test_both_languages_are_there_with_the_same_fields(code: str) -> None:
    english, chinese = MESSAGES[code]
    assert english and chinese
    assert fields(english) == fields(chinese)
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in english)


@pytest.mark.parametrize(
    ("message", "english", "chinese"),
    [
        (
            Message("verdict.found", {"count": 1, "people": (suggests(1, "happiness"),)}),
            "1 micro-expression found (person 1: suggests happiness).",
            "发现 1 个微表情（人物 1：提示高兴）。",
        ),
        (
            Message(
                "verdict.found", {"count": 2, "people": (suggests(1, "happiness"), suggests(2, "sadness"))}
            ),
            "2 micro-expressions found (person 1: suggests happiness; person 2: suggests sadness).",
            "发现 2 个微表情（人物 1：提示高兴；人物 2：提示悲伤）。",
        ),
        (
            BLINKS,
            "No micro-expression found: nothing but 3 blinks stands out of the noise.",
            "未发现微表情：除 3 次眨眼外，没有超出噪声的运动。",
        ),
        (
            Message(
                "verdict.reasons",
                {
                    "people": (
                        Message("verdict.reason", {"person": 1, "why": FAST_HEAD}),
                        Message("verdict.reason", {"person": 3, "why": NO_FACE}),
                    )
                },
            ),
            "Person 1: No micro-expression found: the head moves too fast. "
            "Person 3: No micro-expression found: no face was seen.",
            "人物 1：未发现微表情：头部运动过快。 人物 3：未发现微表情：没有看到人脸。",
        ),
        (
            Message("person.emotion", {"who": "Ada", "label": "contempt", "before": None}),
            "The emotion was set by Ada: contempt (program: none).",
            "情绪由Ada设定：轻蔑（程序：无）。",
        ),
        (
            Message("person.unit_changed", {"before": "12", "unit": "L12C", "who": ADA_REASON}),
            "AU 12 was changed to L12C by Ada: one corner.",
            "AU 12 改为 L12C：Ada: one corner。",
        ),
        (
            Message(
                "person.rejected",
                {
                    "number": 1,
                    "frames": Message("person.frames", {"frames": "33 -> 37"}),
                    "who": UNNAMED_REASON,
                },
            ),
            "Micro-expression 1 (frames 33 -> 37) was rejected by a person: a sniff.",
            "微表情 1（第 33 -> 37 帧）被否定：使用者：a sniff。",
        ),
        (
            Message(
                "person.reviewed",
                {
                    "count": 2,
                    "who": "Ada",
                    "people": (suggests(1, "contempt"), Message("verdict.suggests_none", {"person": 1})),
                },
            ),
            "2 micro-expressions after review by Ada "
            "(person 1: suggests contempt; person 1: suggests no emotion).",
            "经Ada审阅后有 2 个微表情（人物 1：提示轻蔑；人物 1：提示无情绪）。",
        ),
        (
            Message("media.end_damaged_of", {"count": 3, "expected": 9}),
            "the last part of the file is damaged: 3 of 9 frames could be read",
            "文件末尾已损坏：只读出 3/9 帧",
        ),
        (
            Message(
                "media.frame_left_out",
                {"frame": 7, "why": Message("media.picture_damaged", {"file": "x.png"})},
            ),
            "frame 7 is left out: x.png cannot be decoded: the picture is damaged; copy or save it again.",
            "跳过第 7 帧：x.png 无法解码：图片已损坏，请重新复制或保存。",
        ),
        (
            Message("media.numbers_missing", {"count": 2, "first": "1.jpg", "last": "4.jpg"}),
            "2 numbers are missing between 1.jpg and 4.jpg: times follow the numbers.",
            "1.jpg 与 4.jpg 之间缺少 2 个编号：时间按编号计算。",
        ),
        (
            Message("flow.head_turned", {"degrees": 6.6}),
            "The head turned by 7 degrees between onset and apex; "
            "what was not removed may look like expression.",
            "从起始到顶点头部转动了 7 度；未去除的部分可能看似表情。",
        ),
        (Message.plain("as {it} is"), "as {it} is", "as {it} is"),
    ],
)
def test_words_in_both_languages(message: Message, english: str, chinese: str) -> None:
    assert word(message, "en") == str(message) == english
    assert word(message, "zh") == chinese


@pytest.mark.parametrize(("count", "words"), [(0, "0 blinks"), (1, "1 blink"), (2, "2 blinks")])
def test_one_and_many(count: int, words: str) -> None:
    assert f"but {words} stands" in str(Message("spot.blinks_only", {"count": count}))


def test_a_message_comes_back_from_json() -> None:
    people = (suggests(1, "happiness"), Message("verdict.reason", {"person": 2, "why": NO_FACE}))
    message = Message("verdict.found", {"count": 2, "people": people})
    assert Message.from_json(json.loads(json.dumps(asdict(message)))) == message
    with pytest.raises(ValueError, match="code"):
        Message.from_json({"fields": {}})


def test_every_text_in_a_message_can_be_changed() -> None:
    inner = Message("media.picture_damaged", {"file": "ab12.png"})
    message = Message("media.frame_left_out", {"frame": 12, "why": inner})
    assert "clip.png" in str(message.mapped(lambda text: text.replace("ab12", "clip")))


def test_errors_keep_their_message() -> None:
    error = InputError(NO_FACE)
    assert str(error) == "No micro-expression found: no face was seen."
    assert error.message == NO_FACE
    assert MellmError("so").message == Message.plain("so")


@pytest.mark.parametrize(
    ("code", "values"),
    [("of.another.version", {}), ("media.no_frame", {}), ("flow.head_turned", {"degrees": "many"})],
)
def test_a_record_that_cannot_be_read_shows_its_text(code: str, values: dict[str, str]) -> None:
    record = MessageRecord.model_validate({"text": "As it stands.", "code": code, "fields": values})
    assert record.word("zh") == "As it stands."


def test_a_record_knows_its_sentence_in_both_languages() -> None:
    record = MessageRecord.of(BLINKS, "zh")
    again = MessageRecord.model_validate_json(record.model_dump_json())
    assert (again.text, again.word("en")) == (word(BLINKS, "zh"), str(BLINKS))
