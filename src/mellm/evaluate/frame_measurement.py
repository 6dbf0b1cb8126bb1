"""One sample's frames, measured: onset and apex, their crops, the flow between them, the 29 regions.

What was measured is kept in a folder under a name that says all it depends on: the frames' bytes, the
estimator's weights, how the moment was found. So a second model, or a run that goes on, measures nothing
again. Knows no labels.
"""

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.clip import images_of
from mellm.analysis.named_frames import NamedFrames, indices_of
from mellm.analysis.settings import Settings
from mellm.analysis.strongest_frame import strongest_frame
from mellm.errors import InputError
from mellm.evaluate.frame_samples import FrameSample
from mellm.face.refinding import landmarks_at, place_of
from mellm.face.region_id import RegionId
from mellm.face.tracker import find_faces
from mellm.flow import create, measure_pair
from mellm.flow.field import FlowEstimator, FlowField
from mellm.flow.frames_around import windows
from mellm.flow.region_motion import RegionMotion
from mellm.media import Media, open_media
from mellm.media.frame import Image
from mellm.processes import worker_pool

Moment = Literal["given", "apex", "spotted"]
"""Whose onset and apex: the coders' (where a sheet has no apex, as `apex`), the coders' onset with the frame
that moved most as apex, or both by the program's own spotting."""
MOMENTS: tuple[Moment, ...] = ("given", "apex", "spotted")
SHORT = 6
"""Frames of the short video: evenly spread from onset to apex."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured sample.

    onset, apex: the aligned crops, uint8 (480, 400, 3) RGB; short: `SHORT` such crops from onset to apex
    expression: float32 (480, 400, 2), px of the crop, head motion removed
    motion: the 29 regions
    frames: indices of onset and apex among the sample's frames, from 0
    seconds: what measuring took
    """

    onset: Image
    apex: Image
    short: tuple[Image, ...]
    expression: FlowField
    motion: list[RegionMotion]
    frames: tuple[int, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class HowMeasured:
    """How samples are measured: flow estimator by name, whose moment, the folder that keeps results."""

    estimator: str
    moment: Moment
    cache: Path


def measure_all(
    samples: Sequence[FrameSample],
    how: HowMeasured,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Iterator[Measured | str]:
    """Yield each sample's measurement in order, or the sentence that says why there is none.

    With several workers, samples that are not yet kept are measured by so many processes, ahead of whoever
    takes them.
    """
    how.cache.mkdir(parents=True, exist_ok=True)
    if workers <= 1:
        for number, sample in enumerate(samples, 1):
            yield measured_or_why(sample, how)
            if progress:
                progress(sample.key, number, len(samples))
        return
    with worker_pool(workers, _begin) as pool:
        waiting = [pool.executor.submit(_keep, sample, how) for sample in samples]
        for number, (sample, done) in enumerate(zip(samples, waiting, strict=True), 1):
            done.result()
            yield measured_or_why(sample, how)
            if progress:
                progress(sample.key, number, len(samples))


def _begin() -> None:
    cv2.setNumThreads(1)


def _keep(sample: FrameSample, how: HowMeasured) -> None:
    measured_or_why(sample, how)


def measured_or_why(sample: FrameSample, how: HowMeasured) -> Measured | str:
    """Return a sample's measurement, kept or new; the reason where its frames cannot be used."""
    try:
        with open_media(sample.place, fps=sample.sample.fps or 30.0) as media:
            kept = how.cache / f"{_name(sample, media, how)}.npz"
            if kept.is_file():
                return _read(kept)
            found = _measure(sample, media, how)
        _write(kept, found)
        return found
    except InputError as error:
        return str(error)


def estimator_named(name: str) -> FlowEstimator:
    """Return the estimator, one of each name for a process."""
    if name not in _ESTIMATORS:
        _ESTIMATORS[name] = create(name)
    return _ESTIMATORS[name]


_ESTIMATORS: dict[str, FlowEstimator] = {}


def _name(sample: FrameSample, media: Media, how: HowMeasured) -> str:
    """The name of what is kept: a digest of everything it depends on."""
    sheet = sample.sample
    weights = getattr(estimator_named(how.estimator), "sha256", "")
    moment = [sheet.onset, sheet.apex, sheet.offset, sheet.fps]
    told = json.dumps([_VERSION, how.estimator, weights, how.moment, moment])
    digest = hashlib.sha256(told.encode())
    for file in media.files or (sample.place,):
        stat = file.stat()
        digest.update(f"{file.name}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return f"{sample.dataset.set}-{digest.hexdigest()[:24]}"


def _measure(sample: FrameSample, media: Media, how: HowMeasured) -> Measured:
    started = time.perf_counter()
    onset, apex = _moment(sample, media, how)
    count = media.info.frames or apex + 1
    around = windows(onset, apex, count)
    spread = np.linspace(onset, apex, SHORT).round().astype(int).tolist()
    read = media.read(sorted({*around[0], *around[1], *spread}))
    if onset not in read or apex not in read:
        raise InputError(f"{sample.key}: the onset or the apex frame cannot be read.")
    first, last = read[onset].image, read[apex].image
    faces = find_faces(first, max_people=1)
    second = landmarks_at(last, place_of(faces[0].landmarks)) if faces else None
    if second is None:
        raise InputError(f"{sample.key}: no face was found in onset and apex.")
    pair = measure_pair(
        first,
        last,
        (faces[0].landmarks, second),
        estimator_named(how.estimator),
        around=images_of(read, around),
    )
    short = tuple(pair.alignment.crop(read[k].image) for k in spread if k in read)
    seconds = round(time.perf_counter() - started, 3)
    return Measured(pair.onset, pair.apex, short, pair.flow.expression, pair.motion, (onset, apex), seconds)


def _moment(sample: FrameSample, media: Media, how: HowMeasured) -> tuple[int, int]:
    """Onset and apex, indices among the sample's frames."""
    sheet = sample.sample
    assert sheet.onset is not None
    if how.moment == "spotted":
        return _spotted(sample, media)
    if how.moment == "given" and sheet.apex is not None:
        named = NamedFrames(sheet.onset, sheet.apex)
        found = indices_of(media, named) if media.numbers else named
        return found.onset, found.apex
    last = sheet.offset
    named = NamedFrames(sheet.onset, sheet.onset if last is None else last)
    found = indices_of(media, named) if media.numbers else named
    return found.onset, strongest_frame(media, found.onset, None if last is None else found.apex)


def _spotted(sample: FrameSample, media: Media) -> tuple[int, int]:
    """The surest micro-expression that is spotted; where there is none, the frame that moved most."""
    rate = sample.sample.fps
    watched = Analyzer(Settings(llm="none", fps=rate, max_people=1)).spot(sample.place)
    micros = [e for w in watched for e in w.events if e.kind == "micro"]
    if micros:
        best = max(micros, key=lambda event: event.confidence)
        return best.onset, best.apex
    return 0, strongest_frame(media, 0, None)


def _write(file: Path, found: Measured) -> None:
    pictures = {"onset": found.onset, "apex": found.apex}
    pictures |= {f"short{k}": image for k, image in enumerate(found.short)}
    about = {
        "motion": [asdict(m) for m in found.motion],
        "frames": found.frames,
        "seconds": found.seconds,
        "short": len(found.short),
    }
    arrays: dict[str, Any] = {name: _coded(image) for name, image in pictures.items()}
    buffer = io.BytesIO()
    np.savez(
        buffer,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        expression=found.expression.astype(np.float16),
        **arrays,
    )
    partial = file.with_suffix(".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(file)


def _read(file: Path) -> Measured:
    with np.load(file) as data:
        about = json.loads(data["about"].tobytes())
        short = tuple(_decoded(data[f"short{k}"]) for k in range(about["short"]))
        motion = [RegionMotion(**{**row, "name": RegionId(row["name"])}) for row in about["motion"]]
        return Measured(
            _decoded(data["onset"]),
            _decoded(data["apex"]),
            short,
            data["expression"].astype(np.float32),
            motion,
            (about["frames"][0], about["frames"][1]),
            about["seconds"],
        )


def _coded(image: Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].ravel(), np.uint8)


def _decoded(coded: NDArray[np.uint8]) -> Image:
    picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if picture is None:
        raise InputError("A kept measurement is damaged: delete the folder of --cache.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
