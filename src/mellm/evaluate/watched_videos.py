"""Long videos watched once: the report, the trace that all spotters share, and moments read on demand.

Everything is kept in a folder, so a run goes on where it stopped and a new spotter watches nothing again.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.clip import Watched
from mellm.analysis.listeners import Progress
from mellm.analysis.settings import Settings
from mellm.evaluate.long_truth import LongVideo
from mellm.face.regions import REGION_NAMES
from mellm.media import Media
from mellm.report import ActionUnitReading, Report
from mellm.spot import RegionalMotion
from mellm.version import __version__
from mellm.weights.model_store import sha256_of

_ARRAYS = ("frames", "times", "displacement", "head", "eye_opening", "mouth_opening", "pose")
_SPOTTER = Path(__file__).parents[1] / "weights" / "spotting.safetensors"


@dataclass(frozen=True, slots=True)
class WatchedVideo:
    """A video's report, and the trace of the person seen longest (None where nobody was)."""

    video: LongVideo
    report: Report
    motion: RegionalMotion | None


class _Keeping(Analyzer):
    """An analyzer that keeps whom it watched."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.watched: list[list[Watched]] = []

    def _watch(self, media: Media, progress: Progress) -> tuple[list[Watched], int]:
        found = super()._watch(media, progress)
        self.watched.append(found[0])
        return found


class VideoWatcher:
    """Watches videos with one setting of the dial; results lie in `cache`."""

    def __init__(self, cache: Path, false_alarms_per_minute: float = 0.3) -> None:
        """Choose the folder; models are loaded when they are first needed."""
        self._cache = cache
        self._settings = Settings(llm="none", max_people=1, false_alarms_per_minute=false_alarms_per_minute)
        self._analyzer: _Keeping | None = None
        cache.mkdir(parents=True, exist_ok=True)

    def watch(self, video: LongVideo) -> WatchedVideo:
        """Return what is kept of a video, or watch it."""
        stem = self._cache / self._name(video)
        report, trace = stem.with_suffix(".json"), stem.with_suffix(".npz")
        if not report.is_file():
            found = self._analyzer_of(video).analyze(video.path)
            assert self._analyzer is not None
            people = [w for w in self._analyzer.watched.pop() if w.motion is not None]
            longest = max(people, key=lambda w: len(w.places), default=None)
            motion = None if longest is None else longest.motion
            arrays = {} if motion is None else {name: getattr(motion, name) for name in _ARRAYS}
            np.savez_compressed(trace, **arrays, inter_ocular=motion.inter_ocular if motion else 0.0)
            report.write_text(found.to_json(), encoding="utf-8")
        return WatchedVideo(video, Report.load(report), _trace(trace))

    def units(self, video: LongVideo, onset: int, apex: int) -> list[ActionUnitReading]:
        """Return the units between two frames of a video; none where no face is there."""
        kept = self._cache / f"{self._name(video)}-{onset}-{apex}.json"
        if not kept.is_file():
            found = self._analyzer_of(video).analyze(video.path, onset_frame=onset, apex_frame=apex)
            seen = found.micro_expressions[0].action_units if found.micro_expressions else []
            kept.write_text(json.dumps([au.model_dump() for au in seen]), encoding="utf-8")
        return [ActionUnitReading(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]

    def _analyzer_of(self, video: LongVideo) -> _Keeping:
        settings = self._settings.model_copy(update={"fps": video.fps if video.path.is_dir() else None})
        if self._analyzer is None or self._analyzer.settings != settings:
            self._analyzer = _Keeping(settings)
        return self._analyzer

    def _name(self, video: LongVideo) -> str:
        files: Sequence[Path] = sorted(video.path.iterdir()) if video.path.is_dir() else [video.path]
        stat = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        told = [__version__, sha256_of(_SPOTTER), self._settings.recorded(), str(stat)]
        return f"{video.path.stem}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"


def _trace(file: Path) -> RegionalMotion | None:
    with np.load(file) as data:
        if "frames" not in data:
            return None
        arrays = {name: data[name] for name in _ARRAYS}
        motion = RegionalMotion(
            frames=arrays["frames"],
            times=arrays["times"],
            displacement=arrays["displacement"],
            head=arrays["head"],
            eye_opening=arrays["eye_opening"],
            regions=REGION_NAMES,
            inter_ocular=float(data["inter_ocular"]),
        )
        return replace(motion, mouth_opening=arrays["mouth_opening"], pose=arrays["pose"])
