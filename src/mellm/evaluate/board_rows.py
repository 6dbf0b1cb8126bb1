"""The board's rows: what a row's file holds, and whether its figures can be.

A row's file holds the figures of a run, how the run was made, and what its method had seen. It holds no
sample: rows of sets that are bound by licences stay where they are, and the SHA-256 of the whole run stands
for them. Building is a function of the files alone, so the page can be compared byte for byte.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mellm.errors import InputError
from mellm.evaluate.unit_recognition import LEAST

Task = Literal[
    "emotions",
    "units",
    "emotions from frames",
    "emotions from coded units",
    "questions",
    "long videos",
    "spotting in real clips",
]
Contamination = Literal["none", "labels", "statistics", "looked at"]
"""What of the test material a method has met before: nothing; its labels; statistics of its sheets; or the
test figures were looked at while the method was made."""
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UnitCounts(_Strict):
    """Of one action unit: samples that show it and are called, that are called, that show it."""

    hits: Count
    called: Count
    true: Count

    @property
    def f1(self) -> float:
        """F1; 0 where nothing is true and nothing called."""
        return 2 * self.hits / max(self.called + self.true, 1)


class Line(_Strict):
    """Figures of one set, or of all: UF1, UAR and accuracy of labels, or macro F1 of units.

    Of questions, a line is a kind of them: `samples` counts them, `unit_f1` is the micro F1 of named units.
    recall: of movements put into real clips, by their peak in px
    confusion: `confusion[i][j]` counts truth i called j
    unit_counts: of the units whose mean F1 is `unit_f1`
    """

    set: str
    samples: Annotated[int, Field(ge=1)]
    people: Annotated[int, Field(ge=0)] = 0
    classes: Annotated[int, Field(ge=0)] = 0
    uf1: Share | None = None
    uf1_interval: tuple[Share, Share] | None = None
    uar: Share | None = None
    uar_interval: tuple[Share, Share] | None = None
    accuracy: Share | None = None
    unit_f1: Share | None = None
    unit_f1_frequent: Share | None = None
    bleu: Share | None = None
    rouge_l: Share | None = None
    strs: Share | None = None
    spotting_f1: Share | None = None
    false_per_minute: Annotated[float, Field(ge=0)] | None = None
    recall: dict[str, Share] | None = None
    confusion: list[list[Count]] = []
    unit_counts: dict[str, UnitCounts] | None = None


class BoardRow(_Strict):
    """One row of the board.

    method: its name; task, protocol: what was done, and how people were kept apart
    measurement: which flow: `first`, `second`, `both`, or `frames`
    trained_on: in a sentence; contamination: what of the test it had met before; by: whose method
    command: makes the run again; run_sha256: of the run's file
    date, commit, machine: when the run was made, from which code (empty: an installed package) and on what
    """

    format: Literal["mellm board 1"]
    method: Annotated[str, Field(min_length=1, max_length=80)]
    by: str = "mellm"
    task: Task
    protocol: str
    measurement: str
    trained_on: Annotated[str, Field(min_length=3)]
    contamination: Contamination
    command: Annotated[str, Field(min_length=5)]
    mellm_version: str
    seed: int
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{7,40}\+?)?$")]
    machine: str
    run_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    lines: Annotated[list[Line], Field(min_length=1)]


class About(BaseModel):
    """What a run's file does not say of its method."""

    method: str
    trained_on: str
    contamination: Contamination
    measurement: str
    by: str = "mellm"
    command: str | None = None


def write_row(row: BoardRow, file: Path) -> None:
    """Write a row's file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(row.model_dump(exclude_defaults=False, exclude_none=True), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def read_row(file: Path) -> BoardRow:
    """Read and check a row's file. Raises InputError with the first thing that is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
        row = BoardRow.model_validate_json(text)
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{file.name}: {where}: {first['msg']}.") from error
    for where in _nulls(json.loads(text)):
        raise InputError(f"{file.name}: {where} is null: give its value, or leave it out.")
    for line in row.lines:
        lacking = [name for name in _NEEDED[row.task] if getattr(line, name) is None]
        if lacking or not _figures_of(line):
            raise InputError(f"{file.name}: {line.set}: there is no {(lacking or ['figure'])[0]}.")
        _check(file, line)
        _check_units(file, line)
    return row


def _nulls(value: object, where: str = "") -> Iterable[str]:
    """The names of the fields that hold null."""
    if value is None:
        yield where
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _nulls(part, f"{where}.{key}" if where else str(key))


