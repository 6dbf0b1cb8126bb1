"""Annotation sheets as rows of text: CSV (any common delimiter and encoding) and Excel.

Finds the header below preamble lines (SAMM has thirteen). Knows nothing of what the columns mean.
"""

import io
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mellm.datasets.sheet_text import csv_tables, plain_cell
from mellm.errors import InputError

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_log = logging.getLogger(__name__)

Table = list[list[str]]
"""A sheet's cells, line by line, top line first."""


def normal(name: str) -> str:
    """A column's name without case, spaces and punctuation: `Onset Frame ` -> `onsetframe`."""
    return re.sub(r"[\W_]+", "", name.lower())


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the first line is 1), and column -> text."""

    number: int
    cells: dict[str, str]

    def column(self, names: Iterable[str]) -> str | None:
        """The title of the first of the columns `names` that the sheet has; None where it has none."""
        titles = {normal(title): title for title in reversed(self.cells)}
        return next((titles[normal(name)] for name in names if normal(name) in titles), None)

    def text(self, names: Iterable[str]) -> str:
        """The text under the first of the columns `names` that the sheet has; empty where it has none."""
        title = self.column(names)
        return "" if title is None else self.cells[title]


def read_sheet(path: Path, wanted: Iterable[Iterable[str]], *, header: bool = True) -> list[Row]:
    """Return the sheet's rows; empty rows are left out.

    `wanted` holds, for each field that must be there, the names its column may have; the header is the
    first line that has one of each, in whichever worksheet it stands. With `header=False` a sheet without
    such a line has its columns named by position, "0", "1", ... Cells that were merged all hold the text.
    Raises InputError where the file cannot be read, or no line is such a header.
    """
    needed = [{normal(name) for name in names if not name.isdigit()} for names in wanted]
    first: Table | None = None
    for table in _tables(path):
        first = table if first is None else first
        for at, line in enumerate(table):
            names = {normal(cell) for cell in line}
            if all(names & choices for choices in needed) and needed:
                return _rows(table[at + 1 :], line, at + 2)
    if not header and first is not None:
        return _rows(first, [str(i) for i in range(max(map(len, first), default=0))], 1)
    columns = ", ".join("/".join(names) for names in wanted)
    raise InputError(f"{path.name} has no line with the columns {columns}: is it this set's sheet?")


def read_workbook_table(path: Path, title: str) -> Table | None:
    """Return a workbook's worksheet by its title (any case); None where there is no such worksheet."""
    if not _is_excel(path):
        return None
    book = _open_excel(path)
    try:
        return next(
            (_cells(sheet) for sheet in book.worksheets if normal(sheet.title) == normal(title)), None
        )
    finally:
        book.close()


def _rows(lines: Table, header: list[str], first: int) -> list[Row]:
    titles: list[str] = []
    for i, title in enumerate(header):
        name = title or f"column {i + 1}"
        titles.append(name if name not in titles else f"{name} ({i + 1})")
    return [
        Row(number, dict(zip(titles, line + [""] * len(titles), strict=False)))
        for number, line in enumerate(lines, first)
        if any(line)
    ]


def _tables(path: Path) -> Iterator[Table]:
    if not path.is_file():
        raise InputError(f"There is no sheet {path}: check the path.")
    if not _is_excel(path):
        yield from csv_tables(path)
        return
    book = _open_excel(path)
    try:
        yield from map(_cells, book.worksheets)
    finally:
        book.close()


def _is_excel(path: Path) -> bool:
    """Whether a file is a workbook, whatever its name says."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): check the path.") from error
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{path.name} is an old or protected Excel file: open it and save it as .xlsx "
            "without a password, or as .csv."
        )
    return head.startswith(b"PK\x03\x04") or path.suffix.lower() in (".xlsx", ".xlsm")


def _open_excel(path: Path) -> "Workbook":
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise InputError(
            f"{path.name} is an Excel file: install the reader with `pip install mellm[data]`, "
            "or save the sheet as CSV."
        ) from error
    try:
        return load_workbook(io.BytesIO(path.read_bytes()), data_only=True)
    except Exception as error:  # openpyxl raises whatever zipfile or its XML parser raised
        _log.info("reading %s failed", path, exc_info=True)
        raise InputError(f"{path.name} cannot be read as an Excel file: save the sheet as CSV.") from error


def _cells(sheet: "Worksheet") -> Table:
    """The sheet's cells as text; what stands in a merged range stands in each of its rows."""
    lines = [[_plain(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
    for merged in sheet.merged_cells.ranges:
        column = merged.min_col - 1
        for line in lines[merged.min_row : merged.max_row]:
            line[column] = lines[merged.min_row - 1][column]
    return lines


def _plain(value: object) -> str:
    """A spreadsheet cell as it was typed: 12, not 12.0."""
    if value is None:
        return ""
    return plain_cell(str(int(value)) if isinstance(value, float) and value.is_integer() else str(value))
