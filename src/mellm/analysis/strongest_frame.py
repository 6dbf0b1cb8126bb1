"""The frame of a clip that shows the most of one movement, where its onset is known."""

import numpy as np

from mellm.errors import InputError
from mellm.face.regions import OUTSIDE_EYES
from mellm.face.tracker import FaceTracker
from mellm.media import Media
from mellm.spot.trace import MotionTracer


def strongest_frame(media: Media, onset: int, last: int | None = None) -> int:
    """Return the frame after `onset`, up to `last`, in which the face moved furthest from the onset.

    Head motion does not count, nor do the lids: the third of the other regions that moved most does. Raises
    InputError where no face was followed.
    """
    tracker, tracer = FaceTracker(1), MotionTracer()
    for frame in media.frames(onset, None if last is None else last + 1):
        faces = tracker.update(frame)
        tracer.update(frame, faces[0] if faces else None)
    motion = tracer.finish()
    moved = np.nan_to_num(motion.displacement[:, OUTSIDE_EYES])
    if len(moved) < 2:
        raise InputError(f"{media.path.name}: no face was followed after the onset.")
    length = np.linalg.norm(moved - moved[:1], axis=2)
    course = np.sort(length, axis=1)[:, -max(1, length.shape[1] // 3) :].mean(axis=1)
    return max(onset + 1, int(motion.frames[int(course[1:].argmax()) + 1]))
