"""The FACS stage and an encoder's opinion weighed together, as fitted on generated motion of other origins.

Units: log-odds l = a l_stage + b l_encoder + c; labels: log p = a log p_stage + b log p_encoder.
The weights are of a route and of whether sizes are known. Knows no motion and no text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mellm.facs.findings import AUEvidence
from mellm.language.motion.encoders import Route
from mellm.language.motion.opinion import Opinion, log_odds, probability_of
from mellm.language.motion.questions import ALIKE
from mellm.language.prompt import Scale

_LEAST = 1e-4
Weights = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CombinationWeights:
    """How both count: (stage, encoder, offset) for units, (stage, encoder) for labels."""

    units: Weights
    labels: tuple[float, float]


def combined_units(
    stage: Sequence[AUEvidence], opinion: Opinion, weights: CombinationWeights
) -> list[AUEvidence]:
    """Return the stage's units and the encoder's together, likeliest first.

    The side is the likelier one's own, the regions are the stage's. A unit that only one of them knows counts
    with that one's probability.
    """
    a, b, c = weights.units
    told = {unit.au: unit for unit in opinion.units}
    found = []
    for unit in stage:
        other = told.pop(ALIKE.get(unit.au, unit.au), None)
        if other is None:
            found.append(unit)
            continue
        odds = a * log_odds(unit.probability) + b * log_odds(other.likelihood) + c
        side = unit.side if unit.probability >= other.likelihood else other.side
        found.append(AUEvidence(unit.au, side, probability_of(odds), unit.intensity, unit.evidence))
    found += [AUEvidence(unit.au, unit.side, unit.likelihood, None, ()) for unit in told.values()]
    return sorted(found, key=lambda unit: -unit.probability)


def combined_labels(
    stage: Mapping[str, float], opinion: Mapping[str, float], weights: CombinationWeights
) -> dict[str, float]:
    """Return label -> probability; both give the same labels."""
    a, b = weights.labels
    names = list(stage)
    scores = np.array(
        [a * np.log(max(stage[n], _LEAST)) + b * np.log(max(opinion[n], _LEAST)) for n in names]
    )
    raised = np.exp(scores - scores.max())
    return dict(zip(names, (raised / raised.sum()).tolist(), strict=True))


WEIGHTS: dict[tuple[Route, Scale], CombinationWeights] = {
    ("flow", "px"): CombinationWeights((0.042, 0.926, 0.086), (0.089, 0.791)),
    ("flow", "relative"): CombinationWeights((0.5, 0.5, 0.0), (0.5, 0.5)),
    ("vision", "px"): CombinationWeights((0.331, 0.754, 0.866), (0.186, 0.709)),
    ("vision", "relative"): CombinationWeights((0.5, 0.5, 0.0), (0.5, 0.5)),
}
"""Route and scale -> weights, as benchmarks/bench_motion_encoders.py --fit prints them on held-out motion of
the origins trained on. For flow without scale both count alike: there the stage was trained on the generator
that the fit would be made on, so that the fit says nothing of other flow."""
