"""How stored 28x28 flow was cut out of the face: two known measurements, brought to one crop.

The regions and the shipped weights expect the tight crop of the composite's first public measurement. The
second takes more of the forehead and the cheeks in. Where its places lie in the first crop was found by
letting both measurements of the same samples correlate best, without a label (median on CASME II: u from .50
to .83, v from .34 to .78). Which of the two a folder holds is read from where its strain lies: lids strain
most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.normalised import face_mask, region_boxes

Stored = NDArray[np.uint8]
"""uint8 (N, 28, 28, 3): u, v, strain."""

ENOUGH = 20
"""Pictures from which their strain says what crop they are; of fewer, the array's name says it."""

CLEAR = 0.15
"""Difference of the correlations with the lids' pattern from which another crop than the named one is taken:
.61 and .50 on the two measurements."""

_LID_REACH = 1.5
"""Radius of a lid region in the pattern that strain is compared with, pixels."""


@dataclass(frozen=True, slots=True)
class FlowCrop:
    """Where the places of the tight crop lie in another one: pixels, column and row about (13.5, 14).

    scale: (columns, rows) of this crop per one of the tight crop; shift: (columns, rows)
    """

    scale: tuple[float, float]
    shift: tuple[float, float]

    def tightened(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return pictures (N, 28, 28, C) as the tight crop shows them; the rim is repeated outside."""
        rows, columns = np.mgrid[:28, :28].astype(np.float32)
        x = (13.5 + self.scale[0] * (columns - 13.5) + self.shift[0]).astype(np.float32)
        y = (14 + self.scale[1] * (rows - 14) + self.shift[1]).astype(np.float32)
        moved = [cv2.remap(p, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for p in pictures]
        return np.stack(moved).reshape(pictures.shape)


TIGHT = FlowCrop((1.0, 1.0), (0.0, 0.0))
WIDE = FlowCrop((0.846, 0.873), (0.285, 2.654))
"""The crops of the first and of the second public measurement."""

CROPS: Sequence[FlowCrop] = (TIGHT, WIDE)


def crop_of(flows: Stored, named: FlowCrop) -> FlowCrop:
    """Return which crop pictures have: `named`, unless at least `ENOUGH` of them say otherwise."""
    if len(flows) < ENOUGH:
        return named
    strain = flows[..., 2:].astype(np.float32)
    strain = (strain / (strain.mean(axis=(1, 2), keepdims=True) + 1e-6)).mean(axis=0, keepdims=True)
    inside, pattern = face_mask(), _lids()

    def alike(crop: FlowCrop) -> float:
        seen = crop.tightened(strain)[0, ..., 0][inside]
        return float(np.corrcoef(seen, pattern[inside])[0, 1]) if np.ptp(seen) > 0 else 0.0

    return max(CROPS, key=lambda crop: alike(crop) + (CLEAR if crop is named else 0.0))


def in_tight_crop(flows: Stored, named: FlowCrop) -> Stored:
    """Return pictures as the tight crop shows them; those that have it already come back as they are."""
    crop = crop_of(flows, named)
    if crop is TIGHT:
        return flows
    return np.clip(np.rint(crop.tightened(flows.astype(np.float32))), 0, 255).astype(np.uint8)


def turned_round(flows: Stored) -> Stored:
    """Return flow from apex to offset as if it ran from onset to apex: u and v negated, strain kept."""
    turned = flows.copy()
    turned[..., :2] = 255 - turned[..., :2]
    return turned


def _lids() -> NDArray[np.float64]:
    rows, columns = np.mgrid[:28, :28]
    pattern = np.zeros((28, 28))
    for region, (column, row, _) in region_boxes().items():
        if "eyelid" in region:
            away = (columns - column) ** 2 + (rows - row) ** 2
            pattern += np.exp(-away / (2 * _LID_REACH**2))
    return pattern