def unchecked(row: BoardRow) -> list[tuple[str, str]]:
    """Return the figures that no counts in the row speak for, as (the line's set, the figure's name)."""
    return [
        (line.set, name) for line in row.lines for name in _figures_of(line) if name not in _counted(line)
    ]


def _figures_of(line: Line) -> list[str]:
    return [name for name in _FIGURES if getattr(line, name) is not None]


def _counted(line: Line) -> tuple[str, ...]:
    """The figures that the line's counts speak for."""
    labels = _OF_LABELS if line.confusion else ()
    return labels + (("unit_f1", "unit_f1_frequent") if line.unit_counts else ())


_FIGURES = (
    "uf1", "uar", "accuracy", "unit_f1", "unit_f1_frequent", "bleu", "rouge_l", "strs", "spotting_f1",
    "false_per_minute", "recall",
)  # fmt: skip
_OF_LABELS = ("uf1", "uar", "accuracy")
_NEEDED: dict[Task, tuple[str, ...]] = {
    "emotions": _OF_LABELS,
    "units": ("unit_f1",),
    "emotions from frames": _OF_LABELS,
    "emotions from coded units": _OF_LABELS,
    "questions": (),
    "long videos": ("spotting_f1",),
    "spotting in real clips": ("spotting_f1",),
}
"""Task -> the figures that each of its lines has; of questions, any."""


def _check(file: Path, line: Line) -> None:
    """A line's figures agree with its confusion counts, and lie in their intervals."""
    if line.people > line.samples and line.spotting_f1 is None:
        raise InputError(f"{file.name}: {line.set}: there are more people than samples.")
    for name in ("uf1", "uar"):
        value, interval = getattr(line, name), getattr(line, f"{name}_interval")
        if value is None or interval is None:
            continue
        if not interval[0] - 0.02 <= value <= interval[1] + 0.02:
            raise InputError(f"{file.name}: {line.set}: {name} {value} does not lie in its interval.")
    if not line.confusion:
        return
    counts = line.confusion
    if {len(row) for row in counts} != {len(counts)} or not 1 <= line.classes <= len(counts):
        raise InputError(f"{file.name}: {line.set}: the confusion is not of {line.classes} classes.")
    total = sum(map(sum, counts))
    classes = range(line.classes)
    called = [sum(row[k] for row in counts) for k in range(len(counts))]
    f1 = [2 * counts[k][k] / max(sum(counts[k]) + called[k], 1) for k in classes]
    right = sum(counts[k][k] for k in range(len(counts)))
    if total != line.samples:
        raise InputError(f"{file.name}: {line.set}: the confusion holds {total} samples, not {line.samples}.")
    recall = [counts[k][k] / max(sum(counts[k]), 1) for k in classes]
    for name, counted in (
        ("uf1", sum(f1) / len(f1)),
        ("uar", sum(recall) / len(recall)),
        ("accuracy", right / total),
    ):
        _agree(file, line, name, counted, "confusion says")


def _check_units(file: Path, line: Line) -> None:
    """A line's figures of units agree with the counts of its units, where it holds them."""
    if not line.unit_counts:
        return
    for unit, c in line.unit_counts.items():
        if c.hits > min(c.called, c.true) or c.called + c.true - c.hits > line.samples:
            raise InputError(f"{file.name}: {line.set}: the counts of unit {unit} cannot be.")
    if len(line.unit_counts) != line.classes:
        raise InputError(
            f"{file.name}: {line.set}: there are counts of {len(line.unit_counts)} units, not {line.classes}."
        )
    for name, least in (("unit_f1", 0), ("unit_f1_frequent", LEAST)):
        f1 = [c.f1 for c in line.unit_counts.values() if c.true >= least]
        _agree(file, line, name, sum(f1) / max(len(f1), 1), "counts of units say")


def _agree(file: Path, line: Line, name: str, counted: float, what: str) -> None:
    told = getattr(line, name)
    if told is not None and abs(told - counted) > 0.001:
        raise InputError(f"{file.name}: {line.set}: {name} is {told}, its {what} {counted:.4f}.")


def read_board(folder: Path) -> list[tuple[str, BoardRow]]:
    """Read all rows of a folder with their file names, in the order of the board."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InputError(f"{folder} holds no rows (*.json).")
    rows = [(file.name, read_row(file)) for file in files]
    return sorted(rows, key=lambda one: (ORDER.index(one[1].task), one[1].protocol, -_best(one[1]), one[0]))


ORDER: tuple[Task, ...] = get_args(Task)
"""Tasks in the order of the board."""


def _best(row: BoardRow) -> float:
    first = row.lines[0]
    return first.uf1 or first.unit_f1 or first.strs or 0.0
