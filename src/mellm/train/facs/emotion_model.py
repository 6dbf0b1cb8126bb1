"""Training of the learned emotion model (`mellm.facs.learned_emotion`) from annotation sheets.

A multinomial logistic regression per sheet, every emotion weighing as the square root of its frequency there:
between how often coders write it and all alike. Its weights are pulled towards those learned from the EMFACS
prototypes, so that a small sheet says only what its rows support, and a label it lacks keeps the prototypes'
odds. A coarse word (CAS(ME)^2 writes `negative`) is the union of its fine emotions. What the model will be
given are not the coders' certain units but a recogniser's probabilities, so every row is used many times with
noise: units missed, units doubted, units that are not there, sides lost.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.repeated_rows import counted_once
from mellm.datasets.sheet_warnings import log_remarks
from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.learned_emotion import (
    PROTOTYPES,
    SIZE,
    UNITS,
    LearnedEmotion,
    SheetModel,
    emotion_features,
    save_emotion_model,
    softmax,
)
from mellm.facs.taxonomies import FINE, canonical, get_taxonomy
from mellm.train.recipe import Recipe


class EmotionConfig(Recipe):
    """Settings of one training run (a recipe in YAML has the same names, and `model: emotion`).

    sheets: annotation sheets with units and emotion, by the convention they follow (without names, the files'
        stems are the conventions)
    copies: how often each row is used, with its own noise
    missed: share of units the noise takes away; added: doubtful units per row it puts in
    prior: share of the prototypes' model in the mean of all, where a sheet's is 1
    pull: strength of the pull towards the prototypes' weights; seed: of everything random
    """

    sheets: dict[str, str] | tuple[str, ...]
    copies: int = 12
    missed: float = 0.25
    added: float = 1.0
    prior: float = 0.5
    pull: float = 2.0
    seed: int = 0

    @property
    def by_convention(self) -> dict[str, Path]:
        """Convention -> sheet."""
        if isinstance(self.sheets, dict):
            return {name: Path(sheet) for name, sheet in self.sheets.items()}
        return {Path(sheet).stem: Path(sheet) for sheet in self.sheets}


@dataclass(frozen=True, slots=True)
class CodedRow:
    """One annotation: who (set and number), AU number -> seen on one side alone, and the emotion.

    `emotion` is a fine one, or a coarse word that stands for several.
    """

    person: str
    units: dict[int, bool]
    emotion: str

    @property
    def covers(self) -> tuple[str, ...]:
        """The fine emotions that the word may stand for."""
        return _COARSE.get(self.emotion, (self.emotion,))


_COARSE = {name: fine for name, fine in get_taxonomy("3").members.items() if name not in FINE}
_log = logging.getLogger(__name__)

_PEOPLE = ("Subject", "Participant")
_UNITS = ("au_updated", *UNIT_COLUMNS)


def read_rows(sheet: Path) -> list[CodedRow]:
    """Read a sheet with Subject, AU (or Action Units) and Emotion (or Estimated Emotion), in any case.

    Rows without an emotion (`others`) or without units are left out, a row that stands there twice counts
    once; InputError for a missing column, or rows that contradict each other.
    """
    if not sheet.is_file():
        raise InputError(f"There is no annotation sheet '{sheet}'; correct `sheets` in the recipe.")
    rows = []
    found = counted_once(_log, sheet, read_sheet(sheet, (_PEOPLE, _UNITS, EMOTION_COLUMNS)))
    log_remarks(_log, sheet, found, _UNITS)
    for row in found:
        label = canonical(row.text(EMOTION_COLUMNS))
        present = [u for u in parse_codes(row.text(_UNITS)).present if u.family == "AU"]
        units = {u.au: u.one_sided for u in present}
        if (label in FINE or label in _COARSE) and units:
            rows.append(CodedRow(f"{sheet.stem}/{row.text(_PEOPLE)}", units, label))
    return rows


def train_emotion(
    config: EmotionConfig, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> LearnedEmotion:
    """Train on the sheets, write `output` (safetensors), and return the model."""
    started = time.perf_counter()
    rows = {name: read_rows(sheet) for name, sheet in config.by_convention.items()}
    for name, found in rows.items():
        say(f"{name}: {len(found)} annotations of {len({r.person for r in found})} people")
        if not found:
            raise InputError(f"The sheet of '{name}' has no row with units and an emotion; leave it out.")
    model = fit_emotion_model(rows, config)
    about = {
        "format": "mellm facs emotion 2",
        "annotations": ", ".join(f"{name} {len(found)}" for name, found in rows.items()),
        "copies": str(config.copies),
        "seed": str(config.seed),
    }
    save_emotion_model(model, Path(output), about)
    say(f"{output} written after {time.perf_counter() - started:.0f} s")
    return model


def fit_emotion_model(rows: Mapping[str, Sequence[CodedRow]], config: EmotionConfig) -> LearnedEmotion:
    """Fit the prototypes' model, then each convention's, pulled towards it."""
    rng = np.random.default_rng(config.seed)
    prototypes = [
        CodedRow("", {u.au: u.one_sided for u in parse_codes(code).present}, name)
        for name, units in EMOTION_UNITS.items()
        for code in units.combinations
    ]
    nothing = np.zeros((SIZE, len(FINE))), np.zeros(len(FINE))
    ground = _fitted(_Rows.drawn(prototypes, _PROTOTYPE_COPIES, config, rng), _PROTOTYPE_WEIGHT, nothing, 0.5)
    shares = np.full(len(FINE), 1 / len(FINE))
    sheets = {PROTOTYPES: _sheet_model(ground, np.ones(len(FINE)), shares, config.prior)}
    for name, found in rows.items():
        drawn = _Rows.drawn(found, config.copies, config, rng)
        fitted = _fitted(drawn, float(len(found)), ground, config.pull)
        named = np.array([any(row.covers == (label,) for row in found) for label in FINE])
        known = np.where(named, 1.0, np.where(drawn.known > 0, 0.5, 0.0))
        sheets[name] = _sheet_model(fitted, known, emotion_shares(found), 1.0)
    return LearnedEmotion(sheets)


_PROTOTYPE_COPIES = 30
_PROTOTYPE_WEIGHT = 160.0
"""The prototypes weigh as so many rows."""

_BIAS_PULL = 0.02
"""Pull on how common the emotions are: next to none, a sheet knows that of itself."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Features (N, SIZE), which emotions each row may be (N, 8), and weights (N,) that sum to 1."""

    x: NDArray[np.float64]
    covers: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.float64]:
        """The emotions (8,) that some row may be."""
        return np.asarray(self.covers.max(axis=0))

    @classmethod
    def drawn(
        cls, rows: Sequence[CodedRow], copies: int, config: EmotionConfig, rng: np.random.Generator
    ) -> "_Rows":
        counts = Counter(row.emotion for row in rows)
        total = sum(np.sqrt(max(_FEW, n)) for n in counts.values())
        x, covers, weight = [], [], []
        for row in rows:
            may_be = np.array([name in row.covers for name in FINE], np.float64)
            share = np.sqrt(max(_FEW, counts[row.emotion])) / total / counts[row.emotion] / copies
            for copy in range(copies):
                certain = {u: (1.0, alone) for u, alone in row.units.items()}
                x.append(emotion_features(noisy(row.units, config, rng) if copy else certain))
                covers.append(may_be)
                weight.append(share)
        return cls(np.stack(x), np.stack(covers), np.array(weight))


