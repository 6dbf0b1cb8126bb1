"""Compare any number of runs on the same samples: figures with intervals, and what differs beyond chance.

Every run is set against one of them, the reference. Figures and intervals are given for all samples, per data
set, and per class; tests are paired, exchange people, and are made once per run and figure on all samples,
corrected over the runs by Holm's procedure. Knows the files `mellm evaluate` writes, not the models.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.evaluate.classification import f1_precision_recall
from mellm.evaluate.run_files import read_run
from mellm.evaluate.uncertainty import (
    Figure,
    accuracy_of,
    bootstrap_interval,
    confusion_by_person,
    holm,
    paired_test,
    uar_of,
    uf1_of,
)
from mellm.facs.codes import sides_by_unit

FREQUENT = 10
"""Units with at least this many samples make the second mean F1 of action units."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be said about runs of one kind: figures by name, and the F1 of every class.

    `count` turns (truth, prediction, people) into counts per person; `figures` and `per_class` read counts.
    """

    classes: tuple[str, ...]
    count: Callable[[Sequence[Any], Sequence[Any], Sequence[str]], Counts]
    figures: Mapping[str, Figure]
    per_class: Figure
    support: Figure


def compare_runs(
    files: Sequence[str | Path],
    against: str | Path | None = None,
    seed: int = 0,
    *,
    shared: bool = False,
    any_protocol: bool = False,
) -> dict[str, Any]:
    """Compare runs of emotion labels, or runs of action units; the reference is `against` or the first.

    Returns samples, people, protocol, reference, the names of the figures and classes, and per run its name,
    model and command; per set (`all`, then each data set) every figure and class as value, low, high; and on
    all samples its difference from the reference with interval, p, and p after Holm's correction.

    Raises InputError for fewer than two runs, runs of different kinds, runs on different samples (unless
    `shared`: then what all have is compared) or under different protocols (unless `any_protocol`), and for
    runs that disagree on a truth.
    """
    paths = [Path(file) for file in files]
    if against is not None:
        paths = [Path(against), *(path for path in paths if path.resolve() != Path(against).resolve())]
    if len(paths) < 2:
        raise InputError("A comparison needs at least two runs; give two files written with --json.")
    runs = [read_run(path) for path in paths]
    names = _names(paths)
    protocols = {
        name: found
        for name, run in zip(names, runs, strict=True)
        if (found := run.get("provenance", {}).get("settings", {}).get("protocol"))
    }
    if len(set(protocols.values())) > 1 and not any_protocol:
        said = ", ".join(f"{name}: {protocol}" for name, protocol in protocols.items())
        raise InputError(
            f"The runs follow different protocols ({said}); compare like with like, or give --any-protocol."
        )
    lines = _same_samples(names, [_by_key(p, r) for p, r in zip(paths, runs, strict=True)], shared)
    kind = _kind(names, runs, lines)
    first = list(lines[0].values())
    sets = {"all": np.ones(len(first), bool)}
    datasets = list(dict.fromkeys(line["dataset"] for line in first))
    if len(datasets) > 1:
        sets |= {name: np.array([line["dataset"] == name for line in first]) for name in datasets}
    truth = [line["truth"] for line in first]
    people = [f"{line['dataset']}/{line['subject']}" for line in first]
    called = [[line["prediction"] for line in run.values()] for run in lines]
    rows = [
        {
            "name": name,
            "file": str(path),
            "model": run.get("provenance", {}).get("settings", {}).get("model"),
            "command": run.get("provenance", {}).get("command"),
            "sets": {
                name: _figures(kind, _chosen(truth, k), _chosen(answers, k), _chosen(people, k), seed)
                for name, k in sets.items()
            },
        }
        for name, path, run, answers in zip(names, paths, runs, called, strict=True)
    ]
    counts = [kind.count(truth, answers, people) for answers in called]
    for row, tests in zip(rows[1:], _tests(kind, counts, seed), strict=True):
        row["against"] = tests
    return {
        "samples": len(truth),
        "people": len(set(people)),
        "protocol": " and ".join(dict.fromkeys(protocols.values())) or None,
        "reference": names[0],
        "figures": list(kind.figures),
        "classes": list(kind.classes),
        "runs": rows,
    }


def _chosen(values: Sequence[Any], keep: NDArray[np.bool_]) -> list[Any]:
    return [value for value, kept in zip(values, keep, strict=True) if kept]


def _figures(
    kind: Kind, truth: Sequence[Any], called: Sequence[Any], people: Sequence[str], seed: int
) -> dict[str, Any]:
    """Figures of one run on one set, each with its interval over people."""
    counts = kind.count(truth, called, people)
    values = {name: figure(counts.sum(axis=0)) for name, figure in kind.figures.items()}
    f1, support = kind.per_class(counts.sum(axis=0)), kind.support(counts.sum(axis=0))
    below, above = bootstrap_interval(counts, kind.per_class, seed)
    return {
        "samples": len(truth),
        "people": len(counts),
        "figures": {
            name: _with_interval(float(value), *bootstrap_interval(counts, kind.figures[name], seed))
            for name, value in values.items()
        },
        "per_class": {
            label: _with_interval(float(f1[i]), below[i], above[i]) | {"support": int(support[i])}
            for i, label in enumerate(kind.classes)
        },
    }


def _with_interval(value: float, low: Any, high: Any) -> dict[str, Any]:
    return {"value": value, "low": float(low), "high": float(high)}


def _tests(kind: Kind, counts: Sequence[Counts], seed: int) -> list[dict[str, dict[str, float]]]:
    """Per run after the first and per figure: difference, interval, p, and p after Holm over the runs."""
    found: list[dict[str, dict[str, float]]] = [{} for _ in counts[1:]]
    for name, figure in kind.figures.items():
        tests = [paired_test(counts[0], other, figure, seed) for other in counts[1:]]
        for row, test, corrected in zip(found, tests, holm([t["p"] for t in tests]), strict=True):
            row[name] = test | {"p_holm": corrected}
    return found


def _names(paths: Sequence[Path]) -> list[str]:
    """File names without their ending; whole paths where two would be the same."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    return [str(path) for path in paths]


