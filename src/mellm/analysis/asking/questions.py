"""What a question asks for: its topic, and the unit, time or kind of expression that it names.

Reads English and Chinese, the questions of ME-VQA (MEGC 2025) and ME-LVQA (MEGC 2026) and free ones, by their
words. A question that no row of the table fits has the topic `OTHER`. Knows no report.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mellm.errors import InputError
from mellm.facs.unit_lookup import au_number
from mellm.wording.languages import Language
from mellm.wording.unit_names import AU_SPELLINGS

Scope = Literal["micro", "macro", "any"]


class Topic(StrEnum):
    """What a question can ask for."""

    COUNT = "count"
    COARSE = "coarse"
    FINE = "fine"
    UNITS = "units"
    UNITS_OVER = "units over the video"
    SHOWN = "shown"
    SIDE = "side"
    SPOKEN = "spoken"
    DETAIL = "detail"
    FIRST = "first"
    LAST = "last"
    LONGEST = "longest"
    SHORTEST = "shortest"
    STRONGEST = "strongest"
    ORDER = "order"
    AT = "at"
    WHEN = "when"
    REGION = "region"
    BLINKS = "blinks"
    SPEECH = "speech"
    HEAD = "head"
    CLOSURES = "closures"
    PEOPLE = "people"
    LENGTH = "length"
    CONFIDENCE = "confidence"
    TRUTH = "truth"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was read.

    unit: the action unit it names; time: seconds, or frame: of the video; area: a face area it names
    number: the micro-expression it names, from 1; scope: which expressions it is about
    """

    text: str
    topic: Topic
    language: Language
    scope: Scope = "any"
    unit: int | None = None
    time: float | None = None
    frame: int | None = None
    area: str | None = None
    number: int | None = None


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_CLOCK = re.compile(r"\b(\d{1,3}):([0-5]\d(?:\.\d+)?)\b")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:s\b|sec\b|seconds?\b|秒)", re.IGNORECASE)
_FRAME = re.compile(r"frame\s+(\d+)|第\s*(\d+)\s*帧", re.IGNORECASE)
_NUMBER = re.compile(
    r"micro-?\s?expression\s+(?:no\.?\s*|number\s+)?(\d+)|第\s*(\d+)\s*个微表情", re.IGNORECASE
)
_AU = re.compile(r"\bAU\s?(\d{1,2})\b|action unit\s+(\d{1,2})\b|动作单元\s*(\d{1,2})", re.IGNORECASE)

_TOPICS: tuple[tuple[Topic, str], ...] = (
    (Topic.TRUTH, r"\b(?:lie|lying|lied|liar|decei\w+|truth\w*|honest\w*|guilty)\b|撒谎|说谎|欺骗|诚实|真话"),
    (Topic.SPOKEN, r"based on (?:them|it)"),
    (Topic.DETAIL, r"in detail|describe|analy[sz]e|explain|why\b|详细|描述|分析|解释|为什么"),
    (Topic.BLINKS, r"\bblink|眨眼"),
    (Topic.CLOSURES, r"eyes? (?:shut|closed)|shut (?:the |their )?eyes|闭眼|闭着眼"),
    (Topic.SPEECH, r"\b(?:speech|speak\w*|talk\w*|spoke)\b|说话|讲话"),
    (Topic.PEOPLE, r"how many (?:people|persons|faces)|几个人|多少人|几张脸|多少张脸"),
    (Topic.COUNT, r"how many|number of|多少|几个|几次|数量"),
    (Topic.LONGEST, r"longest|最长"),
    (Topic.SHORTEST, r"shortest|briefest|最短"),
    (Topic.STRONGEST, r"strongest|largest|most intense|biggest|最强|最大"),
    (Topic.ORDER, r"\border\b|sequence|chronolog|one after another|顺序|先后"),
    (Topic.CONFIDENCE, r"how (?:sure|certain|confident)|confidence|置信|把握|确定"),
    (Topic.SIDE, r"left or right|which side|哪一?侧|左侧还是右侧|左还是右|哪一?边"),
    (Topic.UNITS_OVER, r"action units?.*(?:whole|entire|all|appear in th|in this video|across|throughout)|"
     r"(?:whole|entire|all).*action units?|(?:整段|整个|全部|所有).*动作单元|动作单元.*(?:整段|整个|视频中)"),
    (Topic.COARSE, r"coarse|粗粒度|粗类|积极还是消极|正面还是负面"),
    (Topic.FIRST, r"\bfirst\b|earliest|第一个|首个|首次|最早"),
    (Topic.LAST, r"\blast (?:micro|macro|expression)|final|最后"),
    (Topic.FINE, r"fine-?grained|emotion|feel|mood|expression class|情绪|情感|细粒度|感受|心情"),
    (Topic.UNITS, r"action units?|\bAUs?\b|动作单元"),
    (Topic.HEAD, r"\bhead\b|头部|头动|转头"),
    (Topic.WHEN, r"\bwhen\b|what time|which frames?|where in the video|onset|apex|offset|"
     r"何时|什么时候|哪些?帧|起始|顶点"),
    (Topic.LENGTH, r"how long|duration|frame rate|\bfps\b|多长|时长|帧率"),
)  # fmt: skip
"""Words in a question -> its topic, the first row that fits."""

