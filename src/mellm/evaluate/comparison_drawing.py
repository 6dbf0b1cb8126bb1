"""A comparison as a picture: points with 95% intervals, as SVG, alone or in a page with the tables.

Every cell is one figure on one set (or one class); its rows are the runs, the reference first. Runs differ
in colour (Okabe-Ito), in the shape of the point, and are named. Nothing is fetched and no script runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mellm.errors import InputError, MellmError
from mellm.evaluate.comparison import ComparedRun, Comparison
from mellm.evaluate.comparison_table import comparison_note, comparison_tables

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777")
SIGNIFICANT = 0.05
"""Corrected p-values below this are marked by a star."""

_ROW, _TITLE, _GAP, _AXIS = 19, 22, 16, 20
_CELL, _VALUE, _PAD = 250, 44, 14
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:24px auto;padding:0 16px;
color-scheme:light dark}
table{border-collapse:collapse;margin:12px 0;font-variant-numeric:tabular-nums}
td,th{padding:3px 12px 3px 0;text-align:left;border-bottom:1px solid #8884}
svg{width:100%;height:auto}code{overflow-wrap:anywhere}small{opacity:.75}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of every run: title, and per run value, low, high, and whether it is marked by a star."""

    title: str
    rows: tuple[tuple[float, float, float, bool], ...]


def write_drawing(found: Comparison, file: str | Path) -> Path:
    """Write a comparison as .svg or .html (by the file's ending); the folder is made where needed.

    Raises InputError for another ending, MellmError where the file cannot be written.
    """
    path = Path(file)
    draw = _WRITERS.get(path.suffix.lower())
    if draw is None:
        raise InputError(f"A comparison is drawn as {' or '.join(_WRITERS)}, not '{path.suffix}'.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(draw(found), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise MellmError(f"'{path}' cannot be written ({error.strerror}); choose another place.") from error
    return path


def comparison_svg(found: Comparison, background: str | None = None) -> str:
    """Draw all figures on every set, then the F1 of every class, as one `<svg>` element."""
    runs, sets = found.runs, list(found.runs[0].sets)
    wide = len(found.figures)
    grid = [[_figure_cell(runs, name, figure) for figure in found.figures] for name in sets]
    classes = [_class_cell(runs, label) for label in found.classes]
    parts = [(grid, "")]
    if classes:
        rows = [classes[i : i + wide] for i in range(0, len(classes), wide)]
        parts.append((rows, "F1 of each class, all samples"))
    low = min(low for cells, _ in parts for row in cells for cell in row for _, low, _, _ in cell.rows)
    start = math.floor(low * 10) / 10
    names = [run.name for run in runs]
    left = 16 + round(6.3 * max(len(name) for name in names))
    width = left + wide * (_CELL + _VALUE + _PAD)
    out, y = [], 8
    for cells, heading in parts:
        if heading:
            out.append(f'<text x="4" y="{y + 14}" font-weight="600">{escape(heading)}</text>')
            y += _TITLE
        for row in cells:
            out.append(_names_at(names, y))
            for column, cell in enumerate(row):
                out.append(_cell(cell, left + column * (_CELL + _VALUE + _PAD), y, start))
            y += _TITLE + _ROW * len(names) + _AXIS + _GAP
    note = "Points: figures; lines: 95% intervals over people."
    if len(runs) > 1 and any(_starred(run, f) for run in runs for f in found.figures):
        note += f" * differs from {found.reference}, p < {SIGNIFICANT:g} after Holm's correction."
    out.append(f'<text x="4" y="{y + 6}" opacity=".75">{escape(note)}</text>')
    height = y + 16
    paper = f'<rect width="{width}" height="{height}" fill="{background}"/>' if background else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Comparison of {len(runs)} runs" '
        'xmlns="http://www.w3.org/2000/svg" font-family="system-ui,sans-serif" font-size="12" '
        f'fill="currentColor">{paper}{"".join(out)}</svg>'
    )


