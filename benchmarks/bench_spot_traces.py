"""Spotting on traces of real people with movements put into them: recall by peak and by what the face does.

    python benchmarks/bench_spot_traces.py recipes/spot.yaml --data DIR --fold B --kept runs/spot-kept \
        --weights runs/spot-B/spotting.safetensors [more ...] [--dial 0.3] [--ict FILE]

The traces are those that `mellm train spot --kept` keeps (made where they are not there). Movements come from
origins without people (table, ICT-FaceKit, muscles, smooth), drawn with another seed than the training's;
minimum-jerk flanks, 0.2 to 0.5 s, peaks of .7, 1.2 and 2.5 px at 200 px between the outer eye corners, times
.6 for what the tracer loses of them. Each network is read at the score that brings `--dial` false
micro-expressions a minute on the clips of people left out as they are (of the runs `--dial-from`, else of its
own run, whose `scores.json` lies beside the weights), else at its own dial. Minutes, not the half hour of
`mellm evaluate spotting`, which puts movements into the pictures.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from mellm.evaluate.intervals import match
from mellm.evaluate.spotting_benchmark import lips_moving
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin
from mellm.spot import RegionalMotion, SpotSettings, spot
from mellm.spot.detector import Detector
from mellm.spot.speech import LIPS_TALK
from mellm.train.spot.dial_scores import dial_of, read_scores
from mellm.train.spot.movements import LOWER_FACE, pulse
from mellm.train.spot.pieces import draw_patterns
from mellm.train.spot.recipe import ClipOfPerson, read_spot_recipe
from mellm.train.spot.unrest import kept_trace

ORIGINS = dict.fromkeys((Origin.TABLE, Origin.ICT, Origin.MUSCLE, Origin.SMOOTH), 1.0)
PEAKS = (0.7, 1.2, 2.5)
SEEN = 0.6
"""What the tracer sees of a movement."""
EVERY = 2.0
"""Seconds from one movement to the next."""


@dataclass(frozen=True)
class PutIn:
    """A trace with movements of one peak; for each: onset and offset, s, and what the face does there."""

    clip: ClipOfPerson
    peak: float
    motion: RegionalMotion
    spans: list[tuple[float, float]]
    doing: list[str]


def main() -> None:
    """Print recall and false alarms of each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--fold", required=True)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--dial", type=float, nargs="+", default=[0.3])
    parser.add_argument("--dial-from", type=Path, nargs="*", default=[], help="runs with people left out")
    parser.add_argument("--ict", type=Path)
    parser.add_argument("--times", type=int, default=2, help="times each clip is gone through")
    asked = parser.parse_args()
    clips = [clip for clip in read_spot_recipe(asked.recipe).clips if clip.fold == asked.fold]
    traces = {clip.file: kept_trace(asked.data / clip.file, asked.kept / "traces") for clip in clips}
    patterns = draw_patterns(300, ORIGINS, IctModel(asked.ict) if asked.ict else None, seed=2964)
    busy = {file: lips_moving(motion) for file, motion in traces.items()}
    put = [
        put_in(clip, traces[clip.file], busy[clip.file], peak, patterns, number)
        for clip in clips
        for peak in PEAKS
        for number in range(asked.times)
        if len(traces[clip.file].times) > 1
    ]
    for file in asked.weights:
        for dial in asked.dial:
            found = figures(file, put, traces, clips, asked.dial_from, dial)
            print(json.dumps({"weights": str(file), "dial": dial, **found}), flush=True)


def put_in(
    clip: ClipOfPerson,
    motion: RegionalMotion,
    busy: tuple[list[float], list[float]],
    peak: float,
    patterns: list[NDArray[np.float64]],
    number: int,
) -> PutIn:
    """Put a movement into every two seconds of a trace; busy: when lips move, and how much."""
    rng = np.random.default_rng([number, round(1000 * peak), *clip.file.encode()])
    moved = motion.displacement.astype(np.float64)
    unit = motion.inter_ocular / REFERENCE_INTER_OCULAR
    spans, doing = [], []
    start = float(motion.times[0]) + rng.uniform(0.1, 0.5)
    while start + 0.7 < motion.times[-1]:
        onset = start + rng.uniform(0, max(0.0, min(EVERY, motion.times[-1] - start) - 0.7))
        lasts = rng.uniform(0.2, 0.5)
        apex = onset + lasts * rng.uniform(0.35, 0.6)
        way = patterns[int(rng.integers(len(patterns)))]
        strongest = np.argsort(np.linalg.norm(way, axis=1))[-3:]
        there = (motion.times >= onset - 0.3) & (motion.times <= onset + lasts + 0.3)
        seen = np.isfinite(motion.displacement[there]).all(axis=(0, 2))
        start += EVERY
        if not there.any() or not seen[strongest].all() or seen.mean() < 0.8:
            continue
        moved += (
            unit * SEEN * peak * pulse(motion.times, onset, apex, onset + lasts, 1.0)[:, None, None] * way
        )
        spans.append((onset, onset + lasts))
        lower = LOWER_FACE[strongest].sum() > 1
        talks = float(np.interp(apex, *busy)) > LIPS_TALK
        kind = "listening" if clip.kind == "conversation" else clip.kind
        doing.append(f"{'talking' if talks else kind}, {'lower' if lower else 'upper'} face")
    return PutIn(clip, peak, replace(motion, displacement=moved.astype(np.float32)), spans, doing)


def figures(
    file: Path,
    put: list[PutIn],
    traces: dict[str, RegionalMotion],
    clips: list[ClipOfPerson],
    dial_from: list[Path],
    dial: float,
) -> dict[str, object]:
    """Return recall (found / put in) by what the face does and peak, and false alarms a minute as it is."""
    arrays = load_file(file)
    sources = [Path(run) / "scores.json" for run in dial_from]
    if not sources and (file.parent / "scores.json").is_file():
        sources = [file.parent / "scores.json"]
    if sources:
        arrays["dial.rates"], arrays["dial.scores"] = dial_of(read_scores(sources))
    detector = Detector(arrays)
    found: dict[str, dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for one in put:
        spotted = micros(one.motion, detector, dial)
        truth = [(round(1000 * a), round(1000 * b)) for a, b in one.spans]
        hit = {i for i, _ in match(truth, spotted)}
        for i, doing in enumerate(one.doing):
            for name in (doing, doing.split(",")[0]):
                found[name][one.peak].append(i in hit)
    false, minutes = 0, 0.0
    for clip in clips:
        motion = traces[clip.file]
        if len(motion.times) > 1:
            minutes += float(motion.times[-1] - motion.times[0]) / 60
            known = [tuple(np.interp(span, motion.frames, 1000 * motion.times)) for span in clip.micros]
            spans = micros(motion, detector, dial)
            false += sum(not any(a - 100 <= (s + e) / 2 <= b + 100 for a, b in known) for s, e in spans)
    recall = {
        name: {str(peak): f"{sum(hits)} of {len(hits)}" for peak, hits in sorted(by_peak.items())}
        for name, by_peak in sorted(found.items())
    }
    return {"false": false, "minutes": round(minutes, 2), "recall": recall}


def micros(motion: RegionalMotion, detector: Detector, dial: float) -> list[tuple[int, int]]:
    """Return the micro-expressions in a trace, ms."""
    rate = float(1 / np.median(np.diff(motion.times)))
    settings = replace(SpotSettings(), false_alarms_per_minute=dial)
    events = spot(motion, fps=rate, settings=settings, detector=detector)
    return [(round(1000 * e.onset_time), round(1000 * e.offset_time)) for e in events if e.kind == "micro"]


if __name__ == "__main__":
    main()
