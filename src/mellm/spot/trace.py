"""The motion tracer: frames of one person in, the motion of the 29 regions over the clip out.

Every frame is measured against the key frame of the person (`key_frame`). Landmarks choose where to look and
never enter the displacement, so their jitter does not either. When the head has turned too far from the
key frame, a new one takes over, joined to the old one over a few frames that are measured against both.

One picture and a few small tables are kept per person, and 70 numbers per frame. Knows nothing of events.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face import (
    REGION_NAMES,
    FaceObservation,
    HeadPose,
    Landmarks,
    eye_opening,
    head_pose,
)
from mellm.face.geometry import mouth_opening
from mellm.media.frame import Frame, Image
from mellm.spot.events import RegionalMotion
from mellm.spot.key_frame import REGIONS, KeyFrame, flow_of_halves

Array = NDArray[np.float64]

MAX_RATE = 100.0
"""Frames per second traced at most; of faster clips every second, third ... frame is traced."""
JOIN_FRAMES = 4
"""Frames measured against the old and the new key frame."""
LOST_FRAMES = 3
"""Frames in which no rigid head fits after which the trace starts anew."""
_UNKNOWN = np.full(2 * REGIONS + 6, np.nan)


@dataclass(frozen=True, slots=True)
class _Row:
    """One traced frame; `moved` (58 + 6,) as `KeyFrame.measure` gives it."""

    frame: int
    time: float
    moved: NDArray[np.float32]
    pose: HeadPose | None = None
    eyes: tuple[float, float] = (np.nan, np.nan)
    mouth: float = np.nan


class MotionTracer:
    """Traces one person through a clip; give it the frames in order, then call `finish`.

    A frame costs some milliseconds; memory grows by the numbers of the trace alone (300 bytes a frame).

    >>> MotionTracer().finish().displacement.shape
    (0, 29, 2)
    """

    def __init__(self, *, max_rate: float = MAX_RATE) -> None:
        """Trace at most `max_rate` frames per second of clip time (0.5 % of tolerance)."""
        self._step = 0.995 / max_rate
        self._dis = flow_of_halves()
        self._key: KeyFrame | None = None
        self._next: KeyFrame | None = None
        self._joins: list[Array] = []
        self._first: Landmarks | None = None
        self._last = np.zeros(2 * REGIONS + 6)
        self._lost = 0
        self._rows: list[_Row] = []
        self._taken = -np.inf

    def update(self, frame: Frame, observation: FaceObservation | None) -> None:
        """Trace this frame; without an observation it counts as one in which the face was not seen."""
        last = self._rows[-1].time if self._rows else self._taken
        if frame.time - last < self._step:
            return
        if observation is None:
            self._rows.append(_Row(frame.index, frame.time, _UNKNOWN.astype(np.float32)))
            return
        landmarks = observation.landmarks
        moved = self._measure(frame.image, landmarks)
        self._first = self._first or landmarks
        self._rows.append(
            _Row(
                frame.index,
                frame.time,
                (_UNKNOWN if moved is None else moved).astype(np.float32),
                head_pose(landmarks, self._first),
                eye_opening(landmarks),
                mouth_opening(landmarks),
            )
        )

    def finish(self) -> RegionalMotion:
        """The trace so far; displacement in px of the aligned 400x480 crop, from the first key frame."""
        return self._motion(self._rows)

    def waits(self, seconds: float, first: int = 0) -> bool:
        """Whether so much trace has come since its row `first` (of those since the last `take`)."""
        return len(self._rows) - first > 1 and self._rows[-1].time - self._rows[first].time >= seconds

    def since(self, first: int) -> RegionalMotion:
        """The trace from its row `first` on; nothing is forgotten."""
        return self._motion(self._rows[first:])

    def take(self) -> RegionalMotion:
        """The trace since the last `take`, which is then forgotten: memory stays constant."""
        rows, self._rows = self._rows, []
        if rows:
            self._taken = rows[-1].time
        return self._motion(rows)

    def fork(self) -> "MotionTracer":
        """A tracer that goes on from here with a trace of its own; the key frame's tables are shared."""
        other = copy(self)
        other._key, other._next, other._joins = copy(self._key), copy(self._next), list(self._joins)
        other._rows = self._rows[-1:]
        other.take()
        return other

    def _motion(self, rows: list[_Row]) -> RegionalMotion:
        poses = [(np.nan,) * 3 if r.pose is None else (r.pose.pitch, r.pose.yaw, r.pose.roll) for r in rows]
        moved = np.array([row.moved for row in rows], np.float32).reshape(-1, 2 * REGIONS + 6)
        return RegionalMotion(
            frames=np.array([row.frame for row in rows], np.int64),
            times=np.array([row.time for row in rows], np.float64),
            displacement=moved[:, : 2 * REGIONS].reshape(-1, REGIONS, 2),
            head=np.array(poses, np.float32).reshape(-1, 3),
            eye_opening=np.array([row.eyes for row in rows], np.float32).reshape(-1, 2),
            regions=REGION_NAMES,
            inter_ocular=0.0 if self._key is None else self._key.inter_ocular,
            mouth_opening=np.array([row.mouth for row in rows], np.float32),
            pose=moved[:, 2 * REGIONS :],
        )

    def _measure(self, image: Image, landmarks: Landmarks) -> Array | None:
        if self._key is None:
            self._key = KeyFrame(image, landmarks)
            return self._key.offset
        moved = self._key.measure(image, landmarks, self._dis)
        total = None if moved is None else moved + self._key.offset
        if self._next is not None:
            total = self._join(self._next, image, landmarks, total)
        elif total is not None and self._key.far():
            self._next, self._joins = KeyFrame(image, landmarks), [total]
        self._lost = self._lost + 1 if total is None else 0
        if self._lost > LOST_FRAMES:
            # Nothing to join to: go on from the last known displacement.
            self._key, self._next, self._lost = KeyFrame(image, landmarks), None, 0
            self._key.offset = total = self._last
        self._last = self._last if total is None else np.where(np.isnan(total), self._last, total)
        return total

    def _join(self, fresh: KeyFrame, image: Image, landmarks: Landmarks, total: Array | None) -> Array | None:
        """Measure against the new key frame too; switch when joined, or when the old one no longer fits."""
        moved = fresh.measure(image, landmarks, self._dis)
        if total is not None and moved is not None:
            self._joins.append(total - moved)
        if moved is None and total is None:
            return None
        if total is None or len(self._joins) >= JOIN_FRAMES:
            # A region that was outside the picture goes on from where it was last seen.
            seen = np.array(self._joins)
            known = np.isfinite(seen).any(axis=0)
            fresh.offset = np.where(known, np.nanmean(np.where(known, seen, 0.0), axis=0), self._last)
            self._key, self._next = fresh, None
        return moved + fresh.offset if total is None and moved is not None else total
