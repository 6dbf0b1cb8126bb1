"""The board's page: Markdown made of checked rows, and of nothing else."""

from collections.abc import Callable, Sequence

from mellm.evaluate.board_rows import ORDER, BoardRow, Task
from mellm.evaluate.figures import Interval

Rows = Sequence[tuple[str, BoardRow]]
"""File names and rows."""

_HEAD = """# Leaderboard

Every row is a file in `benchmarks/board/`, made from a run by `mellm evaluate board add` and checked by
`mellm evaluate board check`. This page is made of them by `mellm evaluate board build benchmarks/board --out
docs/leaderboard.md` and by nothing else. Intervals are 95%, people redrawn. *Seen* says what of the test
material a method had met before: `none`, `labels` (of the test sets, in training), `statistics` (of the test
sets' sheets) or `looked at` (the test figures, while the method was made).
[evaluation.md](evaluation.md#a-row-of-your-own) says how to add a row.
"""

_TITLES: dict[Task, str] = {
    "emotions": "Three emotion classes from flow (MEGC 2019 samples at hand: SMIC and CASME II)",
    "units": "Action units from flow (CASME II)",
    "emotions from frames": "Emotions from frames",
    "emotions from coded units": "Emotions from coded units of sheets",
    "questions": "Questions about a micro-expression (ME-VQA of MEGC 2025; samples at hand)",
    "long videos": "Long videos: spot, then recognise",
    "spotting in real clips": "Brief movements put into the pictures of real clips",
}


def board_page(rows: Rows) -> str:
    """Return the board as Markdown; rows stand as `read_board` orders them."""
    parts = [_HEAD]
    for task in ORDER:
        here = [(name, row) for name, row in rows if row.task == task]
        if here:
            parts.append(f"## {_TITLES[task]}\n\n{_TABLES[task](here)}")
    commands = "".join(f"| `{name}` | `{row.command}` |\n" for name, row in rows)
    parts.append(f"## Commands\n\n{_head('row', 'command')}{commands}")
    return "\n".join(parts)


def _head(*names: str) -> str:
    return f"{_line(names)}|{'---|' * len(names)}\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _with(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return _number(value)
    return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def _of_labels(rows: Rows) -> str:
    text = _head(
        "method", "by", "protocol", "flow", "set (classes)", "samples", "UF1", "UAR", "accuracy", "seen",
        "trained on",
    )  # fmt: skip
    for _, row in rows:
        for k, line in enumerate(row.lines):
            first = [row.method, row.by, row.protocol, row.measurement] if k == 0 else [""] * 4
            last = [row.contamination, row.trained_on] if k == 0 else [""] * 2
            uf1, uar = _with(line.uf1, line.uf1_interval), _with(line.uar, line.uar_interval)
            figures = [f"{line.set} ({line.classes})", str(line.samples), uf1, uar, _number(line.accuracy)]
            text += _line([*first, *figures, *last])
    return text


def _of_units(rows: Rows) -> str:
    text = _head(
        "method", "by", "protocol", "flow", "samples", "macro F1", "of frequent units", "seen", "trained on"
    )
    for _, row in rows:
        line = row.lines[0]
        f1 = [_number(line.unit_f1), _number(line.unit_f1_frequent)]
        first = [row.method, row.by, row.protocol, row.measurement, str(line.samples)]
        text += _line([*first, *f1, row.contamination, row.trained_on])
    return text


def _of_questions(rows: Rows) -> str:
    text = _head(
        "method", "by", "flow", "asked for", "questions, people", "UF1", "UAR", "accuracy", "units F1",
        "BLEU", "ROUGE-L", "seen", "trained on",
    )  # fmt: skip
    for _, row in rows:
        for k, line in enumerate(row.lines):
            first = [row.method, row.by, row.measurement] if k == 0 else [""] * 3
            last = [row.contamination, row.trained_on] if k == 0 else [""] * 2
            labels = [_with(line.uf1, line.uf1_interval), _with(line.uar, line.uar_interval)]
            rest = [_number(v) for v in (line.accuracy, line.unit_f1, line.bleu, line.rouge_l)]
            asked = [line.set, f"{line.samples}, {line.people}"]
            text += _line([*first, *asked, *labels, *rest, *last])
    return text


def _of_long(rows: Rows) -> str:
    text = _head(
        "videos",
        "method",
        "videos, people",
        "F1 of spotting",
        "UF1 on hits",
        "STRS",
        "false a minute",
        "seen",
    )
    for _, row in rows:
        for line in row.lines:
            false = f"{line.false_per_minute or 0:.2f}"
            figures = [_number(line.spotting_f1), _number(line.uf1), _number(line.strs), false]
            counts = f"{line.samples}, {line.people}"
            text += _line([row.measurement, line.set, counts, *figures, row.contamination])
    return text


def _of_spotting(rows: Rows) -> str:
    peaks = sorted({p for _, row in rows for line in row.lines for p in line.recall or {}}, key=float)
    text = _head(
        "clips", "method", "put in, people", *(f"recall at {peak} px" for peak in peaks), "F1",
        "false a minute", "seen", "trained on",
    )  # fmt: skip
    for _, row in rows:
        for line in row.lines:
            recall = [_number((line.recall or {}).get(peak)) for peak in peaks]
            figures = [*recall, _number(line.spotting_f1), f"{line.false_per_minute or 0:.2f}"]
            ours = [row.contamination, row.trained_on] if line is row.lines[0] else ["none", "nothing; rules"]
            text += _line([row.measurement, line.set, f"{line.samples}, {line.people}", *figures, *ours])
    return text


_TABLES: dict[Task, Callable[[Rows], str]] = {
    "emotions": _of_labels,
    "units": _of_units,
    "emotions from frames": _of_labels,
    "emotions from coded units": _of_labels,
    "questions": _of_questions,
    "long videos": _of_long,
    "spotting in real clips": _of_spotting,
}
