"""The `facs` recogniser on a training fold, and the recognisers that are trained on nothing.

Without a training fold `facs` answers as `mellm.facs.stored_flow` does. With one, four small learners
(linear and Gaussian-kernel ridge on each view's 7x7 grid) are fitted and their scores, each brought to unit
spread on the training fold, are averaged; the linear ones also see the zero-shot log-odds. All settings are
fixed; mirror images double the training fold.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.learner import Features, Predictor, Training
from mellm.evaluate.ridge import Array, fit_kernel_ridge, fit_ridge
from mellm.facs.grid import CELLS, CHANNELS, mirrored_grid
from mellm.facs.learned_emotion import softmax
from mellm.facs.stored_flow import COARSE, coarse_findings, evidence_probabilities, rule_probabilities

_GRID = CELLS * CELLS * CHANNELS
_SOURCES = 3
_SHARPNESS = 2.0
"""Turns averaged unit-spread scores into log-odds; it changes probabilities, never the answer."""


@dataclass(frozen=True, slots=True)
class Untrained:
    """A recogniser whose `answer` maps one stored flow (28, 28, 3) to probabilities (3,)."""

    name: str
    answer: Callable[[NDArray[np.uint8]], NDArray[np.float64]]
    trains: bool = False

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return the three probabilities themselves."""
        return np.asarray(self.answer(stored), np.float32)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Return the probabilities unchanged."""
        return lambda x: x.astype(np.float64)


def evidence() -> Untrained:
    """The hand-made rules as they stand: regions -> action units -> emotion."""
    return Untrained("evidence-1", evidence_probabilities)


def rule() -> Untrained:
    """The three-line rule to beat."""
    return Untrained("baseline-rule", rule_probabilities)


@dataclass(frozen=True, slots=True)
class FacsLearner:
    """Two views x two ridge learners on top of the zero-shot log-odds."""

    name: str = "facs-1"
    trains: bool = False
    """It can be trained, but answers without a training fold too."""
    clean: bool = False
    """Whether its linear models rest on no annotation sheet."""

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return both views' grids (2 x 147) and the zero-shot log-odds of three sources (9)."""
        found = coarse_findings(stored, clean=self.clean)
        return np.concatenate([found.grids.ravel(), found.odds.ravel()])

    def fit(self, training: Training, seed: int) -> Predictor:
        """Fit the four learners; without training samples return the zero-shot answer."""
        if not len(training.y):
            return lambda x: softmax(_odds(x).mean(axis=1))
        scores = []
        for view in (0, 1):
            scores.append(_fitted(training, view, with_odds=True))
            scores.append(_fitted(training, view, with_odds=False))
        return lambda x: softmax(_SHARPNESS * np.mean([s(x) for s in scores], axis=0))


def clean_facs() -> FacsLearner:
    """The learner with linear models that rest on no annotation sheet."""
    return FacsLearner("facs-1-clean", clean=True)


def _fitted(training: Training, view: int, with_odds: bool) -> Predictor:
    """One learner; its scores (M, 3) average a sample and its mirror image, unit spread on the fold."""

    def design(x: Features) -> tuple[Array, Array]:
        cells = x[:, view * _GRID : (view + 1) * _GRID].reshape(-1, CELLS, CELLS, CHANNELS)
        extra = _odds(x).reshape(len(x), -1) if with_odds else np.zeros((len(x), 0))
        pair = (np.c_[c.reshape(len(x), -1), extra].astype(np.float64) for c in (cells, mirrored_grid(cells)))
        first, second = pair
        return first, second

    fit = fit_ridge if with_odds else fit_kernel_ridge
    score = fit(np.concatenate(design(training.x)).astype(np.float64), np.tile(training.y, 2), len(COARSE))

    def both(x: Features) -> Array:
        as_is, mirrored = design(x)
        return (score(as_is) + score(mirrored)) / 2

    spread = float(both(training.x).std()) + 1e-9
    return lambda x: both(x) / spread


def _odds(x: Features) -> Array:
    """The zero-shot log-odds (N, 3 sources, 3 classes)."""
    return x[:, 2 * _GRID :].reshape(len(x), _SOURCES, len(COARSE)).astype(np.float64)
