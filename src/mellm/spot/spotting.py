"""From regional motion to events: micro-expressions, macro-expressions, blinks, fast head motion.

The method in one paragraph (docs/spotting.md has the sources): smooth each region's displacement, subtract
a running median, divide by the measured noise, take the root mean square of the three strongest regions
outside the eyes; each peak above the threshold is followed along its own pattern over the regions to its
onset and offset. Eyes alone make no micro-expression: their movements are told apart as blinks.

Pure NumPy on the trace; knows nothing of pictures.
"""

import numpy as np

from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot.blinks import (
    HEAD_WINDOW,
    UPPER_LIDS,
    Closure,
    Span,
    find_blinks,
    find_fast_head,
    joined,
    runs,
)
from mellm.spot.bumps import Bump, trace_bump
from mellm.spot.series import (
    MAD,
    Array,
    Segment,
    ends_baseline,
    running_median,
    segments,
    smoothed,
    white_noise,
)
from mellm.spot.settings import SpotSettings
from mellm.spot.types import Event, RegionalMotion

FACE = np.array([name not in AREAS["eyes"] for name in REGION_NAMES])
"""Regions whose motion can make an expression by itself: all but the eyelids."""
_MOUTH = {REGION_NAMES.index(name) for name in (*AREAS["mouth"], *AREAS["chin"])}


def spot(motion: RegionalMotion, *, fps: float, settings: SpotSettings | None = None) -> list[Event]:
    """Return the events of one person in order of their onsets.

    `fps` is the frame rate of the source: the grid on which onset and offset can be told. Nothing is
    scaled by the clip's own strongest movement, so a still clip yields no event.
    """
    chosen = settings or SpotSettings()
    events: list[Event] = []
    for segment in segments(motion, chosen.max_gap):
        if segment.times[-1] - segment.times[0] >= chosen.min_clip:
            events += _spot_segment(segment, motion.inter_ocular, fps, chosen)
    return sorted(events, key=lambda event: (event.onset, event.kind))


def _spot_segment(segment: Segment, inter_ocular: float, fps: float, settings: SpotSettings) -> list[Event]:
    calm = smoothed(segment.displacement, segment.samples(settings.smoothing) | 1)
    lids = (calm - running_median(calm, segment.step, 2.0))[:, UPPER_LIDS, 1].mean(axis=1)
    blinks = find_blinks(segment, lids, settings)
    heads = find_fast_head(segment, settings)
    micros, longer = _micros(segment, calm, inter_ocular, fps, blinks, settings)
    macros = _macros(segment, _without(calm, micros), inter_ocular, settings)
    known: list[Span] = [*heads, *((m.onset, m.apex, m.offset) for m in macros)]
    macros += [b for b in longer if not _overlaps(b, known)]
    micros = [
        bump
        for bump in micros
        if not _overlaps(bump, heads) and (bump.calm >= settings.clear_calm or not _overlaps(bump, known))
    ]
    events = [_event(segment, "blink", c.span, _blink_confidence(c, settings)) for c in blinks]
    events += [_event(segment, "head", span, 1.0) for span in heads]
    for kind, bumps in (("micro", micros), ("macro", macros)):
        for bump in bumps:
            span = (bump.onset, bump.apex, bump.offset)
            names = tuple(REGION_NAMES[k] for k in bump.regions)
            events.append(_event(segment, kind, span, _confidence(bump, settings), names))
    return events


def _micros(
    segment: Segment,
    calm: Array,
    inter_ocular: float,
    fps: float,
    blinks: list[Closure],
    settings: SpotSettings,
) -> tuple[list[Bump], list[Bump]]:
    """Bumps short enough for a micro-expression, and those that turned out longer."""
    duration = len(calm) * segment.step
    short = duration < 1.2
    base = ends_baseline(calm) if short else running_median(calm, segment.step, settings.baseline)
    residual = calm - base
    noise = _noise(segment, residual, short, settings)
    head = smoothed(segment.head, segment.samples(HEAD_WINDOW) | 1)
    drift = np.linalg.norm(head - running_median(head, segment.step, settings.baseline), axis=1)
    error = np.hypot(noise[None], settings.head_leak * drift[:, None])
    strength = np.linalg.norm(residual, axis=2) / error
    strength[:, ~FACE] = 0
    activation = np.sqrt((np.sort(strength, axis=1)[:, -settings.best :] ** 2).mean(axis=1))
    limit = settings.max_micro_duration + settings.tolerance + 1 / fps
    smallest, largest = settings.min_peak_iod * inter_ocular, settings.max_peak_iod * inter_ocular
    micros: list[Bump] = []
    longer: list[Bump] = []
    fringe = segment.samples(0.06)
    seen: list[tuple[int, int]] = []
    left = activation.copy()
    while left[near := int(left.argmax())] > settings.min_snr:
        bump = trace_bump(
            calm, residual, error[near], FACE, near,
            reach=segment.samples(1.5), edge_share=settings.edge_share, margin=segment.samples(0.1),
        )  # fmt: skip
        left[max(0, min(near, bump.onset) - fringe) : max(near, bump.offset) + fringe + 1] = 0
        if any(a <= bump.apex <= b for a, b in seen):
            continue
        seen.append((bump.onset, bump.offset))
        if (
            not smallest <= bump.peak <= largest
            or bump.returns < 1 - settings.return_share
            or bump.calm < settings.min_calm
        ):
            continue
        if any(_within(bump, c, segment, settings) for c in blinks):
            continue
        if (bump.offset - bump.onset) * segment.step > limit or bump.open_start or bump.open_end:
            if bump.peak > settings.min_macro_iod * inter_ocular:
                longer.append(bump)
            continue
        micros.append(bump)
    return micros, longer


