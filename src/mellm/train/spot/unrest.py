"""Traces that movements are put into: real people's, taken from clips once and kept, and made still faces.

Real clips hold next to no micro-expressions, so what moves in them is what must not be called one. Knows
nothing of movements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face import FaceTracker
from mellm.face.regions import REGION_NAMES
from mellm.media import open_media
from mellm.spot.blinks import Closure, find_blinks, lid_motion
from mellm.spot.events import RegionalMotion
from mellm.spot.inputs import RATE, Sampled, baseline, running_mean, sampled
from mellm.spot.series import segments
from mellm.spot.speech import LIPS_TALK, lips
from mellm.spot.thresholds import SpotSettings
from mellm.train.spot.movements import LOWER_FACE, MIRROR

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SILENT = 0.6
"""Px of motion of the lips against each other up to which somebody is silent."""
AT_REST = 0.8
"""Px from the rest over 8 s up to which a region shows no longer expression."""


@dataclass(frozen=True, slots=True)
class Unrest:
    """One stretch of a trace at 30 samples a second, with what is known of it.

    blinks, speech, no_speech, no_macro: (N,) whether a sample is in a closure of the eyes, surely in speech,
    surely not, and surely not in a longer expression; micro: (N,) whether one may be in it by a person's word
    """

    person: str
    body: Sampled
    blinks: Flags
    speech: Flags
    no_speech: Flags
    no_macro: Flags
    micro: Flags


def trace_clip(path: Path) -> RegionalMotion:
    """Trace the largest face of a clip."""
    from mellm.spot.trace import MotionTracer

    tracker, tracer = FaceTracker(1), MotionTracer()
    with open_media(path) as media:
        for frame in media.frames():
            faces = tracker.update(frame)
            tracer.update(frame, faces[0] if faces else None)
    return tracer.finish()


def kept_trace(path: Path, folder: Path) -> RegionalMotion:
    """The trace of a clip, from the folder where it was kept, else traced and kept now."""
    file = folder / f"{path.name}.npz"
    if not file.is_file():
        if not path.is_file():
            raise InputError(f"There is no clip {path}: give the folder that the recipe's clips lie in.")
        motion = trace_clip(path)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(file, **motion.arrays())  # type: ignore[arg-type]
    with np.load(file, allow_pickle=False) as data:
        return RegionalMotion.of_arrays(data)


def unrest_of(
    motion: RegionalMotion, person: str, kind: str, micros: Sequence[tuple[int, int]] = ()
) -> list[Unrest]:
    """The stretches of a real trace; `kind` is what the clip shows: calm, talking, conversation, acting.

    `micros` are frames (first, last) in which a person saw a brief expression.
    """
    found: list[Unrest] = []
    for segment in segments(motion, 0.25):
        body = sampled(segment, motion.inter_ocular)
        count = len(body.displacement)
        if count < RATE:
            continue
        closures = find_blinks(segment, lid_motion(segment), SpotSettings())
        blinks = _marked(closures, segment.step, count)
        moving = lips(body)
        talks = (moving > LIPS_TALK) & (kind in ("talking", "conversation"))
        if kind == "talking":
            talks |= moving > SILENT
        micro = np.zeros(count, np.bool_)
        for first, last in micros:
            start, stop = (segment.time_of(frame) - segment.times[0] for frame in (first, last))
            micro[max(0, round(start * RATE) - 3) : max(0, round(stop * RATE) + 4)] = True
        silent = (moving < SILENT) if kind != "acting" else moving < SILENT / 2
        found.append(Unrest(person, body, blinks, talks, silent, at_rest(body, talks), micro))
    return found


def at_rest(body: Sampled, talks: Flags) -> Flags:
    """Where the face is near its rest: all of it, or the upper part while somebody talks."""
    flat = body.displacement.reshape(len(body.displacement), -1)
    size = np.abs(flat - baseline(flat, 8.0)).reshape(len(flat), -1, 2).max(axis=2)
    upper, lower = (np.sort(size[:, part], axis=1)[:, -3] for part in (~LOWER_FACE, LOWER_FACE))
    return np.asarray((upper < AT_REST) & (talks | (lower < AT_REST)))


def varied(unrest: Unrest, rng: np.random.Generator, length: int) -> Unrest:
    """A piece of at most `length` samples, mirrored, run backwards, faster, weaker or noisier at random."""
    speed = float(rng.uniform(0.8, 1.3)) if rng.random() < 0.6 else 1.0
    taken = min(len(unrest.blinks), int(length * speed))
    start = int(rng.integers(len(unrest.blinks) - taken + 1))
    at = start + np.arange(min(length, int(taken / speed))) * speed
    if rng.random() < 0.3:
        at = at[::-1]
    low = np.minimum(at.astype(int), len(unrest.blinks) - 2)
    share = at - low

    def read(values: Array) -> Array:
        w = share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(values[low] * (1 - w) + values[low + 1] * w)

    body = unrest.body
    size = float(rng.uniform(0.6, 1.25)) if rng.random() < 0.5 else 1.0
    moved = size * read(body.displacement)
    noise = float(rng.uniform(0, 0.12)) if rng.random() < 0.5 else 0.0
    moved = moved + noise * rng.standard_normal(moved.shape)
    changed = Sampled(
        moved,
        None if body.pose is None else read(body.pose),
        read(body.head),
        read(body.eyes),
        read(body.mouth),
        body.known[low],
    )
    if rng.random() < 0.5:
        changed = mirrored(changed)
    flags = [
        flag[low] for flag in (unrest.blinks, unrest.speech, unrest.no_speech, unrest.no_macro, unrest.micro)
    ]
    return Unrest(unrest.person, changed, *flags)


def mirrored(body: Sampled) -> Sampled:
    """The same face in a mirror: sides change places, yaw and roll their signs."""
    return replace(
        body,
        displacement=body.displacement[:, MIRROR] * (-1.0, 1.0),
        pose=None if body.pose is None else body.pose * (1.0, -1.0, -1.0, 1.0, -1.0, 1.0),
        head=body.head * (1.0, -1.0, -1.0),
        eyes=body.eyes[:, ::-1],
        known=body.known[:, MIRROR],
    )


def still_face(rng: np.random.Generator, length: int) -> Unrest:
    """A made face that does nothing: noise, drift, a swaying head and what it leaves in the regions."""
    regions = len(REGION_NAMES)
    noise = float(np.exp(rng.uniform(np.log(0.003), np.log(0.35))))
    level = noise * np.exp(0.25 * rng.standard_normal((1, regions, 1)))
    moved = level * rng.standard_normal((length, regions, 2))
    if rng.random() < 0.5:
        # Samples of faster clips are averages: their noise has less than white's high frequencies.
        moved = running_mean(moved.reshape(length, -1), int(rng.integers(2, 4))).reshape(moved.shape) * 1.5
    times = np.arange(length) / RATE
    if rng.random() < 0.5:
        period, phase = rng.uniform(4, 16), rng.uniform(0, 2 * np.pi)
        drift = np.sin(2 * np.pi * times / period + phase)[:, None, None]
        moved += drift * rng.normal(0, rng.uniform(0, 1.5), (1, regions, 2))
    pose = _sway(rng, length) if rng.random() < 0.6 else np.zeros((length, 6))
    left = pose - pose.mean(axis=0)
    leak = rng.normal(0, rng.uniform(0.0, 0.12), (6, regions * 2))
    moved += (left * (1, 1, 0.3, 10, 0.05, 0.05) @ leak).reshape(moved.shape)
    head = pose[:, :3] + rng.normal(0, 0.15, (length, 3))
    pose = pose + rng.normal(0, 0.02, pose.shape) * (1, 1, 1, 0.01, 1, 1)
    known_pose = rng.random() < 0.7
    eyes = rng.uniform(0.2, 0.4) + rng.normal(0, 0.004, (length, 2))
    mouth = rng.uniform(0, 0.08) + rng.normal(0, 0.003, length) if known_pose else np.zeros(length)
    none = np.zeros(length, np.bool_)
    body = Sampled(moved, pose if known_pose else None, head, eyes, mouth, np.ones((length, regions)))
    return Unrest("made", body, none, none, ~none, ~none, none)


def _sway(rng: np.random.Generator, length: int) -> Array:
    """Head pose (N, 6): smooth wandering of random pace and size, and now and then a turn."""
    steps = running_mean(rng.standard_normal((length, 6)), int(rng.integers(8, 40)))
    path = np.cumsum(steps, axis=0)
    path -= running_mean(path, 150)
    size = rng.uniform(0.05, 2.5) * np.array([1, 1, 0.6, 0.004, 2, 2])
    path = path / (path.std(axis=0) + 1e-9) * size
    if rng.random() < 0.5:
        at, lasts = rng.uniform(0, length), rng.uniform(6, 60)
        path += size * rng.normal(0, 3, 6) / (1 + np.exp(-(np.arange(length)[:, None] - at) / lasts * 8))
    return np.asarray(path)


def _marked(closures: Sequence[Closure], step: float, count: int) -> Flags:
    marked = np.zeros(count, np.bool_)
    for closure in closures:
        first, last = (round(at * step * RATE) for at in (closure.span[0], closure.span[2]))
        marked[first : last + 1] = True
    return marked
