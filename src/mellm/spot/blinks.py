"""Blinks and fast head motion: movements that are events of their own and hide expressions.

Knows one segment of a trace; nothing of micro-expressions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import Part
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot.series import Array, Segment, running_median, smoothed
from mellm.spot.thresholds import SpotSettings

UPPER_LIDS = [k for k, region in enumerate(REGION_NAMES) if region.part is Part.UPPER_EYELID]
"""Rows of the upper eyelids among REGION_NAMES."""

HEAD_WINDOW = 0.25
"""Seconds over which head angles are smoothed: landmarks jitter by some tenths of a degree."""

OPEN_WINDOW = 15.0
"""Seconds in which the eyes are taken to be open for a good part."""
OPEN_PERCENTILE = 75.0

LID_WINDOW = 0.15
"""Seconds over which the motion of the lids is smoothed."""

LIDS_SEEN = 0.6
"""What the tracer sees of lids over what it sees of brows and mouth (.45 and .76, docs/spotting.md)."""
_BROWS = frozenset(REGION_NAMES.index(name) for name in AREAS["brows"])

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
    for start, stop in runs(lids > 2 * settings.blink_lid_px):
        # Lids that come down without the landmarks noticing: a partial blink or a glance down.
        apex = start + int(lids[start:stop].argmax())
        found.append(_closure(lids, apex, float(closing[apex]), float(lids[apex])))
    return _merged([*found, *_long_closures(segment, eyes, settings)])


def _long_closures(segment: Segment, eyes: Array, settings: SpotSettings) -> list[Closure]:
    """Closures too long for a running median of 2 s, which takes shut eyes for the usual after a second.

    A face that smiles or looks down has narrow eyes too, but its upper lids have not come down by as much.
    """
    open_eyes = np.maximum(_open_eyes(eyes, segment.step), 1e-3)
    closing = smoothed((open_eyes - eyes) / open_eyes, segment.samples(0.1) | 1)
    lids = smoothed(segment.displacement[:, UPPER_LIDS, 1].mean(axis=1), segment.samples(LID_WINDOW) | 1)
    margin, edge = segment.samples(0.3), segment.samples(0.12)
    found: list[Closure] = []
    for start, stop in joined(runs(closing > 0.7 * settings.blink_depth), segment.samples(0.1)):
        if (stop - start) * segment.step < settings.max_micro_duration:
            continue
        inside = float(np.median(lids[start:stop]))
        sides = [
            lids[max(0, start - edge - margin) : max(0, start - edge)],
            lids[stop + edge : stop + edge + margin],
        ]
        drops = [inside - float(np.median(side)) for side in sides if len(side)]
        depth = float(np.median(closing[start:stop]))
        if depth < settings.blink_depth or not drops or min(drops) < settings.closure_lid_px:
            continue
        apex = start + int(closing[start:stop].argmax())
        found.append(_closure(closing, apex, float(closing[apex]), max(drops)))
    return found


def lid_motion(segment: Segment) -> Array:
    """Downward motion (N,) of the upper lids from their running median, smoothed, px."""
    lids = segment.displacement[:, UPPER_LIDS, 1].mean(axis=1)
    calm = smoothed(lids, segment.samples(LID_WINDOW) | 1)
    return np.asarray(calm - running_median(calm, segment.step, 2.0))


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


def of_blink(span: Span, px: float, regions: tuple[int, ...], blink: Closure) -> bool:
    """Whether brows move in step with a blink and by less than the lids: a side effect of it."""
    if blink.lid <= 0 or not in_step(span, blink.span):
        return False
    return px < blink.lid / LIDS_SEEN and _BROWS.issuperset(regions)


def in_step(a: Span, b: Span) -> bool:
    """Whether the two intervals share at least half of what they cover together."""
    shared = min(a[2], b[2]) - max(a[0], b[0]) + 1
    return shared >= (max(a[2], b[2]) - min(a[0], b[0]) + 1) / 2


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


def _open_eyes(eyes: Array, step: float) -> Array:
    """How far the eyes are open when they are (N,): a high running percentile, that seconds of closure leave.

    Where the stretch is shorter than the window, all of it counts.
    """
    stride = max(1, round(1 / (10.0 * step)))
    coarse = eyes[::stride]
    width = round(OPEN_WINDOW / (step * stride)) | 1
    if len(coarse) <= width:
        return np.full(len(eyes), np.percentile(eyes, OPEN_PERCENTILE))
    levels = np.percentile(np.lib.stride_tricks.sliding_window_view(coarse, width), OPEN_PERCENTILE, axis=-1)
    at = (np.arange(len(levels)) + width // 2) * stride
    return np.asarray(np.interp(np.arange(len(eyes)), at, levels))


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
