"""From regional motion to events: brief and longer expressions, blinks, closures, speech, fast head motion.

A small network (`detector`) says of each sample what it is likely to be; brief movements are then followed
along their own pattern to their exact frames, blinks and head motion are measured (`blinks`).
docs/spotting.md has the method, its figures and what failed.

Pure NumPy on the trace; knows nothing of pictures.
"""

from dataclasses import dataclass, replace

import numpy as np

from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS, OUTSIDE_EYES, REFERENCE_INTER_OCULAR, REGION_NAMES
from mellm.spot.blinks import Closure, Span, find_blinks, find_fast_head, joined, lid_motion, runs
from mellm.spot.candidates import Moment, moments, rivals, stretches
from mellm.spot.course import Movement, follow, widened
from mellm.spot.detector import KINDS, Detector, Said, shipped
from mellm.spot.dial import Dial
from mellm.spot.events import Event, EventKind, RegionalMotion
from mellm.spot.inputs import RATE, inputs, sampled
from mellm.spot.series import Array, Segment, running_median, segments, smoothed, white_noise
from mellm.spot.thresholds import SpotSettings
from mellm.wording.message import Message

_LOWER = frozenset(REGION_NAMES.index(name) for name in (*AREAS["mouth"], *AREAS["chin"]))
_LOWER_ROWS = np.array(sorted(_LOWER))
_BROWS = frozenset(REGION_NAMES.index(name) for name in AREAS["brows"])


