"""Sentences of the stages in the other language; every template is one that the program really writes."""

import ast
import contextlib
import re
from pathlib import Path
from string import Formatter

import pytest
from mellm.wording.sentences import SENTENCES, in_language

import mellm
from mellm.spot.reason import REASONS

SOURCE = Path(mellm.__file__).parent


def plain(template: str) -> str:
    """A template with empty fields."""
    parts = Formatter().parse(template)
    return "".join(text + ("{}" if field is not None else "") for text, field, _, _ in parts)


def written() -> set[str]:
    """Every string of the source as a template: f-strings and plain ones, adjacent ones joined."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.name == "sentences.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values]
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                with contextlib.suppress(ValueError):
                    found.add(plain(node.value))
    return found


def test_every_template_is_a_sentence_of_the_program() -> None:
    """A sentence that is reworded in its stage must be reworded in the table."""
    assert set(SENTENCES) - written() == set()


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("1 micro-expression found (person 1: suggests happiness).", "发现 1 个微表情（人物 1：提示高兴）。"),
        (
            "2 micro-expressions found (person 1: suggests happiness; person 2: suggests sadness).",
            "发现 2 个微表情（人物 1：提示高兴；人物 2：提示悲伤）。",
        ),
        (
            "No micro-expression found: nothing but 3 blinks stands out of the noise.",
            "未发现微表情：除 3 次眨眼外，没有超出噪声的运动。",
        ),
        (
            "Person 1: No micro-expression found: the head moves too fast. "
            "Person 3: No micro-expression found: no face was seen.",
            "人物 1：未发现微表情：头部运动过快。 人物 3：未发现微表情：没有看到人脸。",
        ),
        (
            "The emotion was set by Ada: contempt (program: happiness).",
            "情绪由Ada设定：轻蔑（程序：高兴）。",
        ),
        ("AU 12 was changed to L12C by Ada: one corner.", "AU 12 改为 L12C：Ada: one corner。"),
        (
            "Micro-expression 1 (frames 33 -> 37) was rejected by a person: a sniff.",
            "微表情 1（第 33 -> 37 帧）被否定：使用者：a sniff。",
        ),
        (
            "2 micro-expressions after review by Ada "
            "(person 1: suggests contempt; person 1: suggests no emotion).",
            "经Ada审阅后有 2 个微表情（人物 1：提示轻蔑；人物 1：提示无情绪）。",
        ),
        (
            "the last part of the file is damaged: 3 of 9 frames could be read",
            "文件末尾已损坏：只读出 3/9 帧",
        ),
        (
            "frame 7 is left out: x.png cannot be decoded: the picture is damaged; copy or save it again.",
            "跳过第 7 帧：x.png 无法解码：图片已损坏，请重新复制或保存。",
        ),
    ],
)
def test_sentences_and_what_stands_in_them(english: str, chinese: str) -> None:
    assert in_language(english, "zh") == chinese
    assert in_language(english, "en") == english


def test_an_unknown_sentence_stays_as_it_is() -> None:
    for text in ("something; unknown", "none", "happiness", "", "发现 1 个微表情。"):
        assert in_language(text, "zh") == text


def test_every_reason_for_finding_nothing_has_its_chinese() -> None:
    for english, _ in REASONS.values():
        found = in_language(f"No micro-expression found: {plain(english).replace('{}', '3')}.", "zh")
        assert not re.search("[a-z]{3}", found), found
