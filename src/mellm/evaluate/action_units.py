"""Action units from flow, with sides: per half of the face, so that one set of weights learns both.

A half is read from the flow as it is (the subject's left) or mirrored (the right); a unit's label on a half
is whether it was coded for both sides or for that side. Every half gives a score per unit; the unit is
called where the mean of both halves is above zero, on one side alone where the halves differ by more than
`ONE_SIDED`. Zero-shot, the weights trained on generated flow and the hand-made model are averaged and
squashed; a training fold adds a balanced ridge per unit and view on the grid.
"""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.data.megc2019 import FlowSet, Sample, read_flow_set
from mellm.data.normalised_flow import nose_flow, recover_flow, regional_motion
from mellm.errors import InputError
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.output import provenance
from mellm.evaluate.protocols import Protocol, splits
from mellm.evaluate.recognition import Progress
from mellm.evaluate.ridge import Array, fit_ridge
from mellm.facs.evidence import THRESHOLD, EvidenceModel
from mellm.facs.grid import grid_features, mirrored_grid, shipped_grid_model

COMMONEST = 12
"""How many units are scored: the commonest of the folder's sheet (ties: the lower number)."""

PENALTY = 3.0
"""Of the ridge; fixed."""

LEAST = 10
"""Units with at least this many samples are also averaged on their own: fewer say little."""

ZERO_SHOT_WEIGHT = 0.5
"""Of the squashed zero-shot score (-1..1) beside the trained one (about -1..1)."""

ONE_SIDED = 0.25
"""Difference of the halves' scores from which a unit is called on one side alone."""

_HALVES = ("L", "R")


def evaluate_units(
    folder: str | Path, protocol: Protocol = "loso", seed: int = 0, progress: Progress | None = None
) -> dict[str, Any]:
    """Evaluate action units on the folder's samples that have codes; returns figures, samples, provenance.

    Raises InputError where no sample has action units.
    """
    started = time.perf_counter()
    everything = read_flow_set(folder)
    readable = [_readable(s) for s in everything.samples]
    data = everything.select(np.array([found is True for found in readable]))
    if not data.samples:
        raise InputError(f"No sample in '{folder}' has action units; the column action_units is empty.")
    units = commonest_units(data.samples)
    scores = unit_scores(data, units, protocol, seed, progress)
    truth = [[u.sided for u in s.action_units.present if u.family == "AU"] for s in data.samples]
    called = [called_codes(row, units) for row in scores]
    table = UnitScores(units)
    table.update(truth, called)
    figures = {
        "samples": len(truth),
        "unreadable": sum(found is None for found in readable),
        **table.compute(least=LEAST),
        "sides": _side_figures(data.samples, scores, units),
    }
    root = Path(folder)
    settings = {"protocol": protocol, "units": list(units), "penalty": PENALTY}
    return {
        "figures": figures,
        "samples": [
            {
                "key": s.key,
                "dataset": s.dataset,
                "subject": s.subject,
                "truth": t,
                "prediction": c,
                "probabilities": {
                    str(u): round(float(p), 4)
                    for u, p in zip(units, _logistic(row.mean(axis=0)), strict=True)
                },
                "leaning": {str(u): _HALVES[int(row[1, i] > row[0, i])] for i, u in enumerate(units)},
            }
            for s, t, c, row in zip(data.samples, truth, called, scores, strict=True)
        ],
        "provenance": provenance([root / "samples.csv", root / "flows.npz"], settings, seed, started),
    }


def _readable(sample: Sample) -> bool | None:
    """Whether a sample has units; None where its cell cannot be read (it is left out and counted)."""
    try:
        return any(unit.family == "AU" for unit in sample.action_units.present)
    except InputError:
        return None


def commonest_units(samples: Sequence[Sample], count: int = COMMONEST) -> tuple[int, ...]:
    """Return the `count` commonest AU numbers of the sheet, commonest first (ties: the lower number)."""
    found = Counter(
        unit for s in samples for unit in {u.au for u in s.action_units.present if u.family == "AU"}
    )
    return tuple(sorted(found, key=lambda unit: (-found[unit], unit))[:count])