Linear = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights (SIZE, 8) and bias (8,)."""


def _fitted(rows: _Rows, total: float, ground: Linear, pull: float) -> Linear:
    """Maximum a posteriori under a Gaussian about `ground`; the rows weigh `total` together."""
    labels, cut = len(FINE), SIZE * len(FINE)
    absent = np.where(rows.known > 0, 0.0, -np.inf)
    weight = total * rows.weight

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = theta[:cut].reshape(SIZE, labels), theta[cut:]
        p = softmax(rows.x @ w + b + absent)
        inside = p * rows.covers
        likely = inside.sum(axis=1, keepdims=True) + 1e-12
        off_w, off_b = w - ground[0], b - ground[1]
        value = -(weight * np.log(likely[:, 0])).sum() + pull / 2 * (off_w**2).sum()
        slope = (p - inside / likely) * weight[:, None]
        gradient = [(rows.x.T @ slope + pull * off_w).ravel(), slope.sum(axis=0) + _BIAS_PULL * off_b]
        return float(value + _BIAS_PULL / 2 * (off_b**2).sum()), np.concatenate(gradient)

    start = np.concatenate([ground[0].ravel(), ground[1]])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found[:cut].reshape(SIZE, labels), found[cut:]


def _sheet_model(
    fitted: Linear, known: NDArray[np.float64], shares: NDArray[np.float64], share: float
) -> SheetModel:
    w, b = fitted
    return SheetModel(*(np.asarray(a, np.float32) for a in (w, b, known, shares, np.array([share]))))


def emotion_shares(rows: Sequence[CodedRow]) -> NDArray[np.float64]:
    """Return the weight (8,), sum 1, of each fine emotion: the square root of its word's count.

    Words with fewer rows than `_FEW` count as if they had so many; a coarse word's weight is shared out.
    """
    counts = Counter(row.emotion for row in rows)
    covers = {row.emotion: row.covers for row in rows}
    shares = np.zeros(len(FINE))
    for word, count in counts.items():
        for name in covers[word]:
            shares[FINE.index(name)] += np.sqrt(max(_FEW, count)) / len(covers[word])
    return np.asarray(shares / shares.sum())


_FEW = 20
"""An emotion with fewer rows weighs as if it had so many."""


def noisy(
    units: dict[int, bool], config: EmotionConfig, rng: np.random.Generator
) -> dict[int, tuple[float, bool]]:
    """Return AU number -> (probability, one-sided) as a recogniser might answer for these units."""
    seen = {}
    for au, alone in units.items():
        sure = rng.beta(1.0, 3.0) if rng.random() < config.missed else rng.beta(6.0, 1.2)
        seen[au] = (float(sure), alone if rng.random() < 0.85 else not alone)
    for au in UNITS:
        if au not in seen:
            seen[au] = (float(rng.beta(0.4, 8.0)), False)
    for au in rng.choice(UNITS, size=int(rng.poisson(config.added))):
        if int(au) not in units:
            seen[int(au)] = (float(rng.beta(2.0, 2.0)), bool(rng.random() < 0.2))
    return seen
