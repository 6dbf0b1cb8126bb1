"""What makes a moment less sure than its numbers look: a small or dark face, a movement that lasts too long.

Knows intervals, faces and their pictures; measures no motion.
"""

from collections.abc import Iterable

import numpy as np

from mellm.analysis.clip import Watched
from mellm.face import face_mask, inter_ocular
from mellm.face.people import Landmarks
from mellm.flow.pair_measurement import PairMeasurement
from mellm.report import Interval
from mellm.spot import SpotSettings
from mellm.wording.message import Message

LEAST_EYES_PX = 30.0
"""Distance between the outer eye corners, px, under which units begin to change (docs/limits.md)."""
LEAST_CONTRAST = 5.0
"""Standard deviation of the face's grey values, of 255, under which units begin to change."""
_SPOTTING = SpotSettings()


def moment_warnings(
    interval: Interval, person: int, pair: PairMeasurement, landmarks: Landmarks
) -> list[Message]:
    """Return what to warn of in a moment; mostly nothing. `landmarks` are the onset's, in its picture."""
    warnings = _small(person, landmarks)
    grey = pair.onset.mean(axis=2)
    face = grey[face_mask(pair.alignment.landmarks_to_crop(landmarks), grey.shape)]
    contrast = float(np.std(face)) if face.size else LEAST_CONTRAST
    if contrast < LEAST_CONTRAST:
        known = {"person": person, "contrast": contrast, "least": LEAST_CONTRAST}
        warnings.append(Message("analysis.flat_face", known))
    if too_long(interval):
        most = _SPOTTING.max_micro_duration
        warnings.append(Message("analysis.too_long", {"seconds": _lasts(interval), "most": most}))
    return warnings


def small_faces(people: Iterable[Watched]) -> list[Message]:
    """Return a warning for each of the people whose face is too small, where it was seen first."""
    return [warning for one in people for warning in _small(one.person, one.first.landmarks)]


def _small(person: int, landmarks: Landmarks) -> list[Message]:
    eyes = inter_ocular(landmarks)
    if eyes >= LEAST_EYES_PX:
        return []
    return [Message("analysis.small_face", {"person": person, "eyes": eyes, "least": LEAST_EYES_PX})]


def too_long(interval: Interval) -> bool:
    """Whether a moment lasts longer than a micro-expression, as the spotter measures it.

    Without an offset its rise counts alone; a pair of pictures has no times, and is never too long.
    """
    return _lasts(interval) > _SPOTTING.max_micro_duration + _SPOTTING.tolerance


def _lasts(interval: Interval) -> float:
    """Seconds from onset to offset, or to the apex where no offset is known; 0 without times."""
    end = interval.apex_time if interval.offset_time is None else interval.offset_time
    return 0.0 if interval.onset_time is None or end is None else end - interval.onset_time
