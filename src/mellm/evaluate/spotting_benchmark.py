"""`mellm evaluate spotting`: real clips as they are and with brief movements put into their pictures.

Every clip belongs to a person and shows a kind of behaviour; the recipe of the network lists them and says
which people stay out of which training. Only frames and seconds leave this module.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from mellm.errors import InputError
from mellm.evaluate.intervals import match
from mellm.evaluate.runs import SpottingRun, provenance
from mellm.evaluate.spotting_baselines import above_threshold, directional_difference, flow_peaks
from mellm.evaluate.spotting_figures import MethodFigures, PeakFigures, SpottingFigures, SpottingSample
from mellm.evaluate.spotting_material import Asked, kept_material
from mellm.spot import RegionalMotion, SpotSettings, spot
from mellm.spot.detector import Detector
from mellm.spot.inputs import RATE, sampled
from mellm.spot.series import segments
from mellm.spot.speech import LIPS_TALK, lips
from mellm.train.spot.recipe import read_spot_recipe

Told = Callable[[str], None]
Spans = list[tuple[float, float, float, float]]
"""Onset, apex, offset, s, and the score."""

_GRID = 1000.0
"""Intervals are compared in milliseconds."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A real clip: its file, the person, the kind of behaviour, frames of brief expressions by eye."""

    path: Path
    person: str
    kind: str
    micros: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: what is put in, the dial, and a name of the weights for the run's settings."""

    asked: Asked = field(default_factory=Asked)
    false_alarms_per_minute: float = 0.3
    weights: str = "shipped"


def evaluate_spotting(
    clips: Sequence[Clip], detector: Detector | None, chosen: Plan, told: Told, cache: Path
) -> SpottingRun:
    """Measure all spotters on clips as they are and with movements put in; InputError without clips.

    Traces are kept in the folder `cache`: an interrupted run goes on, and other weights trace nothing again.
    """
    if not clips:
        raise InputError("No clip of these people is there: give the folder that the recipe's clips lie in.")
    started = time.perf_counter()
    samples: list[SpottingSample] = []
    covered: dict[str, float] = {}
    minutes: dict[str, float] = {}
    for clip in clips:
        told(clip.path.name)
        material = kept_material(clip.path, chosen.asked, cache)
        if material is None:
            continue
        motion, rate = material.motion, material.rate
        minutes[clip.kind] = minutes.get(clip.kind, 0.0) + float(motion.times[-1] - motion.times[0]) / 60
        found = _found(motion, rate, detector, chosen)
        for kind, share in found.covered.items():
            covered[kind] = covered.get(kind, 0.0) + share
        known = [(_second(motion, first), _second(motion, last)) for first, last in clip.micros]
        as_is = {m: [s for s in spans if not _within(s, known)] for m, spans in found.methods.items()}
        samples.append(_sample(clip, 0.0, [], as_is))
        busy = lips_moving(motion)
        for one in material.injected:
            methods = _found(one.motion, rate, detector, chosen).methods
            sample = _sample(clip, one.peak, one.truth, methods)
            sample.talking = [float(np.interp(apex, *busy)) > LIPS_TALK for _, apex, _ in one.truth]
            samples.append(sample)
    total = sum(minutes.values()) * 60
    figures = SpottingFigures(
        minutes={kind: round(m, 3) for kind, m in minutes.items()},
        methods={m: _figures(samples, m, minutes) for m in samples[0].found} if samples else {},
        covered={kind: round(seconds / total, 4) for kind, seconds in covered.items()},
    )
    settings: dict[str, JsonValue] = {
        "peaks": list(chosen.asked.peaks),
        "false_alarms_per_minute": chosen.false_alarms_per_minute,
        "people": [*sorted({clip.person for clip in clips})],
        "weights": chosen.weights,
    }
    paths = [clip.path for clip in clips]
    return SpottingRun(
        figures=figures, samples=samples, provenance=provenance(paths, settings, chosen.asked.seed, started)
    )


def _second(motion: RegionalMotion, frame: int) -> float:
    return float(np.interp(frame, motion.frames, motion.times))


def lips_moving(motion: RegionalMotion) -> tuple[list[float], list[float]]:
    """Times, and how much the lips move against each other then, px; one sample where no face was seen."""
    at, moving = [0.0], [0.0]
    for segment in segments(motion, SpotSettings().max_gap):
        size = lips(sampled(segment, motion.inter_ocular))
        at += [float(segment.times[0]) + k / RATE for k in range(len(size))]
        moving += [float(value) for value in size]
    return at, moving


