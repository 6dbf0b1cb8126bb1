"""The types of the spotting stage: regional motion in, events with exact frames out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId
from mellm.face.regions import REGION_NAMES
from mellm.wording.message import Message

_KEPT = ("frames", "times", "displacement", "head", "eye_opening", "mouth_opening", "pose")
EventKind = Literal["micro", "macro", "blink", "closure", "speech", "head"]


@dataclass(frozen=True, slots=True)
class RegionalMotion:
    """Displacement of each region over a clip, head motion removed, for one person.

    frames: int (T,) frame indices of the source, increasing, gaps allowed
    times: float64 (T,) seconds
    displacement: float32 (T, R, 2) pixels of the aligned crop, u right, v down, from a neutral reference;
        NaN where the face was not seen, and for a region that lies outside the picture
    head: float32 (T, 3) head rotation (pitch, yaw, roll) in degrees relative to the first frame, signs as in
        `mellm.face.HeadPose`; NaN where the face was not seen
    eye_opening: float32 (T, 2) image-left and image-right eye aperture as a fraction of its width
    regions: the R regions, in order
    inter_ocular: pixels between the outer eye corners of the aligned crop
    mouth_opening: float32 (T,) gap between the lips as a fraction of the mouth's width; empty where not known
    pose: float32 (T, 6) the head as the robust fit to the motion has it, far less noisy than `head`: three
        turns, degrees, log of its size, shift u and v, crop px; empty where not known
    """

    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    displacement: NDArray[np.float32]
    head: NDArray[np.float32]
    eye_opening: NDArray[np.float32]
    regions: tuple[RegionId, ...]
    inter_ocular: float
    mouth_opening: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    pose: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 6), np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it but the regions' names, as a file of arrays keeps it."""
        kept: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in _KEPT}
        return kept | {"inter_ocular": np.asarray(self.inter_ocular)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "RegionalMotion":
        """Return what `arrays` gave, of the 29 regions; other arrays may lie beside them."""
        kept = {name: arrays[name] for name in _KEPT}
        return cls(**kept, regions=REGION_NAMES, inter_ocular=float(arrays["inter_ocular"]))


@dataclass(frozen=True, slots=True)
class Event:
    """One movement found: frame indices of the source, inclusive; seconds of those frames; confidence 0..1.

    `micro` lasts at most 0.5 s from onset to offset, `macro` longer; `blink` is eye closure alone,
    `closure` one too long for a blink; in `speech` the lower face is not readable; `head` is head motion
    too fast to see expression through. Confidence of a `micro` is 0.5 where it is just sure enough for 0.3
    false alarms a minute. `regions` are those that move, the strongest first; `runner_up` is what the
    movement would be called otherwise, a kind or `nothing`; None where nothing was weighed. `score` is what
    the network gave a `micro`.
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
    runner_up: str | None = None
    score: float | None = None
