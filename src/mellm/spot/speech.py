"""Lips that move against each other as in speech, measured in the trace. Knows no pictures and no network."""

import numpy as np

from mellm.face.regions import REGION_NAMES
from mellm.spot.inputs import Sampled, baseline, running_mean
from mellm.spot.series import Array

LIPS_TALK = 1.5
"""Px of motion of the lips against each other (see `lips`) from which somebody talks; measured: talking clips
have a median of 4 to 7, silent ones .03 to .3."""
_LIPS = (REGION_NAMES.index("lower lip centre"), REGION_NAMES.index("upper lip centre"))


def lips(body: Sampled) -> Array:
    """How much the lips move against each other within 0.7 s, root mean square over 1.5 s, px (N,)."""
    gap = body.displacement[:, _LIPS[0], 1] - body.displacement[:, _LIPS[1], 1]
    quick = gap - baseline(gap[:, None], 0.7)[:, 0]
    return np.asarray(np.sqrt(running_mean(quick[:, None] ** 2, 45))[:, 0])
