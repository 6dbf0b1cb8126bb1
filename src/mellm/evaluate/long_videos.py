"""Spot-then-recognise and ME-LVQA on long videos: ours, two hand-made spotters, and answering the mean.

Rules of MEGC: an interval is a hit where it overlaps a true one by at least half of their union, one to one,
pooled over all videos; micro- and macro-expressions apart. STRS is the F1 of spotting micro-expressions times
the UF1 of the labels on the hits that have a true label. All spotters see one trace, and what they find is
read by the same units and emotions, so that they differ in the decision alone. Questions are answered by
`mellm.analysis.asking` where a report is there.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from mellm.analysis.asking import ask
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.figures import Interval
from mellm.evaluate.intervals import match
from mellm.evaluate.long_figures import (
    CountFigures,
    LongFigures,
    LongMethod,
    LongSample,
    LongSpan,
    QuestionFigures,
    SpotFigures,
)
from mellm.evaluate.long_truth import LongVideo
from mellm.evaluate.runs import LongRun, provenance
from mellm.evaluate.spotting_baselines import Peak, above_threshold, directional_difference, flow_peaks
from mellm.evaluate.uncertainty import bootstrap_interval
from mellm.evaluate.watched_videos import VideoWatcher, WatchedVideo
from mellm.facs.codes import parse_codes
from mellm.facs.findings import AUEvidence
from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.taxonomies import get_taxonomy
from mellm.report import ActionUnitReading
from mellm.spot import RegionalMotion
from mellm.wording.unit_names import AU_NAMES

OURS = "mellm"
SCOPES = {"any": ("micro", "macro"), "micro": ("micro",), "macro": ("macro",)}
QUESTIONS = {
    "any": "How many expression events appear in this video?",
    "micro": "How many micro-expression events appear in this video?",
    "macro": "How many macro-expression events appear in this video?",
}
"""The challenge's questions on counts."""
UNITS_QUESTION = "Which action units appear over the whole video?"
FIRST_QUESTION = "When was the first micro-expression?"
_CLOSED_EYES = frozenset({43, 45, 46})

Spotter = Callable[[RegionalMotion], list[Peak]]
SPOTTERS: dict[str, Spotter] = {"mdmd": directional_difference, "flow-peaks": flow_peaks}
"""Hand-made spotters beside ours."""


def register_spotter(name: str, spotter: Spotter) -> None:
    """Make a spotter of your own take part: a function from the trace to peaks."""
    SPOTTERS[name] = spotter


@dataclass(frozen=True, slots=True)
class LongPlan:
    """What is evaluated: the videos, the classes of emotion, and whose sheet must not answer for them."""

    videos: Sequence[LongVideo]
    watcher: VideoWatcher
    taxonomy: str = "3"
    without: str = ""
    seed: int = 0


def evaluate_long_videos(plan: LongPlan, progress: Callable[[str, int, int], None] | None = None) -> LongRun:
    """Watch all videos, recognise what was spotted, answer the questions."""
    started = time.perf_counter()
    watched: list[WatchedVideo] = []
    samples: list[LongSample] = []
    for number, video in enumerate(plan.videos, 1):
        watched.append(plan.watcher.watch(video))
        samples.append(_sample(watched[-1], plan))
        if progress:
            progress(video.path.name, number, len(plan.videos))
    methods = {name: _method(name, samples, watched, plan) for name in (OURS, *SPOTTERS)}
    figures = LongFigures(
        videos=len(samples),
        minutes=round(sum(s.seconds for s in samples) / 60, 3),
        people=len({s.person for s in samples}),
        methods=methods,
        mean_counts={scope: _errors_of_mean(samples, scope) for scope in SCOPES},
    )
    settings: dict[str, JsonValue] = {
        "model": "long videos",
        "classes": list(get_taxonomy(plan.taxonomy).labels),
        "without": plan.without or None,
    }
    inputs = [v.path for v in plan.videos if v.path.is_file()]
    return LongRun(
        figures=figures, samples=samples, provenance=provenance(inputs, settings, plan.seed, started)
    )


