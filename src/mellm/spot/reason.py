"""Why no micro-expression was found, in one sentence. Knows events and the trace.

The sentence goes straight to the user, so it is here in both languages of the report.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mellm.spot.events import Event, RegionalMotion
from mellm.spot.thresholds import SpotSettings

REASONS = {
    "none": ("No micro-expression found: {}.", "未发现微表情：{}。"),
    "no face": ("no face was seen", "没有看到人脸"),
    "short": (
        "the face is seen for {seen:.2f} s, and at least {least:g} s are needed",
        "人脸只出现了 {seen:.2f} 秒，至少需要 {least:g} 秒",
    ),
    "gaps": (
        "the face could be followed in {share:.0f} % of the frames only",
        "只有 {share:.0f}% 的帧能跟踪到人脸",
    ),
    "head": ("the head moves too fast", "头部运动过快"),
    "macro": (
        "the movement of the face lasts longer than {most:g} s ({longest:.1f} s)",
        "面部运动持续超过 {most:g} 秒（{longest:.1f} 秒）",
    ),
    "blinks": (
        "nothing but {count} blink{s} stands out of the noise",
        "除 {count} 次眨眼外，没有超出噪声的运动",
    ),
    "still": ("nothing stands out of the noise", "没有超出噪声的运动"),
    "still, head": (
        "nothing stands out of the noise, and the head moves too fast at times",
        "没有超出噪声的运动，且头部有时运动过快",
    ),
}
"""Why nothing was found, English and Chinese."""


def explain_none(
    motion: RegionalMotion,
    events: Sequence[Event],
    settings: SpotSettings | None = None,
    *,
    language: Literal["en", "zh"] = "en",
) -> str:
    """Return the sentence to show when `events` hold no micro-expression.

    >>> import numpy as np
    >>> empty = RegionalMotion(np.zeros(0, int), np.zeros(0), np.zeros((0, 29, 2), np.float32),
    ...     np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), (), 0.0)
    >>> explain_none(empty, [])
    'No micro-expression found: no face was seen.'
    """
    which = ("en", "zh").index(language)
    reason, values = _reason(motion, events, settings or SpotSettings())
    return REASONS["none"][which].format(REASONS[reason][which].format(**values))


def _reason(
    motion: RegionalMotion, events: Sequence[Event], settings: SpotSettings
) -> tuple[str, dict[str, float | str]]:
    """The key of the words, and the numbers in them."""
    seen = np.isfinite(motion.displacement).all(axis=(1, 2))
    if not seen.any():
        return "no face", {}
    times = motion.times[seen]
    length = float(times[-1] - times[0])
    if seen.sum() < 3 or length < settings.min_clip:
        return "short", {"seen": length, "least": settings.min_clip}
    if seen.mean() < 0.5:
        return "gaps", {"share": 100 * float(seen.mean())}
    kinds = {kind: [e for e in events if e.kind == kind] for kind in ("head", "macro", "blink")}
    head = sum(e.offset_time - e.onset_time for e in kinds["head"])
    if head > 0.5 * length:
        return "head", {}
    if kinds["macro"]:
        longest = max(e.offset_time - e.onset_time for e in kinds["macro"])
        return "macro", {"most": settings.max_micro_duration, "longest": longest}
    if kinds["blink"]:
        count = len(kinds["blink"])
        return "blinks", {"count": count, "s": "s" * (count > 1)}
    return ("still, head" if head else "still"), {}
