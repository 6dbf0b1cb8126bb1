"""Answers read back: the three parts, the units and labels a conclusion names, the units a text speaks of.

Works on any text, whoever wrote it. Knows nothing about what is true.
"""

import re

from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import TAXONOMIES
from mellm.instruct.rules_annotator import Answer, headings
from mellm.language.answer_text import CODE, CODES
from mellm.wording.names import EMOTIONS_ZH, Language

LABELS: frozenset[str] = frozenset(label for t in TAXONOMIES.values() for label in t.labels)


def split_answer(text: str, language: Language) -> Answer | None:
    """Return the three headed parts, None where the headings are not there in this order."""
    names = [re.escape(name) for name in headings(language)]
    end = r"(?:\**\s*[:：]\s*\**\s*|\**\s*\n+)"  # a colon, or a heading on a line of its own
    pattern = r"[\s#*]*" + rf"{end}(.*?)\n\s*[#*]*\s*".join(names) + rf"{end}(.*)"
    found = re.fullmatch(pattern, text.strip(), re.DOTALL)
    if found is None:
        return None
    parts = [part.strip() for part in found.groups()]
    return Answer(*parts) if all(parts) else None


def concluded_units(conclusion: str) -> frozenset[str] | None:
    """Return the sided codes (without intensity) a conclusion names; None where a code cannot be read."""
    codes: set[str] = set()
    for found in CODES.finditer(conclusion):
        for code in re.findall(CODE, re.sub(r"AU\s?", " ", found.group(1))):
            try:
                codes.update(unit.sided for unit in parse_codes(code).units)
            except InputError:
                return None
    return frozenset(codes)


def labels_in(text: str, language: Language) -> list[str]:
    """Return every emotion label (any taxonomy, English name) that occurs in a text, in order."""
    if language == "zh":
        names = {EMOTIONS_ZH[label]: label for label in LABELS}
        return [names[word] for word in re.findall("|".join(names), text)]
    words = re.findall(rf"(?<![\w-])(?:{'|'.join(LABELS)})(?![\w-])", text, re.IGNORECASE)
    return [word.lower() for word in words]
