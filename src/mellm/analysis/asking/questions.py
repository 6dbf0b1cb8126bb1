"""What a question asks for: its topic, and the units, times or kind of event that it names.

Reads English and Chinese, the questions of ME-VQA (MEGC 2025) and ME-LVQA (MEGC 2026) and free ones, by their
words. A question that no row of the table fits has the topic `OTHER`. Knows no report.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from mellm.analysis.asking.named_places import Places, read_places
from mellm.errors import InputError
from mellm.wording.languages import Language
from mellm.wording.unit_names import AU_SPELLINGS

Scope = Literal["micro", "macro", "any", "blink", "closure", "speech", "head", "all"]
"""Events that a question is about; `any`: expressions of either kind, `all`: everything."""


class Topic(StrEnum):
    """What a question can ask for."""

    COUNT = "count"
    COARSE = "coarse"
    FINE = "fine"
    UNITS = "units"
    UNITS_OVER = "units over the video"
    SHOWN = "shown"
    COMPARED = "compared"
    SIDE = "side"
    SPOKEN = "spoken"
    DETAIL = "detail"
    FIRST = "first"
    LAST = "last"
    NTH = "nth"
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

    units: the action units it names; area: a face area it names; places: what narrows it
    number: the micro-expression it names, from 1; scope: which events it is about
    either: whether one of several units is enough
    """

    text: str
    topic: Topic
    language: Language
    scope: Scope = "any"
    units: tuple[int, ...] = ()
    area: str | None = None
    number: int | None = None
    places: Places = field(default_factory=Places)
    either: bool = False

    @property
    def unit(self) -> int | None:
        """The action unit it names first."""
        return self.units[0] if self.units else None

    @property
    def asks_length(self) -> bool:
        """Whether it asks how long something lasts."""
        return _says(rf"{_LENGTH}|多久", self.text)

    @property
    def time(self) -> float | None:
        """The time of the video that it names, seconds."""
        return self.places.time

    @property
    def frame(self) -> int | None:
        """The frame of the video that it names."""
        return self.places.frame


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NUMBER = re.compile(
    r"micro-?\s?expression\s+(?:no\.?\s*|number\s+|#)?(\d+)|第\s*(\d+)\s*个微表情", re.IGNORECASE
)
_AU = re.compile(
    r"(?:\bAUs?|action units?|动作单元)\s*"
    r"(\d{1,2}\b(?:\s*(?:and|or|than|vs\.?|[,+/、]|和|还是|或|与)\s*\d{1,2}\b)*)",
    re.IGNORECASE,
)

_LENGTH = r"how long|duration|多长|时长"
_TOPICS: tuple[tuple[Topic, str], ...] = (
    (Topic.TRUTH, r"\b(?:lie|lying|lied|liar|decei\w+|truth\w*|honest\w*|guilty)\b|撒谎|说谎|欺骗|诚实|真话"),
    (Topic.SPOKEN, r"based on (?:them|it)"),
    (Topic.DETAIL, r"in detail|describe|analy[sz]e|explain|why\b|详细|描述|分析|解释|为什么"),
    (Topic.LONGEST, r"longest|最长"),
    (Topic.SHORTEST, r"shortest|briefest|最短"),
    (Topic.BLINKS, r"\bblink|眨"),
    (Topic.CLOSURES, r"eyes?\b.{0,20}\b(?:shut|clos\w+)|"
     r"\b(?:shut|clos\w+)\b.{0,15}\beyes|闭眼|闭着眼|闭上眼"),
    (Topic.SPEECH, r"\b(?:speech|speak\w*|talk\w*|spoke|spoken)\b|说话|讲话|说了话|开口"),
    (Topic.PEOPLE, r"how many (?:people|persons|faces)|几个人|多少人|几张脸|多少张脸"),
    (Topic.COUNT, r"how many|number of|多少|几个|几次|数量"),
    (Topic.STRONGEST, r"strongest|largest|most intense|biggest|最强|最大"),
    (Topic.ORDER, r"\border\b|sequence|chronolog|one after another|顺序|先后"),
    (Topic.CONFIDENCE, r"how (?:sure|certain|confident)|confidence|置信|把握|确定"),
    (Topic.SIDE, r"left or right|which side|哪一?侧|左侧还是右侧|左还是右|哪一?边"),
    (Topic.UNITS_OVER, r"action units?.*(?:whole|entire|all|appear in th|in this video|across|throughout)|"
     r"(?:whole|entire|all).*action units?|(?:整段|整个|全部|所有).*动作单元|动作单元.*(?:整段|整个|视频中)"),
    (Topic.COARSE, r"coarse|粗粒度|粗类|积极还是消极|正面还是负面"),
    (Topic.FIRST, r"\bfirst\b|earliest|第一[个次]|首个|首次|最早"),
    (Topic.LAST, r"\blast (?:micro|macro|expression)|final|最后|末次"),
    (Topic.FINE, r"fine-?grained|emotion|feel|mood|expression class|情绪|情感|细粒度|感受|心情"),
    (Topic.UNITS, r"action units?|\bAUs?\b|动作单元"),
    (Topic.HEAD, r"\bhead\b|头部|头动|转头"),
    (Topic.WHEN, r"\bwhen\b|what time|which frames?|where in the video|onset|apex|offset|"
     r"何时|什么时候|哪些?帧|起始|顶点"),
    (Topic.LENGTH, rf"{_LENGTH}|frame rate|\bfps\b|帧率"),
)  # fmt: skip
"""Words in a question -> its topic, the first row that fits."""

