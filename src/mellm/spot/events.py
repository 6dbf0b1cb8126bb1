"""The types of the spotting stage: regional motion in, events with exact frames out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId
from mellm.wording.message import Message

EventKind = Literal["micro", "macro", "blink", "head"]


@dataclass(frozen=True, slots=True)
class RegionalMotion:
    """Displacement of each region over a clip, head motion removed, for one person.

    frames: int (T,) frame indices of the source, increasing, gaps allowed
    times: float64 (T,) seconds
    displacement: float32 (T, R, 2) pixels of the aligned crop, u right, v down, from a neutral reference;
        NaN where the face was not seen
    head: float32 (T, 3) head rotation (pitch, yaw, roll) in degrees relative to the first frame, signs as in
        `mellm.face.HeadPose`; NaN where the face was not seen
    eye_opening: float32 (T, 2) image-left and image-right eye aperture as a fraction of its width
    regions: the R regions, in order
    inter_ocular: pixels between the outer eye corners of the aligned crop
    """

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    displacement: NDArray[np.float32]
    head: NDArray[np.float32]
    eye_opening: NDArray[np.float32]
    regions: tuple[RegionId, ...]
    inter_ocular: float


@dataclass(frozen=True, slots=True)
class Event:
    """One movement found: frame indices of the source, inclusive; seconds of those frames; confidence 0..1.

    `micro` lasts at most 0.5 s from onset to offset, `macro` longer; `blink` is eye closure alone;
    `head` is head motion too fast to see expression through. Confidence is a score, not a calibrated
    probability: 0.5 at the threshold of detection.
    """

    kind: EventKind
    onset: int
    apex: int
    offset: int
    onset_time: float
    apex_time: float
    offset_time: float
    confidence: float
    regions: tuple[RegionId, ...] = ()
    note: Message | None = None
