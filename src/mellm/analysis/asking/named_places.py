"""What narrows a question: times, frames, spans, lengths, a person and a place in a row; English and Chinese.

Every phrase that was read is taken out of the text, so that "in the first 2 seconds" names no first
expression. Knows no report.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, seconds or frames; None is open, a start below 0 counts from the end.

    share: both are shares of the video, 0..1
    """

    start: float | None = None
    end: float | None = None
    frames: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """What narrows a question.

    time: seconds, or frame: of the video; span: a part of it; lasting: how long an event takes, seconds
    person: from 1; ordinal: place in the row of events, from 1, or from the end: -1 is the last
    """

    time: float | None = None
    frame: int | None = None
    span: Span | None = None
    lasting: Span | None = None
    person: int | None = None
    ordinal: int | None = None


_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_SIGNS = "一二三四五六七八九"
_N = r"(\d+(?:\.\d+)?)"
_SIGNED = rf"([{_SIGNS}两十]+|\d+)"
_UNIT = r"(?:s|secs?|seconds?)(?![a-z])|秒钟?"
_TO = r"(?:and|to|till|until|through|-|–|—|~|到|至|和|与)"
_NTH = rf"({'|'.join(_ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th))"
_FACE = r"(?:person|face|subject|participant)"
_FACE_ZH = r"(?:人物|人|脸|被试|受试者)"

_REPAIRS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"(?<=\d)：(?=\d)", ":"),
    (r"\bhalf a second\b|半秒钟?", "0.5 s"),
    (rf"\b({'|'.join(_CARDINALS)})(?=\s+(?:seconds?|minutes?)\b)", lambda m: str(_number(m[1]))),
    (rf"([{_SIGNS}两十]+)(?=\s*(?:秒|分钟))", lambda m: str(_number(m[1]))),
    # 1 to 2 s, frames 10 to 20: the unit is both numbers' own.
    (rf"{_N}(?=\s*{_TO}\s*\d+(?:\.\d+)?\s*(?:{_UNIT}))", r"\1 s "),
    (rf"\bframes?\s+(\d+)\s*{_TO}\s*(\d+)", r"frame \1 to frame \2"),
    (rf"第?\s*(\d+)\s*帧?\s*{_TO}\s*第?\s*(\d+)\s*帧", r"frame \1 to frame \2"),
    (r"(?:first|前)\s*(\d+)\s*(?:frames\b|帧)", r"before frame \1 "),
)
"""Spellings -> the one that the next step reads."""

_CLOCKS: tuple[tuple[str, tuple[float, ...]], ...] = (
    (r"(?<![\d:])(\d{1,2}):([0-5]?\d):([0-5]\d(?:\.\d+)?)(?![\d:])", (3600, 60, 1)),
    (r"(?<![\d:])(\d{1,3}):([0-5]\d(?:\.\d+)?)(?![\d:])", (60, 1)),
    (rf"{_N}\s*(?:min(?:ute)?s?\b|分钟?)(?:\s*(?:and\s+)?{_N}\s*(?:{_UNIT}))?", (60, 1)),
    (rf"{_N}\s*(?:ms\b|milliseconds?\b|毫秒)", (0.001,)),
    (rf"\bsecond\s+{_N}", (1,)),
    (rf"(?:第\s*)?{_N}\s*(?:{_UNIT})", (1,)),
)
"""Spellings of a time, and what each number in it is worth, seconds."""

