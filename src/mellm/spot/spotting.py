"""From regional motion to events: micro-expressions, macro-expressions, blinks, fast head motion.

The method in one paragraph (docs/spotting.md has the sources): smooth each region's displacement, subtract
a running median, divide by the measured noise, take the root mean square of the strongest regions outside
the eyes; each peak above the threshold is followed along its own pattern over the regions to its onset and
offset. Eyes alone make no micro-expression: their movements are told apart as blinks.

Pure NumPy on the trace; knows nothing of pictures.
"""

import numpy as np

from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot.blinks import UPPER_LIDS, Closure, Span, find_blinks, find_fast_head
from mellm.spot.bumps import Bump
from mellm.spot.events import Event, EventKind, RegionalMotion
from mellm.spot.macro import find_macros, without
from mellm.spot.micro import find_micros, in_step
from mellm.spot.series import Segment, running_median, segments, smoothed
from mellm.spot.thresholds import SpotSettings
from mellm.wording.message import Message

_MOUTH = frozenset(REGION_NAMES.index(name) for name in (*AREAS["mouth"], *AREAS["chin"]))


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
    values = smoothed(segment.displacement, segment.samples(settings.smoothing) | 1)
    lids = (values - running_median(values, segment.step, 2.0))[:, UPPER_LIDS, 1].mean(axis=1)
    blinks = find_blinks(segment, lids, settings)
    heads = find_fast_head(segment, settings)
    micros, longer = find_micros(segment, values, inter_ocular, fps, blinks, settings)
    macros = find_macros(segment, without(values, micros), inter_ocular, settings)
    known = [*heads, *(bump.span for bump in macros)]
    macros += [bump for bump in longer if not _overlaps(bump, known)]
    micros = [
        bump
        for bump in micros
        if not _overlaps(bump, heads) and (bump.calm >= settings.clear_calm or not _overlaps(bump, known))
    ]
    blinks = [c for c in blinks if not any(_lids_follow(c, bump, settings) for bump in micros)]
    return [
        *(_event(segment, "head", span, 1.0) for span in heads),
        *(_blink(segment, closure, settings) for closure in blinks),
        *(_movement(segment, "micro", bump, settings) for bump in micros),
        *(_movement(segment, "macro", bump, settings) for bump in macros),
    ]


def _lids_follow(closure: Closure, bump: Bump, settings: SpotSettings) -> bool:
    """Whether the closure only accompanies a stronger movement while the eyes stay open."""
    shallow = closure.depth < settings.blink_depth / 2
    return shallow and bump.peak > closure.lid and in_step(bump, closure)


def _overlaps(bump: Bump, spans: list[Span]) -> bool:
    return any(bump.onset <= stop and start <= bump.offset for start, _, stop in spans)


def _movement(segment: Segment, kind: EventKind, bump: Bump, settings: SpotSettings) -> Event:
    """Confidence is 0.5 at the threshold and grows as the movement stands out, is clean and comes back."""
    odds = (bump.snr / settings.min_snr) ** 2
    confidence = odds / (1 + odds) * (1 - 0.5 * (1 - bump.returns)) * (1 - 0.5 * (1 - bump.calm))
    alone = kind == "macro" and set(bump.regions) <= _MOUTH
    note = Message("spot.mouth_alone") if alone else None
    names = tuple(REGION_NAMES[k] for k in bump.regions)
    return _event(segment, kind, bump.span, confidence, names, note, bump.crest)


def _blink(segment: Segment, closure: Closure, settings: SpotSettings) -> Event:
    evidence = closure.depth / settings.blink_depth + max(0.0, closure.lid) / settings.blink_lid_px
    shut = (closure.span[2] - closure.span[0]) * segment.step
    note = Message("spot.eyes_shut", {"seconds": shut}) if shut > settings.max_micro_duration else None
    return _event(segment, "blink", closure.span, float(1 - np.exp(-evidence)), (), note)


def _event(
    segment: Segment,
    kind: EventKind,
    span: Span,
    confidence: float,
    regions: tuple[RegionId, ...] = (),
    note: Message | None = None,
    crest: float | None = None,
) -> Event:
    """Spans are in samples; `crest` is the apex between them."""
    places = (span[0], span[1] if crest is None else crest, span[2])
    onset, apex, offset = (segment.frame_at(float(segment.times[0]) + segment.step * p) for p in places)
    return Event(
        kind=kind,
        onset=onset,
        apex=apex,
        offset=offset,
        onset_time=segment.time_of(onset),
        apex_time=segment.time_of(apex),
        offset_time=segment.time_of(offset),
        confidence=round(confidence, 3),
        regions=regions,
        note=note,
    )
