"""A clip traced once, and traced anew only where its pictures were changed.

The tracer as it was before each frame is kept, so that changed frames are measured against the same key
frame as the clip's own; the rows they give take the place of the clip's. Faces are looked for in the changed
frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mellm.face import FaceTracker
from mellm.face.people import FaceObservation
from mellm.media import open_media
from mellm.media.frame import Frame
from mellm.spot import RegionalMotion
from mellm.spot.trace import MotionTracer

_ARRAYS = ("displacement", "head", "eye_opening", "mouth_opening", "pose")


@dataclass(frozen=True, slots=True)
class Traced:
    """A clip: the face in each frame or None, the frames' times, s, the trace, the tracer before each."""

    faces: list[FaceObservation | None]
    times: list[float]
    motion: RegionalMotion
    before: list[MotionTracer]


def traced(clip: Path, seconds: float = float("inf")) -> Traced:
    """Trace the largest face of a clip, or of its first seconds."""
    tracker, tracer = FaceTracker(1), MotionTracer()
    faces: list[FaceObservation | None] = []
    times: list[float] = []
    before: list[MotionTracer] = []
    with open_media(clip) as media:
        for frame in media.frames():
            if times and frame.time - times[0] > seconds:
                break
            before.append(tracer.fork())
            seen = tracker.update(frame)
            faces.append(seen[0] if seen else None)
            times.append(frame.time)
            tracer.update(frame, faces[-1])
    return Traced(faces, times, tracer.finish(), before)


def retraced(
    motion: RegionalMotion, clip: Traced, changed: Path, spans: Sequence[tuple[int, int]]
) -> RegionalMotion:
    """The trace `motion` of a clip with the frames of these spans, first and last, from `changed`.

    clip: the clip, or its beginning, with the tracer before each frame
    changed: a video of these frames alone, one span after another
    """
    arrays = {name: np.array(getattr(motion, name)) for name in _ARRAYS}
    with open_media(changed) as media:
        frames = iter(media.frames())
        for first, last in spans:
            tracer, tracker = clip.before[first].fork(), FaceTracker(1)
            for index in range(first, last + 1):
                frame = Frame(index, clip.times[index], next(frames).image)
                seen = tracker.update(frame)
                tracer.update(frame, seen[0] if seen else None)
            rows = tracer.finish()
            at = np.searchsorted(motion.frames, rows.frames)
            for name, values in arrays.items():
                values[at] = getattr(rows, name)
    return replace(
        motion,
        displacement=arrays["displacement"],
        head=arrays["head"],
        eye_opening=arrays["eye_opening"],
        mouth_opening=arrays["mouth_opening"],
        pose=arrays["pose"],
    )
