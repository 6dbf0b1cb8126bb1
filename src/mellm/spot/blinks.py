"""Blinks and fast head motion: movements that are events of their own and hide expressions.

Knows one segment of a trace; nothing of micro-expressions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import Part
from mellm.face.regions import REGION_NAMES
from mellm.spot.series import Array, Segment, running_median, smoothed
from mellm.spot.thresholds import SpotSettings

UPPER_LIDS = [k for k, region in enumerate(REGION_NAMES) if region.part is Part.UPPER_EYELID]
"""Rows of the upper eyelids among REGION_NAMES."""

HEAD_WINDOW = 0.25
"""Seconds over which head angles are smoothed: landmarks jitter by some tenths of a degree."""

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
        found.append(_closure(closing, apex, depth, lid))
    for start, stop in runs(lids > settings.blink_lid_px):
        # Lids that come down without the landmarks noticing: a partial blink or a glance down.
        apex = start + int(lids[start:stop].argmax())
        found.append(_closure(lids, apex, float(closing[apex]), float(lids[apex])))
    return _merged(found)


def find_fast_head(segment: Segment, settings: SpotSettings) -> list[Span]:
    """Return the spans, of a tenth of a second or more, in which the head turns too fast."""
    if len(segment.head) < 3:
        return []
    calm = smoothed(segment.head, segment.samples(HEAD_WINDOW) | 1)
    speed = np.linalg.norm(np.gradient(calm, segment.step, axis=0), axis=1)
    return [
        (start, start + int(speed[start:stop].argmax()), stop - 1)
        for start, stop in joined(runs(speed > settings.max_head_speed), segment.samples(0.2))
        if (stop - start) * segment.step >= 0.1
    ]


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and stop (exclusive) of each stretch of true.

    >>> runs(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def joined(spans: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Return the runs, merging those less than `gap` samples apart."""
    together: list[tuple[int, int]] = []
    for start, stop in spans:
        if together and start - together[-1][1] < gap:
            together[-1] = (together[-1][0], stop)
        else:
            together.append((start, stop))
    return together


def _closure(values: Array, apex: int, depth: float, lid: float) -> Closure:
    """The closure around `apex`, from where `values` leaves 15 % of its top to where it is back there."""
    below = np.flatnonzero(values < 0.15 * values[apex])
    before, after = below[below < apex], below[below > apex]
    onset = int(before[-1]) if len(before) else 0
    offset = int(after[0]) if len(after) else len(values) - 1
    return Closure((onset, apex, offset), depth, lid)


def _merged(closures: list[Closure]) -> list[Closure]:
    """Return the closures in order; overlapping ones become one, with the apex of the deepest."""
    merged: list[Closure] = []
    for closure in sorted(closures, key=lambda c: c.span):
        last = merged[-1] if merged else None
        if last is None or closure.span[0] > last.span[2]:
            merged.append(closure)
            continue
        apex = max((last, closure), key=lambda c: c.depth).span[1]
        span = (last.span[0], apex, max(last.span[2], closure.span[2]))
        merged[-1] = Closure(span, max(last.depth, closure.depth), max(last.lid, closure.lid))
    return merged
