"""Lids that move besides: what generated pairs lack most against real flow.

On real micro-expressions the upper lids move as far as the strongest other region in every fourth sample
and three times as far in every tenth (blinks, glances, flow that fails on the iris); on generated pairs
half as far. The numbers below were set so that the quantiles of lid motion, the share that moves down, and
the correlations of left with right and upper with lower lid are those of SMIC and CASME II; no label was
looked at. The module knows regional vectors, no pictures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.face.regions import REGION_NAMES
from mellm.facs.learned import Vectors, motion_scale
from mellm.facs.unit_rules import NOISE_FLOOR

MEDIAN, SPREAD = 1.2, 1.2
"""Of the lids' motion against the face's strongest: median, and standard deviation of its logarithm."""

DOWN = 0.6
"""Share that moves down."""

ONE_EYE = 0.12
"""Chance of an eye to take hardly part."""

LOWER = (-0.2, 0.8)
"""Range of the lower lid's share of the upper lid's motion."""

ALONG = {"outer": 0.9, "centre": 1.0, "inner": 0.75}
"""How far the parts of a lid move."""

CLOSES = 0.2
"""Lids that move down by more than this share of the face's strongest motion are closing eyes (AU 43)."""


def _lid(side: str, row: str) -> NDArray[np.float32]:
    """Weights (29,) of one lid's three regions."""
    parts = {f"{side} {row} eyelid {part}": share for part, share in ALONG.items()}
    return np.array([parts.get(name, 0.0) for name in REGION_NAMES], np.float32)


_EYES = [(_lid(side, "upper"), _lid(side, "lower")) for side in ("left", "right")]


def with_moving_lids(
    motion: Vectors,
    labels: NDArray[np.int8],
    units: Sequence[int],
    share: float,
    rng: np.random.Generator,
) -> tuple[Vectors, NDArray[np.int8]]:
    """Let the lids of a share of the samples (N, 29, 2) move; closing ones get the label (N, U) of AU 43."""
    v, t = motion.copy(), labels.copy()
    rows = np.flatnonzero(rng.random(len(v)) < share)
    count = len(rows)
    strongest = np.hypot(motion_scale(v[rows]), NOISE_FLOOR)
    reach = strongest * MEDIAN * np.exp(rng.normal(0, SPREAD, count))
    reach *= np.where(rng.random(count) < DOWN, 1, -1)
    for upper, lower in _EYES:
        part = np.where(
            rng.random(count) < ONE_EYE, rng.uniform(0, 0.3, count), np.exp(rng.normal(0, 0.25, count))
        )
        lids = upper + rng.uniform(*LOWER, count)[:, None] * lower
        down = (reach * part)[:, None] * lids * np.exp(rng.normal(0, 0.2, (count, len(REGION_NAMES))))
        sideways = down * rng.normal(0, 0.25, down.shape)
        v[rows] += np.stack([sideways, down], axis=-1).astype(np.float32)
    t[rows[reach > CLOSES * strongest], units.index(43)] = 1
    return v, t
