"""Blinks and fast head motion: movements that are events of their own and hide expressions.

Knows one segment of a trace; nothing of micro-expressions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.regions import REGION_NAMES
from mellm.spot.series import Array, Segment, running_median, smoothed
from mellm.spot.settings import SpotSettings

UPPER_LIDS = [k for k, name in enumerate(REGION_NAMES) if "upper eyelid" in name]

Span = tuple[int, int, int]
"""Onset, apex, offset as sample indices."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The eyes closing: `span` in samples; `depth` 0..1 of the opening; `lid` downward lid motion, px."""

    span: Span
    depth: float
    lid: float


def find_blinks(segment: Segment, lids: Array, settings: SpotSettings) -> list[Closure]:
    """Return the closures of both eyes; `lids` (N,) is the upper lids' downward motion from its baseline, px.

    A closure counts if the eye opening falls by `blink_depth` of its running median, or by a third of that
    while the lids are seen to come down.
    """
    eyes = segment.eyes.mean(axis=1)
    open_eyes = np.maximum(running_median(eyes, segment.step, 2.0), 1e-3)
    closing = smoothed((open_eyes - eyes) / open_eyes, segment.samples(0.1) | 1)
    found: list[Closure] = []
    for start, stop in runs(closing > settings.blink_depth / 3):
        reach = slice(max(0, start - segment.samples(0.1)), stop + segment.samples(0.1))
        depth, lid = float(closing[start:stop].max()), float(lids[reach].max())
        if depth < settings.blink_depth and lid < settings.blink_lid_px:
            continue
        apex = start + int(closing[start:stop].argmax())
        found.append(Closure((*_feet(closing, apex, 0.15 * depth), apex), depth, lid))
    for start, stop in runs(lids > settings.blink_lid_px):
        # Lids that come down fast without the landmarks noticing: a partial blink or a glance down.
        apex = start + int(lids[start:stop].argmax())
        if any(c.span[0] <= apex <= c.span[1] for c in found):
            continue
        found.append(
            Closure((*_feet(lids, apex, 0.15 * lids[apex]), apex), float(closing[apex]), float(lids[apex]))
        )
    return sorted(
        (Closure((c.span[0], c.span[2], c.span[1]), c.depth, c.lid) for c in found), key=lambda c: c.span
    )


def find_fast_head(segment: Segment, settings: SpotSettings) -> list[Span]:
    """Return the spans in which the head turns faster than `max_head_speed`."""
    if len(segment.head) < 3:
        return []
    calm = smoothed(segment.head, segment.samples(0.2) | 1)
    speed = np.linalg.norm(np.gradient(calm, segment.step, axis=0), axis=1)
    return [
        (start, start + int(speed[start:stop].argmax()), stop - 1)
        for start, stop in runs(speed > settings.max_head_speed)
    ]


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop (exclusive) of each stretch of true.

    >>> runs(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _feet(values: Array, apex: int, level: float) -> tuple[int, int]:
    """Where the bump around `apex` rises above and falls below `level`."""
    below = np.flatnonzero(values < level)
    before, after = below[below < apex], below[below > apex]
    return (int(before[-1]) if len(before) else 0, int(after[0]) if len(after) else len(values) - 1)
