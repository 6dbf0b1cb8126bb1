"""From action units to emotions: one distribution over eight fine emotions, by documented weights.

The prototypes are EMFACS-style (Ekman & Friesen 1983; Ekman, Friesen & Hager 2002): how strongly each unit
speaks for an emotion (a log-odds weight; negative: against). An emotion's score is the sum of weights times
the units' probabilities above `BASE`, and the answer their softmax. All taxonomies are marginals of it.

Knows nothing about motion: only which units are seen, how surely, and on which side.
"""

import math
from collections.abc import Mapping, Sequence

from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import FINE, get_taxonomy

PROTOTYPES: dict[str, dict[int, float]] = {
    "happiness": {12: 3.0, 6: 1.0, 13: 1.0, 4: -1.0, 9: -1.0, 10: -1.0, 15: -1.5, 17: -0.7},
    "surprise": {1: 1.5, 2: 2.0, 5: 0.7, 26: 0.7, 27: 0.7, 4: -1.5, 9: -1.0, 12: -0.7},
    "disgust": {9: 2.0, 10: 2.0, 4: 1.5, 7: 0.7, 6: -0.5},
    "anger": {4: 2.0, 7: 0.7, 5: 0.4, 23: 1.0, 24: 1.0, 10: 0.3},
    "fear": {1: 0.7, 2: 0.4, 4: 1.0, 5: 0.8, 20: 1.5, 25: 0.3, 26: 0.3},
    "sadness": {1: 0.7, 4: 0.7, 15: 2.0, 17: 1.0},
    "contempt": {14: 1.5, 10: 0.5},
    "repression": {14: 1.2, 15: 1.2, 17: 1.2, 24: 1.0, 23: 0.7},
}
"""Emotion -> AU -> log-odds weight."""

ONE_SIDED: dict[str, dict[int, float]] = {"contempt": {12: 1.0, 14: 1.0}}
"""Weights added where the unit is seen on one side only: contempt is the one-sided lip corner."""

PRIOR: dict[str, float] = {
    "happiness": 0.20, "surprise": 0.20, "disgust": 0.15, "anger": 0.10, "fear": 0.10, "sadness": 0.10,
    "contempt": 0.05, "repression": 0.10,
}  # fmt: skip
"""Before any motion is seen: between equal coarse classes and equal fine emotions."""

BASE = 0.1
"""Probabilities up to this are noise and speak neither for nor against."""

EVIDENCE_FLOOR = 0.5
"""Below this probability of its best unit, an answer is a guess: see `abstains`."""


class EmotionEvidenceModel:
    """The hand-made model behind `create_emotion_model("prototypes")`: an `EmotionModel`."""

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        return "prototypes-1"

    def fine(self, aus: Sequence[AUEvidence]) -> dict[str, float]:
        """Return the one distribution over `FINE` all taxonomies are read from."""
        scores = {emotion: math.log(PRIOR[emotion]) for emotion in FINE}
        for seen in aus:
            strength = max(0.0, seen.probability - BASE) / (1 - BASE)
            one_sided = seen.side in ("left", "right")
            for emotion in FINE:
                weight = PROTOTYPES[emotion].get(seen.au, 0.0)
                if one_sided:
                    weight += ONE_SIDED.get(emotion, {}).get(seen.au, 0.0)
                scores[emotion] += weight * strength
        top = max(scores.values())
        raised = {emotion: math.exp(score - top) for emotion, score in scores.items()}
        total = sum(raised.values())
        return {emotion: value / total for emotion, value in raised.items()}

    def predict(self, aus: Sequence[AUEvidence], taxonomy: str = "7") -> Mapping[str, float]:
        """Return label -> probability (sums to 1) for a taxonomy of `mellm.facs.taxonomies`."""
        return get_taxonomy(taxonomy).marginal(self.fine(aus))


def abstains(aus: Sequence[AUEvidence], floor: float = EVIDENCE_FLOOR) -> bool:
    """True where no action unit (closing eyes aside) is likely enough to name an emotion."""
    return all(e.probability < floor for e in aus if e.au not in (43, 45, 46))
