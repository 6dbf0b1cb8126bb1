"""Plain baselines on pooled flow: logistic regression and an RBF support vector machine.

Features: u, v and |v| averaged over 4x4 blocks (7x7 of them) after the nose is subtracted, each picture
divided by its own spread. Training pictures are doubled by mirroring; scaling is fitted on the training fold.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mellm.evaluate.learner import Features, Predictor, Training
from mellm.facs.learned_emotion import softmax
from mellm.facs.stored_flow import COARSE

_BLOCKS = 7


def pooled_flow(stored: NDArray[np.uint8]) -> Features:
    """Return u, v, |v| on 7x7 blocks: float32 (7, 7, 3), the nose at zero, unit spread."""
    flow = stored[..., :2].astype(np.float64)
    flow = flow - np.median(flow[12:17, 12:16], axis=(0, 1))
    flow = flow / (flow.std(axis=(0, 1)) + 1e-6)
    stacked = np.concatenate([flow, np.abs(flow[..., 1:])], axis=-1)
    side = stored.shape[0] // _BLOCKS
    return np.asarray(stacked.reshape(_BLOCKS, side, _BLOCKS, side, 3).mean(axis=(1, 3)), np.float32)


def mirrored(x: Features) -> Features:
    """Mirror pictures (N, H, W, C) whose channel 0 is horizontal flow."""
    turned = x[:, :, ::-1].copy()
    turned[..., 0] *= -1
    return turned


@dataclass(frozen=True, slots=True)
class PooledFlowBaseline:
    """A classifier of scikit-learn on pooled flow, trained on the fold and its mirror image."""

    name: str
    make: Callable[[], Any]
    trains: bool = True

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return 7x7-pooled flow."""
        return pooled_flow(stored)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Train on the fold, standardised on it."""
        x = np.concatenate([training.x, mirrored(training.x)])
        return fit_classifier(make_pipeline(StandardScaler(), self.make()), x, np.tile(training.y, 2))


def logistic_baseline() -> PooledFlowBaseline:
    """Class-balanced logistic regression, C = 0.01."""
    return PooledFlowBaseline(
        "baseline-lr", lambda: LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000)
    )


def support_vector_baseline() -> PooledFlowBaseline:
    """Class-balanced RBF-SVM, C = 1, gamma = 1 / features."""
    return PooledFlowBaseline(
        "baseline-svm",
        lambda: SVC(C=1.0, gamma="auto", class_weight="balanced", decision_function_shape="ovr"),
    )


def fit_classifier(model: Any, x: NDArray[np.floating], y: NDArray[np.int64]) -> Predictor:
    """Fit a classifier of scikit-learn on (N, ...); classes the fold lacks get probability 0.

    Without probabilities of its own, its decision values go through a softmax: the answer is the same.
    """
    model.fit(x.reshape(len(x), -1), y)
    known = model.classes_

    def predict(test: Features) -> NDArray[np.float64]:
        flat = test.reshape(len(test), -1)
        answers = np.zeros((len(test), len(COARSE)))
        if hasattr(model, "predict_proba"):
            answers[:, known] = model.predict_proba(flat)
            return answers
        scores = np.asarray(model.decision_function(flat), np.float64)
        # Of two classes there is one decision value.
        answers[:, known] = softmax(scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1))
        return answers

    return predict