def _sample(watched: WatchedVideo, plan: LongPlan) -> LongSample:
    video, report = watched.video, watched.report
    taxonomy = get_taxonomy(plan.taxonomy)
    truth = [
        LongSpan(
            kind=e.kind, onset=e.onset, apex=e.apex, offset=e.offset, label=taxonomy.label_of(e.emotion),
            units=[u.sided for u in parse_codes(e.units).present],
        )
        for e in video.events
    ]  # fmt: skip
    ours = []
    for me in report.micro_expressions:
        when = me.interval
        last = when.apex_frame if when.offset_frame is None else when.offset_frame
        label, units = _recognised(me.action_units, plan)
        ours.append(
            LongSpan(
                kind="micro", onset=when.onset_frame, apex=when.apex_frame, offset=last, label=label,
                units=units,
            )
        )  # fmt: skip
    ours += [
        LongSpan(kind="macro", onset=e.onset_frame, apex=e.apex_frame, offset=e.offset_frame)
        for e in report.other_events
        if e.kind == "macro"
    ]
    found = {OURS: ours}
    for name, spotter in SPOTTERS.items():
        peaks = [] if watched.motion is None else above_threshold(spotter(watched.motion))
        found[name] = [_span(peak, report.source.times()) for peak in peaks]
        _recognise_hits(found[name], truth, video, plan)
    return LongSample(
        key=video.path.name,
        person=video.person,
        seconds=report.source.duration or 0.0,
        truth=truth,
        found=found,
    )


def _span(peak: Peak, times: Sequence[float]) -> LongSpan:
    at = np.asarray(times)
    onset, apex, offset = (int(np.abs(at - t).argmin()) for t in (peak.onset, peak.apex, peak.offset))
    return LongSpan(kind="micro", onset=onset, apex=apex, offset=offset)


def _recognise_hits(
    found: list[LongSpan], truth: Sequence[LongSpan], video: LongVideo, plan: LongPlan
) -> None:
    """Read the hits of a spotter as ours are read; a false alarm has no label to be right about."""
    true = [t for t in truth if t.kind == "micro"]
    for _, j in match(_frames(true), _frames(found)):
        span = found[j]
        if span.onset < span.apex:
            span.label, span.units = _recognised(plan.watcher.units(video, span.onset, span.apex), plan)


def _recognised(aus: Sequence[ActionUnitReading], plan: LongPlan) -> tuple[str | None, list[str]]:
    evidence = [AUEvidence(a.au, a.side, a.probability, a.intensity, tuple(a.evidence)) for a in aus]
    model = shipped_emotion_model().without(plan.without)
    labels = model.predict(evidence, plan.taxonomy)
    units = [a.code.rstrip("ABCDE") for a in aus if a.present and a.au not in _CLOSED_EYES]
    return (max(labels, key=lambda name: labels[name]) if evidence else None), units


def _frames(spans: Sequence[LongSpan]) -> list[tuple[int, int]]:
    return [(span.onset, span.offset) for span in spans]


def _method(
    name: str, samples: Sequence[LongSample], watched: Sequence[WatchedVideo], plan: LongPlan
) -> LongMethod:
    micro, labels = _spotting(name, samples, "micro", plan.seed)
    macro = overall = None
    if name == OURS:
        macro, _ = _spotting(name, samples, "macro", plan.seed)
        overall = _pooled([micro, macro])
    classes = get_taxonomy(plan.taxonomy).labels
    scores = LabelScores((*classes, "none"))
    scores.update([true for true, _ in labels], [called or "none" for _, called in labels])
    known = scores.compute()
    met = [c for c in classes if known.per_class[c].support]
    f1 = sum(known.per_class[c].f1 for c in met) / len(met) if met else 0.0
    minutes = sum(s.seconds for s in samples) / 60
    return LongMethod(
        micro=micro,
        macro=macro,
        overall=overall,
        false_per_minute=round((micro.called - micro.hits) / max(minutes, 1e-9), 3),
        recognised=len(labels),
        recognition_f1=f1,
        recognition_accuracy=known.accuracy,
        strs=micro.f1 * f1,
        questions=_answered(samples, watched) if name == OURS else _counted(name, samples),
    )


