"""Longer expressions: where the face is farther from its rest than usual, and neither talks nor only turns.

Knows one stretch of a trace and what the network says of it; nothing of micro-expressions.
"""

from dataclasses import dataclass

import numpy as np

from mellm.face.regions import AREAS, OUTSIDE_EYES, REFERENCE_INTER_OCULAR, REGION_NAMES
from mellm.spot.blinks import Closure, Span, joined, of_blink, runs
from mellm.spot.course import widened
from mellm.spot.detector import KINDS
from mellm.spot.lids import with_lids
from mellm.spot.series import Array, Segment, running_median
from mellm.spot.speech import LIPS_TALK
from mellm.spot.stretch import Stretch
from mellm.spot.thresholds import SpotSettings

AFTER_BLINK = 0.3
"""Seconds after a blink in which lids that rise are on their way back."""
SINGLE = 1.5
"""Times the distance from rest that one region needs for itself where three regions count once."""
REST = 0.33
"""Seconds at the start of a short stretch that are taken for rest."""
TALKS = 0.5
"""Probability of speech from which brows and lids alone show an expression."""
HINT = 0.1
"""Probability of speech, on average, from which a mouth alone that opens and shuts is taken to talk."""
USUAL_WINDOW = 30.0
"""Seconds over which a face's usual distance from its rest is taken."""
MASK_SHARE = 0.75
"""Share of the least size down to which samples belong to the movement before its flanks are followed."""
USUAL_SHARE = 2.0
"""Times the usual distance from which a longer movement is an expression."""
CLEAR = 6.0
"""Times the usual distance from which it is one without the network's word: slow ones it does not see."""
HELD = 1.5
"""Times the least size of a macro-expression that a movement needs to count without the network's word."""
HELD_RISE = 0.7
"""Seconds in which such a change comes by half in a short stretch; slower ones are drift."""
TURNED = 0.85
"""Px per degree that the head is turned from its rest up to which regions only seem to move (parallax)."""

_LOWER = frozenset(REGION_NAMES.index(name) for name in (*AREAS["mouth"], *AREAS["chin"]))
_SPEAKING = np.array([name not in (*AREAS["brows"], *AREAS["eyes"]) for name in REGION_NAMES])
"""Regions that speech moves."""


@dataclass(frozen=True, slots=True)
class Longer:
    """One longer expression: `span` and where the network sees it (`seen`, first and last), in samples.

    chance: the network's probability; regions: rows of those that are farthest from rest, the farthest first
    """

    span: Span
    seen: tuple[int, int]
    chance: float
    regions: tuple[int, ...]

    @property
    def mouth_alone(self) -> bool:
        """Whether nothing but mouth and chin moves."""
        return _LOWER.issuperset(self.regions)


def find_longer(stretch: Stretch, blinks: list[Closure]) -> list[Longer]:
    """The macro-expressions: where the network sees one and the face is farther from rest than usual.

    Brows in step with a blink and weaker than the lids are a part of it. While somebody talks brows and lids
    alone count. A face much farther from its rest than usual needs no word of the network. In a stretch
    shorter than the window of its rest an expression may be held to the end, which the network has seldom
    seen: there a clear change that lasts counts without its word.
    """
    settings, segment = stretch.settings, stretch.segment
    seconds = len(stretch.values) * segment.step
    if seconds < 2 * settings.max_micro_duration:
        return []
    short = seconds < settings.macro_baseline
    size = _from_rest(stretch, short)
    for closure in blinks:
        size[closure.span[0] : closure.span[2] + segment.samples(AFTER_BLINK), ~OUTSIDE_EYES] = 0.0
    said = stretch.said.kinds
    likely, talks = (stretch.at_trace(said[:, KINDS.index(kind)]) for kind in ("macro", "speech"))
    size[np.ix_(talks > TALKS, _SPEAKING)] = 0.0
    strongest = _distance(size)
    turned, lips = _turned(segment, settings.macro_baseline), stretch.at_trace(stretch.lips)
    found: list[Longer] = []
    for first, last in _seen(strongest, likely, stretch, short):
        start, stop = widened(strongest, first, last - 1, segment.samples(1.0 if short else 0.5))
        if (stop - start) * segment.step <= settings.max_micro_duration:
            continue
        apex = start + int(strongest[start : stop + 1].argmax())
        far = (int(k) for k in np.argsort(-size[apex]) if size[apex, k] > 0.7 * float(strongest[apex]))
        one = Longer((start, apex, stop), (first, last), float(likely[first:last].max()), tuple(far))
        if strongest[apex] < TURNED * turned[apex]:
            continue
        whole = slice(start, stop + 1)
        if one.mouth_alone and lips[whole].mean() > LIPS_TALK and talks[whole].mean() > HINT:
            continue
        if not any(of_blink(one.span, float(size[apex].max()), one.regions, closure) for closure in blinks):
            found.append(one)
    return found


