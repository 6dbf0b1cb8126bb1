"""Emotion from action units, learned: one log-linear distribution over the eight fine emotions.

Features are probabilities that units are present, that they are present on one side alone, and products of
two units that coders often write together. The weights were learned from annotation sheets with noisy
inputs in place of certain ones; `prior` says how common each emotion was taken to be.
Knows nothing about motion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.facs.weight_files import load_weights, save_weights, shipped_weights

SHIPPED = "facs_emotion.safetensors"
"""File name of the shipped weights."""

UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 38)
"""Units the emotion is read from. A mouth stretch (27) counts as a jaw drop (26), 13 as 12, 11 as 10."""

PAIRS: tuple[tuple[int, int], ...] = (
    (1, 2), (1, 4), (2, 4), (2, 5), (4, 5), (4, 6), (4, 7), (4, 9), (4, 10), (4, 14), (4, 17), (4, 24),
    (5, 7), (6, 12), (7, 10), (7, 12), (10, 12), (12, 14), (14, 24), (15, 17),
)  # fmt: skip
"""Pairs whose product is a feature."""

_ALIKE = {27: 26, 13: 12, 11: 10, 39: 38}
SIZE = 2 * len(UNITS) + len(PAIRS)
"""Number of features."""


def emotion_features(seen: Mapping[int, tuple[float, bool]]) -> NDArray[np.float64]:
    """Return features (SIZE,) of units: AU number -> (probability, seen on one side alone)."""
    present = dict.fromkeys(UNITS, 0.0)
    alone = dict.fromkeys(UNITS, 0.0)
    for number, (probability, one_sided) in seen.items():
        au = _ALIKE.get(number, number)
        if au in present and probability > present[au]:
            present[au], alone[au] = probability, probability if one_sided else 0.0
    pairs = [present[a] * present[b] for a, b in PAIRS]
    return np.array([*present.values(), *alone.values(), *pairs])


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities (..., C) of scores (..., C)."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float64)


@dataclass(frozen=True, slots=True)
class LearnedEmotion:
    """The model behind `create_emotion_model("learned")`: an `EmotionModel`.

    weight: float32 (SIZE, 8) log-odds per feature and fine emotion; bias: (8,)
    prior: (8,), sum 1, the emotions' shares in training; divide by them to take all as equally common
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    prior: NDArray[np.float32]

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        return "learned-emotion-1"

    def fine(self, aus: Sequence[AUEvidence]) -> dict[str, float]:
        """Return the one distribution over `FINE` all taxonomies are read from."""
        seen = {e.au: (e.probability, e.one_sided) for e in aus}
        p = self.probabilities(emotion_features(seen)[None])[0]
        return dict(zip(FINE, p.tolist(), strict=True))

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities (N, 8) of features (N, SIZE)."""
        return softmax(features @ self.weight + self.bias)

    def predict(self, aus: Sequence[AUEvidence], taxonomy: str = "7") -> Mapping[str, float]:
        """Return label -> probability (sums to 1) for a taxonomy of `mellm.facs.taxonomies`."""
        return get_taxonomy(taxonomy).marginal(self.fine(aus))


_FIELDS = ("weight", "bias", "prior")


def save_emotion_model(model: LearnedEmotion, path: Path, about: Mapping[str, str]) -> None:
    """Write the weights as safetensors, with `about` in the header's metadata."""
    save_weights({name: getattr(model, name) for name in _FIELDS}, path, about)


def load_emotion_model(path: Path) -> LearnedEmotion:
    """Read weights `save_emotion_model` wrote; raises MellmError where the file is missing or damaged."""
    return LearnedEmotion(**load_weights(path, _FIELDS))


@cache
def shipped_emotion_model() -> LearnedEmotion:
    """Return the weights that come with the package."""
    return load_emotion_model(shipped_weights(SHIPPED))
