"""A language model's answer taken apart: the headed parts, the units and the label it concludes with.

Lenient: any model's text comes back as parts, however it is laid out. Knows nothing about what is true.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.wording.names import Language
from mellm.wording.unit_names import AU_NAMES

HEADINGS: dict[Language, tuple[str, str, str]] = {
    "en": ("Analysis", "Reasoning", "Conclusion"),
    "zh": ("运动分析", "表情推理", "结论"),
}
"""Headings of the three parts."""

CODE = r"(?:AD)?[LRTBU]?\d{1,2}[A-E]?(?!\.?\d|[A-Za-z])"
"""A FACS code, as a regular expression."""

CODES = re.compile(rf"\bAUs?\s*:?\s*({CODE}(?:\s*(?:\+|,|、|和|and)\s*(?:AU\s?)?{CODE})*)")
"""A list of codes after `AU`."""

_NOTHING = re.compile(
    r"\bno (?:evidence of a )?micro-?expression|没有发现微表情|(?:没有|无)微表情", re.IGNORECASE
)
_MENTION = re.compile(r"AU\s?(?P<side>[LRTBU]?)(?P<au>\d{1,2})[A-E]?(?!\d)")
_SENTENCE = {"en": re.compile(r"(?<=[.!?])\s+|\n"), "zh": re.compile(r"(?<=[。！？])|\n")}
_NOT = {
    "en": re.compile(
        r"\b(?:no|not|nothing|none|cannot|without|never|neither|nor)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"没有|无法|未|不(?!过)"),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """One time a text speaks of a unit: its number, the sentence, its place there, negated or not."""

    au: int
    sentence: str
    start: int
    end: int
    negated: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts of an answer; the last two are empty where an answer has no such headings."""

    analysis: str
    reasoning: str
    conclusion: str


def take_apart(text: str, language: Language) -> Parts:
    """Return the parts of an answer; what stands before the first heading is analysis."""
    places: list[tuple[int, int] | None] = []
    start = 0
    for heading in HEADINGS[language]:
        match = re.compile(rf"(?:^|\n)[\s#*\d.、]*{heading}[\s*]*(?:[:：]|\n)[\s*]*", re.IGNORECASE).search(
            text, start
        )
        places.append(match.span() if match else None)
        start = match.end() if match else start
    places[0] = places[0] or (0, 0)
    parts = []
    for number, place in enumerate(places):
        later = [begin for begin, _ in filter(None, places[number + 1 :])]
        parts.append(text[place[1] : later[0] if later else len(text)].strip() if place else "")
    return Parts(*parts)


def concluded_codes(conclusion: str) -> tuple[str, ...]:
    """Return the FACS codes (with sides) a conclusion names, in its order; other numbers are left out."""
    codes: list[str] = []
    for listed in CODES.finditer(conclusion):
        for code in re.findall(CODE, re.sub(r"AU\s?", " ", listed.group(1))):
            try:
                codes += [unit.sided for unit in parse_codes(code).units if unit.au in AU_NAMES]
            except InputError:
                continue
    return tuple(dict.fromkeys(codes))


def finds_nothing(conclusion: str) -> bool:
    """True where a conclusion says that there is no (evidence of a) micro-expression."""
    return _NOTHING.search(conclusion) is not None


def last_label(text: str, names: Sequence[str]) -> tuple[int, int] | None:
    """Return where in a text the last of `names` stands (start, end); None where there is none."""
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    places = [m.span() for m in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE)]
    if not places:  # Chinese has no spaces between words
        places = [m.span() for m in re.finditer(pattern, text)]
    return places[-1] if places else None


def mentions(text: str, language: Language) -> list[Mention]:
    """Return every mention of a unit by number."""
    found: list[Mention] = []
    for sentence in sentences(text, language):
        negated = _NOT[language].search(re.sub(r"[（(][^（）()]*[）)]", " ", sentence)) is not None
        found += [
            Mention(int(unit["au"]), sentence, unit.start(), unit.end(), negated)
            for unit in _MENTION.finditer(sentence)
        ]
    return found


def coded_mentions(text: str) -> frozenset[str]:
    """Return the units an English text says are there, each as it is written: `6`, `R12`.

    What is found, but not in any part (`mellm.language.sentence_check.STAGE_ALONE`), is there.
    """
    text = re.sub(r"\bnot (?=in the parts|by any)", "", text, flags=re.IGNORECASE)
    return frozenset(
        re.sub(r"^AU\s?", "", mention.sentence[mention.start : mention.end])
        for mention in mentions(text, "en")
        if not mention.negated
    )


def sentences(text: str, language: Language) -> list[str]:
    """Return the sentences of a text."""
    return [s for s in _SENTENCE[language].split(text) if s.strip()]
