"""Action units that a text speaks of: where, whether as seen, and by which name.

Small models put a unit's number beside another unit's name; the number counts, because it is what the
conclusion lists. Knows nothing about what is true of a face.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mellm.errors import InputError
from mellm.facs.unit_lookup import au_number
from mellm.wording.languages import Language
from mellm.wording.unit_names import AU_NAMES

_MENTION = re.compile(r"AU\s?(?P<side>[LRTBU]?)(?P<au>\d{1,2})[A-E]?(?!\d)")
_SENTENCE = {"en": re.compile(r"(?<=[.!?])\s+|\n"), "zh": re.compile(r"(?<=[。！？])|\n")}
_NOT = {
    "en": re.compile(
        r"\b(?:no|not|nothing|none|cannot|without|never|neither|nor)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"没有|无法|未|不(?!过)"),
}
_NAMED = re.compile(r"AU ([LRTB]?)(\d{1,2}) \(([^()]*)\)")
_OPEN = re.compile(r"A(?:U(?: (?:[LRTB]?\d{0,2}(?: (?:\([^()]*)?)?)?)?)?$")
_LONGEST = 60
"""Characters a name in brackets may take before it is let through as it is."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One time a text speaks of a unit: its number, the sentence, its place there, negated or not."""

    au: int
    sentence: str
    start: int
    end: int
    negated: bool


def mentions(text: str, language: Language) -> list[Mention]:
    """Return every mention of a unit by number."""
    found: list[Mention] = []
    for sentence in filter(str.strip, _SENTENCE[language].split(text)):
        negated = _NOT[language].search(re.sub(r"[（(][^（）()]*[）)]", " ", sentence)) is not None
        found += [
            Mention(int(unit["au"]), sentence, unit.start(), unit.end(), negated)
            for unit in _MENTION.finditer(sentence)
        ]
    return found


def coded_mentions(text: str) -> frozenset[str]:
    """Return the units an English text says are there, each as it is written: `6`, `R12`.

    What is found, but not in any part (`mellm.language.compact_answer.STAGE_ALONE`), is there.
    """
    text = re.sub(r"\bnot (?=in the parts|by any)", "", text, flags=re.IGNORECASE)
    return frozenset(
        re.sub(r"^AU\s?", "", mention.sentence[mention.start : mention.end])
        for mention in mentions(text, "en")
        if not mention.negated
    )


def with_true_names(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a text's pieces with `AU 4 (lip corner puller)` made `AU 4 (brow lowerer)`.

    What is in brackets and is no unit's name is left alone. At most some 60 characters are held back.

    >>> "".join(with_true_names(["AU 4 (lip corner ", "puller)."]))
    'AU 4 (brow lowerer).'
    """
    held = ""
    for piece in pieces:
        held += piece
        while found := _NAMED.search(held):
            yield held[: found.start()] + _agreed(found)
            held = held[found.end() :]
        begun = _OPEN.search(held[-_LONGEST:])
        safe = len(held) - (len(begun.group()) if begun else 0)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def _agreed(found: re.Match[str]) -> str:
    side, number, name = found.groups()
    try:
        other = au_number(name)
    except InputError:
        return found.group()
    if other == int(number) or int(number) not in AU_NAMES:
        return found.group()
    return f"AU {side}{number} ({AU_NAMES[int(number)]})"
