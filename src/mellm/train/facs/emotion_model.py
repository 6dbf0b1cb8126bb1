"""Training of the learned emotion model (`mellm.facs.learned_emotion`) from annotation sheets.

A multinomial logistic regression, every emotion weighing as the square root of its frequency: between how
often coders write it and all alike. What the model will be given are not the coders' certain units but a
recogniser's probabilities, so every row is used many times with noise: units missed, units doubted, units
that are not there, sides lost. The EMFACS prototypes enter as a few made-up rows, a prior for
combinations the sheets hardly have.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.sheet_warnings import log_remarks
from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.learned_emotion import (
    UNITS,
    LearnedEmotion,
    emotion_features,
    save_emotion_model,
)
from mellm.facs.taxonomies import FINE, canonical
from mellm.train.recipe import Recipe


class EmotionConfig(Recipe):
    """Settings of one training run (a recipe in YAML has the same names, and `model: emotion`).

    sheets: annotation sheets with units and emotion
    copies: how often each row is used, with its own noise
    missed: share of units the noise takes away; added: doubtful units per row it puts in
    prior: weight of all prototypes of an emotion, as a share of the emotion's total weight
    c: inverse strength of the L2 penalty (per 1,000 rows' weight); seed: of everything random
    """

    sheets: tuple[str, ...]
    copies: int = 12
    missed: float = 0.25
    added: float = 1.0
    prior: float = 0.15
    c: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CodedRow:
    """One annotation: who (set and number), AU number -> seen on one side alone, and the fine emotion."""

    person: str
    units: dict[int, bool]
    emotion: str


_log = logging.getLogger(__name__)

_PEOPLE = ("Subject",)


def read_rows(sheet: Path) -> list[CodedRow]:
    """Read a sheet with Subject, AU (or Action Units) and Emotion (or Estimated Emotion), in any case.

    Rows without a fine emotion (`others`) or without units are left out; InputError for a missing column.
    """
    if not sheet.is_file():
        raise InputError(f"There is no annotation sheet '{sheet}'; correct `sheets` in the recipe.")
    rows = []
    found = read_sheet(sheet, (_PEOPLE, UNIT_COLUMNS, EMOTION_COLUMNS))
    log_remarks(_log, sheet, found, UNIT_COLUMNS)
    for row in found:
        label = canonical(row.text(EMOTION_COLUMNS))
        present = [u for u in parse_codes(row.text(UNIT_COLUMNS)).present if u.family == "AU"]
        units = {u.au: u.one_sided for u in present}
        if label in FINE and units:
            rows.append(CodedRow(f"{sheet.stem}/{row.text(_PEOPLE)}", units, label))
    return rows


def train_emotion(
    config: EmotionConfig, output: str | Path, say: Callable[[str], None] = lambda text: None
) -> LearnedEmotion:
    """Train on the sheets, write `output` (safetensors), and return the model."""
    started = time.perf_counter()
    rows = [row for sheet in config.sheets for row in read_rows(Path(sheet))]
    say(f"{len(rows)} annotations of {len({r.person for r in rows})} people")
    model = fit_emotion_model(rows, config)
    about = {
        "format": "mellm facs emotion 1",
        "annotations": str(len(rows)),
        "copies": str(config.copies),
        "seed": str(config.seed),
    }
    save_emotion_model(model, Path(output), about)
    say(f"{output} written after {time.perf_counter() - started:.0f} s")
    return model


def fit_emotion_model(rows: Sequence[CodedRow], config: EmotionConfig) -> LearnedEmotion:
    """Fit the weights; an emotion without a row is learned from its prototypes."""
    rng = np.random.default_rng(config.seed)
    shares = emotion_shares([row.emotion for row in rows])
    known = [(row.units, row.emotion) for row in rows]
    prior = [(_units(code), name) for name, units in EMOTION_UNITS.items() for code in units.combinations]
    counts = {emotion: sum(e == emotion for _, e in known) for emotion in FINE}
    x, y, weights = [], [], []
    for source, share in ((known, 1 - config.prior), (prior, config.prior)):
        for units, emotion in source:
            alike = counts[emotion] if source is known else len(EMOTION_UNITS[emotion].combinations)
            # An emotion with few rows leans on its prototypes instead.
            trust = min(1.0, counts[emotion] / _ENOUGH)
            part = trust * share if source is known else 1 - trust * (1 - config.prior)
            for copy in range(config.copies):
                seen = noisy(units, config, rng) if copy else {u: (1.0, s) for u, s in units.items()}
                x.append(emotion_features(seen))
                y.append(FINE.index(emotion))
                weights.append(_TOTAL * shares[FINE.index(emotion)] * part / (alike * config.copies))
    fitted = LogisticRegression(C=config.c, max_iter=1000).fit(np.stack(x), y, sample_weight=weights)
    return LearnedEmotion(
        np.ascontiguousarray(fitted.coef_.T, np.float32),
        fitted.intercept_.astype(np.float32),
        shares.astype(np.float32),
    )


def emotion_shares(emotions: Sequence[str]) -> NDArray[np.float64]:
    """Return the weight (8,), sum 1, of each fine emotion: the square root of its count, at least `_FEW`."""
    counts = [max(_FEW, sum(e == emotion for e in emotions)) for emotion in FINE]
    return np.asarray(np.sqrt(counts) / np.sqrt(counts).sum())


_FEW = 20
"""An emotion with fewer rows weighs as if it had so many."""


_ENOUGH = 40
"""Rows of an emotion from which the sheets are trusted before the prototypes."""

_TOTAL = 2000.0
"""Weight of all rows together, so that the penalty means the same for any number of copies."""


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


def _units(code: str) -> dict[int, bool]:
    return {u.au: u.one_sided for u in parse_codes(code).present}


def clean_features(rows: Sequence[CodedRow]) -> NDArray[np.float64]:
    """Return the features (N, SIZE) of the coders' units taken as certain."""
    return np.stack([emotion_features({u: (1.0, s) for u, s in r.units.items()}) for r in rows])
