"""The bytes of a CSV sheet as text, and its lines: encodings and delimiters as spreadsheets write them.

Knows nothing of what the columns mean.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from mellm.errors import InputError

DELIMITERS = ";\t,|"
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_UNKNOWN = frozenset({"nan", "#n/a", "#null!", "null", "<na>"})


def read_text(path: Path) -> str:
    """Return a text file's content: UTF-8, UTF-16, GBK / GB 18030, or Windows-1252, told from the bytes.

    Raises InputError where it cannot be read, or holds no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): check the path.") from error
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{path.name} is not a text file: save the sheet as CSV in UTF-8.")


def _encodings(data: bytes) -> Iterator[str]:
    yield from (encoding for mark, encoding in _BOMS if data.startswith(mark))
    if data[1:2000:2].count(0) > len(data[:2000]) // 8:
        yield "utf-16-le"
    if data[0:2000:2].count(0) > len(data[:2000]) // 8:
        yield "utf-16-be"
    yield "utf-8"
    if _is_chinese(data):
        yield "gb18030"
    yield "cp1252"


def _is_chinese(data: bytes) -> bool:
    """Whether most letters beyond ASCII are common characters once they are read as GB 18030.

    Accented letters of Western Europe are read as rare ones, or not at all.
    """
    try:
        letters = [letter for letter in data.decode("gb18030") if letter > "\x7f"]
    except UnicodeDecodeError:
        return False
    common = sum(len(letter.encode("gb2312", "ignore")) == 2 for letter in letters)
    return 2 * common > len(letters)


def csv_tables(path: Path) -> Iterator[list[list[str]]]:
    """Yield the lines of a CSV file cut at each delimiter that occurs, the likeliest first."""
    text = read_text(path)
    likeliest = sorted(DELIMITERS, key=lambda mark: -_evenness(text, mark))
    try:
        for mark in likeliest:
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            yield [[plain_cell(cell) for cell in line] for line in lines]
    except csv.Error as error:
        raise InputError(f"{path.name} cannot be read as CSV ({error}): save the sheet anew.") from error


def _evenness(text: str, mark: str) -> float:
    """How well a delimiter cuts the first lines into columns: the share of lines with the commonest count."""
    counts = [line.count(mark) for line in text.splitlines()[:200] if line.strip()]
    found = [count for count in counts if count]
    return max((found.count(count) for count in set(found)), default=0) / max(len(counts), 1)


def plain_cell(text: str) -> str:
    """Return a cell without spaces around it; empty where a program wrote that there is none (`NaN`)."""
    text = text.strip().strip("\ufeff\u200b\xa0").strip()
    return "" if text.lower() in _UNKNOWN else text


def number(text: str) -> float | None:
    """Return a number as people write it (`46`, `46.0`, `46,0`, `1.234,5` is none); None for anything else.

    >>> number("29,97")
    29.97
    """
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
