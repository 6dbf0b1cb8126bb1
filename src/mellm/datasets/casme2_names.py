"""CAS(ME)2's naming sheets: participants -> subject folders, clips of the sheet -> clip names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mellm.datasets.annotation_sheets import Table, read_sheet, read_workbook_table
from mellm.datasets.published_sets import DatasetSpec
from mellm.errors import InputError


@dataclass(frozen=True, slots=True)
class Naming:
    """What stands in the sheet -> what the folders are called; empty where the set needs no such thing."""

    subjects: dict[str, str] = field(default_factory=dict)
    clips: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: DatasetSpec, root: Path, sheet: Path) -> "Naming":
        """Read the naming sheets within the workbook, or as two CSV files beside it."""
        if spec.name != "casme2-spotting":
            return cls()
        people, clips = (_table(root, sheet, number) for number in (1, 2))
        return cls(dict(_people(people)), dict(_clips(clips)))

    def clip(self, written: str) -> str:
        """The folder's name (or how it begins) of a clip such as `anger1_2`, the second event of `anger1`."""
        return self.clips.get(written.split("_")[0], written)


def _table(root: Path, sheet: Path, number: int) -> Table:
    if (table := read_workbook_table(sheet, f"naming rule{number}")) is not None:
        return table
    for folder in (root, sheet.parent):
        path = folder / f"naming_rule{number}.csv"
        if path.is_file():
            try:
                return [list(row.cells.values()) for row in read_sheet(path, (), header=False)]
            except InputError:  # an empty file
                return []
    return []


def _people(table: Table) -> Iterator[tuple[str, str]]:
    """Rows of (folder's number, `s15`, participant), or of (participant, `s15`)."""
    for line in table:
        if len(line) > 1 and line[1]:
            yield (line[2] if len(line) > 2 and line[2] else line[0]), line[1]


def _clips(table: Table) -> Iterator[tuple[str, str]]:
    """Rows of (`0401`, `anger1`), or of (`anger1`, folder)."""
    for line in table:
        if len(line) > 1 and line[0] and line[1]:
            code, name = line[0], line[1]
            yield (name, code.zfill(4)) if re.fullmatch("[0-9]+", code) else (code, name)
