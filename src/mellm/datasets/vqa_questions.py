"""ME-VQA questions (MEGC 2025): one JSON object a line. Knows nothing of answers' quality."""

import json
import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mellm.datasets.sheet_text import read_text
from mellm.errors import InputError
from mellm.facs.unit_lookup import au_number


class QuestionKind(StrEnum):
    """What a question asks for."""

    COARSE = "coarse"
    FINE = "fine"
    UNITS = "units"
    SHOWN = "shown"
    SIDE = "side"
    SPOKEN = "spoken"

    @property
    def names_units(self) -> bool:
        """Whether question or answer names action units."""
        return self not in (QuestionKind.COARSE, QuestionKind.FINE)


_log = logging.getLogger(__name__)

_NAMED = re.compile(r"action unit (.+?) (?:shown|located)")
_KIND_WORDS = (
    ("based on", QuestionKind.SPOKEN),
    ("coarse expression", QuestionKind.COARSE),
    ("fine-grained expression", QuestionKind.FINE),
    ("left or right", QuestionKind.SIDE),
    ("shown on the face", QuestionKind.SHOWN),
    ("action unit", QuestionKind.UNITS),
)
"""Words in a question -> its kind, the first that occurs."""
_FIELDS = ("id", "dataset", "image_id", "subject", "filename", "question", "answer")


@dataclass(frozen=True, slots=True)
class VQAQuestion:
    """One question about one sample.

    dataset, subject, filename: which sample, as the file spells them (`sample_names` finds it)
    image_id: the file's own key of the sample
    """

    id: str
    dataset: str
    image_id: str
    subject: str
    filename: str
    question: str
    answer: str


def read_questions(path: str | Path) -> list[VQAQuestion]:
    """Read a JSONL file of questions. Raises InputError naming the first line that is not one."""
    lines = read_text(Path(path)).split("\n")
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            questions.append(VQAQuestion(*(str(record[name]) for name in _FIELDS)))
        except (ValueError, KeyError, TypeError) as error:
            wanted = ", ".join(_FIELDS)
            raise InputError(f"{Path(path).name}, line {number}: not an object with {wanted}.") from error
    if not questions:
        raise InputError(f"{Path(path).name} holds no questions: is it the right file?")
    once = list(dict.fromkeys(questions))
    if repeated := len(questions) - len(once):
        _log.warning("%s: repeated questions are counted once (%d).", Path(path).name, repeated)
    return once


def kind_of(question: str) -> QuestionKind:
    """Return what a question asks for. Raises InputError for a form that is not known."""
    text = question.lower()
    for words, kind in _KIND_WORDS:
        if words in text:
            return kind
    raise InputError(f"'{question}' is none of ME-VQA's questions.")


def asked_unit(question: str) -> int | None:
    """Return the action unit a question names (`Is the action unit brow lowerer shown ...`).

    None where it names none, or something that is no action unit (head and eye movements).
    """
    found = _NAMED.search(question)
    try:
        return au_number(found.group(1)) if found else None
    except InputError:
        return None
