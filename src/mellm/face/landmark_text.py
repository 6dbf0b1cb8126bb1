"""Text of landmark files as programs and spreadsheets write it: encodings, separators, decimal commas.

Only names of columns and numbers are wanted, and those are ASCII. So whatever else a file holds (names of
clips in GBK, cp1252, ...) needs no guess at its encoding. Knows nothing about landmarks.
"""

import codecs
import csv
import re
from pathlib import Path

from mellm.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ";\t,"
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")


def text_of(file: Path) -> str:
    """Return the text of a file; letters beyond ASCII are right only where it is some Unicode.

    Raises InputError for a file that claims an encoding and breaks off within it.
    """
    data = file.read_bytes()
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and (zero := data[:400].find(0)) >= 0:
        encoding = "utf-16-le" if zero % 2 else "utf-16-be"
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding is None:
            return data.decode("latin-1")
        raise InputError(f"{file.name} is damaged or cut short: copy it again.") from error


def table_of(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of a CSV file's columns, in small letters, and its rows that hold something.

    Each row comes with its line in the file, counted from 1. Commas, semicolons and tabs may part the cells
    (the one that the header has most of does); numbers may have decimal commas where commas part no cells.
    Raises InputError for a file that is no table.
    """
    # Not splitlines, which also parts at bytes that are halves of letters elsewhere.
    lines = re.split(r"\r\n|\r|\n", text_of(file))
    skipped = 1 if lines and re.fullmatch(r'"?sep=."?', lines[0].strip()) else 0
    header = lines[skipped] if len(lines) > skipped else ""
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(lines[skipped:], skipinitialspace=True, delimiter=separator)
    try:
        rows = [(skipped + reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InputError(f"{file.name} is not a table of text: save it as CSV again.") from error
    names = [name.strip().lower() for name in rows[0][1]] if rows else []
    if separator != ",":
        rows = [(line, [_with_point(cell) for cell in row]) for line, row in rows]
    return names, [(line, row) for line, row in rows[1:] if any(cell.strip() for cell in row)]


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell
