"""How well onset, apex and offset are found: clips of known motion and real clips, in groups.

    python benchmarks/bench_spotting.py                       # test faces; a table of all groups
    python benchmarks/bench_spotting.py --split val --groups photo-30 --traces /tmp/traces

Settings were tuned on `--split val` alone (other faces, other seeds); figures are reported on `--split test`.
`--traces DIR` keeps the regional traces, so that a change of the spotting stage alone need not render and
trace everything again. Real clips carry unlabelled movements of their own: micro-expressions found in the
untouched clip are counted as false alarms in the group `real-still` and forgiven nowhere else.
"""

import argparse
import json
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from mellm.evaluate.intervals import match
from mellm.face import AREAS, FaceTracker, find_faces, inter_ocular
from mellm.face.people import Landmarks
from mellm.media import open_media, read_image
from mellm.media.frame import Frame
from mellm.simulate.gallery import split_of
from mellm.simulate.generated_clip import ClipEvent, EventTruth, HeadPath, inject, make_clip
from mellm.simulate.scene import Pose
from mellm.simulate.sensor import Camera
from mellm.spot import RegionalMotion, spot
from mellm.spot.trace import MotionTracer

SHARED = Path(__file__).parents[1] / "../shared/data"
REAL = (
    "single_face.mp4",
    "WolfgangLanger_Pexels.mp4",
    "face_noface.mov",
    "head-pose-face-detection-female.gif",
    "head-pose-face-detection-male.gif",
    "head-pose-face-detection-female-and-male.gif",
)
CODES = ("4", "12", "6+12", "1+2", "L12", "R14", "15", "4+7", "9", "17", "R2", "1+4", "10", "20")
REPEATS = 1  # of movements put into each real clip
FIRST_SEED = {"val": 0, "test": 5000}


@dataclass(frozen=True)
class Group:
    """Clips of one sort: how many, frame rate, seconds, and what is in them."""

    clips: int
    fps: float
    seconds: float
    micros: bool = True
    extras: bool = False  # blinks and macro-expressions
    head: bool = False


GROUPS = {
    "photo-30": Group(8, 30.0, 6.0),
    "photo-30-head": Group(8, 30.0, 6.0, head=True),
    "photo-30-extras": Group(6, 30.0, 8.0, extras=True, head=True),
    "photo-200": Group(4, 200.0, 2.6),
    "photo-200-head": Group(4, 200.0, 2.6, head=True),
    "photo-30-none": Group(3, 30.0, 8.0, micros=False, extras=True, head=True),
}
REAL_GROUPS = ("real-injected", "real-still")


@dataclass
class Sample:
    """One person of one clip: the trace and what was put in."""

    key: str
    motion: RegionalMotion
    truth: tuple[EventTruth, ...]
    fps: float
    seconds: float


@dataclass
class Score:
    """Counts pooled over the clips of a group (MEGC: a match has an interval IoU of at least 0.5)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    apex: list[int] = field(default_factory=list)
    onset: list[int] = field(default_factory=list)
    offset: list[int] = field(default_factory=list)
    missed: list[float] = field(default_factory=list)
    minutes: float = 0.0
    other: dict[str, list[int]] = field(default_factory=dict)

    def add(self, sample: Sample, verbose: bool) -> None:
        events = spot(sample.motion, fps=sample.fps)
        self.minutes += sample.seconds / 60
        for kind in ("micro", "macro", "blink"):
            found = [(e.onset, e.apex, e.offset) for e in events if e.kind == kind]
            truth = [t for t in sample.truth if t.kind == kind]
            matched = match([(t.onset, t.offset) for t in truth], [(f[0], f[2]) for f in found])
            pairs = [(i, j) for j, i in matched]
            if kind != "micro":
                counts = self.other.setdefault(kind, [0, 0, 0])
                counts[0] += len(pairs)
                counts[1] += len(found) - len(pairs)
                counts[2] += len(truth) - len(pairs)
                continue
            self.tp += len(pairs)
            self.fp += len(found) - len(pairs)
            self.fn += len(truth) - len(pairs)
            for i, j in pairs:
                self.onset.append(found[i][0] - truth[j].onset)
                self.apex.append(found[i][1] - truth[j].apex)
                self.offset.append(found[i][2] - truth[j].offset)
            lost = [t for j, t in enumerate(truth) if j not in {j for _, j in pairs}]
            false = [f for i, f in enumerate(found) if i not in {i for i, _ in pairs}]
            if verbose and (lost or false):
                print(f"  {sample.key}")
                for t in lost:
                    units = "+".join(f"{u.side[0]}{u.au}" for u in t.action_units)
                    peak = t.action_units[0].amplitude
                    print(f"    missed {t.onset}-{t.apex}-{t.offset} AU {units} {peak:.2f} px")
                for f in false:
                    event = next(e for e in events if (e.onset, e.apex, e.offset) == f and e.kind == "micro")
                    print(f"    false  {f} {event.confidence} {event.regions[:4]}")
                print("    found", [(e.kind, e.onset, e.apex, e.offset) for e in events])
                print("    truth", [(t.kind, t.onset, t.apex, t.offset) for t in sample.truth])

    def figures(self) -> dict[str, float]:
        precision = self.tp / max(1, self.tp + self.fp)
        recall = self.tp / max(1, self.tp + self.fn)
        mean = lambda values: float(np.mean(values)) if values else float("nan")  # noqa: E731
        return {
            "f1": 2 * self.tp / max(1, 2 * self.tp + self.fp + self.fn),
            "precision": precision,
            "recall": recall,
            "micros": self.tp + self.fn,
            "apex_error_frames": mean(np.abs(self.apex).tolist()),
            "onset_bias_frames": mean(self.onset),
            "offset_bias_frames": mean(self.offset),
            "false_per_minute": self.fp / self.minutes if self.minutes else float("nan"),
            "minutes": self.minutes,
        }


def trace(frames: Iterator[Frame], people: int = 1) -> dict[int, RegionalMotion]:
    tracker, tracers = FaceTracker(people), {}
    for frame in frames:
        seen = {o.person: o for o in tracker.update(frame)}
        for person in seen:
            tracers.setdefault(person, MotionTracer())
        for person, tracer in tracers.items():
            tracer.update(frame, seen.get(person))
    return {person: tracer.finish() for person, tracer in tracers.items()}


def drawn_events(group: Group, scale: float, rng: np.random.Generator) -> tuple[list, list, list]:
    """Micro-expressions, macro-expressions and blink times that do not touch each other."""
    micros, macros, blinks = [], [], []
    t = float(rng.uniform(0.35, 0.8))
    while True:
        kind = rng.choice(["micro", "macro", "blink"], p=[0.5, 0.2, 0.3]) if group.extras else "micro"
        if kind == "blink":
            length = 0.3
        elif kind == "micro":
            rise, fall = rng.uniform(0.10, 0.24), rng.uniform(0.13, 0.25)
            length = rise + fall
        else:
            rise, fall = rng.uniform(0.35, 0.7), rng.uniform(0.4, 0.9)
            length = rise + fall
        if t + length > group.seconds - 0.3:
            return micros, macros, blinks
        if kind == "blink":
            blinks.append(t + 0.1)
        elif kind == "macro":
            amplitude = float(rng.uniform(4, 9)) * scale
            macros.append(ClipEvent(str(rng.choice(CODES)), amplitude, t, t + rise, t + rise + fall))
        elif group.micros:
            amplitude = float(np.exp(rng.uniform(np.log(0.5), np.log(4.0)))) * scale
            micros.append(ClipEvent(str(rng.choice(CODES)), amplitude, t, t + rise, t + rise + fall))
        t += length + float(rng.uniform(0.5, 1.4))


def photo_plan(name: str, split: str) -> Iterator[tuple[str, Callable[[], Sample | None]]]:
    group = GROUPS[name]
    paths = [p for p in sorted((SHARED / "faces").glob("*.jpg")) if split_of(p.stem) == split]
    start = FIRST_SEED[split] + 100 * list(GROUPS).index(name)
    order = np.random.default_rng(start).permutation(len(paths))
    for k, which in enumerate(order[: group.clips]):
        yield f"{k:02d}", partial(photo_sample, group, paths[which], start + k)


def photo_sample(group: Group, path: Path, seed: int) -> Sample | None:
    rng = np.random.default_rng(seed)
    picture = read_image(path)
    faces = find_faces(picture, max_people=1)
    if not faces or faces[0].box[2] < 120:
        return None
    left, top, width, height = faces[0].box
    # A cut-out about the face, the face 140 to 240 px wide.
    zoom = width / float(rng.uniform(140, 240))
    frame = (left - 0.35 * width, top - 0.45 * height, zoom)
    size = (int(1.7 * width / zoom) // 2 * 2, int(1.8 * height / zoom) // 2 * 2)
    scale = inter_ocular(faces[0].landmarks) / zoom / 200
    micros, macros, blinks = drawn_events(group, scale, rng)
    pose = Pose(*(float(v) for v in rng.uniform(-4, 4, 3)), (float(rng.uniform(-8, 8)), 0.0))
    head = HeadPath(pose, float(rng.uniform(0.5, 3.0))) if group.head else HeadPath(Pose(), 0.2)
    grain = float(np.exp(rng.uniform(np.log(0.6), np.log(2.5))))
    frames, truth = make_clip(
        picture,
        fps=group.fps,
        seconds=group.seconds,
        events=micros,
        macro=macros,
        blinks=blinks,
        head=head,
        noise=Camera(read=0.8 * grain, shot=1.5 * grain),
        seed=seed,
        mesh=faces[0].landmarks.points,
        frame=frame,
        size=size,
    )
    traced = trace(Frame(i, i / group.fps, image) for i, image in enumerate(frames))
    if not traced:
        return None
    return Sample(f"{path.stem} ({seed})", traced[1], truth.events, group.fps, group.seconds)


def real_plan(name: str, split: str) -> Iterator[tuple[str, Callable[[], Sample | None]]]:
    for number, clip in enumerate(REAL):
        pair = "and" in clip
        if name == "real-still":
            for person in (1, 2) if pair else (1,):
                yield f"{number}-{person}", partial(still_sample, clip, person)
        elif not pair:
            for repeat in range(REPEATS):
                seed = FIRST_SEED[split] + 1000 + 10 * number + repeat
                yield f"{number}-{repeat}", partial(injected_sample, clip, seed)


def real_frames(clip: str) -> tuple[list[Frame], float]:
    with open_media(SHARED / "clips" / clip) as media:
        return list(media.frames()), float(media.info.fps or 25)


def still_sample(clip: str, person: int) -> Sample | None:
    frames, fps = real_frames(clip)
    motions = trace(iter(frames), 2 if "and" in clip else 1)
    return (
        Sample(f"{clip} {person}", motions[person], (), fps, frames[-1].time) if person in motions else None
    )


def injected_sample(clip: str, seed: int) -> Sample | None:
    frames, fps = real_frames(clip)
    tracker = FaceTracker(1)
    seen = [tracker.update(frame) for frame in frames]
    meshes = [faces[0].landmarks if faces else None for faces in seen]
    events = quiet_events(trace(iter(frames))[1], meshes, fps, np.random.default_rng(seed))
    if not events:
        return None
    images, truth = inject((f.image for f in frames), meshes, events, fps=fps, seed=seed)
    stamped = (Frame(f.index, f.time, image) for f, image in zip(frames, images, strict=True))
    return Sample(f"{clip} ({seed})", trace(stamped)[1], truth.events, fps, frames[-1].time)


def quiet_events(
    motion: RegionalMotion, meshes: list[Landmarks | None], fps: float, rng: np.random.Generator
) -> list[ClipEvent]:
    """Micro-expressions at times at which the untouched clip holds still enough to tell what was put in.

    For 0.25 s around: a face in every frame, no blink, no fast head, and fewer than three regions outside
    the eyes that move by more than 2 px of the aligned crop.
    """
    busy = [(e.onset_time, e.offset_time) for e in spot(motion, fps=fps) if e.kind in ("blink", "head")]
    face = next(m for m in meshes if m is not None)
    scale = inter_ocular(face) / 200
    outside = [k for k, name in enumerate(motion.regions) if name not in AREAS["eyes"]]
    events, t = [], 0.3
    while t < len(meshes) / fps - 0.7:
        rise, fall = float(rng.uniform(0.12, 0.24)), float(rng.uniform(0.14, 0.25))
        stop = t + rise + fall
        window = (motion.times > t - 0.25) & (motion.times < stop + 0.25)
        moved = np.ptp(motion.displacement[window][:, outside], axis=0).max(axis=1)
        still = np.sort(moved)[-3] < 2.0  # NaN, no face, compares false
        if still and all(stop + 0.25 < a or t - 0.25 > b for a, b in busy):
            amplitude = float(np.exp(rng.uniform(np.log(0.8), np.log(4.0)))) * scale
            events.append(ClipEvent(str(rng.choice(CODES)), amplitude, t, t + rise, stop))
            t = stop + float(rng.uniform(0.6, 1.0))
        else:
            t += 1 / fps
    return events


def samples(name: str, split: str, folder: Path | None) -> Iterator[Sample]:
    """The clips of a group, one at a time; with a folder each is made once and kept there."""
    for key, make in (real_plan if name in REAL_GROUPS else photo_plan)(name, split):
        file = folder / f"{split}-{name}-{key}.pkl" if folder else None
        if file and file.is_file():
            sample = pickle.loads(file.read_bytes())
        else:
            sample = make()
            if file:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(pickle.dumps(sample))
        if sample is not None:
            yield sample


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--groups", nargs="*", default=[*GROUPS, *REAL_GROUPS])
    parser.add_argument("--traces", type=Path, help="keep and reuse traces in this folder")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--verbose", action="store_true", help="print every miss and false alarm")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"split {args.split}")
    columns = ("F1", "prec", "rec", "MEs", "apex err", "onset", "offset", "false/min", "minutes")
    print(f"{'group':18} {' '.join(f'{c:>9}' for c in columns)}  macro, blink (hit/false/missed)")
    everything = {}
    for name in args.groups:
        start, score = time.perf_counter(), Score()
        for sample in samples(name, args.split, args.traces):
            score.add(sample, args.verbose)
        f = score.figures()
        everything[name] = f | {"other": score.other}
        other = ", ".join("/".join(map(str, score.other.get(k, [0, 0, 0]))) for k in ("macro", "blink"))
        print(f"{name:18} {' '.join(f'{v:9.2f}' for v in f.values())}  {other}", flush=True)
        print(f"{'':18} {time.perf_counter() - start:.0f} s", flush=True)
    if args.json:
        args.json.write_text(json.dumps(everything, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
