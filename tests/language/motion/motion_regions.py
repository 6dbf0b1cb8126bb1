"""Regions that move as a test says."""

import numpy as np

from mellm.face.regions import REGION_NAMES
from mellm.flow.region_motion import RegionMotion


def regions(scale: float = 1.0, **moving: tuple[float, float]) -> list[RegionMotion]:
    found = []
    for name in REGION_NAMES:
        u, v = (scale * part for part in moving.get(name.replace(" ", "_"), (0.0, 0.0)))
        size = float(np.hypot(u, v))
        found.append(RegionMotion(name, u, v, size, size, size / 200, None, None, 1.0, size > 0))
    return found


HALF_SMILE = {
    "left_mouth_corner": (-1.5, -1.5),
    "upper_lip_left": (-1.2, -1.4),
    "lower_lip_left": (-0.8, -1.0),
    "left_nostril_wing": (-0.9, -1.0),
    "left_cheek": (-0.4, -0.4),
    "left_lower_eyelid_centre": (-0.1, -0.1),
}
"""The left mouth corner of the picture goes up and outward, and draws the skin around it along."""

SMILE = (
    HALF_SMILE
    | {name.replace("left", "right"): (-u, v) for name, (u, v) in HALF_SMILE.items()}
    | {"upper_lip_centre": (0.0, -1.1), "lower_lip_centre": (0.0, -0.7)}
)