def listed_clips(recipe: Path, data: Path, folds: Sequence[str] | None) -> list[Clip]:
    """The clips a recipe of the network lists, of these folds or of all, where they are there."""
    plan = read_spot_recipe(recipe)
    return [
        Clip(data / clip.file, clip.person, clip.kind, clip.micros)
        for clip in plan.clips
        if (not folds or clip.fold in folds) and (data / clip.file).is_file()
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    methods: dict[str, Spans]
    covered: dict[str, float]


def _found(motion: RegionalMotion, rate: float, detector: Detector | None, chosen: Plan) -> _Found:
    settings = replace(SpotSettings(), false_alarms_per_minute=chosen.false_alarms_per_minute)
    events = spot(motion, fps=rate, settings=settings, detector=detector)
    covered: dict[str, float] = {}
    for event in events:
        covered[event.kind] = covered.get(event.kind, 0.0) + event.offset_time - event.onset_time
    micros = [e for e in events if e.kind == "micro"]
    methods: dict[str, Spans] = {
        "ours": [(e.onset_time, e.apex_time, e.offset_time, e.confidence) for e in micros]
    }
    for name, spotter in (("mdmd", directional_difference), ("flow-peaks", flow_peaks)):
        peaks = above_threshold(spotter(motion))
        methods[name] = [(p.onset, p.apex, p.offset, p.score) for p in peaks]
    return _Found(methods, covered)


def _within(span: tuple[float, float, float, float], known: list[tuple[float, float]]) -> bool:
    return any(first - 0.1 <= span[1] <= last + 0.1 for first, last in known)


def _sample(
    clip: Clip, peak: float, truth: list[tuple[float, float, float]], found: dict[str, Spans]
) -> SpottingSample:
    rounded = {
        method: [(round(a, 4), round(b, 4), round(c, 4), round(s, 4)) for a, b, c, s in spans]
        for method, spans in found.items()
    }
    put_in = [(round(a, 4), round(b, 4), round(c, 4)) for a, b, c in truth]
    return SpottingSample(
        key=clip.path.name, person=clip.person, kind=clip.kind, peak=peak, put_in=put_in, found=rounded
    )


def _figures(samples: Sequence[SpottingSample], method: str, minutes: dict[str, float]) -> MethodFigures:
    calm = [s for s in samples if s.peak == 0]
    false = {k: sum(len(s.found[method]) for s in calm if s.kind == k) / m for k, m in minutes.items()}
    false["all"] = sum(len(s.found[method]) for s in calm) / sum(minutes.values())
    recall: dict[str, dict[str, PeakFigures]] = {}
    hits = called = there = 0
    for peak in sorted({s.peak for s in samples} - {0.0}):
        group = [s for s in samples if s.peak == peak]
        put_in = [(s, i) for s in group for i in range(len(s.put_in))]
        pairs = {(id(s), i): j for s in group for i, j in matched(s, method)}
        for kind in sorted({_doing(s, i) for s, i in put_in}):
            there_now = [(s, i) for s, i in put_in if _doing(s, i) == kind]
            found = [(s, i, pairs[id(s), i]) for s, i in there_now if (id(s), i) in pairs]
            errors = [abs(s.put_in[i][1] - s.found[method][j][1]) for s, i, j in found]
            recall.setdefault(kind, {})[str(peak)] = PeakFigures(
                put_in=len(there_now),
                found=len(found),
                recall=round(len(found) / len(there_now), 4),
                apex_error=round(float(np.mean(errors)), 4) if errors else None,
            )
        hits, there = hits + len(pairs), there + len(put_in)
        called += sum(len(s.found[method]) for s in group)
    return MethodFigures(
        false_per_minute={kind: round(rate, 3) for kind, rate in false.items()},
        recall=recall,
        precision=round(hits / called, 4) if called else 0.0,
        f1=round(2 * hits / (there + called), 4) if there + called else 0.0,
    )


def _doing(sample: SpottingSample, index: int) -> str:
    """What the face was doing when a movement was put in: talking, listening, or the kind of the clip."""
    if sample.talking and sample.talking[index]:
        return "talking"
    return "listening" if sample.kind == "conversation" else sample.kind


def matched(sample: SpottingSample, method: str) -> list[tuple[int, int]]:
    """Pairs (put in, found) whose intervals overlap by at least half of what they cover together."""

    def spans(rows: Sequence[tuple[float, ...]]) -> list[tuple[int, int]]:
        return [(round(row[0] * _GRID), round(row[2] * _GRID)) for row in rows]

    return match(spans(sample.put_in), spans(sample.found[method]))
