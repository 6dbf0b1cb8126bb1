"""Annotation sheets as rows of text: CSV (any common delimiter and encoding) and Excel.

Finds the header below preamble lines (SAMM has thirteen). Knows nothing of what the columns mean.
"""

import csv
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from mellm.errors import InputError

_log = logging.getLogger(__name__)

Row = dict[str, str]


def normal(name: str) -> str:
    """A column's name without case, spaces and punctuation: `Onset Frame ` -> `onsetframe`."""
    return re.sub(r"[^0-9a-z]+", "", name.lower())


def read_sheet(path: Path, wanted: Iterable[Iterable[str]], *, header: bool = True) -> list[Row]:
    """Return the sheet's rows, column -> text; empty rows are left out.

    `wanted` holds, for each field that must be there, the names its column may have; the header is the
    first line that has one of each. With `header=False` columns are named by position, "0", "1", ...
    Raises InputError where the file cannot be read or no line is such a header.
    """
    lines = [[cell.strip() for cell in line] for line in _lines(path)]
    lines = [line for line in lines if any(line)]
    if not header:
        return [{str(i): cell for i, cell in enumerate(line)} for line in lines]
    needed = [{normal(name) for name in names} for names in wanted]
    for at, line in enumerate(lines):
        names = [normal(cell) for cell in line]
        if all(any(name in choices for name in names) for choices in needed):
            titles = [title if title else f"column {i}" for i, title in enumerate(line)]
            return [dict(zip(titles, row + [""] * len(titles), strict=False)) for row in lines[at + 1 :]]
    columns = ", ".join("/".join(names) for names in wanted)
    raise InputError(f"{path.name} has no line with the columns {columns}: is it this set's sheet?")


def cell(row: Row, names: Iterable[str]) -> str:
    """Return a row's text under the first of the names it has; empty where it has none."""
    known = {normal(title): text for title, text in row.items()}
    return next((known[normal(name)] for name in names if normal(name) in known), "")


def _lines(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise InputError(f"There is no sheet {path}: check the path.")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _excel(path)
    if path.suffix.lower() == ".xls":
        raise InputError(f"{path.name} is an old Excel file: save it as .xlsx or .csv first.")
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise InputError(f"{path.name} is not a text file: save the sheet as CSV in UTF-8.")
    first = max(text.splitlines()[:20], key=len, default="")
    delimiter = max(",;\t", key=first.count)
    return list(csv.reader(text.splitlines(), delimiter=delimiter))


def _excel(path: Path) -> list[list[str]]:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise InputError(
            f"{path.name} is an Excel file: install the reader with `pip install mellm[data]`, "
            "or save the sheet as CSV."
        ) from error
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever zipfile or its XML parser raised
        _log.info("reading %s failed", path, exc_info=True)
        raise InputError(f"{path.name} cannot be read as an Excel file: save the sheet as CSV.") from error
    try:
        return [
            ["" if c is None else _plain(c) for c in row]
            for row in book.worksheets[0].iter_rows(values_only=True)
        ]
    finally:
        book.close()


def _plain(value: object) -> str:
    """A spreadsheet cell as it was typed: 12, not 12.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
