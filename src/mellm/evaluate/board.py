"""The board: one file a row, checked, and a page made of them.

A row's file holds the figures of a run, how the run was made, and what its method had seen. It holds no
sample: rows of sets that are bound by licences stay where they are, and the SHA-256 of the whole run stands
for them. Building is a function of the files alone, so the page can be compared byte for byte.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mellm.datasets.vqa_questions import QuestionKind, kind_of
from mellm.errors import InputError
from mellm.evaluate.figures import Interval, LabelFigures, UnitFigures
from mellm.evaluate.runs import LabelRun, LongRun, SampleResult, SpottingRun, UnitRun, VQARun, read_run
from mellm.evaluate.spotting_figures import MethodFigures
from mellm.evaluate.uncertainty import Figure, bootstrap_interval, confusion_by_person, uar_of, uf1_of
from mellm.evaluate.vqa_answers import OTHER, label_set

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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Line(_Strict):
    """Figures of one set, or of all: UF1, UAR and accuracy of labels, or macro F1 of units.

    Of questions, a line is a kind of them: `samples` counts them, `unit_f1` is the micro F1 of named units.
    recall: of movements put into real clips, by their peak in px
    """

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
    bleu: Share | None = None
    rouge_l: Share | None = None
    strs: Share | None = None
    spotting_f1: Share | None = None
    false_per_minute: Annotated[float, Field(ge=0)] | None = None
    recall: dict[str, Share] | None = None
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
    for kind, task in _KINDS.items():
        if isinstance(run, kind):
            return task
    if not isinstance(run, LabelRun):
        raise InputError(
            "The board has rows of emotions, units, questions and spotting; this run is another kind."
        )
    if run.provenance.setting("moment"):
        return "emotions from frames"
    return "emotions from coded units" if run.provenance.setting("convention") else "emotions"


_KINDS: dict[type, Task] = {
    LongRun: "long videos",
    UnitRun: "units",
    VQARun: "questions",
    SpottingRun: "spotting in real clips",
}


def _lines(run: object) -> Iterable[Line]:
    if isinstance(run, LabelRun):
        yield _label_line("all" if run.figures.per_dataset else run.samples[0].dataset, run.figures)
        for name, figures in run.figures.per_dataset.items():
            yield _label_line(name, figures)
    elif isinstance(run, UnitRun):
        yield _unit_line("all", run.figures)
    elif isinstance(run, VQARun):
        yield from _question_lines(run)
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

    elif isinstance(run, SpottingRun):
        for name, one in run.figures.methods.items():
            yield _spotting_line(name, one, {sample.person for sample in run.samples})


def _spotting_line(name: str, f: MethodFigures, people: set[str]) -> Line:
    put_in: dict[str, int] = {}
    found: dict[str, int] = {}
    for by_peak in f.recall.values():
        for peak, one in by_peak.items():
            put_in[peak] = put_in.get(peak, 0) + one.put_in
            found[peak] = found.get(peak, 0) + one.found
    return Line(
        set=name,
        samples=max(sum(put_in.values()), 1),
        people=len(people),
        spotting_f1=_round(f.f1),
        false_per_minute=f.false_per_minute["all"],
        recall={peak: _round(found[peak] / count) for peak, count in put_in.items()},
    )


def _question_lines(run: VQARun) -> Iterable[Line]:
    """A line for every kind of question that was asked."""
    f = run.figures
    for kind, asked in f.questions.items():
        if not asked:
            continue
        rows = [s for s in run.samples if kind_of(s.question) == kind]
        people = len({s.person for s in rows})
        if kind in (QuestionKind.COARSE, QuestionKind.FINE):
            yield _answered_labels(kind, rows)
        elif kind in (QuestionKind.UNITS, QuestionKind.SPOKEN):
            named = kind == QuestionKind.UNITS
            text = f.units_text if named else f.spoken_text
            yield Line(
                set=kind,
                samples=asked,
                people=people,
                unit_f1=_round(f.units_f1) if named else None,
                bleu=_round(text.bleu) if text else None,
                rouge_l=_round(text.rougeL) if text else None,
            )
        else:
            share = f.shown_accuracy if kind == QuestionKind.SHOWN else f.side_accuracy
            yield Line(set=kind, samples=asked, people=people, accuracy=_round(share))


def _answered_labels(kind: str, rows: Sequence[SampleResult]) -> Line:
    labels = label_set(str(s.truth) for s in rows)
    given = [str(s.prediction) if s.prediction in labels else OTHER for s in rows]
    counts = confusion_by_person([str(s.truth) for s in rows], given, [s.person for s in rows], labels)
    share = len(labels) / (len(labels) - 1)  # the mean over the labels asked for, not over the last one

    def interval(figure: Figure) -> Interval:
        low, high = bootstrap_interval(counts, figure)
        return _round(float(low) * share), _round(float(high) * share)

    total = counts.sum(axis=0)
    return Line(
        set=kind,
        samples=len(rows),
        people=len(counts),
        classes=len(labels) - 1,
        uf1=_round(float(uf1_of(total)) * share),
        uf1_interval=interval(uf1_of),
        uar=_round(float(uar_of(total)) * share),
        uar_interval=interval(uar_of),
        accuracy=_round(float(total.trace() / total.sum())),
        confusion=total.astype(int).tolist(),
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
