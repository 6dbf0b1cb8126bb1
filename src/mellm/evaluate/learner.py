"""What an evaluated model is: one sample in, features out; training samples in, a predictor out.

`prepare` sees one sample and nothing else, `fit` sees the training fold and nothing else, so that no model
can look at a test fold by accident: no normalisation over the test set, no chosen epoch, no threshold.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError

Features = NDArray[np.float32]
Predictor = Callable[[Features], NDArray[np.float64]]
"""Prepared test samples (N, ...) -> class probabilities (N, 3), rows sum to 1."""


@dataclass(frozen=True, slots=True)
class Training:
    """The training fold: prepared samples, class numbers (N,), and the person of each sample."""

    x: Features
    y: NDArray[np.int64]
    people: tuple[str, ...]


class Learner(Protocol):
    """A recogniser of three classes from 28x28 flow."""

    @property
    def name(self) -> str:
        """The name it is called by on the command line, with a version."""
        ...

    @property
    def trains(self) -> bool:
        """False where `fit` ignores its training fold (rules, shipped weights)."""
        ...

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Turn one stored flow (28, 28, 3) into what `fit` and the predictor take."""
        ...

    def fit(self, training: Training, seed: int) -> Predictor:
        """Train on one fold."""
        ...


_LEARNERS: dict[str, str] = {
    "facs": "mellm.evaluate.facs_learner:FacsLearner",
    "facs-clean": "mellm.evaluate.facs_learner:clean_facs",
    "evidence": "mellm.evaluate.facs_learner:evidence",
    "encoder-flow": "mellm.evaluate.motion_learners:encoder_flow",
    "encoder-vision": "mellm.evaluate.motion_learners:encoder_vision",
    "combined-flow": "mellm.evaluate.motion_learners:combined_flow",
    "combined-vision": "mellm.evaluate.motion_learners:combined_vision",
    "encoder-flow-clean": "mellm.evaluate.motion_learners:clean_encoder_flow",
    "encoder-vision-clean": "mellm.evaluate.motion_learners:clean_encoder_vision",
    "combined-flow-clean": "mellm.evaluate.motion_learners:clean_combined_flow",
    "combined-vision-clean": "mellm.evaluate.motion_learners:clean_combined_vision",
    "baseline-rule": "mellm.evaluate.facs_learner:rule",
    "baseline-lr": "mellm.evaluate.baselines.linear:logistic_baseline",
    "baseline-svm": "mellm.evaluate.baselines.linear:support_vector_baseline",
    "baseline-mdmo": "mellm.evaluate.baselines.histograms:MDMO",
    "baseline-biwoof": "mellm.evaluate.baselines.histograms:BiWOOF",
    "baseline-ststnet": "mellm.evaluate.baselines.networks:ststnet",
    "baseline-htnet": "mellm.evaluate.baselines.networks:htnet",
}

LEARNERS: tuple[str, ...] = tuple(_LEARNERS)
"""The names `create_learner` knows."""


def create_learner(name: str) -> Learner:
    """Return a recogniser by name.

    Raises InputError for an unknown name, and where the packages it trains with are not installed.
    """
    if name not in _LEARNERS:
        raise InputError(f"There is no model '{name}'; choose {', '.join(LEARNERS)}.")
    module, factory = _LEARNERS[name].split(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(
            f"The model '{name}' needs the package {error.name}; install it with pip install 'mellm[train]'."
        ) from error
    return cast(Learner, getattr(found, factory)())