REST = 0.33
"""Seconds at the start of a short stretch that are taken for rest."""
TALKS = 0.5
"""Probability of speech from which the lower face shows no expression."""
USUAL_WINDOW = 30.0
"""Seconds over which a face's usual distance from its rest is taken."""
MASK_SHARE = 0.75
"""Share of the least size down to which samples belong to the movement before its flanks are followed."""
USUAL_SHARE = 2.0
"""Times the usual distance from which a longer movement is an expression."""
HELD = 1.5
"""Times the least size of a macro-expression that a change in a short stretch needs to count by itself."""
HELD_RISE = 0.7
"""Seconds in which such a change comes by half; slower ones are drift."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """One segment with what the network says of it; rows of `said` are `RATE` samples from its start."""

    segment: Segment
    said: Said
    values: Array
    noise: Array
    inter_ocular: float
    settings: SpotSettings
    dial: Dial

    def sample(self, native: float) -> float:
        """A sample of the trace as one of the network."""
        return native * RATE * self.segment.step

    def at_trace(self, kind: int) -> Array:
        """Probability of a kind at every sample of the trace."""
        said = self.said.kinds[:, kind]
        at = np.arange(len(self.values)) * RATE * self.segment.step
        return np.asarray(np.interp(at, np.arange(len(said)), said))

    def native(self, sample: float) -> float:
        """A sample of the network as one of the trace."""
        return sample / (RATE * self.segment.step)


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
    return sorted(events, key=lambda event: (event.onset, event.kind))


def _spot_segment(
    segment: Segment, inter_ocular: float, fps: float, settings: SpotSettings, network: Detector
) -> list[Event]:
    said = network(inputs(sampled(segment, inter_ocular)))
    values = smoothed(segment.displacement, segment.samples(settings.smoothing) | 1)
    # Smoothing leaves about 0.6 of white noise at the frame rates seen.
    noise = np.maximum(settings.noise_floor, 0.6 * white_noise(segment.displacement).max(axis=1))
    stretch = _Stretch(segment, said, values, noise, inter_ocular, settings, network.dial)
    blinks = find_blinks(segment, lid_motion(segment), settings)
    heads = find_fast_head(segment, settings)
    brief = [found for found in _brief(stretch, fps, blinks) if not _overlaps(found[1].span, heads)]
    blinks = [c for c in blinks if not any(_lids_follow(c, move, settings) for _, move in brief)]
    return [
        *(_event(segment, "head", span, 1.0) for span in heads),
        *(_blink(segment, closure, settings) for closure in blinks),
        *(_micro(stretch, moment, move) for moment, move in brief),
        *_longer(stretch),
        *_speech(stretch),
    ]


def _brief(stretch: _Stretch, fps: float, blinks: list[Closure]) -> list[tuple[Moment, Movement]]:
    """The micro-expressions: moments the network is sure enough of, of a possible size and length."""
    settings, step = stretch.settings, stretch.segment.step
    limit = settings.max_micro_duration + settings.tolerance + 1 / fps
    least = stretch.dial.score(settings.false_alarms_per_minute)
    found: list[tuple[Moment, Movement]] = []
    for moment in moments(stretch.said):
        if moment.score < least:
            break
        rough = tuple(stretch.native(at) for at in (moment.onset, moment.apex, moment.offset))
        move = follow(stretch.values, stretch.noise, OUTSIDE_EYES, rough, step)  # type: ignore[arg-type]
        size = move.peak / stretch.inter_ocular
        if not settings.min_peak_iod <= size <= settings.max_peak_iod:
            continue
        if move.strength < settings.min_strength:
            continue
        if (move.offset - move.onset) * step > limit or any(_of_blink(move, c, stretch) for c in blinks):
            continue
        if not any(_overlaps(move.span, [other.span]) for _, other in found):
            found.append((moment, move))
    return found


def _of_blink(move: Movement, blink: Closure, stretch: _Stretch) -> bool:
    """Whether brows move in step with a blink and by less than the lids: a side effect of it."""
    if blink.lid <= 0 or not in_step(move.span, blink.span):
        return False
    return move.peak < blink.lid and _BROWS.issuperset(move.regions)


def in_step(a: Span, b: Span) -> bool:
    """Whether the two intervals share at least half of what they cover together."""
    shared = min(a[2], b[2]) - max(a[0], b[0]) + 1
    return shared >= (max(a[2], b[2]) - min(a[0], b[0]) + 1) / 2


def _lids_follow(closure: Closure, move: Movement, settings: SpotSettings) -> bool:
    """Whether the closure only accompanies a stronger movement while the eyes stay open."""
    shallow = closure.depth < settings.blink_depth / 2
    return shallow and move.peak > closure.lid and in_step(move.span, closure.span)


def _overlaps(span: Span, spans: list[Span]) -> bool:
    return any(span[0] <= stop and start <= span[2] for start, _, stop in spans)


def _micro(stretch: _Stretch, moment: Moment, move: Movement) -> Event:
    confidence = stretch.dial.confidence(moment.score, move.strength)
    other = _runner_up(stretch.said, "micro", moment.onset, moment.offset)
    event = _event(stretch.segment, "micro", move.span, confidence, move.crest)
    return replace(event, regions=_names(move.regions), runner_up=other, score=round(moment.score, 5))


def _names(regions: tuple[int, ...]) -> tuple[RegionId, ...]:
    return tuple(REGION_NAMES[k] for k in regions)


def _longer(stretch: _Stretch) -> list[Event]:
    """The macro-expressions: where the network sees one and the face is farther from rest than usual.

    While somebody talks the upper face alone counts. In a stretch shorter than the window of its rest an
    expression may be held to the end, which the network has seldom seen: there a clear change that lasts
        counts without its word.
    """
    settings, segment = stretch.settings, stretch.segment
    seconds = len(stretch.values) * segment.step
    found: list[Event] = []
    if seconds < 2 * settings.max_micro_duration:
        return found
    short = seconds < settings.macro_baseline
    size = _from_rest(stretch, short)
    likely, talks = (stretch.at_trace(KINDS.index(kind)) for kind in ("macro", "speech"))
    size[np.ix_(talks > TALKS, _LOWER_ROWS)] = 0.0
    strongest = np.sort(size, axis=1)[:, -3]
    least = np.full(len(size), settings.min_macro_iod * REFERENCE_INTER_OCULAR)
    if not short:
        usual = running_median(strongest[:, None], segment.step, USUAL_WINDOW)[:, 0]
        least = np.maximum(least, USUAL_SHARE * usual)
    mask = (likely > settings.macro_score / 2) & (strongest > MASK_SHARE * least)
    spans = joined(runs(mask), segment.samples(0.25))
    spans = [
        (a, b)
        for a, b in spans
        if (b - a) * segment.step > settings.max_micro_duration / 2
        and likely[a:b].max() > settings.macro_score
        and (strongest / least)[a:b].max() > 1
    ]
    if short:
        held = _held(strongest, HELD * float(least[0]), segment, settings)
        spans += [(a, b) for a, b in held if all(b <= first or last <= a for first, last in spans)]
    for first, last in spans:
        start, stop = widened(strongest, first, last - 1, segment.samples(1.0 if short else 0.5))
        if (stop - start) * segment.step <= settings.max_micro_duration:
            continue
        apex = start + int(strongest[start : stop + 1].argmax())
        regions = tuple(
            int(k) for k in np.argsort(-size[apex]) if size[apex, k] > 0.7 * float(strongest[apex])
        )
        note = Message("spot.mouth_alone") if set(regions) <= _LOWER else None
        other = _runner_up(stretch.said, "macro", stretch.sample(first), stretch.sample(last))
        event = _event(segment, "macro", (start, apex, stop), float(likely[first:last].max()))
        found.append(replace(event, regions=_names(regions), note=note, runner_up=other))
    return found


def _held(strongest: Array, least: float, segment: Segment, settings: SpotSettings) -> list[tuple[int, int]]:
    """Runs of the trace in which the face stays away from its rest, having come there quickly."""
    reach = segment.samples(HELD_RISE)
    found = []
    for start, stop in joined(runs(strongest > least), segment.samples(0.2)):
        course = strongest[max(0, start - reach) : stop]
        change = (course[reach:] - course[:-reach]).max(initial=0.0)
        lasts = (stop - start) * segment.step > settings.max_micro_duration
        if lasts and change >= strongest[start:stop].max() / 2:
            found.append((start, stop))
    return found


def _from_rest(stretch: _Stretch, short: bool) -> Array:
    """How far each region (N, 29) is from its rest, px at 200 px between the eye corners; lids count as 0."""
    values, segment = stretch.values, stretch.segment
    if short:
        rest = np.median(values[: segment.samples(REST)], axis=0)
    else:
        rest = running_median(values, segment.step, stretch.settings.macro_baseline)
    scale = REFERENCE_INTER_OCULAR / stretch.inter_ocular if stretch.inter_ocular else 1.0
    return np.where(OUTSIDE_EYES, np.linalg.norm(values - rest, axis=2) * scale, 0.0)


def _runner_up(said: Said, kind: str, first: float, last: float) -> str:
    """What a stretch of samples would be called otherwise."""
    others = {name: chance for name, chance in rivals(said, first, last).items() if name != kind}
    return max(others, key=lambda name: others[name])


def _speech(stretch: _Stretch) -> list[Event]:
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