_FRAME = r"\bframe\s+(?:no\.?\s*|number\s+|#)?(\d+)|第\s*(\d+)\s*帧"
_T = r"⟨(?P<{0}>[tf])(?P<{0}n>[\d.]+)⟩"
_A, _B = _T.format("a"), _T.format("b")
_LONGER = rf"(?:longer|more) than\s*{_A}|(?:超过|长于|大于)\s*{_A.replace('P<a', 'P<z')}"
_SHORTER = rf"(?:shorter|briefer|less) than\s*{_A}|(?:短于|小于|不到)\s*{_A.replace('P<a', 'P<z')}"
_BETWEEN = rf"(?:\b(?:between|from|in|during|within)\b|在|从)?\s*{_A}\s*{_TO}\s*{_B}\s*(?:之间)?"
_OPENING = rf"(?:in |during |within )?(?:the )?(?:first|initial)\s*{_A}|\bwithin\s*{_A.replace('P<a', 'P<y')}"
_OPENING_ZH = rf"(?:前|头|开头)\s*{_A}|{_A.replace('P<a', 'P<y')}\s*(?:以内|之内|内)"
_ENDING = rf"(?:in |during |within )?(?:the )?(?:last|final)\s*{_A}|(?:最后|末)\s*{_A.replace('P<a', 'P<y')}"
_BEFORE = rf"\b(?:before|until|till|up to|by|prior to|earlier than)\s+{_A}|早于\s*{_A.replace('P<a', 'P<y')}"
_BEFORE_ZH = rf"{_A}\s*(?:之前|以前|前)"
_AFTER = (
    rf"\b(?:after|since|later than|past|from)\s+{_A}(?:\s+on(?:wards?)?)?|晚于\s*{_A.replace('P<a', 'P<y')}"
)
_AFTER_ZH = rf"{_A}\s*(?:之后|以后|后|起|开始)"

_PARTS = {"half": 2, "third": 3, "quarter": 4, "半": 2, "三分之一": 3, "四分之一": 4}
_SHARE = (
    rf"(?:in |during )?(?:the )?\b({'|'.join(_ORDINALS[:4])}|last|final|latter)\s+(half|third|quarter)\b"
    r"(?: of (?:the|this) (?:video|clip|recording|film))?",
    r"([前后])一?(半|三分之一|四分之一)(?:段|部分|程)?",
)
"""A part of the video by its place and size: the first half, 后三分之一."""

_PERSONS = (
    rf"\b{_FACE}\s*(?:no\.?\s*|number\s+|#)?(\d+|{'|'.join(_CARDINALS)})\b",
    rf"\b{_NTH}\s+(?:{_FACE}|man|woman)\b",
    rf"第\s*{_SIGNED}\s*[个位张名]?\s*{_FACE_ZH}(?!眨)",
    rf"(?:人物|被试|受试者)\s*{_SIGNED}",
    rf"{_SIGNED}\s*号(?:{_FACE_ZH})?",
)
_FROM_THE_END = rf"{_NTH}[ -](?:to|from)[ -](?:the )?(?:last|end)|倒数第\s*{_SIGNED}"
_NTHS = (
    rf"(?<!at )(?<!per )(?<!\ba )(?<!each )(?<!every )\b{_NTH}\b",
    rf"第\s*{_SIGNED}(?!\s*[帧秒\d])",
)
_FIRST = r"\bearliest\b|首个|首次|最早"
_LAST = (
    r"\b(?:the|her|his|their|very)\s+last\b|\blast (?:micro|macro|expression|blink|time|speech)|\bfinal\b"
    r"|\blatest\b|最后|末次|最末"
)
_COUNTED = r"how many|number of|how often|多少|几个|几次|几段|数量"


def read_places(text: str) -> tuple[Places, str]:
    """Return what narrows a question, and the question without it.

    >>> read_places("How many blinks before 0.5 s?")[0].span.end
    0.5
    >>> read_places("第二次眨眼在什么时候？")[0].ordinal
    2
    """
    text = _marked(text)
    lasting, text = _lasting(text)
    span, text = _span(text)
    found = dict(re.findall(r"⟨([tf])([\d.]+)⟩", text)[::-1])
    text = re.sub(r"⟨[^⟩]*⟩", " ", text)
    person, text = _taken(_PERSONS, text)
    time, frame = found.get("t"), found.get("f")
    places = Places(
        None if time is None or span else float(time),
        None if frame is None or span else int(frame),
        span,
        lasting,
        person,
        _ordinal(text),
    )
    return places, " ".join(text.split())