def unit_scores(
    data: FlowSet, units: tuple[int, ...], protocol: Protocol, seed: int = 0, progress: Progress | None = None
) -> Array:
    """Return scores (N, 2 halves, U), above zero where a unit is called; halves are the subject's L and R."""
    cells, known = _prepare(data, units)
    zero_shot = _zero_shot_scores(known)
    if protocol == "zero-shot":
        return zero_shot
    labels = half_truth(data.samples, units)
    scores = np.zeros(labels.shape)
    people, sets = [s.group for s in data.samples], [s.dataset for s in data.samples]
    folds = list(splits(protocol, people, sets, seed))
    for number, split in enumerate(folds, 1):
        for u in range(len(units)):
            extra = known[:, :, :, u]
            # A unit nobody in the training fold shows can only be read zero-shot.
            if not labels[split.train, :, u].any():
                scores[split.test, :, u] = zero_shot[split.test, :, u]
                continue
            parts = [
                _fit_unit(cells[:, view], extra, labels[:, :, u], split.train, split.test) for view in (0, 1)
            ]
            scores[split.test, :, u] = np.mean(parts, axis=0) + zero_shot[split.test, :, u]
        if progress:
            progress(split.name, number, len(folds))
    return scores


def half_truth(samples: Sequence[Sample], units: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return bool (N, 2, U): the unit was coded on that half (L, R) of the subject's face."""
    truth = np.zeros((len(samples), 2, len(units)), bool)
    for i, sample in enumerate(samples):
        for code in sample.action_units.present:
            if code.au in units and code.family == "AU":
                u = units.index(code.au)
                truth[i, 0, u] |= code.side != "right"
                truth[i, 1, u] |= code.side != "left"
    return truth


def called_codes(scores: Array, units: tuple[int, ...]) -> list[str]:
    """Return codes (`4`, `L12`) from one sample's scores (2, U)."""
    codes = []
    for u, unit in enumerate(units):
        left, right = scores[:, u]
        if left + right <= 0:
            continue
        alone = abs(left - right) > ONE_SIDED
        codes.append(f"{_HALVES[int(right > left)]}{unit}" if alone else str(unit))
    return codes


def _prepare(data: FlowSet, units: tuple[int, ...]) -> tuple[Array, Array]:
    """Grids (N, 2 views, 2 halves, 147), zero-shot scores (N, 3 sources, 2 halves, U; NaN: unknown)."""
    weights, hand = shipped_grid_model(), EvidenceModel(known_scale=False)
    cells, known = [], []
    for stored in data.flows:
        recovered = recover_flow(stored)
        grids = [grid_features(recovered), grid_features(nose_flow(stored))]
        cells.append([[grid.ravel(), mirrored_grid(grid).ravel()] for grid in grids])
        rules = hand.side_scores(regional_motion(recovered))
        rows = [[[rules[u][h] - THRESHOLD if u in rules else np.nan for u in units] for h in (0, 1)]]
        for view, grid in enumerate(grids):
            learned = weights.unit_scores(grid, view)
            columns = {unit: i for i, unit in enumerate(weights.units)}
            rows.append([[learned[h, columns[u]] if u in columns else np.nan for u in units] for h in (0, 1)])
        known.append(rows)
    return np.array(cells, np.float64), np.array(known, np.float64)


def _zero_shot_scores(known: Array) -> Array:
    """Average what knows the unit and squash it; a unit nothing knows is never called."""
    found = np.isfinite(known)
    mean = np.where(found, known, 0.0).sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    return np.asarray(np.where(found.any(axis=1), ZERO_SHOT_WEIGHT * np.tanh(mean), -ZERO_SHOT_WEIGHT))


def _fit_unit(
    cells: Array, known: Array, labels: NDArray[np.bool_], train: NDArray[np.int64], test: NDArray[np.int64]
) -> Array:
    """Fit one unit on one view, both halves of every face as samples; return scores (test, 2)."""

    def design(rows: NDArray[np.int64], half: int) -> Array:
        return np.asarray(np.c_[cells[rows, half], np.nan_to_num(known[rows][:, :, half])])

    x = np.concatenate([design(train, 0), design(train, 1)])
    y = np.concatenate([labels[train, 0], labels[train, 1]]).astype(np.int64)
    score = fit_ridge(x, y, 2, PENALTY)
    return np.asarray(np.stack([2 * score(design(test, half))[:, 1] for half in (0, 1)], axis=1))


def _side_figures(samples: Sequence[Sample], scores: Array, units: tuple[int, ...]) -> dict[str, Any]:
    """How often the stronger half is the coded side, over all one-sided codes, and over those called."""
    asked = right = found = found_right = 0
    for sample, row in zip(samples, scores, strict=True):
        for code in sample.action_units.present:
            if code.side in ("left", "right") and code.au in units:
                u = units.index(code.au)
                same = (row[0, u] > row[1, u]) == (code.side == "left")
                asked, right = asked + 1, right + same
                if row[:, u].sum() > 0:
                    found, found_right = found + 1, found_right + same
    return {
        "one_sided": asked,
        "stronger_half_right": float(right / asked) if asked else None,
        "found": found,
        "stronger_half_right_of_found": float(found_right / found) if found else None,
    }


def _logistic(score: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-4 * score)))
