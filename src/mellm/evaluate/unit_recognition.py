"""Action units from flow, with sides, under honest protocols: codes called, figures, one line per sample.

A unit's label on a half of the face is whether it was coded for both sides or for that side. Models
(`mellm.evaluate.unit_learners`) give every half a score per unit; the unit is called where the mean of both
halves is above zero, on one side alone where the halves differ by more than
`mellm.facs.stored_flow_units.SIDE_GAP`.
"""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from mellm.datasets.megc2019 import FlowSet, Sample, flow_set_files, read_flow_set
from mellm.errors import InputError
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.figures import SideFigures, UnitFigures
from mellm.evaluate.protocols import Protocol, splits
from mellm.evaluate.recognition import Progress
from mellm.evaluate.ridge import Array
from mellm.evaluate.runs import SampleResult, UnitRun, provenance
from mellm.evaluate.unit_models import create_unit_learner
from mellm.facs.codes import half_labels, side_letter
from mellm.facs.stored_flow_units import called_units, stronger_half

COMMONEST = 12
"""How many units are scored: the commonest of the folder's sheet (ties: the lower number)."""

LEAST = 10
"""Units with at least this many samples are also averaged on their own: fewer say little."""


def evaluate_units(
    folder: str | Path,
    protocol: Protocol = "loso",
    seed: int = 0,
    progress: Progress | None = None,
    model: str = "facs",
    also: str | Path | None = None,
) -> UnitRun:
    """Evaluate action units on the folder's samples that have codes; `also` holds a second measurement.

    `model` is one of `mellm.evaluate.unit_models`. Raises InputError where no sample has action units.
    """
    started = time.perf_counter()
    everything = read_flow_set(folder, also)
    readable = [has_units(s) for s in everything.samples]
    data = everything.select(np.array([found is True for found in readable]))
    if not data.samples:
        raise InputError(f"No sample in '{folder}' has action units; the column action_units is empty.")
    units = commonest_units(data.samples)
    each = unit_scores(data, units, protocol, seed, progress, model)
    scores = np.asarray(each.mean(axis=0))
    truth, called = [true_codes(s) for s in data.samples], _called(scores, units)
    figures = _figures(data.samples, scores, units)
    figures.unreadable = sum(found is None for found in readable)
    if len(each) > 1:
        figures.per_measurement = [_figures(data.samples, alone, units) for alone in each]
    settings: dict[str, JsonValue] = {"model": model, "protocol": protocol, "units": list(units)}
    return UnitRun(
        figures=figures,
        samples=[
            SampleResult(
                key=s.key,
                dataset=s.dataset,
                subject=s.subject,
                truth=t,
                prediction=c,
                probabilities={
                    str(u): round(float(p), 4)
                    for u, p in zip(units, _logistic(row.mean(axis=0)), strict=True)
                },
                leaning={str(u): side_letter(stronger_half(row[:, i])) for i, u in enumerate(units)},
            )
            for s, t, c, row in zip(data.samples, truth, called, scores, strict=True)
        ],
        provenance=provenance(flow_set_files(folder, also), settings, seed, started),
    )


def _figures(samples: Sequence[Sample], scores: Array, units: tuple[int, ...]) -> UnitFigures:
    table = UnitScores(units)
    table.update([true_codes(s) for s in samples], _called(scores, units))
    figures = table.compute(least=LEAST)
    figures.samples, figures.sides = len(samples), _side_figures(samples, scores, units)
    return figures


def _called(scores: Array, units: tuple[int, ...]) -> list[list[str]]:
    return [[unit.code for unit in called_units(row, units)] for row in scores]


def true_codes(sample: Sample) -> list[str]:
    """Return the codes of a sample's facial action units, without intensity."""
    return [unit.sided for unit in sample.action_units.present if unit.family == "AU"]


def has_units(sample: Sample) -> bool | None:
    """Return whether a sample has facial action units; None where its cell holds nothing but remarks."""
    codes = sample.action_units
    found = any(unit.family == "AU" for unit in codes.present)
    return None if codes.remarks and not found else found


def commonest_units(samples: Sequence[Sample], count: int = COMMONEST) -> tuple[int, ...]:
    """Return the `count` commonest AU numbers of the sheet, commonest first (ties: the lower number)."""
    found = Counter(
        unit for s in samples for unit in {u.au for u in s.action_units.present if u.family == "AU"}
    )
    return tuple(sorted(found, key=lambda unit: (-found[unit], unit))[:count])


def unit_scores(
    data: FlowSet,
    units: tuple[int, ...],
    protocol: Protocol,
    seed: int = 0,
    progress: Progress | None = None,
    model: str = "facs",
) -> Array:
    """Return scores (N, 2 halves, U), above zero where a unit is called; halves are the subject's L and R."""
    learner = create_unit_learner(model, data, units)
    if protocol == "zero-shot":
        return learner.zero_shot()
    labels = half_labels([s.action_units.present for s in data.samples], units)
    scores = np.zeros((len(data.measurements), *labels.shape))
    people, sets = [s.group for s in data.samples], [s.dataset for s in data.samples]
    folds = list(splits(protocol, people, sets, seed))
    for number, split in enumerate(folds, 1):
        scores[:, split.test] = learner.fitted(labels[split.train], split.train, split.test)
        if progress:
            progress(split.name, number, len(folds))
    return scores


def _side_figures(samples: Sequence[Sample], scores: Array, units: tuple[int, ...]) -> SideFigures:
    """How often the stronger half is the coded side, over all one-sided codes, and over those called."""
    asked = right = found = found_right = 0
    for sample, row in zip(samples, scores, strict=True):
        for code in sample.action_units.present:
            if code.one_sided and code.au in units:
                u = units.index(code.au)
                same = (row[0, u] > row[1, u]) == (code.side == "left")
                asked, right = asked + 1, right + same
                if row[:, u].sum() > 0:
                    found, found_right = found + 1, found_right + same
    return SideFigures(
        one_sided=asked,
        stronger_half_right=float(right / asked) if asked else None,
        found=found,
        stronger_half_right_of_found=float(found_right / found) if found else None,
    )


def _logistic(score: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-4 * score)))
