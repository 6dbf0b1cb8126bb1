"""Recognisers that are trained on nothing: the hand-made FACS model and the three-line rule to beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.learner import CLASSES, Features, Predictor, Training, softmax
from mellm.facs.recognisers import create_au_model, untrained_emotion_model
from mellm.flow.normalised import recover_flow, regional_motion


def hand_made_answer(field: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return class probabilities (3,) read from flow (28, 28, 2) by hand-made rules, and their prior (3,)."""
    emotions = untrained_emotion_model()
    units = create_au_model("evidence", known_scale=False).predict(regional_motion(field))
    seen, prior = (emotions.predict(evidence, "3") for evidence in (units, ()))
    return np.array([seen[c] for c in CLASSES]), np.array([prior[c] for c in CLASSES])


@dataclass(frozen=True, slots=True)
class Evidence:
    """`mellm.facs` as it stands: regions -> action units -> emotion, divided by the model's own prior.

    UF1 and UAR weigh classes alike however rare, so the decision assumes equal classes; the prior divided
    by is the model's (documented, fixed), not that of any data.
    """

    name: str = "evidence-1"
    trains: bool = False

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return the three probabilities themselves: there is nothing to train."""
        seen, prior = hand_made_answer(recover_flow(stored))
        odds = seen / prior
        return np.asarray(odds / odds.sum(), np.float32)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Return the probabilities unchanged."""
        return lambda x: x.astype(np.float64)


@dataclass(frozen=True, slots=True)
class ThreeLineRule:
    """The least a model must beat: brows up is surprise, corners up and out is positive, brows down negative.

    Scores are mean regional flow after the nose is subtracted, divided by the picture's own spread.
    """

    name: str = "baseline-rule"
    trains: bool = False

    def prepare(self, stored: NDArray[np.uint8]) -> Features:
        """Return a softmax over the three scores."""
        flow = stored[..., :2].astype(np.float64)
        flow -= np.median(flow[12:17, 12:16], axis=(0, 1))
        flow /= flow.std(axis=(0, 1)) + 1e-9
        up = -flow[..., 1]
        brows = up[2:6, 3:25].mean()
        corners = up[18:21, 6:10].mean() + up[18:21, 18:22].mean()
        spread = flow[18:21, 18:22, 0].mean() - flow[18:21, 6:10, 0].mean()
        scores = np.array([-brows, (corners + spread) / 2, brows])
        return np.asarray(softmax(scores[None])[0], np.float32)

    def fit(self, training: Training, seed: int) -> Predictor:
        """Return the probabilities unchanged."""
        return lambda x: x.astype(np.float64)
