"""The types the face stage returns: who is where in each frame.

Landmarks are float32 (N, 2) or (N, 3) pixels of the upright full frame, u right, v down (and z, where
there is one, in the same unit, smaller = nearer the camera). Left and right in landmark and region names
are *image* sides (the picture's left); they become the subject's sides only in FACS codes.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId

Scheme = Literal["mesh468", "wflw98", "ibug68", "template"]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Points of one face under a named scheme: float32 (N, 2) or (N, 3), pixels."""

    points: NDArray[np.float32]
    scheme: Scheme = "mesh468"

    @property
    def xy(self) -> NDArray[np.float32]:
        """The (N, 2) image part, pixels."""
        return self.points[:, :2]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The smallest upright box around the points: (left, top, width, height), pixels."""
        low, high = self.xy.min(axis=0), self.xy.max(axis=0)
        return (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """One face in one frame. `box` is (left, top, width, height) in pixels; `score` is 0..1."""

    frame: int
    time: float
    person: int
    box: tuple[float, float, float, float]
    landmarks: Landmarks
    score: float


@dataclass(slots=True)
class FaceTrack:
    """One person through a clip; frames without an observation are gaps. Persons count from 1."""

    person: int
    observations: list[FaceObservation] = field(default_factory=list)


@dataclass(slots=True)
class PersonSummary:
    """One person through a clip in a few numbers, whatever the clip's length.

    `first_box` is (left, top, width, height) in pixels at first sight.
    """

    person: int
    frames_seen: int = 0
    first_frame: int = -1
    last_frame: int = -1
    first_box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lowest_score: float = 1.0

    def add(self, seen: FaceObservation) -> None:
        """Count one more observation; they come in the order of the frames."""
        if self.frames_seen == 0:
            self.first_frame, self.first_box = seen.frame, seen.box
        self.frames_seen += 1
        self.last_frame = seen.frame
        self.lowest_score = min(self.lowest_score, seen.score)


@dataclass(frozen=True, slots=True)
class Region:
    """One of the 29 regions of interest: an axis-aligned square box, pixels (centre u, v; side length)."""

    name: RegionId
    center: tuple[float, float]
    size: float
