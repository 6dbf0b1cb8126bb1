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


SMILE = {"left_mouth_corner": (-1.5, -1.5), "right_mouth_corner": (1.5, -1.5)}
