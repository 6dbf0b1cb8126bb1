"""Compare any number of runs on the same samples: figures with intervals, and what differs beyond chance.

Every run is set against one of them, the reference. Figures and intervals are given for all samples, per data
set, and per class; tests are paired, exchange people, and are made once per run and figure on all samples,
corrected over the runs by Holm's procedure. Knows the files `mellm evaluate` writes, not the models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from mellm.errors import InputError
from mellm.evaluate.comparison_kind import Counts, Kind, label_kind, unit_kind
from mellm.evaluate.figures import LabelFigures, UnitFigures
from mellm.evaluate.runs import AnyRun, LabelRun, Provenance, SampleResult, UnitRun, read_run
from mellm.evaluate.uncertainty import PairedTest, bootstrap_interval, holm, paired_test


class Estimate(BaseModel):
    """A figure with its 95% interval over people."""

    value: float
    low: float
    high: float


class ClassEstimate(Estimate):
    """The F1 of a class; `support` counts its true samples."""

    support: int


class SetFigures(BaseModel):
    """One run on one set of samples."""

    samples: int
    people: int
    figures: dict[str, Estimate]
    per_class: dict[str, ClassEstimate]


class ComparedRun(BaseModel):
    """One run: its figures per set (`all`, then each data set), and its difference from the reference.

    against: figure -> test, on all samples; empty for the reference itself
    """

    name: str
    file: str
    model: str | None
    command: str | None
    sets: dict[str, SetFigures]
    against: dict[str, PairedTest] = {}


class Comparison(BaseModel):
    """Runs on the same samples; `figures` and `classes` name what `runs` give values of."""

    samples: int
    people: int
    protocol: str | None
    reference: str
    figures: list[str]
    classes: list[str]
    runs: list[ComparedRun]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A run that takes part: its samples by data set, subject and key."""

    name: str
    path: Path
    figures: LabelFigures | UnitFigures
    made: Provenance
    lines: dict[str, SampleResult]

    @property
    def answers(self) -> list[str | list[str]]:
        return [line.prediction for line in self.lines.values()]


def compare_runs(
    files: Sequence[str | Path],
    against: str | Path | None = None,
    seed: int = 0,
    *,
    shared: bool = False,
    any_protocol: bool = False,
) -> Comparison:
    """Compare runs of emotion labels, or runs of action units; the reference is `against` or the first.

    Raises InputError for fewer than two runs, runs of different kinds, runs on different samples (unless
    `shared`: then what all have is compared) or under different protocols (unless `any_protocol`), and for
    runs that disagree on a truth.
    """
    entries = _read(files, against)
    protocols = _protocols(entries, any_protocol)
    entries = _same_samples(entries, shared)
    kind = _kind(entries)
    lines = list(entries[0].lines.values())
    sets = {"all": np.ones(len(lines), bool)}
    datasets = list(dict.fromkeys(line.dataset for line in lines))
    if len(datasets) > 1:
        sets |= {name: np.array([line.dataset == name for line in lines]) for name in datasets}
    runs = [
        ComparedRun(
            name=entry.name,
            file=str(entry.path),
            model=entry.made.setting("model"),
            command=entry.made.command,
            sets={name: _figures(kind, lines, entry.answers, keep, seed) for name, keep in sets.items()},
        )
        for entry in entries
    ]
    truth, people = [line.truth for line in lines], [line.person for line in lines]
    counts = [kind.count(truth, entry.answers, people) for entry in entries]
    for run, tests in zip(runs[1:], _tests(kind, counts, seed), strict=True):
        run.against = tests
    return Comparison(
        samples=len(lines),
        people=len(set(people)),
        protocol=" and ".join(protocols) or None,
        reference=entries[0].name,
        figures=list(kind.figures),
        classes=list(kind.classes),
        runs=runs,
    )


def _read(files: Sequence[str | Path], against: str | Path | None) -> list[_Entry]:
    """The runs, the reference first, by the names of their files."""
    paths = [Path(file) for file in files]
    if against is not None:
        paths = [Path(against), *(path for path in paths if path.resolve() != Path(against).resolve())]
    if len(paths) < 2:
        raise InputError("A comparison needs at least two runs; give two files written with --json.")
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    return [_entry(name, path, read_run(path)) for name, path in zip(names, paths, strict=True)]


def _entry(name: str, path: Path, run: AnyRun) -> _Entry:
    if not isinstance(run, LabelRun | UnitRun) or any(line.question for line in run.samples):
        raise InputError(
            f"'{path}' is not a run of emotion labels or action units; compare runs of megc2019, aus or dfme."
        )
    lines = {f"{line.person}/{line.key}": line for line in run.samples}
    return _Entry(name, path, run.figures, run.provenance, lines)


