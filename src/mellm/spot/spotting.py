"""From regional motion to events: brief and longer expressions, blinks, closures, speech, fast head motion.

A small network (`detector`) says of each sample what it is likely to be; brief movements are then followed
along their own pattern to their exact frames, blinks and head motion are measured (`blinks`).
docs/spotting.md has the method, its figures and what failed.

Pure NumPy on the trace; knows nothing of pictures.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId
from mellm.face.regions import OUTSIDE_EYES, REGION_NAMES
from mellm.spot.blinks import (
    Closure,
    Span,
    find_blinks,
    find_fast_head,
    in_step,
    lid_motion,
    of_blink,
)
from mellm.spot.candidates import Moment, moments, rivals, stretches
from mellm.spot.course import Movement, follow
from mellm.spot.detector import KINDS, Detector, Said, shipped
from mellm.spot.events import Event, EventKind, RegionalMotion
from mellm.spot.inputs import inputs, sampled
from mellm.spot.lids import rising_lids
from mellm.spot.longer import AFTER_BLINK, Longer, find_longer
from mellm.spot.series import LEAST_KNOWN, Segment, segments, smoothed, white_noise
from mellm.spot.speech import lips
from mellm.spot.stretch import Stretch
from mellm.spot.thresholds import SpotSettings
from mellm.wording.message import Message

LIDS_SHARE = 2.0
"""Times the motion of the rest of the face from which a movement is one of the lids."""

HIDDEN = 0.5
"""Seconds around a covered region in which brief movements are not told: what covers it is traced too."""


def spot(
    motion: RegionalMotion,
    *,
    fps: float,
    settings: SpotSettings | None = None,
    detector: Detector | None = None,
) -> list[Event]:
    """Return the events of one person in order of their onsets.

    `fps` is the frame rate of the source: the grid on which onset and offset can be told. Nothing is
    scaled by the clip's own strongest movement, so a still clip yields no event.
    """
    chosen = settings or SpotSettings()
    network = detector or shipped()
    events: list[Event] = []
    for segment in segments(motion, chosen.max_gap):
        if segment.times[-1] - segment.times[0] >= chosen.min_clip:
            events += _spot_segment(segment, motion.inter_ocular, fps, chosen, network)
    seen = np.asarray(np.isfinite(motion.displacement).all(axis=2))
    told = (e for e in events if e.kind != "micro" or not _by_what_is_hidden(motion.times, seen, e))
    return sorted(told, key=lambda event: (event.onset, event.kind))


def _by_what_is_hidden(times: NDArray[np.float64], seen: NDArray[np.bool_], event: Event) -> bool:
    """Whether a region that is mostly seen, of `seen` (T, R), is hidden close to an event: a hand passes."""
    near = (times >= event.onset_time - HIDDEN) & (times <= event.offset_time + HIDDEN)
    # A frame in which little or nothing of the face is seen is no such sign.
    near &= seen.mean(axis=1) >= LEAST_KNOWN
    return bool((seen.mean(axis=0) > 0.5)[~seen[near].all(axis=0)].any())


def _spot_segment(
    segment: Segment, inter_ocular: float, fps: float, settings: SpotSettings, network: Detector
) -> list[Event]:
    body = sampled(segment, inter_ocular)
    said = network(inputs(body))
    values = smoothed(segment.displacement, segment.samples(settings.smoothing) | 1)
    # Smoothing leaves about 0.6 of white noise at the frame rates seen.
    noise = np.maximum(settings.noise_floor, 0.6 * white_noise(segment.displacement).max(axis=1))
    stretch = Stretch(segment, said, lips(body), values, noise, inter_ocular, settings, network.dial)
    blinks = find_blinks(segment, lid_motion(segment), settings)
    heads = find_fast_head(segment, settings)
    brief = [found for found in _brief(stretch, fps, blinks) if not _overlaps(found[1].span, heads)]
    blinks = [c for c in blinks if not any(_lids_follow(c, move, settings) for _, move in brief)]
    return [
        *(_event(segment, "head", span, 1.0) for span in heads),
        *(_blink(segment, closure, settings) for closure in blinks),
        *(_micro(stretch, moment, move) for moment, move in brief),
        *(_macro(stretch, one) for one in find_longer(stretch, blinks)),
        *_speech(stretch),
    ]


def _brief(stretch: Stretch, fps: float, blinks: list[Closure]) -> list[tuple[Moment, Movement]]:
    """The micro-expressions: moments the network is sure enough of, of a possible size and length."""
    settings, step = stretch.settings, stretch.segment.step
    limit = settings.max_micro_duration + settings.tolerance + 1 / fps
    least = stretch.dial.score(settings.false_alarms_per_minute)
    found: list[tuple[Moment, Movement]] = []
    for moment in moments(stretch.said):
        if moment.score < least:
            break
        move = _followed(stretch, moment, blinks)
        size = move.peak / stretch.inter_ocular
        if not settings.min_peak_iod <= size <= settings.max_peak_iod:
            continue
        if move.strength < settings.min_strength:
            continue
        if (move.offset - move.onset) * step > limit:
            continue
        if any(of_blink(move.span, move.peak, move.regions, closure) for closure in blinks):
            continue
        if not any(_overlaps(move.span, [other.span]) for _, other in found):
            found.append((moment, move))
    return found


def _followed(stretch: Stretch, moment: Moment, blinks: list[Closure]) -> Movement:
    """The movement of a moment outside the lids; of the lids where they rise and move much further."""
    values, noise, step = stretch.values, stretch.noise, stretch.segment.step
    onset, apex, offset = (stretch.native(at) for at in (moment.onset, moment.apex, moment.offset))
    move = follow(values, noise, OUTSIDE_EYES, (onset, apex, offset), step)
    lids = follow(values, noise, ~OUTSIDE_EYES, (onset, apex, offset), step)
    if lids.peak < LIDS_SHARE * move.peak or not rising_lids(values, lids.span):
        return move
    around = (lids.onset - stretch.segment.samples(AFTER_BLINK), 0, lids.offset)
    return move if any(_overlaps(around, [c.span]) for c in blinks) else lids


def _lids_follow(closure: Closure, move: Movement, settings: SpotSettings) -> bool:
    """Whether the closure only accompanies a stronger movement while the eyes stay open."""
    shallow = closure.depth < settings.blink_depth / 2
    return shallow and move.peak > closure.lid and in_step(move.span, closure.span)


def _overlaps(span: Span, spans: list[Span]) -> bool:
    return any(span[0] <= stop and start <= span[2] for start, _, stop in spans)


def _micro(stretch: Stretch, moment: Moment, move: Movement) -> Event:
    confidence = stretch.dial.confidence(moment.score, move.strength)
    other = _runner_up(stretch.said, "micro", moment.onset, moment.offset)
    event = _event(stretch.segment, "micro", move.span, confidence, move.crest)
    return replace(event, regions=_names(move.regions), runner_up=other, score=round(moment.score, 5))


def _macro(stretch: Stretch, one: Longer) -> Event:
    note = Message("spot.mouth_alone") if one.mouth_alone else None
    other = _runner_up(stretch.said, "macro", *(stretch.sample(at) for at in one.seen))
    event = _event(stretch.segment, "macro", one.span, one.chance)
    return replace(event, regions=_names(one.regions), note=note, runner_up=other)


def _names(regions: tuple[int, ...]) -> tuple[RegionId, ...]:
    return tuple(REGION_NAMES[k] for k in regions)


def _runner_up(said: Said, kind: str, first: float, last: float) -> str:
    """What a stretch of samples would be called otherwise."""
    others = {name: chance for name, chance in rivals(said, first, last).items() if name != kind}
    return max(others, key=lambda name: others[name])


def _speech(stretch: Stretch) -> list[Event]:
    """Stretches in which somebody talks: the lower face is not readable there."""
    likely = stretch.said.kinds[:, KINDS.index("speech")]
    found: list[Event] = []
    for first, last in stretches(likely, 0.5, 0.8, 0.5):
        start, stop = (
            int(np.clip(round(stretch.native(at)), 0, len(stretch.values) - 1)) for at in (first, last)
        )
        apex = start + round((int(likely[first:last].argmax()) / max(1, last - first)) * (stop - start))
        chance = float(likely[first:last].mean())
        event = _event(stretch.segment, "speech", (start, apex, stop), chance)
        found.append(replace(event, note=Message("spot.speech")))
    return found


def _blink(segment: Segment, closure: Closure, settings: SpotSettings) -> Event:
    evidence = closure.depth / settings.blink_depth + max(0.0, closure.lid) / settings.blink_lid_px
    shut = (closure.span[2] - closure.span[0]) * segment.step
    note = Message("spot.eyes_shut", {"seconds": shut}) if shut > settings.max_micro_duration else None
    kind: EventKind = "closure" if shut > settings.max_blink_duration else "blink"
    return replace(_event(segment, kind, closure.span, float(1 - np.exp(-evidence))), note=note)


def _event(
    segment: Segment, kind: EventKind, span: Span, confidence: float, crest: float | None = None
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
    )