def _spotting(
    name: str, samples: Sequence[LongSample], kind: str, seed: int
) -> tuple[SpotFigures, list[tuple[str, str | None]]]:
    """Figures of one kind, and (true, recognised) labels of the hits that have a true one."""
    counts: dict[str, NDArray[np.float64]] = {}
    labels: list[tuple[str, str | None]] = []
    for sample in samples:
        true = [t for t in sample.truth if t.kind == kind]
        called = [f for f in sample.found[name] if f.kind == kind]
        pairs = match(_frames(true), _frames(called))
        row = np.array([len(true), len(called), len(pairs)], float)
        counts[sample.person] = counts.get(sample.person, np.zeros(3)) + row
        labels += [(label, called[j].label) for i, j in pairs if (label := true[i].label) is not None]
    by_person = np.stack(list(counts.values()))
    low, high = bootstrap_interval(by_person, _f1_of, seed)
    return _figures(by_person.sum(axis=0), (float(low), float(high))), labels


def _f1_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = counts[..., 0] + counts[..., 1]
    return np.asarray(np.divide(2 * counts[..., 2], whole, out=np.zeros_like(whole), where=whole > 0))


def _figures(counts: NDArray[np.float64], interval: Interval) -> SpotFigures:
    true, called, hits = (int(n) for n in counts)
    return SpotFigures(
        true=true,
        called=called,
        hits=hits,
        precision=hits / called if called else 0.0,
        recall=hits / true if true else 0.0,
        f1=float(_f1_of(counts)),
        f1_interval=interval,
    )


def _pooled(parts: Sequence[SpotFigures]) -> SpotFigures:
    counts = np.array([[p.true, p.called, p.hits] for p in parts], float).sum(axis=0)
    low, high = min(p.f1_interval[0] for p in parts), max(p.f1_interval[1] for p in parts)
    return _figures(counts, (low, high))


def _count(spans: Sequence[LongSpan], scope: str) -> int:
    return sum(span.kind in SCOPES[scope] for span in spans)


def _errors(wanted: Sequence[float], told: Sequence[float]) -> CountFigures:
    away = np.asarray(told, float) - np.asarray(wanted, float)
    return CountFigures(mae=float(np.abs(away).mean()), rmse=math.sqrt(float((away**2).mean())))


def _errors_of_mean(samples: Sequence[LongSample], scope: str) -> CountFigures:
    counts = [float(_count(s.truth, scope)) for s in samples]
    return _errors(counts, [sum(counts) / len(counts)] * len(counts))


def _counted(name: str, samples: Sequence[LongSample]) -> QuestionFigures:
    """The counts of a spotter that answers no other question: all it finds are micro-expressions."""
    told = {scope: [float(_count(s.found[name], scope)) for s in samples] for scope in SCOPES}
    return QuestionFigures(counts=_count_figures(samples, told))


def _count_figures(
    samples: Sequence[LongSample], told: Mapping[str, Sequence[float]]
) -> dict[str, CountFigures]:
    return {
        scope: _errors([float(_count(s.truth, scope)) for s in samples], counts)
        for scope, counts in told.items()
    }


def _answered(samples: Sequence[LongSample], watched: Sequence[WatchedVideo]) -> QuestionFigures:
    """The figures of the answers that `ask` gives to the challenge's questions."""
    told = {
        scope: [float(ask(w.report, question).short or 0) for w in watched]
        for scope, question in QUESTIONS.items()
    }
    hits = called = true = 0
    jaccard: list[float] = []
    first: list[float] = []
    for sample, one in zip(samples, watched, strict=True):
        micros = [t for t in sample.truth if t.kind == "micro"]
        wanted = {
            AU_NAMES[u.au] for t in micros for u in parse_codes("+".join(t.units)).present if u.au in AU_NAMES
        }
        given = set(filter(None, ask(one.report, UNITS_QUESTION).short.split(", ")))
        hits, called, true = hits + len(wanted & given), called + len(given), true + len(wanted)
        if wanted | given:
            jaccard.append(len(wanted & given) / len(wanted | given))
        answer = ask(one.report, FIRST_QUESTION).short
        if micros and answer:
            onset = min(t.onset for t in micros)
            first.append(abs(one.report.source.times()[onset] - float(answer)))
    return QuestionFigures(
        counts=_count_figures(samples, told),
        units_f1=2 * hits / (called + true) if called + true else 0.0,
        units_jaccard=float(np.mean(jaccard)) if jaccard else 0.0,
        first_seconds=float(np.mean(first)) if first else None,
        first_asked=len(first),
    )