def _protocols(entries: Sequence[_Entry], any_protocol: bool) -> list[str]:
    """The protocols of the runs that state one, each once."""
    stated = {entry.name: found for entry in entries if (found := entry.made.setting("protocol"))}
    protocols = list(dict.fromkeys(stated.values()))
    if len(protocols) > 1 and not any_protocol:
        said = ", ".join(f"{name}: {protocol}" for name, protocol in stated.items())
        raise InputError(
            f"The runs follow different protocols ({said}); compare like with like, or give --any-protocol."
        )
    return protocols


def _same_samples(entries: Sequence[_Entry], shared: bool) -> list[_Entry]:
    """The runs on one list of samples, in the order of the first run; truths must agree."""
    if len({type(line.truth) for entry in entries for line in entry.lines.values()}) > 1:
        raise InputError("Runs of action units and runs of emotion labels cannot be compared.")
    first = entries[0]
    common = set(first.lines).intersection(*(entry.lines for entry in entries))
    if not common:
        raise InputError("The runs have no sample in common; compare runs on the same data.")
    for entry in entries:
        if len(entry.lines) != len(common) and not shared:
            raise InputError(
                f"The runs are on different samples: {entry.name} has {len(entry.lines)}, all of them share "
                f"{len(common)}; evaluate them on the same data, or give --shared to compare on what they "
                "share."
            )
    keys = [key for key in first.lines if key in common]
    for entry in entries[1:]:
        wrong = next((key for key in keys if entry.lines[key].truth != first.lines[key].truth), None)
        if wrong is not None:
            raise InputError(
                f"{first.name} and {entry.name} disagree on the truth of sample '{wrong}'; "
                "compare runs on the same sheet."
            )
    return [replace(entry, lines={key: entry.lines[key] for key in keys}) for entry in entries]


def _kind(entries: Sequence[_Entry]) -> Kind:
    """What the runs are about. Raises InputError where they score different units."""
    first = entries[0]
    lines = [line for entry in entries for line in entry.lines.values()]
    if isinstance(lines[0].truth, list):
        scored = [
            tuple(entry.figures.per_unit) if isinstance(entry.figures, UnitFigures) else ()
            for entry in entries
        ]
        other = next((e.name for e, units in zip(entries, scored, strict=True) if units != scored[0]), None)
        if other is not None:
            raise InputError(
                f"{first.name} and {other} score different action units; compare runs of one version."
            )
        return unit_kind(scored[0], [line.truth for line in first.lines.values()])
    said = sorted({str(word) for line in lines for word in (line.truth, line.prediction)})
    known = (e.figures.labels for e in entries if isinstance(e.figures, LabelFigures) and e.figures.labels)
    return label_kind(tuple(dict.fromkeys([*next(known, said), *said])))


def _figures(
    kind: Kind,
    lines: Sequence[SampleResult],
    answers: Sequence[str | list[str]],
    keep: NDArray[np.bool_],
    seed: int,
) -> SetFigures:
    """Figures of one run on the samples to `keep`, each with its interval over people."""
    chosen = np.flatnonzero(keep).tolist()
    counts = kind.count(
        [lines[i].truth for i in chosen], [answers[i] for i in chosen], [lines[i].person for i in chosen]
    )
    total = counts.sum(axis=0)
    f1, support = kind.per_class(total), kind.support(total)
    below, above = bootstrap_interval(counts, kind.per_class, seed)
    figures = {}
    for name, figure in kind.figures.items():
        low, high = bootstrap_interval(counts, figure, seed)
        figures[name] = Estimate(value=float(figure(total)), low=float(low), high=float(high))
    per_class = {
        label: ClassEstimate(
            value=float(f1[i]), low=float(below[i]), high=float(above[i]), support=int(support[i])
        )
        for i, label in enumerate(kind.classes)
    }
    return SetFigures(samples=len(chosen), people=len(counts), figures=figures, per_class=per_class)


def _tests(kind: Kind, counts: Sequence[Counts], seed: int) -> list[dict[str, PairedTest]]:
    """Per run after the first: figure -> test, corrected over the runs."""
    found: list[dict[str, PairedTest]] = [{} for _ in counts[1:]]
    for name, figure in kind.figures.items():
        tests = [paired_test(counts[0], other, figure, seed) for other in counts[1:]]
        for row, test, corrected in zip(found, tests, holm([t.p for t in tests]), strict=True):
            row[name] = test.model_copy(update={"p_holm": corrected})
    return found
