"""Why no micro-expression was found, in one sentence. Knows events and the trace."""

from collections.abc import Sequence

import numpy as np

from mellm.spot.settings import SpotSettings
from mellm.spot.types import Event, RegionalMotion


def explain_none(
    motion: RegionalMotion, events: Sequence[Event], settings: SpotSettings | None = None
) -> str:
    """Return the sentence to show when `events` hold no micro-expression.

    >>> import numpy as np
    >>> empty = RegionalMotion(np.zeros(0, int), np.zeros(0), np.zeros((0, 29, 2), np.float32),
    ...     np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), (), 0.0)
    >>> explain_none(empty, [])
    'No micro-expression found: no face was seen.'
    """
    return f"No micro-expression found: {_reason(motion, events, settings or SpotSettings())}."


def _reason(motion: RegionalMotion, events: Sequence[Event], settings: SpotSettings) -> str:
    seen = np.isfinite(motion.displacement).all(axis=(1, 2))
    if not seen.any():
        return "no face was seen"
    times = motion.times[seen]
    length = float(times[-1] - times[0])
    if seen.sum() < 3 or length < settings.min_clip:
        return f"the face is seen for {length:.2f} s, and at least {settings.min_clip:g} s are needed"
    if seen.mean() < 0.5:
        return f"the face could be followed in {100 * seen.mean():.0f} % of the frames only"
    kinds = {kind: [e for e in events if e.kind == kind] for kind in ("head", "macro", "blink")}
    head = sum(e.offset_time - e.onset_time for e in kinds["head"])
    if head > 0.5 * length:
        return "the head moves too fast"
    if kinds["macro"]:
        longest = max(e.offset_time - e.onset_time for e in kinds["macro"])
        return (
            f"the movement of the face lasts longer than {settings.max_micro_duration:g} s ({longest:.1f} s)"
        )
    if kinds["blink"]:
        count = len(kinds["blink"])
        return f"nothing but {count} blink{'s' * (count > 1)} stands out of the noise"
    return "nothing stands out of the noise" + (", and the head moves too fast at times" if head else "")
