"""The papers' table from run files: a row for each model, UF1, UAR and accuracy for each set.

Knows run files; evaluates nothing.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mellm.errors import InputError
from mellm.evaluate.figures import LabelFigures
from mellm.evaluate.runs import LabelRun, read_run

Form = Literal["text", "markdown", "latex", "csv"]
_FIGURES = ("UF1", "UAR", "ACC")


@dataclass(frozen=True, slots=True)
class _Cell:
    """One model on one set, with the number of classes."""

    figures: LabelFigures
    classes: int

    def values(self) -> list[str]:
        f = self.figures
        return [f"{value:.3f}" for value in (f.uf1, f.uar, f.accuracy)]


def papers_table(files: Sequence[Path], form: Form = "text") -> str:
    """Return the table of run files; a model's runs on several sets share its row.

    Raises InputError for files that are no runs of labels, and for two runs of one model on one set.
    """
    rows: dict[str, dict[str, _Cell]] = {}
    columns: dict[str, int] = {}
    for file in files:
        run = read_run(file)
        if not isinstance(run, LabelRun):
            raise InputError(f"{file} is no run of emotion labels.")
        name = _row_name(run)
        for dataset, figures in _sets(run).items():
            classes = len(figures.per_class)
            column = f"{dataset} ({classes})"
            if column in rows.setdefault(name, {}):
                raise InputError(f"{file} is a second run of '{name}' on {dataset}: give one of them.")
            rows[name][column] = _Cell(figures, classes)
            columns[column] = figures.samples
    return _FORMS[form](rows, columns)


def _row_name(run: LabelRun) -> str:
    told = run.provenance.setting
    moment, estimator = told("moment") or "given", told("estimator") or "meflownet"
    parts = [told("model") or "?"]
    parts += [f"flow {estimator}"] if estimator != "meflownet" else []
    parts += [f"moment {moment}"] if moment != "given" else []
    parts += ["some samples"] if told("limit") else []
    return ", ".join(parts)


def _sets(run: LabelRun) -> dict[str, LabelFigures]:
    """The figures of each set; of the composite too where a run has several."""
    if run.figures.per_dataset:
        return {**run.figures.per_dataset, "all": run.figures}
    return {run.samples[0].dataset: run.figures}


Rows = dict[str, dict[str, _Cell]]


def _cells(cells: dict[str, _Cell], columns: dict[str, int]) -> list[str]:
    return [value for column in columns for value in (cells[column].values() if column in cells else "---")]


def _heads(columns: dict[str, int]) -> list[str]:
    return [f"{column} {figure}" for column in columns for figure in _FIGURES]


def _text(rows: Rows, columns: dict[str, int]) -> str:
    width = max(len("model"), *(len(name) for name in rows))
    first = "model".ljust(width) + "".join(f"  {column:^19}" for column in columns)
    second = " " * width + "".join(
        "  " + " ".join(f"{f:>6}"[:6] for f in _FIGURES)[:19].ljust(19) for _ in columns
    )
    lines = [first.rstrip(), second.rstrip()]
    for name, cells in rows.items():
        values = _cells(cells, columns)
        groups = [values[k : k + 3] for k in range(0, len(values), 3)]
        lines.append(
            (
                name.ljust(width)
                + "".join("  " + " ".join(f"{v:>6}"[:6] for v in g)[:20].ljust(19) for g in groups)
            ).rstrip()
        )
    counts = "  ".join(f"{column}: {count} samples" for column, count in columns.items())
    return "\n".join([*lines, counts]) + "\n"


def _markdown(rows: Rows, columns: dict[str, int]) -> str:
    lines = ["| model | " + " | ".join(_heads(columns)) + " |", "|---" * (1 + 3 * len(columns)) + "|"]
    lines += [f"| {name} | " + " | ".join(_cells(cells, columns)) + " |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


def _latex(rows: Rows, columns: dict[str, int]) -> str:
    heads = " & ".join(rf"\multicolumn{{3}}{{c}}{{{_escaped(column)}}}" for column in columns)
    names = " & ".join(_FIGURES * len(columns))
    lines = [rf"\begin{{tabular}}{{l{'ccc' * len(columns)}}}", r"\toprule"]
    lines += [rf" & {heads} \\", rf"Model & {names} \\", r"\midrule"]
    lines += [rf"{_escaped(name)} & {' & '.join(_cells(cells, columns))} \\" for name, cells in rows.items()]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _escaped(text: str) -> str:
    return "".join(rf"\{letter}" if letter in "&%$#_{}" else letter for letter in text)


def _csv(rows: Rows, columns: dict[str, int]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", *_heads(columns)])
    writer.writerows([name, *_cells(cells, columns)] for name, cells in rows.items())
    return out.getvalue()


_FORMS = {"text": _text, "markdown": _markdown, "latex": _latex, "csv": _csv}
