"""The FACS stage as a prompt tells it, for motion in px and for flow whose scale was lost.

The same functions serve records and inference, so that a model meets what it learned from. Knows no truth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.recognisers import create_au_model
from mellm.facs.stored_flow import coarse_findings, fine_emotion
from mellm.facs.stored_flow_units import unit_evidence
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.records import Stage


def stage_of_motion(motion: Sequence[RegionMotion]) -> Stage:
    """Return what the default FACS models find in motion measured in px."""
    aus = create_au_model().predict(motion)
    return Stage.of(aus, shipped_emotion_model().fine(aus))


def stage_of_stored_flow(stored: NDArray[np.uint8]) -> Stage:
    """Return what the zero-shot FACS models find in stored flow uint8 (28, 28, 3), scale lost.

    The coarse emotion is that of the zero-shot `facs` recogniser; within `negative` it is what the emotion
    model makes of the units.
    """
    aus = unit_evidence(stored)
    return Stage.of(aus, fine_emotion(coarse_findings(stored).probabilities, aus))