def _marked(text: str) -> str:
    """The text with each time as ⟨t SECONDS⟩ and each frame as ⟨f FRAME⟩."""
    for pattern, instead in _REPAIRS:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    for pattern, worth in _CLOCKS:

        def mark(found: re.Match[str], worth: tuple[float, ...] = worth) -> str:
            seconds = sum(float(n or 0) * each for n, each in zip(found.groups(), worth, strict=True))
            return f"⟨t{seconds:.6f}⟩".replace("000⟩", "⟩")

        text = re.sub(pattern, mark, text, flags=re.IGNORECASE)
    return re.sub(_FRAME, lambda m: f"⟨f{m[1] or m[2]}⟩", text, flags=re.IGNORECASE)


def _lasting(text: str) -> tuple[Span | None, str]:
    for pattern, longer in ((_LONGER, True), (_SHORTER, False)):
        if found := re.search(pattern, text, re.IGNORECASE):
            seconds = float(found["an"] or found["zn"])
            span = Span(start=seconds) if longer else Span(end=seconds)
            return span, _without(found, text)
    return None, text


def _share(text: str) -> tuple[Span | None, str]:
    for pattern in _SHARE:
        if found := re.search(pattern, text, re.IGNORECASE):
            which, parts = found[1].lower(), _PARTS[found[2].lower()]
            place = 1 if which == "前" else _ORDINALS.index(which) + 1 if which in _ORDINALS else parts
            if place <= parts:
                start = (place - 1) / parts if place > 1 else None
                end = place / parts if place < parts else None
                return Span(start, end, share=True), _without(found, text)
    return None, text


def _span(text: str) -> tuple[Span | None, str]:
    part, text = _share(text)
    if part is not None:
        return part, text
    found = re.search(_BETWEEN, text, re.IGNORECASE)
    if found and found["a"] == found["b"]:
        start, end = sorted((float(found["an"]), float(found["bn"])))
        return Span(start, end, found["a"] == "f"), _without(found, text)
    rows = (
        (_ENDING, "ending"),
        (_OPENING, "end"),
        (_OPENING_ZH, "end"),
        (_BEFORE, "end"),
        (_BEFORE_ZH, "end"),
        (_AFTER, "start"),
        (_AFTER_ZH, "start"),
    )
    for pattern, side in rows:
        found = re.search(pattern, text, re.IGNORECASE)
        if not found:
            continue
        groups = found.groupdict()
        value = float(groups["an"] or groups["yn"])
        frames = (groups["a"] or groups["y"]) == "f"
        part = {
            "end": Span(None, value, frames),
            "ending": Span(-value, None, frames),
            "start": Span(value, None, frames),
        }[side]
        return part, _without(found, text)
    return None, text


def _ordinal(text: str) -> int | None:
    """The one place in a row that a text names; None for several, and where it asks how many there are."""
    if re.search(_COUNTED, text, re.IGNORECASE):
        return None
    back, text = _taken((_FROM_THE_END,), text)
    if back is not None:
        return -back
    named = {
        _number(next(filter(None, found.groups())))
        for pattern in _NTHS
        for found in re.finditer(pattern, text, re.IGNORECASE)
    }
    if re.search(_FIRST, text, re.IGNORECASE):
        named.add(1)
    if re.search(_LAST, text, re.IGNORECASE):
        named.add(-1)
    return named.pop() if len(named) == 1 else None


def _taken(patterns: tuple[str, ...], text: str) -> tuple[int | None, str]:
    """The number that the first pattern to fit names, and the text without it."""
    for pattern in patterns:
        if found := re.search(pattern, text, re.IGNORECASE):
            return _number(next(filter(None, found.groups()))), _without(found, text)
    return None, text


def _without(found: re.Match[str], text: str) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _number(word: str) -> int:
    """The number that digits, an English word or Chinese signs up to 99 stand for."""
    word = word.lower()
    if digits := re.match(r"\d+", word):
        return int(digits[0])
    for words in (_CARDINALS, _ORDINALS):
        if word in words:
            return words.index(word) + 1
    tens, ten, ones = word.replace("两", "二").rpartition("十")
    whole = 10 * (_SIGNS.find(tens) + 1 if tens else 1) if ten else 0
    return whole + (_SIGNS.find(ones) + 1 if ones else 0)
