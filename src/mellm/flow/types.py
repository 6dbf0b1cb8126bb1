"""What the flow stage hands on: how every pixel moved from the onset to the apex frame.

Flow is float32 (H, W, 2) in pixels, u right, v down: the point at (x, y) of the onset frame is at
(x + u, y + v) in the apex frame.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mellm.face.types import Landmarks
from mellm.media.types import Image

FlowField = NDArray[np.float32]
"""float32 (H, W, 2), pixels, u right, v down."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Facial flow (all motion of the face), head flow (its rigid part), and what is left: expression.

    `warnings` tells, in plain sentences, what makes this flow less sure (no face found, fast head, ...).
    """

    facial: FlowField
    head: FlowField
    estimator: str
    compensation: str
    warnings: tuple[str, ...] = field(default=())

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
