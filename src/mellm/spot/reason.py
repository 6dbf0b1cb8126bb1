"""Why no micro-expression was found, from the events and the trace."""

from collections.abc import Sequence

import numpy as np

from mellm.spot.events import Event, RegionalMotion
from mellm.spot.thresholds import SpotSettings
from mellm.wording.message import Message

_LEAST_FRAMES = 3
"""Frames with the face that are needed to see it move and come back."""


def explain_none(
    motion: RegionalMotion, events: Sequence[Event], settings: SpotSettings | None = None
) -> Message:
    """Return what to tell people when `events` hold no micro-expression.

    >>> import numpy as np
    >>> empty = RegionalMotion(np.zeros(0, int), np.zeros(0), np.zeros((0, 29, 2), np.float32),
    ...     np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), (), 0.0)
    >>> str(explain_none(empty, []))
    'No micro-expression found: no face was seen.'
    """
    return Message("spot.none", {"why": _reason(motion, events, settings or SpotSettings())})


def _reason(motion: RegionalMotion, events: Sequence[Event], settings: SpotSettings) -> Message:
    """Return what stands after "No micro-expression found:"."""
    seen = np.isfinite(motion.displacement).all(axis=(1, 2))
    if not seen.any():
        return Message("spot.no_face")
    times = motion.times[seen]
    length = float(times[-1] - times[0])
    if length < settings.min_clip:
        return Message("spot.seen_too_short", {"seen": length, "least": settings.min_clip})
    step = float(np.median(np.diff(motion.times) / np.diff(motion.frames)))
    if step > settings.max_gap:
        return Message("spot.rate_too_low", {"fps": 1 / step, "least": 1 / settings.max_gap})
    if seen.sum() < _LEAST_FRAMES:
        return Message("spot.too_few_frames", {"count": int(seen.sum()), "least": _LEAST_FRAMES})
    if seen.mean() < 0.5:
        return Message("spot.gaps", {"percent": 100 * float(seen.mean())})
    kinds = {
        kind: [e for e in events if e.kind == kind]
        for kind in ("head", "macro", "blink", "closure", "speech")
    }
    head = sum(e.offset_time - e.onset_time for e in kinds["head"])
    if head > 0.5 * length:
        return Message("spot.fast_head")
    talks = sum(e.offset_time - e.onset_time for e in kinds["speech"])
    if talks > 0.5 * length:
        return Message("spot.talks", {"percent": 100 * talks / length})
    if kinds["macro"]:
        longest = max(e.offset_time - e.onset_time for e in kinds["macro"])
        return Message("spot.too_long", {"most": settings.max_micro_duration, "longest": longest})
    if blinks := kinds["blink"] + kinds["closure"]:
        return Message("spot.blinks_only", {"count": len(blinks)})
    return Message("spot.still_fast_head") if head else Message("spot.still")
