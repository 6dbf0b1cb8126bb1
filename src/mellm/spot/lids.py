"""Lids that rise and come back (AU 5) or tighten (AU 7), told from blinks and from lids that follow the gaze.

A blink lowers the upper lid and hardly moves the lower one; eyes that look up or down take both lids along.
The upper lid raiser lifts the upper lid alone; the lid tightener raises the lower lid, and the upper one
comes down by no more than about as much. Knows displacement alone.
"""

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import ImageSide, Part
from mellm.face.regions import REGION_NAMES
from mellm.spot.series import Array

GAZE = 0.25
"""Share of the upper lid's rise by which the lower lid may rise too; in a look upwards it is more."""
TIGHT = 1.5
"""Times the lower lid's rise by which the upper lid may come down; in a blink it is more."""


def _rows(part: Part, side: ImageSide) -> list[int]:
    return [k for k, region in enumerate(REGION_NAMES) if region.part is part and region.side is side]


_UPPER = [_rows(Part.UPPER_EYELID, side) for side in ImageSide]
_LOWER = [_rows(Part.LOWER_EYELID, side) for side in ImageSide]


def rising(displacement: Array) -> NDArray[np.bool_]:
    """Whether the lids of each eye rise as in AU 5 or AU 7: (..., 29, 2) from rest, px -> (..., 2)."""
    upper, lower = (
        np.stack([-displacement[..., rows, 1].mean(axis=-1) for rows in eyes], axis=-1)
        for eyes in (_UPPER, _LOWER)
    )
    raised = (upper > 0) & (np.abs(lower) <= GAZE * upper)
    tightened = (lower > 0) & (upper <= GAZE * lower) & (upper >= -TIGHT * lower)
    return np.asarray(raised | tightened)


def rising_lids(values: Array, span: tuple[int, int, int]) -> bool:
    """Whether the lids that move most between onset and offset rise at the apex; `values` (N, 29, 2), px."""
    onset, apex, offset = span
    way = (apex - onset) / max(1, offset - onset)
    moved = values[apex] - (1 - way) * values[onset] - way * values[offset]
    size = [np.linalg.norm(moved[up + low], axis=1).max() for up, low in zip(_UPPER, _LOWER, strict=True)]
    return bool(rising(moved)[int(np.argmax(size))])


def with_lids(size: Array, displacement: Array) -> Array:
    """How far regions (N, 29) are from rest, lids too where they rise; 0 where they do anything else.

    displacement: (N, 29, 2) from rest, px
    """
    up = rising(displacement)
    length = np.linalg.norm(displacement, axis=2)
    found = size.copy()
    for eye, rows in enumerate(zip(_UPPER, _LOWER, strict=True)):
        for part in rows:
            found[:, part] = np.where(up[:, eye, None], length[:, part], 0.0)
    return found
