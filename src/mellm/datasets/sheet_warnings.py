"""What is said about a sheet's rows: those left out, and cells of action units that hold remarks."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from mellm.datasets.annotation_sheets import Row, normal
from mellm.facs.codes import is_date, parse_codes
from mellm.wording.message import Message

Left = Literal["nobody", "macro", "unknown"]
"""Why a row is left out: no subject or file name, a macro-expression, a type that is neither."""

_SHOWN = 8


def kind_of_expression(text: str) -> Literal["micro", "macro", "unknown"]:
    """What a sheet's own word says: `Micro - 1/2`, `1/2`, `micro-expression` or nothing is a micro one.

    >>> kind_of_expression("Macro - 1/2")
    'macro'
    """
    word = normal(text)
    if word.startswith(("macro", "宏")):
        return "macro"
    return "micro" if word in ("", "1", "12", "me", "½") or word.startswith(("micro", "微")) else "unknown"


def left_out_rows(file: str, rows: Mapping[Left, Sequence[int]]) -> Iterator[Message]:
    """Yield a warning for each reason why rows, given by number, are left out."""
    for why, numbers in rows.items():
        shown = some(list(map(str, numbers)))
        count = len(numbers)
        if why == "nobody":
            yield Message("sheet.nobody", {"file": file, "count": count, "rows": shown})
        elif why == "macro":
            yield Message("sheet.macro", {"file": file, "count": count, "rows": shown})
        else:
            yield Message("sheet.unknown", {"file": file, "count": count, "rows": shown})


def remarks_in_cells(file: str, cells: Iterable[tuple[int, str | None, str]]) -> list[Message]:
    """Return a warning about cells that hold remarks, and one about cells that hold dates.

    `cells` are the row's number, the column's title and the text.
    """
    found: list[str] = []
    dates: list[str] = []
    title = ""
    for row, column, text in cells:
        if remarks := parse_codes(text).remarks:
            title = column or ""
            (dates if is_date(text) else found).append(f"{row} '{'; '.join(remarks)}'")
    said = []
    if found:
        shown = some(found)
        said.append(
            Message("sheet.remarks", {"file": file, "column": title, "count": len(found), "rows": shown})
        )
    if dates:
        shown = some(dates)
        said.append(
            Message("sheet.dates", {"file": file, "column": title, "count": len(dates), "rows": shown})
        )
    return said


def rows_without_label(
    file: str, rows: Sequence[Row], columns: Sequence[str], labels: Sequence[str]
) -> Iterator[Message]:
    """Yield a warning about rows that are left out because the column's text is none of the labels."""
    if rows:
        found = [f"{row.number} '{row.text(columns)}'" for row in rows]
        yield Message(
            "sheet.no_label",
            {
                "file": file,
                "column": rows[0].column(columns),
                "count": len(rows),
                "labels": ", ".join(labels),
                "rows": some(found),
            },
        )


def log_remarks(log: logging.Logger, path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Log a warning where the rows hold remarks in the first of these columns that they have."""
    cells = ((row.number, row.column(columns), row.text(columns)) for row in rows)
    for message in remarks_in_cells(path.name, cells):
        log.warning("%s", message)


def some(rows: Sequence[str]) -> str:
    """Return the first of these texts, with dots where there are more."""
    return ", ".join(rows[:_SHOWN]) + (", ..." if len(rows) > _SHOWN else "")
