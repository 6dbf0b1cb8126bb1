"""Macro-expressions in one segment: movements away from the face's rest for more than half a second.

Knows the trace; nothing of micro-expressions or blinks.
"""

import numpy as np

from mellm.face.regions import OUTSIDE_EYES
from mellm.spot.blinks import joined, runs
from mellm.spot.bumps import Bump
from mellm.spot.series import Array, Segment, running_median
from mellm.spot.thresholds import SpotSettings

REST = 0.33
"""Seconds at the start of a segment that are taken for rest where it is too short to know better."""


def find_macros(segment: Segment, values: Array, inter_ocular: float, settings: SpotSettings) -> list[Bump]:
    """Return the macro-expressions in `values` (N, R, 2), smoothed displacement, px.

    Rest is the running median over `macro_baseline` seconds. Where the segment is shorter, an expression
    may fill most of it; it is then measured from how the segment starts.
    """
    duration = len(values) * segment.step
    if duration < 2 * settings.max_micro_duration:
        return []
    if duration > settings.macro_baseline:
        rest = running_median(values, segment.step, settings.macro_baseline)
    else:
        rest = np.median(values[: segment.samples(REST)], axis=0)
    # What a turned head may leave behind is taken off before anything counts as an expression.
    turned = np.linalg.norm(segment.head - np.median(segment.head, axis=0), axis=1)
    size = np.linalg.norm(values - rest, axis=2) - settings.head_leak * turned[:, None]
    size = np.where(OUTSIDE_EYES, np.maximum(size, 0), 0)
    strongest = np.sort(size, axis=1)[:, -settings.best]
    smallest = settings.min_macro_iod * inter_ocular
    found: list[Bump] = []
    for start, stop in joined(runs(strongest > smallest / 2), segment.samples(0.2)):
        apex = start + int(strongest[start:stop].argmax())
        peak = float(strongest[apex])
        long = (stop - start) * segment.step > settings.max_micro_duration
        if not long or peak < smallest or not _fast(strongest, start, stop, segment, settings):
            continue
        first, last = _widened(strongest, start, stop, settings.edge_share * peak, segment.samples(0.5))
        found.append(
            Bump(
                onset=first,
                apex=apex,
                offset=last - 1,
                peak=float(size[apex].max()),
                snr=settings.min_snr * peak / smallest,
                returns=1.0,
                calm=1.0,
                crest=float(apex),
                open=first == 0 or last == len(values),
                regions=tuple(int(k) for k in np.flatnonzero(size[apex] > 0.7 * peak)),
            )
        )
    return found


def without(values: Array, bumps: list[Bump]) -> Array:
    """Return the values with straight lines in place of the bumps."""
    rest = values.copy()
    for bump in bumps:
        way = np.linspace(0, 1, bump.offset - bump.onset + 1)[:, None, None]
        rest[bump.onset : bump.offset + 1] = (1 - way) * values[bump.onset] + way * values[bump.offset]
    return rest


def _fast(values: Array, start: int, stop: int, segment: Segment, settings: SpotSettings) -> bool:
    """Whether the course changes by half its peak within `macro_rise` seconds; slower changes are drift."""
    reach = segment.samples(settings.macro_rise)
    course = values[max(0, start - reach) : stop]
    change = np.abs(course[reach:] - course[:-reach]).max(initial=0.0)
    return bool(change >= course.max() / 2)


def _widened(values: Array, start: int, stop: int, foot: float, most: int) -> tuple[int, int]:
    """The run, up to where the values have come down to `foot` on each side, `most` samples at most."""
    low = np.flatnonzero(values <= foot)
    before, after = low[low < start], low[low >= stop]
    first = int(before[-1]) if len(before) else 0
    last = int(after[0]) + 1 if len(after) else len(values)
    return max(first, start - most), min(last, stop + most)
