"""The board: one file a row, checked, and a page made of them.

A row's file holds the figures of a run, how the run was made, and what its method had seen. It holds no
sample: rows of sets that are bound by licences stay where they are, and the SHA-256 of the whole run stands
for them. Building is a function of the files alone, so the page can be compared byte for byte.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mellm.errors import InputError
from mellm.evaluate.figures import Interval, LabelFigures, UnitFigures
from mellm.evaluate.runs import LabelRun, LongRun, UnitRun, read_run

Task = Literal["emotions", "units", "emotions from frames", "emotions from coded units", "long videos"]
Contamination = Literal["none", "labels", "statistics", "looked at"]
"""What of the test material a method has met before: nothing; its labels; statistics of its sheets; or the
test figures were looked at while the method was made."""
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Line(_Strict):
    """Figures of one set, or of all: UF1, UAR and accuracy of labels, or macro F1 of units."""

    set: str
    samples: Annotated[int, Field(ge=1)]
    people: Annotated[int, Field(ge=0)] = 0
    classes: Annotated[int, Field(ge=0)] = 0
    uf1: Share | None = None
    uf1_interval: Interval | None = None
    uar: Share | None = None
    uar_interval: Interval | None = None
    accuracy: Share | None = None
    unit_f1: Share | None = None
    unit_f1_frequent: Share | None = None
    strs: Share | None = None
    spotting_f1: Share | None = None
    false_per_minute: Annotated[float, Field(ge=0)] | None = None
    confusion: list[list[int]] = []


class BoardRow(_Strict):
    """One row of the board.

    method: its name; task, protocol: what was done, and how people were kept apart
    measurement: which flow: `first`, `second`, `both`, or `frames`
    trained_on: in a sentence; contamination: what of the test it had met before; by: whose method
    command: makes the run again; run_sha256: of the run's file
    date, commit, machine: when the run was made, from which code (empty: an installed package) and on what
    """

    format: Literal["mellm board 1"] = "mellm board 1"
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
    date: Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = ""
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{7,40}\+?)?$")] = ""
    machine: str = ""
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


def row_of(file: Path, about: About) -> BoardRow:
    """Return the row of a run; raises InputError for a run of a kind that the board does not have."""
    run = read_run(file)
    made = run.provenance
    return BoardRow(
        **about.model_dump(exclude={"command"}),
        task=_task(run),
        protocol=made.setting("protocol") or "zero-shot",
        command=about.command or made.command or "",
        mellm_version=made.mellm_version,
        seed=made.seed,
        date=made.date,
        commit=made.commit,
        machine=made.machine,
        run_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        lines=list(_lines(run)),
    )


def _task(run: object) -> Task:
    if isinstance(run, LongRun):
        return "long videos"
    if isinstance(run, UnitRun):
        return "units"
    if not isinstance(run, LabelRun):
        raise InputError("The board has rows of emotions, units and long videos; this run is another kind.")
    if run.provenance.setting("moment"):
        return "emotions from frames"
    return "emotions from coded units" if run.provenance.setting("convention") else "emotions"


def _lines(run: object) -> Iterable[Line]:
    if isinstance(run, LabelRun):
        yield _label_line("all" if run.figures.per_dataset else run.samples[0].dataset, run.figures)
        for name, figures in run.figures.per_dataset.items():
            yield _label_line(name, figures)
    elif isinstance(run, UnitRun):
        yield _unit_line("all", run.figures)
    elif isinstance(run, LongRun):
        for name, m in run.figures.methods.items():
            yield Line(
                set=name,
                samples=max(run.figures.videos, 1),
                people=run.figures.people,
                spotting_f1=_round(m.micro.f1),
                uf1=_round(m.recognition_f1),
                strs=_round(m.strs),
                false_per_minute=m.false_per_minute,
            )


def _label_line(name: str, f: LabelFigures) -> Line:
    return Line(
        set=name,
        samples=f.samples,
        people=f.people,
        classes=len(f.per_class),
        uf1=_round(f.uf1),
        uf1_interval=_rounded(f.uf1_interval),
        uar=_round(f.uar),
        uar_interval=_rounded(f.uar_interval),
        accuracy=_round(f.accuracy),
        unit_f1=None if f.units is None else _round(f.units.macro_f1),
        confusion=f.confusion,
    )


def _unit_line(name: str, f: UnitFigures) -> Line:
    return Line(
        set=name,
        samples=f.samples,
        classes=len(f.per_unit),
        unit_f1=_round(f.macro_f1),
        unit_f1_frequent=_round(f.macro_f1_frequent),
    )


def _round(value: float) -> float:
    return round(value, 4)


def _rounded(interval: Interval) -> Interval:
    return _round(interval[0]), _round(interval[1])


def write_row(row: BoardRow, file: Path) -> None:
    """Write a row's file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(row.model_dump(exclude_defaults=False, exclude_none=True), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def read_row(file: Path) -> BoardRow:
    """Read and check a row's file. Raises InputError with the first thing that is wrong."""
    try:
        row = BoardRow.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise InputError(f"{file.name}: {where}: {first['msg']}.") from error
    for line in row.lines:
        _check(file, line)
    return row


def _check(file: Path, line: Line) -> None:
    """A line's figures agree with its confusion counts, and lie in their intervals."""
    for name in ("uf1", "uar"):
        value, interval = getattr(line, name), getattr(line, f"{name}_interval")
        if value is None or interval is None:
            continue
        if not interval[0] - 0.02 <= value <= interval[1] + 0.02:
            raise InputError(f"{file.name}: {line.set}: {name} {value} does not lie in its interval.")
    if not line.confusion or line.uf1 is None or line.accuracy is None:
        return
    counts = line.confusion
    total = sum(map(sum, counts))
    classes = range(line.classes)
    called = [sum(row[k] for row in counts) for k in range(len(counts))]
    f1 = [2 * counts[k][k] / max(sum(counts[k]) + called[k], 1) for k in classes]
    right = sum(counts[k][k] for k in range(len(counts)))
    if total != line.samples:
        raise InputError(f"{file.name}: {line.set}: the confusion holds {total} samples, not {line.samples}.")
    for name, told, counted in (
        ("uf1", line.uf1, sum(f1) / len(f1)),
        ("accuracy", line.accuracy, right / total),
    ):
        if abs(told - counted) > 0.001:
            raise InputError(f"{file.name}: {line.set}: {name} is {told}, its confusion says {counted:.4f}.")


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
