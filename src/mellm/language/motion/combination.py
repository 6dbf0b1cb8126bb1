"""The FACS stage and an encoder's opinion weighed together, as fitted on generated motion of other origins.

Units: log-odds l = a l_stage + b l_encoder + c; labels: log p = a log p_stage + b log p_encoder.
The weights are of a route and of whether sizes are known. Knows no motion and no text.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mellm.facs.findings import AUEvidence
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.language.motion.encoders import Route
from mellm.language.motion.opinion import Opinion, log_odds, probability_of
from mellm.language.motion.questions import ALIKE
from mellm.language.prompt import Scale

HEARD = 0.4
"""Probability of the stage's likeliest unit from which an encoder is heard. What the learned stage holds back
for want of a region, or because of a blink, has just this (`mellm.facs.learned.UNSUPPORTED`)."""

_LEAST = 1e-4
Weights = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class CombinationWeights:
    """How both count: (stage, encoder, offset) for units, (stage, encoder) for labels."""

    units: Weights
    labels: tuple[float, float]


def combined_units(
    stage: Sequence[AUEvidence],
    opinion: Opinion,
    weights: CombinationWeights,
    feigned: Collection[int] = (),
) -> list[AUEvidence]:
    """Return the stage's units and the encoder's together, likeliest first.

    feigned: units that closing lids may feign (`mellm.facs.blinks.feigned_units`)

    The side is the likelier one's own, the regions are the stage's. A unit that only one of them knows counts
    with that one's probability. Two things are left to the stage, because it is calm where the encoder is
    not: whether anything but the lids moves at all (no unit of its own at `HEARD`), and the feigned units.
    There a unit counts for no more than the stage says.
    """
    a, b, c = weights.units
    told = {unit.au: unit for unit in opinion.units}
    heard = any(unit.probability >= HEARD for unit in stage if unit.au not in EYE_CLOSURE)
    found = []
    for unit in stage:
        other = told.pop(ALIKE.get(unit.au, unit.au), None)
        if other is None:
            found.append(unit)
            continue
        p = probability_of(a * log_odds(unit.probability) + b * log_odds(other.likelihood) + c)
        if not heard or unit.au in feigned:
            p = min(p, unit.probability)
        side = unit.side if unit.probability >= other.likelihood else other.side
        found.append(AUEvidence(unit.au, side, p, unit.intensity, unit.evidence))
    most = 1.0 if heard else HEARD
    found += [AUEvidence(unit.au, unit.side, min(unit.likelihood, most), None, ()) for unit in told.values()]
    return sorted(found, key=lambda unit: -unit.probability)


def held_back(units: Sequence[AUEvidence], feigned: Collection[int]) -> list[AUEvidence]:
    """Return the units of an encoder that decides alone, likeliest first.

    feigned: units that closing lids may feign; without a stage to ask they count for no more than `HEARD`
    """
    held = [replace(u, probability=min(u.probability, HEARD)) if u.au in feigned else u for u in units]
    return sorted(held, key=lambda unit: -unit.probability)


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
    ("flow", "px"): CombinationWeights((0.5, 0.5, 0.0), (0.089, 0.791)),
    ("flow", "relative"): CombinationWeights((0.5, 0.5, 0.0), (0.5, 0.5)),
    ("vision", "px"): CombinationWeights((0.183, 0.85, 0.37), (0.062, 0.917)),
    ("vision", "relative"): CombinationWeights((0.5, 0.5, 0.0), (0.5, 0.5)),
}
"""Route and scale -> weights, as benchmarks/bench_motion_encoders.py --fit prints them on held-out motion of
the origins trained on. Units of the flow route count alike: on those origins the encoder seems better than it
is (0.926 to 0.042), and elsewhere the mean of both is better than either (docs/facs.md). For flow without
scale both count alike too: there the stage was trained on the generator that the fit would be made on."""

CLEAN_WEIGHTS: dict[tuple[Route, Scale], CombinationWeights] = {
    **WEIGHTS,
    ("flow", "px"): CombinationWeights((0.5, 0.5, 0.0), (0.021, 1.015)),
    ("vision", "px"): CombinationWeights((0.12, 0.855, -0.353), (0.081, 0.973)),
}
"""The same of the clean encoders and a stage with the clean emotion model. Units of the flow route count
alike here too (the fit: 0.021 to 0.918)."""


def weights_of(route: Route, scale: Scale, *, clean: bool = False) -> CombinationWeights:
    """Return the weights of a route's encoder that ships, or of the clean one."""
    return (CLEAN_WEIGHTS if clean else WEIGHTS)[route, scale]