_AREAS: tuple[tuple[str, str], ...] = (
    ("brows", r"\b(?:eye)?brows?\b|forehead|眉"),
    ("eyes", r"\beye(?:lid)?s?\b|\blids?\b|眼"),
    ("nose", r"\bnos(?:e|tril)\w*|鼻"),
    ("cheeks", r"\bcheeks?\b|脸颊"),
    ("mouth", r"\bmouth|\blips?\b|嘴|唇"),
    ("chin", r"\bchin\b|\bjaw\b|下巴|下颌"),
)
_WORDS_OF_UNITS: tuple[tuple[int, str], ...] = (
    (12, r"\bsmil\w+|\bgrin\w*|微笑|笑"),
    (4, r"\bfrown\w*|皱眉"),
)


def read_question(text: str, language: Language | None = None) -> Question:
    """Return what a question asks for; `language` None: Chinese where it holds Chinese signs.

    Raises InputError where there is no question.

    >>> read_question("How many micro-expression events appear in this video?").scope
    'micro'
    """
    asked = " ".join(text.split())
    if not asked:
        raise InputError("There is no question: write one, such as 'How many micro-expressions are there?'.")
    chosen: Language = language or ("zh" if _CHINESE.search(asked) else "en")
    unit, area = _unit(asked), _area(asked)
    time, frame = _time(asked), _first_number(_FRAME, asked)
    topic = next((t for t, pattern in _TOPICS if re.search(pattern, asked, re.IGNORECASE)), Topic.OTHER)
    if unit is not None and topic in (Topic.UNITS, Topic.OTHER, Topic.FINE, Topic.WHEN, Topic.HEAD):
        topic = Topic.SHOWN
    elif (time is not None or frame is not None) and topic not in (Topic.TRUTH, Topic.COUNT, Topic.PEOPLE):
        topic = Topic.AT
    elif topic is Topic.OTHER and area is not None:
        topic = Topic.REGION
    elif topic is Topic.LENGTH and re.search(r"expression|表情", asked, re.IGNORECASE):
        topic = Topic.WHEN
    elif topic is Topic.OTHER and re.search(
        r"\bshow|\bis there|\bany\b|\bexpressions?\b|表情", asked, re.IGNORECASE
    ):
        topic = Topic.WHEN if re.search(r"express|表情", asked, re.IGNORECASE) else Topic.OTHER
    return Question(
        asked, topic, chosen, _scope(asked), unit, time, frame, area, _first_number(_NUMBER, asked)
    )  # fmt: skip


def _scope(text: str) -> Scope:
    micro = re.search(r"micro|微表情", text, re.IGNORECASE)
    macro = re.search(r"macro|longer|ordinary|宏表情|常规表情", text, re.IGNORECASE)
    return "any" if bool(micro) == bool(macro) else "micro" if micro else "macro"


def _time(text: str) -> float | None:
    if found := _CLOCK.search(text):
        return 60 * int(found[1]) + float(found[2])
    found = _SECONDS.search(text)
    return float(found[1]) if found else None


def _first_number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return next((int(group) for group in found.groups() if group), None) if found else None


def _unit(text: str) -> int | None:
    if (numbered := _first_number(_AU, text)) is not None:
        return numbered
    lowered = text.lower()
    names = [(name, au) for au, spelled in AU_SPELLINGS.items() for name in spelled]
    # The longest name counts: `lip corner puller` before `puller`; a name of one word is not taken from
    # inside another word.
    known = [
        name for name, _ in names if re.search(rf"(?<![a-z]){re.escape(name.lower())}(?![a-z])", lowered)
    ]
    plain = {"blink", "slit", "wink", "squint"}
    named = max((name for name in known if name not in plain), key=len, default=None)
    if named is not None:
        return au_number(named)
    return next((au for au, words in _WORDS_OF_UNITS if re.search(words, text, re.IGNORECASE)), None)


def _area(text: str) -> str | None:
    return next((area for area, words in _AREAS if re.search(words, text, re.IGNORECASE)), None)