def _seen(strongest: Array, likely: Array, stretch: Stretch, short: bool) -> list[tuple[int, int]]:
    """Runs far enough from rest, start and stop (exclusive), that the network or their size vouches for."""
    settings, segment = stretch.settings, stretch.segment
    smallest = settings.min_macro_iod * REFERENCE_INTER_OCULAR
    least, clear = np.full(len(strongest), smallest), np.zeros(len(strongest), np.bool_)
    if not short:
        usual = running_median(strongest[:, None], segment.step, USUAL_WINDOW)[:, 0]
        least = np.maximum(least, USUAL_SHARE * usual)
        clear = np.asarray(strongest > np.maximum(HELD * smallest, CLEAR * usual))
    mask = ((likely > settings.macro_score / 2) | clear) & (strongest > MASK_SHARE * least)
    spans = [
        (a, b)
        for a, b in joined(runs(mask), segment.samples(0.25))
        if (b - a) * segment.step > settings.max_micro_duration / 2
        and (likely[a:b].max() > settings.macro_score or clear[a:b].any())
        and (strongest / least)[a:b].max() > 1
    ]
    if short:
        held = _held(strongest, HELD * smallest, segment, settings)
        spans += [(a, b) for a, b in held if all(b <= first or last <= a for first, last in spans)]
    return spans


def _turned(segment: Segment, baseline: float) -> Array:
    """How far the head (N,) is turned from how it usually is, degrees; 0 where the trace has no pose."""
    if segment.pose is None:
        return np.zeros(len(segment.times))
    turns = segment.pose[:, :3]
    return np.asarray(np.linalg.norm(turns - _rest(turns, segment, baseline), axis=1))


def _rest(values: Array, segment: Segment, baseline: float) -> Array:
    """What the values usually are around each sample; in a stretch shorter than `baseline`, how it starts."""
    if len(values) * segment.step < baseline:
        return np.asarray(np.median(values[: segment.samples(REST)], axis=0))
    return running_median(values, segment.step, baseline)


def _distance(size: Array) -> Array:
    """A face's distance (N,) from rest: that of its third region, or of one alone over `SINGLE`."""
    ordered = np.sort(size, axis=1)
    return np.asarray(np.maximum(ordered[:, -3], ordered[:, -1] / SINGLE))


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


def _from_rest(stretch: Stretch, short: bool) -> Array:
    """How far each region (N, 29) is from its rest, px at 200 px between the eye corners; lids if they rise.

    In a short stretch, where a change counts without the network's word, lids count as 0.
    """
    values = stretch.values
    rest = _rest(values, stretch.segment, stretch.settings.macro_baseline)
    scale = REFERENCE_INTER_OCULAR / stretch.inter_ocular if stretch.inter_ocular else 1.0
    moved = (values - rest) * scale
    size = np.where(OUTSIDE_EYES, np.linalg.norm(moved, axis=2), 0.0)
    return size if short else with_lids(size, moved)
