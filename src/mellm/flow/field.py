"""The types the flow stage returns: how every pixel moved from the onset to the apex frame.

Flow is float32 (H, W, 2) in pixels, u right, v down: the point at (x, y) of the onset frame is at
(x + u, y + v) in the apex frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mellm.face.people import Landmarks
from mellm.media.frame import Image
from mellm.wording.message import Message

FlowField = NDArray[np.float32]
"""float32 (H, W, 2), pixels, u right, v down."""


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """The rigid motion of the head from onset to apex, as the compensation removed it.

    pitch, yaw, roll: degrees; positive pitch: the nose goes up in the picture; positive yaw: the nose
    goes to the picture's right; positive roll: the head turns clockwise in the picture
    u, v: pixels the head's centre moved, u right, v down
    scale: size at the apex / size at the onset (a head coming nearer: > 1)
    support: 0..1, mean weight of the points in the robust fit (low: much of the face moved by itself)
    residual: weighted root mean square of what the fit leaves at the points, pixels
    """

    pitch: float
    yaw: float
    roll: float
    u: float
    v: float
    scale: float
    support: float
    residual: float

    @property
    def degrees(self) -> float:
        """Size of the turn as one number: the length of the (pitch, yaw, roll) vector, degrees."""
        return float(np.sqrt(self.pitch**2 + self.yaw**2 + self.roll**2))


@dataclass(frozen=True, slots=True)
class Flow:
    """Facial flow (all motion of the face), head flow (its rigid part), and what is left: expression.

    `warnings` says what makes this flow less sure (no face found, a turned head ...).
    `head_motion` is the head's motion as angles, shift and scale; None where the method does not give it.
    """

    facial: FlowField
    head: FlowField
    estimator: str
    compensation: str
    warnings: tuple[Message, ...] = field(default=())
    head_motion: HeadMotion | None = None

    @property
    def expression(self) -> FlowField:
        """facial - head: what the face did beyond the head's motion (2505.07007v3)."""
        return self.facial - self.head


class FlowEstimator(Protocol):
    """Anything that estimates flow between two pictures of one face."""

    @property
    def name(self) -> str:
        """The registry name, such as `dis`."""
        ...

    def estimate(self, onset: Image, apex: Image, landmarks: Landmarks | None = None) -> Flow:
        """Estimate the flow from `onset` to `apex`, uint8 (H, W, 3) RGB of one size, any size.

        `landmarks` are the onset frame's points in these pictures' pixels; without them the face is
        searched for, and without a face the head flow falls back to a robust 2D fit (with a warning).
        """
        ...


@runtime_checkable
class ClipFlowEstimator(Protocol):
    """An estimator that can use the frames around onset and apex."""

    def estimate_clip(
        self,
        frames: Sequence[Image],
        onset: int,
        apex: int,
        landmarks: Landmarks | None = None,
        reach: int | None = None,
    ) -> Flow:
        """Estimate the flow from frame `onset` to frame `apex` of `frames`; `landmarks` are the onset's.

        Up to `reach` frames on both sides of each are used (default: the estimator's own choice).
        """
        ...
