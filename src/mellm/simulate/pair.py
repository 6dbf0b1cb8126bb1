"""What the generator makes: a pair of frames with the exact motion between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.people import Landmarks
from mellm.flow.field import FlowField
from mellm.media.frame import Image
from mellm.simulate.unit_fields import Side


@dataclass(frozen=True, slots=True)
class ActionUnitTruth:
    """An action unit put into a pair: `side` is the subject's; `amplitude` is its peak motion in pixels."""

    au: int
    side: Side
    amplitude: float


@dataclass(frozen=True, slots=True)
class FlowPair:
    """One generated onset-apex pair, 400x480 (w x h) by default.

    onset, apex: uint8 (H, W, 3) RGB
    facial, head: float32 (H, W, 2), px, u right, v down; expression = facial - head
    valid: bool (H, W), true where a point of the onset frame is visible in the apex frame too
    face: bool (H, W), the face's skin, eyes and mouth, where errors are measured
    landmarks: the onset frame's 468 mesh points, in these pixels
    action_units: the units put in; empty also where the origin of the motion knows none
    origin: where the expression's motion comes from (`mellm.simulate.origins`, or another program's name for
        its own), None where the face does not move by itself or nobody said
    """

    key: str
    identity: str
    onset: Image
    apex: Image
    facial: FlowField
    head: FlowField
    valid: NDArray[np.bool_]
    face: NDArray[np.bool_]
    landmarks: Landmarks
    action_units: tuple[ActionUnitTruth, ...]
    origin: str | None = None
