"""The FACS stage as a prompt tells it, for motion in px and for flow whose scale was lost.

The same functions serve records and inference, so that a model meets what it learned from. Knows no truth.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet
from mellm.evaluate.facs_learner import FacsLearner
from mellm.evaluate.learner import CLASSES, Predictor, Training
from mellm.evaluate.unit_recognition import ONE_SIDED, unit_scores
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.recognisers import create_au_model
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.facs.unit_rules import UNITS
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.records import Stage
from mellm.language.reading_evidence import EYE_CLOSURE

_ASKED = tuple(sorted({unit.au for unit in UNITS} - EYE_CLOSURE))
_STEEPNESS = 10.0
"""Of the logistic that turns zero-shot scores (-.5 to .5) into probabilities (.01 to .99)."""


def stage_of_motion(motion: Sequence[RegionMotion]) -> Stage:
    """Return what the default FACS models find in motion measured in px."""
    aus = create_au_model().predict(motion)
    return Stage.of(aus, shipped_emotion_model().fine(aus))


def stage_of_stored_flow(stored: NDArray[np.uint8]) -> Stage:
    """Return what the zero-shot FACS models find in stored flow uint8 (28, 28, 3), scale lost.

    Units: the scores of `mellm.evaluate.unit_recognition`, present from a probability of one half. Emotion:
    the coarse class of the zero-shot `facs` recogniser; within `negative`, what the emotion model makes of
    the units.
    """
    left, right = unit_scores(FlowSet((), stored[None]), _ASKED, "zero-shot")[0]
    aus = []
    for i, unit in enumerate(_ASKED):
        apart = float(left[i] - right[i])
        side: Side = "both" if abs(apart) <= ONE_SIDED else "left" if apart > 0 else "right"
        mean = float(left[i] + right[i]) / 2
        aus.append(AUEvidence(unit, side, _probability(mean), None, ()))
    coarse = _coarse_model()(FacsLearner().prepare(stored)[None])[0]
    return Stage.of(aus, _fine(dict(zip(CLASSES, coarse.tolist(), strict=True)), aus))


@cache
def _coarse_model() -> Predictor:
    nothing = Training(x=np.zeros((0, 1), np.float32), y=np.zeros(0, np.int64), people=())
    return FacsLearner().fit(nothing, 0)


def _probability(score: float) -> float:
    return 1 / (1 + float(np.exp(-_STEEPNESS * score)))


def _fine(coarse: dict[str, float], aus: Sequence[AUEvidence]) -> dict[str, float]:
    """Share each coarse class out among its fine emotions as the emotion model does."""
    model = shipped_emotion_model().fine(aus)
    fine: dict[str, float] = {}
    for label, members in get_taxonomy("3").members.items():
        total = sum(model[name] for name in members)
        fine |= {name: coarse[label] * model[name] / total for name in members}
    return {name: fine[name] for name in FINE}
