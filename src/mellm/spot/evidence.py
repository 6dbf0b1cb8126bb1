"""Evidence of brief movements that a network would otherwise have to find: sizes, and what came and went.

Computed from `inputs`, in noise of the region: how far a region is from its level, and how much of that is
away from where it was a moment before *and* is a moment later, along its own direction (the main directional
difference of Wang et al., Neurocomputing 2017). Samples beyond the ends count as level.
"""

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import Part
from mellm.face.regions import OUTSIDE_EYES, REGION_NAMES
from mellm.spot.inputs import CHANNELS, REGION_COUNT

Array32 = NDArray[np.float32]

WINDOWS = (5, 9)
"""Samples before and after that are compared with: 0.17 and 0.3 s."""
_LOWER = np.array(
    [r.part in (Part.MOUTH_CORNER, Part.UPPER_LIP, Part.LOWER_LIP, Part.CHIN) for r in REGION_NAMES]
)
AREAS = (OUTSIDE_EYES & ~_LOWER, _LOWER)
"""Upper and lower face without the lids; each is summed up by its strongest regions."""
BEST = (1, 3, 6)
EVIDENCE = CHANNELS + (1 + len(WINDOWS)) * (REGION_COUNT + len(AREAS) * len(BEST))
"""Numbers per sample, those of `inputs` first."""


def with_evidence(seen: Array32) -> Array32:
    """Inputs (..., N, CHANNELS) with the evidence behind them: float32 (..., N, EVIDENCE)."""
    over = np.sinh(seen[..., 2 * REGION_COUNT : 4 * REGION_COUNT].astype(np.float32))
    over = over.reshape(*seen.shape[:-1], REGION_COUNT, 2)
    measures = [np.sqrt((over * over).sum(axis=-1))]
    measures += [_came_and_went(over, width) for width in WINDOWS]
    columns: list[Array32] = [seen.astype(np.float32)]
    for measure in measures:
        columns.append(np.arcsinh(measure))
        for area in AREAS:
            strongest = np.partition(measure[..., area], -BEST[-1], axis=-1)[..., -BEST[-1] :]
            ordered = np.sort(strongest, axis=-1)
            columns += [np.arcsinh(ordered[..., -best:].mean(axis=-1, keepdims=True)) for best in BEST]
    return np.concatenate(columns, axis=-1)


def _came_and_went(over: Array32, width: int) -> Array32:
    """The lesser of the differences to the samples before and after, along the first (..., N, R)."""
    pad = [(0, 0)] * (over.ndim - 3) + [(width, width), (0, 0), (0, 0)]
    wide = np.pad(over, pad)
    count = over.shape[-3]
    before = over - wide[..., :count, :, :]
    after = over - wide[..., 2 * width :, :, :]
    length = np.sqrt((before * before).sum(axis=-1))
    along = (before * after).sum(axis=-1) / np.maximum(length, np.float32(1e-6))
    return np.asarray(np.minimum(length, along), np.float32)
