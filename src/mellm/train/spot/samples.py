"""Training samples: a piece of unrest, movements put into it, and what the network should say of each sample.

Negatives are put in too: steps that stay, lids that follow the eyes' gaze or sink, lids that open too far
after a blink, brows that go with a blink, spikes of one sample, what a quick turn leaves. Lids alone that
rise and come back, or tighten, are micro-expressions (AU 5, 7). Knows nothing of networks.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import RegionId
from mellm.spot.detector import KINDS, TARGETS
from mellm.spot.inputs import CHANNELS, RATE, baseline, inputs
from mellm.train.spot.movements import BROWS, LIDS, LOWER_FACE, UPPER_LIDS, Patterns, pulse
from mellm.train.spot.unrest import Unrest, still_face, varied

Array = NDArray[np.float64]

LENGTH = 360
"""Samples of a training piece: 12 s, as much as a decision at its middle can look at."""
MACRO_PX = 1.5
"""Px at 200 px between the outer eye corners from which a longer movement is an expression."""
EYE_WIDTH = 55.0
"""Px of an eye between its corners at 200 px between the outer ones: what its opening is measured in."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One training sample.

    seen: float16 (LENGTH, CHANNELS), zero beyond the piece; target: float16 (LENGTH, TARGETS);
    trust: float16 (LENGTH, TARGETS), weight of each target, 0 where it is not known
    """

    seen: NDArray[np.float16]
    target: NDArray[np.float16]
    trust: NDArray[np.float16]


class _Canvas:
    """A piece in the making."""

    def __init__(self, unrest: Unrest, rng: np.random.Generator) -> None:
        self.rng = rng
        self.unrest = unrest
        self.count = len(unrest.blinks)
        self.times = np.arange(self.count) / RATE
        self.moved = unrest.body.displacement.copy()
        self.eyes = unrest.body.eyes.copy()
        self.mouth = unrest.body.mouth.copy()
        self.taken = unrest.micro.copy()
        self.target = np.zeros((TARGETS, self.count))
        self.trust = np.ones((TARGETS, self.count))
        self.target[KINDS.index("blink")] = unrest.blinks
        self.target[KINDS.index("speech")] = unrest.speech
        self.trust[KINDS.index("speech")] = unrest.speech | unrest.no_speech
        self.trust[KINDS.index("macro")] = unrest.no_macro
        self.trust[0, unrest.micro] = self.trust[len(KINDS), unrest.micro] = 0
        self.trust[len(KINDS) + 1 :] = 0
        brief = self.moved.reshape(self.count, -1)
        brief = brief - baseline(brief, 1.6)
        size = np.linalg.norm(brief.reshape(self.count, -1, 2), axis=2)
        self.noise = np.maximum(0.02, np.median(size, axis=0))

    def place(self, lasts: float, margin: float = 0.25) -> float | None:
        """A free onset, seconds, for something that lasts so long; it is taken then."""
        end = self.count / RATE
        for _ in range(12):
            onset = float(self.rng.uniform(0.04, max(0.05, end - lasts - 0.04)))
            if onset + lasts > end:
                return None
            part = self.span(onset - margin, onset + lasts + margin)
            if not self.taken[part].any():
                self.taken[part] = True
                return onset
        return None

    def span(self, first: float, last: float) -> slice:
        return slice(max(0, round(first * RATE)), min(self.count, round(last * RATE) + 1))

    def add(self, pattern: Array, course: Array) -> None:
        self.moved += course[:, None, None] * pattern

    def open_eyes(self, pattern: Array, course: Array) -> None:
        """Open the eyes, or narrow them, by the lids of a pattern, as far as landmarks may notice it."""
        for eye, side in enumerate(("left", "right")):
            own = np.array([side in region for region in RegionId])
            up = pattern[own & LIDS & ~UPPER_LIDS, 1].mean() - pattern[own & UPPER_LIDS, 1].mean()
            self.eyes[:, eye] += self.rng.uniform(0, 1.2) * up / EYE_WIDTH * course


def make_piece(
    people: list[Unrest], patterns: Patterns, rng: np.random.Generator, lids: float = 0.0
) -> Piece:
    """Make one sample from one of these stretches; without any from a made face.

    lids: the share of micro-expressions that are of the lids alone
    """
    length = LENGTH if rng.random() < 0.85 else int(np.exp(rng.uniform(np.log(12), np.log(LENGTH))))
    if people:
        share = np.array([len(p.blinks) ** 0.5 for p in people])
        unrest = varied(people[int(rng.choice(len(people), p=share / share.sum()))], rng, length)
    else:
        unrest = still_face(rng, length)
    canvas = _Canvas(unrest, rng)
    seconds = canvas.count / RATE
    _micros(canvas, patterns, 1 + int(rng.poisson(seconds / 5)) if rng.random() < 0.8 else 0, lids)
    if rng.random() < 0.45:
        _macro(canvas, patterns, lids / 2)
    for _ in range(int(rng.poisson(seconds / 8))):
        _blink(canvas, patterns)
    if rng.random() < 0.08:
        _blink(canvas, patterns, float(rng.uniform(0.7, 6.0)))
    if unrest.person == "made" and rng.random() < 0.2:
        _chatter(canvas)
    for _ in range(int(rng.poisson(seconds / 10))):
        _decoy(canvas, patterns)
    return _finished(canvas)


def _micros(canvas: _Canvas, patterns: Patterns, count: int, lids: float) -> None:
    rng = canvas.rng
    for _ in range(count):
        alone = rng.random() < lids
        pattern = patterns.draw_lids(rng) if alone else patterns.draw(rng)
        lasts = float(rng.triangular(0.14, 0.4, 0.52))
        onset = canvas.place(lasts)
        if onset is None:
            continue
        apex = onset + lasts * float(rng.uniform(0.28, 0.62))
        size = float(np.exp(rng.uniform(np.log(0.35), np.log(5.0)))) * float(rng.uniform(0.7, 1.0))
        course = pulse(canvas.times, onset, apex, onset + lasts, rng.uniform(), float(rng.choice((0, 0.3))))
        canvas.add(pattern * size, course)
        canvas.open_eyes(pattern * size, course)
        part = canvas.span(onset, onset + lasts)
        canvas.target[0, part] = 1
        canvas.trust[1, part] = 0
        seen = LIDS if alone else ~LIDS
        strongest = np.sort(np.where(seen, np.linalg.norm(pattern, axis=1), 0) * size / canvas.noise)[-3:]
        if np.sqrt((strongest**2).mean()) < 1.0:
            # Below what anybody could see in this face: neither asked for nor held against the network.
            canvas.trust[0, part] = canvas.trust[len(KINDS), part] = 0
            continue
        at = canvas.times * RATE
        heat = np.exp(-0.5 * ((at - apex * RATE) / 1.3) ** 2)
        row = len(KINDS)
        canvas.target[row] = np.maximum(canvas.target[row], np.where(heat > 0.05, heat, 0))
        near = np.abs(at - apex * RATE) < 2.5
        canvas.target[row + 1, near] = ((apex - onset) * RATE + (at - apex * RATE))[near]
        canvas.target[row + 2, near] = ((onset + lasts - apex) * RATE - (at - apex * RATE))[near]
        canvas.trust[row + 1 :, near] = 1


def _macro(canvas: _Canvas, patterns: Patterns, lids: float) -> None:
    rng = canvas.rng
    lasts = float(np.exp(rng.uniform(np.log(0.65), np.log(7.0))))
    onset = float(rng.uniform(-0.3 * lasts, max(0.1, canvas.count / RATE - 0.3 * lasts)))
    rise = min(0.5 * lasts, float(np.exp(rng.uniform(np.log(0.12), np.log(2.5)))))
    fall = min(0.5 * lasts, float(np.exp(rng.uniform(np.log(0.15), np.log(2.5)))))
    at = canvas.times
    course = pulse(at, onset, onset + rise, onset + 2 * rise, rng.uniform())
    course = np.where((at > onset + rise) & (at < onset + lasts - fall), 1.0, course)
    late = pulse(at, onset + lasts - 2 * fall, onset + lasts - fall, onset + lasts, rng.uniform())
    stays = rng.random() < 0.1
    course = np.where(at >= onset + lasts - fall, 1.0 if stays else late, np.where(at < onset, 0.0, course))
    wander = 1 + 0.12 * np.sin(2 * np.pi * at * rng.uniform(0.3, 1.2) + rng.uniform(0, 6))
    alone = rng.random() < lids
    pattern = patterns.draw_lids(rng) if alone else patterns.draw(rng)
    size = float(np.exp(rng.uniform(np.log(MACRO_PX), np.log(5.0 if alone else 14.0))))
    canvas.add(pattern * size, course * wander)
    canvas.open_eyes(pattern * size, course * wander)
    part = canvas.span(onset, onset + lasts)
    if stays:
        canvas.trust[1, part.stop :] = 0
    canvas.target[1, part] = canvas.trust[1, part] = 1


def _blink(canvas: _Canvas, patterns: Patterns, closed: float = 0.0) -> None:
    rng = canvas.rng
    down, up = float(rng.uniform(0.07, 0.15)), float(rng.uniform(0.12, 0.35))
    start = float(rng.uniform(-0.2, canvas.count / RATE))
    part = canvas.span(start, start + down + closed + up)
    with_micro = bool(canvas.target[0, part].any())
    if part.stop <= part.start or canvas.target[2, part].any() or (with_micro and rng.random() < 0.7):
        return
    at = canvas.times
    course = pulse(at, start, start + down, start + 2 * down, 0.5)
    course = np.where((at >= start + down) & (at <= start + down + closed), 1.0, course)
    late = pulse(at, start + down + closed - up, start + down + closed, start + down + closed + up, 0.5)
    course = np.where(at > start + down + closed, late, course)
    depth = float(rng.uniform(0.35, 0.85)) if rng.random() < 0.85 else float(rng.uniform(0.1, 0.3))
    lid = depth * float(rng.uniform(5, 11))
    canvas.add(patterns.closing * lid, course)
    canvas.eyes *= 1 - depth * course[:, None]
    if rng.random() < 0.6 and not with_micro:
        # Brows and cheeks go with the lids, a little or, the brows, nearly as far.
        shift = np.where(BROWS, rng.uniform(0, 0.5), np.where(LIDS | LOWER_FACE, 0, rng.uniform(0, 0.15)))
        along = np.stack([rng.normal(0, 0.2, len(shift)), np.ones(len(shift))], axis=1)
        canvas.add(along * shift[:, None] * lid * 0.8, course)
    canvas.target[2, part] = 1
    if rng.random() < 0.3:
        _rebound(canvas, patterns, start + down + closed + up, lid)


def _rebound(canvas: _Canvas, patterns: Patterns, start: float, lid: float) -> None:
    """Upper lids that open too far after a blink and settle."""
    lasts = float(canvas.rng.uniform(0.12, 0.5))
    onset = start - 0.3 * lasts
    course = pulse(canvas.times, onset, onset + 0.4 * lasts, onset + lasts, 0.5)
    canvas.add(-patterns.closing * lid * float(canvas.rng.uniform(0.05, 0.25)), course)


def _gaze(canvas: _Canvas, onset: float, lasts: float) -> tuple[Array, Array]:
    """Lids that follow a glance up, down or aside and back: pattern (29, 2) and course in time.

    The eye gets there in 1 to 3 samples and stays; both lids go the same way, the lower one less far.
    """
    rng = canvas.rng
    jump = float(rng.uniform(0.03, 0.1))
    course = pulse(canvas.times, onset, onset + jump, onset + 2 * jump, rng.uniform())
    back = pulse(canvas.times, onset + lasts - 2 * jump, onset + lasts - jump, onset + lasts, rng.uniform())
    held = (canvas.times > onset + jump) & (canvas.times < onset + lasts - jump)
    course = np.maximum(np.where(held, 1.0, course), back)
    way = np.array([rng.normal(0, 0.5), rng.choice((-1.0, 1.0))])
    share = np.where(UPPER_LIDS, 1.0, rng.uniform(0.3, 1.0)) * rng.uniform(0.7, 1.0, len(LIDS))
    return np.where(LIDS[:, None], way / np.linalg.norm(way) * share[:, None], 0.0), course


def _chatter(canvas: _Canvas) -> None:
    """Speech of a made face: the mouth opens and shuts several times a second."""
    rng = canvas.rng
    lasts = float(rng.uniform(0.8, 6.0))
    onset = float(rng.uniform(0, max(0.1, canvas.count / RATE - lasts)))
    part = canvas.span(onset, onset + lasts)
    phase = np.cumsum(rng.uniform(2.0, 5.5) * np.exp(0.3 * rng.standard_normal(canvas.count))) / RATE
    wave = np.zeros(canvas.count)
    wave[part] = np.sin(2 * np.pi * phase[part]) + 0.5
    size = rng.uniform(1.5, 7.0)
    shape = np.zeros((len(RegionId), 2))
    for k, region in enumerate(RegionId):
        if LOWER_FACE[k]:
            down = 1.0 if "lower" in region or region == RegionId.CHIN else 0.3
            shape[k] = (rng.normal(0, 0.1), down * rng.uniform(0.7, 1.3))
    canvas.add(shape * size, wave)
    canvas.mouth[part] += np.maximum(0, wave[part]) * size * 0.02
    canvas.target[3, part] = 1


def _decoy(canvas: _Canvas, patterns: Patterns) -> None:
    """Something that is no micro-expression though it looks a little like one."""
    rng = canvas.rng
    kind = rng.choice(("step", "long", "gaze", "sink", "lids long", "spike", "jerk"))
    lasts = float(rng.uniform(0.62, 1.4)) if "long" in kind else float(rng.uniform(0.15, 0.5))
    onset = canvas.place(lasts, 0.1)
    if onset is None:
        return
    apex = onset + lasts * float(rng.uniform(0.35, 0.65))
    course = pulse(canvas.times, onset, apex, onset + lasts, rng.uniform())
    size = float(np.exp(rng.uniform(np.log(0.4), np.log(5.0))))
    pattern = patterns.draw(rng)
    part = canvas.span(onset, onset + lasts)
    if kind == "step":
        course = np.where(canvas.times > apex, 1.0, course)
        canvas.trust[1, part.start :] = 0
    elif "long" in kind:
        if kind == "lids long":
            pattern = patterns.draw_lids(rng) if patterns.lids else -patterns.closing
            canvas.open_eyes(pattern * size, course)
        if size * 0.85 > MACRO_PX:
            canvas.target[1, part], canvas.trust[1, part] = 1, 1
        else:
            canvas.trust[1, part] = 0
    elif kind == "gaze":
        pattern, course = _gaze(canvas, onset, lasts)
        canvas.trust[2, part] = 0
    elif kind == "sink":
        pattern = patterns.closing * rng.uniform(0.5, 1.0, (len(LIDS), 1))
        canvas.trust[2, part] = 0
    elif kind == "spike":
        course = np.zeros(canvas.count)
        course[min(canvas.count - 1, round(apex * RATE))] = 1.0
        pattern = rng.standard_normal(pattern.shape)
    else:
        # A quick turn of the head there and back, and the parallax that is left of it.
        if canvas.unrest.body.pose is not None:
            turn = rng.normal(0, 1.5, 3)
            canvas.unrest.body.pose[:, :3] += course[:, None] * turn
            canvas.unrest.body.head[:] += course[:, None] * turn
        pattern = rng.standard_normal(pattern.shape) * 0.3
    canvas.add(pattern * size, course)


def _finished(canvas: _Canvas) -> Piece:
    body = replace(canvas.unrest.body, displacement=canvas.moved, eyes=canvas.eyes, mouth=canvas.mouth)
    seen = np.zeros((LENGTH, CHANNELS), np.float16)
    start = int(canvas.rng.integers(LENGTH - canvas.count + 1))
    part = slice(start, start + canvas.count)
    seen[part] = np.clip(inputs(body), -12, 12)
    target, trust = np.zeros((LENGTH, TARGETS), np.float16), np.zeros((LENGTH, TARGETS), np.float16)
    target[part], trust[part] = canvas.target.T, canvas.trust.T
    return Piece(seen, target, trust)
