"""Emotion from action units, learned: one distribution over the eight fine emotions.

Data sets name emotions by different conventions: CASME II has `repression` and no `anger`, DFME has
`contempt`, CAS(ME)^2 three coarse words. So there is a log-linear model per annotation sheet, and one for the
EMFACS prototypes, which every sheet's model leans on where its rows say little. Which convention is meant is
an input:

    unknown (the default)   the mean of all, each over the labels it has: no set's habit decides
    a set with a sheet      that sheet's own model
    a set without one       the mean of all, each over those of its labels that the set has

Features are probabilities that units are present, that they are present on one side alone, and products of
two units that coders often write together. Knows nothing about motion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError, MellmError
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.facs.weight_files import load_weights, save_weights, shipped_weights, weight_names

SHIPPED = "facs_emotion.safetensors"
"""File name of the shipped weights."""

CLEAN = "facs_emotion_clean.safetensors"
"""File name of the shipped weights that rest on no annotation sheet."""

UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 38)
"""Units the emotion is read from. A mouth stretch (27) counts as a jaw drop (26), 13 as 12, 11 as 10."""

PAIRS: tuple[tuple[int, int], ...] = (
    (1, 2), (1, 4), (2, 4), (2, 5), (4, 5), (4, 6), (4, 7), (4, 9), (4, 10), (4, 14), (4, 17), (4, 24),
    (5, 7), (6, 12), (7, 10), (7, 12), (10, 12), (12, 14), (14, 24), (15, 17),
)  # fmt: skip
"""Pairs whose product is a feature."""

UNKNOWN = "unknown"
"""The convention nobody has named."""

PROTOTYPES = "prototypes"
"""Name of the model that was learned from the EMFACS prototypes alone."""

_SEVEN = frozenset(FINE) - {"repression"}
_SIX = _SEVEN - {"contempt"}

CONVENTIONS: dict[str, frozenset[str]] = {
    UNKNOWN: frozenset(FINE),
    "casme2": (_SIX - {"anger"}) | {"repression"},
    "casme2sq": frozenset(FINE),
    "casme3": _SIX,
    "dfme": _SEVEN,
    "mmew": _SIX,
    "samm": _SEVEN,
    "smic": frozenset(FINE),
}
"""Data set -> the fine emotions its coders write (those of `others` aside; coarse words stand for all)."""

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
class SheetModel:
    """What one sheet says: log-odds of the fine emotions.

    weight: float32 (SIZE, 8) per feature; bias: (8,)
    known: (8,), 1 for the emotions the sheet has, .5 for those that only a coarse word of it covers
    prior: (8,), sum 1, the emotions' shares in training
    share: (1,), of this model in the mean of all
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    known: NDArray[np.float32]
    prior: NDArray[np.float32]
    share: NDArray[np.float32]

    def probabilities(
        self, features: NDArray[np.float64], labels: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Return probabilities (N, 8) of features (N, SIZE) over `labels` (8,), or over those it knows."""
        allowed = self.known > 0 if labels is None else labels
        return softmax(features @ self.weight + self.bias + np.where(allowed, 0.0, -np.inf))


@dataclass(frozen=True, slots=True)
class LearnedEmotion:
    """The model behind `create_emotion_model("learned")`: an `EmotionModel`.

    sheets: name -> model, `PROTOTYPES` among them; convention: one of `CONVENTIONS`
    """

    sheets: Mapping[str, SheetModel]
    convention: str = UNKNOWN

    @property
    def name(self) -> str:
        """Name and version, and the convention where one is given, for the report's provenance."""
        kind = "clean" if set(self.sheets) == {PROTOTYPES} else "learned"
        return f"{kind}-emotion-2" + ("" if self.convention == UNKNOWN else f" ({self.convention})")

    def under(self, convention: str) -> "LearnedEmotion":
        """Return the same model under a convention; raises InputError for one that is not known."""
        if convention not in CONVENTIONS:
            raise InputError(f"There is no convention '{convention}'; choose {', '.join(CONVENTIONS)}.")
        return replace(self, convention=convention)

    def without(self, sheet: str) -> "LearnedEmotion":
        """Return the model without what was learned from one sheet: for tests on the set it belongs to."""
        return replace(self, sheets={name: m for name, m in self.sheets.items() if name != sheet})

    @property
    def prior(self) -> NDArray[np.float64]:
        """The emotions' shares (8,) in training, sum 1, under the convention; divide by them to take all as
        equally common."""
        mean = sum(share * model.prior.astype(np.float64) for model, share, _ in self._voices())
        return np.asarray(mean / np.sum(mean))

    def fine(self, aus: Sequence[AUEvidence]) -> dict[str, float]:
        """Return the one distribution over `FINE` all taxonomies are read from."""
        seen = {e.au: (e.probability, e.one_sided) for e in aus}
        p = self.probabilities(emotion_features(seen)[None])[0]
        return dict(zip(FINE, p.tolist(), strict=True))

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities (N, 8) of features (N, SIZE)."""
        mean = sum(share * m.probabilities(features, labels) for m, share, labels in self._voices())
        return np.asarray(mean, np.float64)

    def predict(self, aus: Sequence[AUEvidence], taxonomy: str = "7") -> Mapping[str, float]:
        """Return label -> probability (sums to 1) for a taxonomy of `mellm.facs.taxonomies`."""
        return get_taxonomy(taxonomy).marginal(self.fine(aus))

    def _voices(self) -> list[tuple[SheetModel, float, NDArray[np.bool_] | None]]:
        """Who is heard: each model, its share (sum 1), and the labels it may give if not its own."""
        if self.convention in self.sheets:
            return [(self.sheets[self.convention], 1.0, None)]
        total = sum(float(m.share[0]) for m in self.sheets.values())
        allowed = np.array([name in CONVENTIONS[self.convention] for name in FINE])
        known = {name: m.known > 0 for name, m in self.sheets.items()}
        # A label that no sheet has keeps the prototypes' odds in every model.
        nobodys = ~np.any([m.known == 1 for name, m in self.sheets.items() if name != PROTOTYPES], axis=0)
        own = self.convention == UNKNOWN
        return [
            (m, float(m.share[0]) / total, None if own else allowed & (known[name] | nobodys))
            for name, m in self.sheets.items()
        ]


_FIELDS = ("weight", "bias", "known", "prior", "share")


def save_emotion_model(model: LearnedEmotion, path: Path, about: Mapping[str, str]) -> None:
    """Write the weights as safetensors, with `about` in the header's metadata."""
    arrays = {f"{name}.{field}": getattr(m, field) for name, m in model.sheets.items() for field in _FIELDS}
    save_weights(arrays, path, about)


def load_emotion_model(path: Path) -> LearnedEmotion:
    """Read weights `save_emotion_model` wrote; raises MellmError where the file is missing or damaged."""
    names = sorted({name.rpartition(".")[0] for name in weight_names(path)})
    arrays = load_weights(path, [f"{name}.{field}" for name in names for field in _FIELDS])
    if not names or PROTOTYPES not in names:
        raise MellmError(f"The weights {path.name} hold no emotion model; install mellm again.")
    return LearnedEmotion(
        {name: SheetModel(*(arrays[f"{name}.{field}"] for field in _FIELDS)) for name in names}
    )


@cache
def shipped_emotion_model() -> LearnedEmotion:
    """Return the weights that come with the package."""
    return load_emotion_model(shipped_weights(SHIPPED))


@cache
def clean_emotion_model() -> LearnedEmotion:
    """Return the weights that rest on no annotation sheet: the EMFACS prototypes alone."""
    return load_emotion_model(shipped_weights(CLEAN))