def _by_key(path: Path, run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    needed = {"key", "dataset", "subject", "truth", "prediction"}
    if any(not isinstance(s, dict) or not needed <= set(s) or "question" in s for s in run["samples"]):
        raise InputError(
            f"'{path}' is not a run of emotion labels or action units; compare runs of megc2019, aus or dfme."
        )
    return {f"{s['dataset']}/{s['subject']}/{s['key']}": s for s in run["samples"]}


def _same_samples(
    names: Sequence[str], runs: Sequence[dict[str, dict[str, Any]]], shared: bool
) -> list[dict[str, dict[str, Any]]]:
    """The runs' lines on one list of samples, in the order of the first run; truths must agree."""
    if len({type(line["truth"]) for run in runs for line in run.values()}) > 1:
        raise InputError("Runs of action units and runs of emotion labels cannot be compared.")
    common = set(runs[0]).intersection(*runs)
    if not common:
        raise InputError("The runs have no sample in common; compare runs on the same data.")
    for name, run in zip(names, runs, strict=True):
        if len(run) != len(common) and not shared:
            raise InputError(
                f"The runs are on different samples: {name} has {len(run)}, all of them share {len(common)}; "
                "evaluate them on the same data, or give --shared to compare on what they share."
            )
    keys = [key for key in runs[0] if key in common]
    for name, run in zip(names[1:], runs[1:], strict=True):
        wrong = next((key for key in keys if run[key]["truth"] != runs[0][key]["truth"]), None)
        if wrong is not None:
            raise InputError(
                f"{names[0]} and {name} disagree on the truth of sample '{wrong}'; "
                "compare runs on the same sheet."
            )
    return [{key: run[key] for key in keys} for run in runs]


def _kind(
    names: Sequence[str], runs: Sequence[Mapping[str, Any]], lines: Sequence[dict[str, dict[str, Any]]]
) -> Kind:
    """What the runs are about. Raises InputError where they score different units."""
    if isinstance(next(iter(lines[0].values()))["truth"], list):
        scored = {
            name: tuple(run["figures"].get("per_unit", ())) for name, run in zip(names, runs, strict=True)
        }
        other = next((name for name in names if scored[name] != scored[names[0]]), None)
        if other is not None:
            raise InputError(
                f"{names[0]} and {other} score different action units; compare runs of one version."
            )
        return _unit_kind(scored[names[0]], [line["truth"] for line in lines[0].values()])
    said = {line[word] for run in lines for line in run.values() for word in ("truth", "prediction")}
    labels = next((run["figures"]["labels"] for run in runs if "labels" in run["figures"]), sorted(said))
    return _label_kind(tuple(dict.fromkeys([*labels, *sorted(said)])))


def _label_kind(labels: tuple[str, ...]) -> Kind:
    return Kind(
        labels,
        lambda truth, called, people: confusion_by_person(truth, called, people, labels),
        {"UF1": uf1_of, "UAR": uar_of, "accuracy": accuracy_of},
        lambda c: np.asarray(f1_precision_recall(c)[0]),
        lambda c: np.asarray(c.sum(axis=-1)),
    )


def _unit_kind(units: tuple[str, ...], truth: Sequence[Sequence[str]]) -> Kind:
    numbers = [int(unit) for unit in units]
    often = np.array([sum(n in sides_by_unit(codes) for codes in truth) >= FREQUENT for n in numbers])

    def count(truth: Sequence[Any], called: Sequence[Any], people: Sequence[str]) -> Counts:
        person = {name: i for i, name in enumerate(dict.fromkeys(people))}
        counts = np.zeros((len(person), len(units), 2, 2))
        for t, c, name in zip(truth, called, people, strict=True):
            true, found = sides_by_unit(t), sides_by_unit(c)
            for u, number in enumerate(numbers):
                counts[person[name], u, int(number in true), int(number in found)] += 1
        return counts

    def f1(counts: Counts) -> Counts:
        return np.asarray(f1_precision_recall(counts)[0][..., 1])

    figures: dict[str, Figure] = {"macro F1": lambda c: np.asarray(f1(c).mean(axis=-1))}
    if often.any() and not often.all():
        figures[f"macro F1, {FREQUENT}+ samples"] = lambda c: np.asarray(f1(c)[..., often].mean(axis=-1))
    figures["balanced accuracy"] = lambda c: np.asarray(f1_precision_recall(c)[2].mean(axis=(-1, -2)))
    classes = tuple(f"AU {unit}" for unit in units)
    return Kind(classes, count, figures, f1, lambda c: np.asarray(c[..., 1, :].sum(axis=-1)))
