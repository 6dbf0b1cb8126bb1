"""Action units of stored 28x28 flow per half of the face, trained on no real face.

The hand-made rules and linear weights on the grid of two views of the flow are averaged and squashed. A half
is read from the flow as it is (the subject's left) or mirrored (the right). Scores are (N, 2, U), halves in
the order left, right; a unit is called where the mean of both halves is above zero, on one side alone where
the halves differ by more than `SIDE_GAP`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.facs.codes import ActionUnitCode, SubjectSide
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.grid import grid_features, mirrored_grid, shipped_grid_model
from mellm.facs.unit_rules import EXPRESSIVE, THRESHOLD, EvidenceModel
from mellm.flow.normalised import nose_flow, recover_flow, regional_motion

SIDE_GAP = 0.25
"""Difference of the halves' scores from which a unit is called on one side alone."""

WEIGHT = 0.5
"""Of the squashed score (-1..1), so that a trained score (about -1..1) can be added to it."""

_STEEPNESS = 10.0
"""Of the logistic that turns scores (-.5 to .5) into probabilities (.01 to .99)."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StoredUnits:
    """What the sources say of N pictures.

    grids: (N, 2 views, 2 halves, 147) flow on the grid of each view
    sources: (N, 3, 2 halves, U) scores of the hand-made rules and of both views' weights, nan where a
        source does not know the unit
    """

    grids: Array
    sources: Array

    def scores(self) -> Array:
        """Average (N, 2, U) the sources that know the unit; a unit no source knows is never called."""
        found = np.isfinite(self.sources)
        mean = np.where(found, self.sources, 0.0).sum(axis=1) / np.maximum(found.sum(axis=1), 1)
        return np.asarray(np.where(found.any(axis=1), WEIGHT * np.tanh(mean), -WEIGHT))


def read_units(flows: NDArray[np.uint8], units: Sequence[int], *, clean: bool = False) -> StoredUnits:
    """Read pictures uint8 (N, 28, 28, 3), one by one, for the given action units; see `coarse_findings`."""
    weights, hand = shipped_grid_model(clean=clean), EvidenceModel(known_scale=False)
    column = {unit: i for i, unit in enumerate(weights.units)}
    cells, sources = [], []
    for stored in flows:
        recovered = recover_flow(stored)
        grids = [grid_features(recovered), grid_features(nose_flow(stored))]
        cells.append([[grid.ravel(), mirrored_grid(grid).ravel()] for grid in grids])
        rules = hand.side_scores(regional_motion(recovered))
        rows = [[[rules[u][h] - THRESHOLD if u in rules else np.nan for u in units] for h in (0, 1)]]
        for view, grid in enumerate(grids):
            found = weights.unit_scores(grid, view)
            rows.append([[found[h, column[u]] if u in column else np.nan for u in units] for h in (0, 1)])
        sources.append(rows)
    return StoredUnits(np.array(cells, np.float64), np.array(sources, np.float64))


def stronger_half(scores: Array) -> SubjectSide:
    """Return the half of one unit's scores (2,) that is higher; the left where they are equal."""
    return "right" if scores[1] > scores[0] else "left"


def called_units(scores: Array, units: Sequence[int]) -> list[ActionUnitCode]:
    """Return the units called from one sample's scores (2, U), each with its side."""
    pairs = zip(units, scores.T, strict=True)
    return [ActionUnitCode(unit, _side(pair)) for unit, pair in pairs if pair[0] + pair[1] > 0]


def unit_evidence(
    stored: NDArray[np.uint8], units: Sequence[int] = EXPRESSIVE, *, clean: bool = False
) -> list[AUEvidence]:
    """Return the probability and side of units in one picture (28, 28, 3), in their order."""
    return evidence_of(read_units(stored[None], units, clean=clean).scores()[0], units)


def evidence_of(scores: Array, units: Sequence[int]) -> list[AUEvidence]:
    """Return the probability and side of units from one sample's scores (2, U), in their order.

    A unit is present from a probability of one half; its intensity is unknown, because the scale is.
    """
    found = []
    for unit, pair in zip(units, scores.T, strict=True):
        probability = 1 / (1 + float(np.exp(-_STEEPNESS * (float(pair[0] + pair[1]) / 2))))
        found.append(AUEvidence(unit, _side(pair), probability, None, ()))
    return found


def _side(scores: Array) -> Side:
    return stronger_half(scores) if abs(scores[0] - scores[1]) > SIDE_GAP else "both"
