"""From action units to emotions: one distribution over eight fine emotions, by documented weights.

An emotion's score is the logarithm of its prior plus the sum of its units' weights
(`mellm.facs.emotion_units`) times their probabilities above `BASE`; the answer is the softmax of the scores.
All taxonomies are marginals of it.

Knows nothing about motion: only which units are seen, how surely, and on which side.
"""

import math
from collections.abc import Mapping, Sequence

from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.facs.unit_rules import EYE_CLOSURE

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
        scores = {emotion: math.log(EMOTION_UNITS[emotion].prior) for emotion in FINE}
        for seen in aus:
            strength = max(0.0, seen.probability - BASE) / (1 - BASE)
            for emotion in FINE:
                units = EMOTION_UNITS[emotion]
                weight = units.weights.get(seen.au, 0.0)
                if seen.one_sided:
                    weight += units.one_sided_weights.get(seen.au, 0.0)
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
    return all(e.probability < floor for e in aus if e.au not in EYE_CLOSURE)
