"""Rows of a sheet that stand there twice: a person, a clip and its frames make one sample.

A row that repeats another is counted once. Two rows of one sample that say different things contradict each
other; nobody but the sheet's owner knows which is right. Knows nothing of what the rows are read for.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mellm.datasets.annotation_sheets import Row
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.sheet_warnings import some
from mellm.errors import InputError
from mellm.wording.message import Message

Columns = Sequence[Sequence[str]]
"""For each field, the names that its column may have."""

SAMPLE: Columns = (
    ("Subject", "Participant", "sub_ID"),
    ("Filename", "fold_name", "clip", "video"),
    ("OnsetFrame", "Onset"),
    ("ApexFrame", "ApexFrame1", "Apex"),
    ("OffsetFrame", "Offset"),
)
"""Person, clip and frames: what tells the samples of a sheet apart."""
SAID: Columns = (("au_updated", *UNIT_COLUMNS), EMOTION_COLUMNS)
"""What the coders said of a sample."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows without repetition; (first row, later row) numbers of those that repeat and that contradict.

    `rows` holds the later row of a contradiction too.
    """

    rows: list[Row]
    repeated: list[tuple[int, int]]
    contradicting: list[tuple[int, int]]

    def repetition(self, file: str) -> list[Message]:
        """Return a warning about the rows that are counted once; none where there are none."""
        if not self.repeated:
            return []
        count = len(self.repeated)
        return [Message("sheet.repeated", {"file": file, "count": count, "rows": _pairs(self.repeated)})]

    def contradiction(self, file: str) -> str:
        """Return a sentence about rows that contradict each other; empty where none do."""
        if not self.contradicting:
            return ""
        return (
            f"{file}: rows of one person, clip and frames say different things (row "
            f"{_pairs(self.contradicting)}): keep the right one, or give each clip a name of its own."
        )


def find_repeats(rows: Iterable[Row], sample: Columns = SAMPLE, said: Columns = SAID) -> Repeats:
    """Compare the rows by the columns of `sample`; those of `said` decide whether two rows agree.

    A row with an empty first or second field of `sample` is nobody's and is compared with none.
    """
    known: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
    found = Repeats([], [], [])
    for row in rows:
        who, what = _texts(row, sample), _texts(row, said)
        if not all(who[:2]):
            found.rows.append(row)
            continue
        first, before = known.setdefault(who, (row.number, what))
        if first != row.number and before == what:
            found.repeated.append((first, row.number))
            continue
        if before != what:
            found.contradicting.append((first, row.number))
        found.rows.append(row)
    return found


def counted_once(
    log: logging.Logger, path: Path, rows: Iterable[Row], sample: Columns = SAMPLE, said: Columns = SAID
) -> list[Row]:
    """Return the rows without repetition, and log a warning where there was one.

    Raises InputError where two rows of one sample contradict each other.
    """
    found = find_repeats(rows, sample, said)
    if sentence := found.contradiction(path.name):
        raise InputError(sentence)
    for message in found.repetition(path.name):
        log.warning("%s", message)
    return found.rows


def _texts(row: Row, columns: Columns) -> tuple[str, ...]:
    return tuple(row.text(names).casefold() for names in columns)


def _pairs(numbers: Sequence[tuple[int, int]]) -> str:
    return some([f"{later} like {first}" for first, later in numbers])