def _macros(segment: Segment, calm: Array, inter_ocular: float, settings: SpotSettings) -> list[Bump]:
    """Movements away from the face's rest for more than half a second.

    Rest is the running median, or, in a segment too short to know it, the first third of a second.
    """
    if len(calm) * segment.step < 2 * settings.max_micro_duration:
        return []
    if len(calm) * segment.step > settings.macro_baseline:
        rest = running_median(calm, segment.step, settings.macro_baseline)
    else:
        rest = np.median(calm[: segment.samples(0.33)], axis=0)
    # What a turned head may leave behind is taken off before anything counts as an expression.
    away = np.linalg.norm(segment.head - np.median(segment.head, axis=0), axis=1)
    size = np.maximum(np.linalg.norm(calm - rest, axis=2) - settings.head_leak * away[:, None], 0)
    size[:, ~FACE] = 0
    strongest = np.sort(size, axis=1)[:, -settings.best]
    smallest = settings.min_macro_iod * inter_ocular
    reach = segment.samples(settings.macro_rise)
    found: list[Bump] = []
    for start, stop in joined(runs(strongest > smallest / 2), segment.samples(0.2)):
        peak = start + int(strongest[start:stop].argmax())
        course = strongest[max(0, start - reach) : stop]
        change = float(np.abs(course[reach:] - course[:-reach]).max(initial=0.0))
        long = (stop - start) * segment.step > settings.max_micro_duration
        if not long or strongest[peak] < smallest or change < strongest[peak] / 2:
            continue
        parts = np.flatnonzero(size[peak] > strongest[peak] * 0.7)
        foot = settings.edge_share * float(strongest[peak])
        start, stop = _widened(strongest, start, stop, foot, segment.samples(0.5))
        found.append(
            Bump(
                onset=start,
                apex=peak,
                offset=stop - 1,
                peak=float(size[peak].max()),
                snr=float(strongest[peak]) / settings.noise_floor,
                returns=1.0,
                calm=1.0,
                open_start=start == 0,
                open_end=stop == len(calm),
                regions=tuple(int(k) for k in parts),
            )
        )
    return found


def _without(values: Array, bumps: list[Bump]) -> Array:
    """The values with straight lines in place of the bumps."""
    rest = values.copy()
    for bump in bumps:
        way = np.linspace(0, 1, bump.offset - bump.onset + 1)[:, None, None]
        rest[bump.onset : bump.offset + 1] = (1 - way) * values[bump.onset] + way * values[bump.offset]
    return rest


def _widened(values: Array, start: int, stop: int, foot: float, most: int) -> tuple[int, int]:
    """The run, up to where the values have come down to `foot` on each side, `most` samples at most."""
    low = np.flatnonzero(values <= foot)
    before, after = low[low < start], low[low >= stop]
    first = int(before[-1]) if len(before) else 0
    last = int(after[0]) + 1 if len(after) else len(values)
    return max(first, start - most), min(last, stop + most)


def _noise(segment: Segment, residual: Array, short: bool, settings: SpotSettings) -> Array:
    """Standard deviation (R,) of each region's residual, px, per axis.

    What differs from sample to sample, and what wanders within the band of a micro-expression: the second
    is a median over the whole segment, so short movements do not raise it. In very short clips they would.
    """
    white = white_noise(segment.displacement).max(axis=1)
    if short:
        return np.asarray(np.maximum(1.2 * white, settings.noise_floor))
    band = (MAD * np.median(np.abs(residual), axis=0)).max(axis=1)
    return np.asarray(np.maximum.reduce([0.6 * white, band, np.full(len(band), settings.noise_floor)]))


def _within(bump: Bump, blink: Closure, segment: Segment, settings: SpotSettings) -> bool:
    """The bump is what a blink does to brows and cheeks: at the same time and small against the lids."""
    slack = segment.samples(0.05)
    together = blink.span[0] - slack <= bump.apex <= blink.span[2] + slack
    return together and bump.peak < max(0.35 * blink.lid, 2 * settings.blink_depth)


def _overlaps(bump: Bump, spans: list[Span]) -> bool:
    return any(bump.onset <= stop and start <= bump.offset for start, _, stop in spans)


def _confidence(bump: Bump, settings: SpotSettings) -> float:
    """0.5 at the threshold, towards 1 as the movement stands out of the noise and returns to its level."""
    margin = np.log(max(bump.snr, 1e-3) / settings.min_snr)
    return float(np.clip(bump.returns / (1 + np.exp(-2.0 * margin)), 0, 1))


def _blink_confidence(blink: Closure, settings: SpotSettings) -> float:
    evidence = blink.depth / settings.blink_depth + max(0.0, blink.lid) / settings.blink_lid_px
    return float(1 - np.exp(-evidence))


def _event(
    segment: Segment, kind: str, span: Span, confidence: float, regions: tuple[str, ...] = (), note: str = ""
) -> Event:
    onset, apex, offset = span
    return Event(
        kind=kind,  # type: ignore[arg-type]
        onset=int(segment.frames[onset]),
        apex=int(segment.frames[apex]),
        offset=int(segment.frames[offset]),
        onset_time=float(segment.times[onset]),
        apex_time=float(segment.times[apex]),
        offset_time=float(segment.times[offset]),
        confidence=round(confidence, 3),
        regions=regions,
        note=note,
    )