def comparison_page(found: Comparison) -> str:
    """Return a page of its own: the drawing, the tables, and the command of every run."""
    people = f"{found.samples} samples of {found.people} people"
    protocol = f", {found.protocol}" if found.protocol else ""
    title = "Comparison: " + ", ".join(run.name for run in found.runs)
    made = "".join(
        f"<li>{escape(run.name)}: <code>{escape(run.command or run.file)}</code></li>" for run in found.runs
    )
    tables = "".join(_html_table(*table) for table in comparison_tables(found))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>"
        f"<p>{escape(people + protocol)}.</p>\n{comparison_svg(found)}\n{tables}"
        f"<p><small>{escape(comparison_note(found))}</small></p><ul>{made}</ul></body></html>\n"
    )


def _starred(run: ComparedRun, figure: str) -> bool:
    return figure in run.against and run.against[figure].p_holm < SIGNIFICANT


def _figure_cell(runs: Sequence[ComparedRun], name: str, figure: str) -> Cell:
    rows = [
        (f.value, f.low, f.high, name == "all" and _starred(run, figure))
        for run in runs
        for f in (run.sets[name].figures[figure],)
    ]
    where = "all samples" if name == "all" else name
    return Cell(f"{figure}, {where}", tuple(rows))


def _class_cell(runs: Sequence[ComparedRun], label: str) -> Cell:
    found = [run.sets["all"].per_class[label] for run in runs]
    return Cell(f"{label} ({found[0].support})", tuple((f.value, f.low, f.high, False) for f in found))


def _names_at(names: Sequence[str], y: float) -> str:
    return "".join(
        f'<text x="4" y="{y + _TITLE + _ROW * i + 13}">{escape(name)}</text>' for i, name in enumerate(names)
    )


def _cell(cell: Cell, x: float, y: float, start: float) -> str:
    """One cell at (x, y); its axis goes from `start` to 1."""
    scale = _CELL / (1 - start)
    top, bottom = y + _TITLE - 2, y + _TITLE + _ROW * len(cell.rows)
    out = [f'<text x="{x}" y="{y + 13}" font-weight="600">{escape(cell.title)}</text>']
    for k in range(round(start * 10), 11, 1 if start >= 0.5 else 2):
        at = x + (k / 10 - start) * scale
        out.append(f'<path d="M{at:.1f} {top}V{bottom + 3}" stroke="currentColor" stroke-opacity=".15"/>')
        if k < 10:
            place = f'x="{at:.1f}" y="{bottom + 15}" text-anchor="middle"'
            out.append(f'<text {place} font-size="10" opacity=".75">.{k}</text>')
    for i, (value, low, high, marked) in enumerate(cell.rows):
        middle = y + _TITLE + _ROW * i + 9
        left, right, at = (x + (v - start) * scale for v in (low, high, value))
        colour = COLOURS[i % len(COLOURS)]
        line = f'stroke="{colour}" stroke-width="2.5" stroke-opacity=".6"'
        text = f"{value:.3f}".removeprefix("0") + "*" * marked
        out.append(f'<path d="M{left:.1f} {middle}H{right:.1f}" {line}/>{_point(i, at, middle, colour)}')
        out.append(f'<text x="{x + _CELL + 6}" y="{middle + 4}">{text}</text>')
    return "".join(out)


def _point(number: int, x: float, y: float, colour: str) -> str:
    """A circle, square, diamond or triangle."""
    if number % 4 == 0:
        return f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
    shape = ("M-4 -4H4V4H-4Z", "M0 -5.5L5.5 0L0 5.5L-5.5 0Z", "M0 -5L5 4H-5Z")[number % 4 - 1]
    return f'<path d="{shape}" transform="translate({x:.1f} {y})" fill="{colour}"/>'


def _html_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"


def _standalone(found: Comparison) -> str:
    return comparison_svg(found, background="#ffffff").replace("<svg ", '<svg color="#1b2230" ', 1) + "\n"


_WRITERS = {".svg": _standalone, ".html": comparison_page}
