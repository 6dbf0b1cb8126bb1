"""The answer of a language model: three headed parts, written and read back; what a conclusion says.

Reading is lenient: any model's text comes back as parts, however it is laid out. Knows nothing about what is
true.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mellm.facs.codes import ActionUnitCode, parse_codes
from mellm.facs.taxonomies import TAXONOMIES
from mellm.wording.languages import Language
from mellm.wording.names import EMOTIONS_ZH
from mellm.wording.unit_names import AU_NAMES

HEADINGS: dict[Language, tuple[str, str, str]] = {
    "en": ("Analysis", "Reasoning", "Conclusion"),
    "zh": ("运动分析", "表情推理", "结论"),
}
"""Headings of the three parts."""

LABELS: frozenset[str] = frozenset(label for t in TAXONOMIES.values() for label in t.labels)
"""The emotion labels of all taxonomies, in English."""

_CODE = r"(?:AD)?[LRTBU]?\d{1,2}[A-E]?(?!\.?\d|[A-Za-z])"
_CODES = re.compile(rf"\bAUs?\s*:?\s*({_CODE}(?:\s*(?:\+|,|、|和|and)\s*(?:AU\s?)?{_CODE})*)")
_NOTHING = re.compile(
    r"\bno (?:evidence of a )?micro-?expression|没有发现微表情|(?:没有|无)微表情", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?:^|\n)[ \t]*#+[ \t]*\**[ \t]*(?P<number>[1-3])[.、][^\n]*(?:\n|$)")
"""A heading such as `### 2. Infer the category`: the published checkpoint was asked in such steps."""
_OTHER_NAMES = {"运动分析": "视觉检查", "结论": "最终结论"}
"""Headings -> what the published vision checkpoint calls them."""
_HEADED = r"(?:^|\n)(?P<before>[\s#*\d.、]*)(?P<heading>{})[\s*]*(?:[:：]|\n)[\s*]*"


@dataclass(frozen=True, slots=True)
class Answer:
    """The three parts of an answer; a part is empty where the text has no such heading.

    canonical: nothing but the parts under their headings, spelled and ordered as `HEADINGS` has them
    """

    analysis: str
    reasoning: str
    conclusion: str
    canonical: bool = True

    def text(self, language: Language) -> str:
        """Return the parts under their headings, each heading on a line of its own."""
        colon = "：" if language == "zh" else ":"
        parts = (self.analysis, self.reasoning, self.conclusion)
        return "\n\n".join(f"{h}{colon}\n{p}" for h, p in zip(HEADINGS[language], parts, strict=True))

    def lines(self) -> str:
        """Return the parts as three lines that begin with their English headings."""
        parts = (self.analysis, self.reasoning, self.conclusion)
        return "\n".join(f"{h}: {p}" for h, p in zip(HEADINGS["en"], parts, strict=True))

    @classmethod
    def parse(cls, text: str, language: Language) -> "Answer":
        """Return the parts of an answer; what stands before the first heading is analysis."""
        found: list[re.Match[str] | None] = []
        start = 0
        for heading in HEADINGS[language]:
            names = "|".join(filter(None, (_OTHER_NAMES.get(heading), heading)))
            match = re.compile(_HEADED.format(names), re.IGNORECASE).search(text, start)
            found.append(match)
            start = match.end() if match else start
        if not all(found):
            found = _numbered(text) or found
        parts: list[str] = []
        for number, match in enumerate(found):
            begin = match.end() if match else 0
            end = next((later.start() for later in found[number + 1 :] if later), len(text))
            parts.append(text[begin:end].strip() if match or number == 0 else "")
        analysis, reasoning, conclusion = parts
        canonical = all(parts) and _is_canonical(text, found, language)
        return cls(analysis, reasoning, conclusion, canonical)


def _numbered(text: str) -> list[re.Match[str] | None]:
    """Three headings by number, the last of each; empty where they are not all there in their order."""
    by_number = {int(match["number"]): match for match in _NUMBERED.finditer(text)}
    found: list[re.Match[str] | None] = [by_number[number] for number in sorted(by_number)]
    places = [match.start() for match in found if match]
    return found if len(found) == 3 and places == sorted(places) else []


def _is_canonical(text: str, found: Sequence[re.Match[str] | None], language: Language) -> bool:
    headed = all(
        match
        and "heading" in match.groupdict()
        and match["heading"] == heading
        and not match["before"].strip("#* \t\n")
        for match, heading in zip(found, HEADINGS[language], strict=True)
    )
    return headed and found[0] is not None and not text[: found[0].start()].strip()


def concluded_units(conclusion: str) -> tuple[ActionUnitCode, ...]:
    """Return the units that a conclusion lists after `AU`, in its order, each code once."""
    units: dict[str, ActionUnitCode] = {}
    for listed in _CODES.finditer(conclusion):
        for code in re.findall(_CODE, re.sub(r"AU\s?", " ", listed.group(1))):
            for unit in parse_codes(code).units:
                units.setdefault(unit.sided, unit)
    return tuple(units.values())


def concluded_codes(conclusion: str) -> tuple[str, ...]:
    """Return the codes (with sides) of the concluded units that FACS knows, in their order."""
    return tuple(unit.sided for unit in concluded_units(conclusion) if unit.au in AU_NAMES)


def finds_nothing(conclusion: str) -> bool:
    """Return true where a conclusion says that there is no (evidence of a) micro-expression."""
    return _NOTHING.search(conclusion) is not None


def last_label(text: str, names: Sequence[str]) -> tuple[int, int] | None:
    """Return where in a text the last of `names` stands (start, end); None where there is none."""
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    places = [m.span() for m in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE)]
    if not places:  # Chinese has no spaces between words
        places = [m.span() for m in re.finditer(pattern, text)]
    return places[-1] if places else None


def labels_in(text: str, language: Language) -> list[str]:
    """Return every emotion label (any taxonomy, English name) that occurs in a text, in order."""
    if language == "zh":
        names = {EMOTIONS_ZH[label]: label for label in LABELS}
        return [names[word] for word in re.findall("|".join(names), text)]
    words = re.findall(rf"(?<![\w-])(?:{'|'.join(LABELS)})(?![\w-])", text, re.IGNORECASE)
    return [word.lower() for word in words]
