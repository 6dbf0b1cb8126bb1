"""What spotters are measured on: traces of a real clip as it is and with movements put into its pictures.

Each trace is kept in a file of its own, so that a stopped run goes on and other weights trace nothing again.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.spotting_injection import Placed, plan, stretches, write_injected
from mellm.evaluate.spotting_retrace import Traced, retraced, traced
from mellm.face.regions import REGION_NAMES
from mellm.simulate.origins import Origin
from mellm.spot import RegionalMotion

PEAKS = (0.7, 1.2, 2.5)
"""Px at 200 px between the outer eye corners: what is put in."""
ORIGINS = (Origin.TABLE, Origin.REPLAYED, Origin.MUSCLE, Origin.SMOOTH)
"""Origins of what is put in that need no other file."""
SHORTEST = 12
"""Frames under which a clip is left out."""
_FIELDS = ("frames", "times", "displacement", "head", "eye_opening", "mouth_opening", "pose")


@dataclass(frozen=True, slots=True)
class Asked:
    """Peaks put in, seconds per clip and peak at least and at most, seed."""

    peaks: Sequence[float] = PEAKS
    least_seconds: float = 20.0
    most_seconds: float = 60.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Injected:
    """A trace with movements of one peak in it; truth: their onset, apex, offset, s."""

    peak: float
    truth: list[tuple[float, float, float]]
    motion: RegionalMotion


@dataclass(frozen=True, slots=True)
class Material:
    """A clip's trace as it is, its frame rate, and the traces with movements put in."""

    motion: RegionalMotion
    rate: float
    injected: list[Injected]


def kept_material(clip: Path, asked: Asked, cache: Path) -> Material | None:
    """Return a clip's traces from the folder, or make and keep them; None where hardly a face is in it."""
    stat = clip.stat()
    told = f"{clip.name} {stat.st_size} {stat.st_mtime_ns} {asked.seed} {asked.most_seconds}"
    stem = f"{clip.stem}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    whole: Traced | None = None
    file = cache / f"{stem}.npz"
    if not file.is_file():
        whole = traced(clip)
        _write(file, whole.motion, [])
    motion, _ = _read(file)
    times = motion.times
    if len(times) < SHORTEST or not np.isfinite(motion.displacement).any():
        return None
    rate = float(1 / np.median(np.diff(times)))
    injected: list[Injected] = []
    for peak in asked.peaks:
        for number in range(max(1, round(asked.least_seconds / float(times[-1] - times[0])))):
            file = cache / f"{stem}-{peak:g}-{number}.npz"
            if not file.is_file():
                # Of a clip whose own trace is there its beginning is enough.
                whole = whole or traced(clip, asked.most_seconds + 1.0)
                rng = np.random.default_rng([asked.seed, round(1000 * peak), number, *clip.name.encode()])
                count = int(np.searchsorted(whole.times, whole.times[0] + asked.most_seconds))
                placed = plan(whole.times[:count], peak, ORIGINS, rng)
                truth = [tuple(whole.times[k] for k in (p.onset, p.apex, p.offset)) for p in placed]
                _write(file, _moved(clip, motion, whole, placed, rate), truth)
            moved, spans = _read(file)
            if len(spans):
                injected.append(Injected(peak, [(float(a), float(b), float(c)) for a, b, c in spans], moved))
    return Material(motion, rate, injected)


def _moved(
    clip: Path, motion: RegionalMotion, whole: Traced, placed: Sequence[Placed], rate: float
) -> RegionalMotion:
    """The trace of the clip with these movements in its pictures."""
    if not placed:
        return motion
    spans = stretches(placed, whole.times)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "injected.mp4"
        write_injected(clip, file, whole.faces, placed, spans, rate)
        return retraced(motion, whole, file, spans)


def _write(file: Path, motion: RegionalMotion, truth: Sequence[tuple[float, ...]]) -> None:
    arrays = {name: getattr(motion, name) for name in _FIELDS}
    spans = np.array(truth, np.float64).reshape(-1, 3)
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, inter_ocular=motion.inter_ocular, truth=spans, **arrays)
    partial.replace(file)


def _read(file: Path) -> tuple[RegionalMotion, NDArray[np.float64]]:
    with np.load(file, allow_pickle=False) as data:
        arrays = {name: data[name] for name in _FIELDS}
        scale = float(data["inter_ocular"])
        return RegionalMotion(**arrays, regions=REGION_NAMES, inter_ocular=scale), data["truth"]