_EVENTS: tuple[tuple[Topic, Scope], ...] = (
    (Topic.BLINKS, "blink"),
    (Topic.CLOSURES, "closure"),
    (Topic.SPEECH, "speech"),
    (Topic.HEAD, "head"),
)
_EVENT_TOPICS = frozenset(topic for topic, _ in _EVENTS)
_NARROWED = _EVENT_TOPICS | {
    Topic.COUNT, Topic.PEOPLE, Topic.TRUTH, Topic.SHOWN, Topic.COMPARED, Topic.REGION, Topic.LONGEST,
    Topic.SHORTEST, Topic.STRONGEST,
}  # fmt: skip
"""Topics whose answers are narrowed to a time that the question names; the others tell what is there."""
_EXPRESSION = r"express|emotion|feel|mood|action unit|\bAUs?\b|micro|macro|表情|情绪|情感|感受|心情|动作单元"
_COMPARISON = r"strong|intens|more|larger|bigger|likel|weak|还是|更|哪个|哪一个"
_EITHER = r"\bor\b|或|还是"

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
    places, rest = read_places(asked)
    units, area = _units(rest), _area(asked)
    number = _first_number(_NUMBER, asked)
    if number is not None:
        places = replace(places, ordinal=None)
    topic = _topic(rest, units, area, places)
    either = _says(_EITHER, rest)
    return Question(asked, topic, chosen, _scope(rest, topic), units, area, number, places, either)


def _topic(rest: str, units: tuple[int, ...], area: str | None, places: Places) -> Topic:
    """What is asked for, by the words that are left when times and people are taken out."""
    topic = next((t for t, pattern in _TOPICS if _says(pattern, rest)), Topic.OTHER)
    pointed = places.time is not None or places.frame is not None
    if len(units) > 1 and topic not in _EVENT_TOPICS and _says(_COMPARISON, rest):
        topic = Topic.COMPARED
    elif units and topic in (Topic.UNITS, Topic.OTHER, Topic.FINE, Topic.WHEN, Topic.HEAD):
        topic = Topic.SHOWN
    elif topic is Topic.OTHER and area is not None:
        topic = Topic.REGION
    elif topic in (Topic.OTHER, Topic.LENGTH) and _says(r"express|表情", rest):
        topic = Topic.WHEN
    elif topic is Topic.OTHER and places.span is not None:
        topic = Topic.AT
    if pointed and topic not in _NARROWED:
        return Topic.AT
    if places.ordinal is None:
        # Several places in the row: all are told.
        return Topic.WHEN if topic in (Topic.FIRST, Topic.LAST) else topic
    ordered = {1: Topic.FIRST, -1: Topic.LAST}.get(places.ordinal, Topic.NTH)
    return ordered if topic in (Topic.WHEN, Topic.OTHER, Topic.FIRST, Topic.LAST) else topic


def _says(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _scope(text: str, topic: Topic) -> Scope:
    """Which events a text names: those of the topic, of the one kind that it names, or expressions."""
    patterns = dict(_TOPICS)
    named = [scope for event, scope in _EVENTS if event is topic or _says(patterns[event], text)]
    expressions = _says(_EXPRESSION, text)
    if topic in _EVENT_TOPICS:
        return dict(_EVENTS)[topic]
    if topic is Topic.AT and (len(named) > 1 or bool(named) == expressions):
        return "all"
    if len(named) == 1 and not expressions:
        return named[0]
    micro = _says(r"micro|微表情", text)
    macro = _says(r"macro|longer|ordinary|宏表情|常规表情", text)
    return "any" if micro == macro else "micro" if micro else "macro"


def _first_number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return next((int(group) for group in found.groups() if group), None) if found else None


def _units(text: str) -> tuple[int, ...]:
    """The units that a text names by number or name, and then those that it names by other words."""
    found = [
        (m.start(), int(number)) for m in _AU.finditer(text) for number in re.findall(r"\d+", m.group(1))
    ]
    # The longest name counts: `lip corner puller` before `puller`; a name of one word is not taken from
    # inside another word.
    plain = {"blink", "slit", "wink", "squint"}
    names = [(name.lower(), au) for au, spelled in AU_SPELLINGS.items() for name in spelled]
    rest = text.lower()
    for name, au in sorted(names, key=lambda pair: -len(pair[0])):
        pattern = rf"(?<![a-z]){re.escape(name)}(?![a-z])"
        if name not in plain and (m := re.search(pattern, rest)):
            found.append((m.start(), au))
            rest = rest[: m.start()] + " " * len(name) + rest[m.end() :]
    by_words = [au for au, words in _WORDS_OF_UNITS if _says(words, rest)]
    return tuple(dict.fromkeys([au for _, au in sorted(found)] + by_words))


def _area(text: str) -> str | None:
    return next((area for area, words in _AREAS if _says(words, text)), None)
