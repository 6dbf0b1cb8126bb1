"""Long videos watched once: the report, the trace that all spotters share, and moments read on demand.

Everything is kept in a folder, so a run goes on where it stopped. Traces are kept apart from reports: another
spotter, another dial or another reading watches nothing again. A folder is of one tracer: after changing it,
give another.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.clip import Watched, find_events
from mellm.analysis.listeners import Progress
from mellm.analysis.settings import Settings
from mellm.evaluate.kept_traces import keep_watched, kept_watched
from mellm.evaluate.long_truth import LongVideo
from mellm.media import Media
from mellm.report import ActionUnitReading, Report
from mellm.spot import RegionalMotion
from mellm.version import __version__
from mellm.weights.model_store import sha256_of

_SPOTTER = Path(__file__).parents[1] / "weights" / "spotting.safetensors"


@dataclass(frozen=True, slots=True)
class WatchedVideo:
    """A video's report, and the trace of the person seen longest (None where nobody was)."""

    video: LongVideo
    report: Report
    motion: RegionalMotion | None


class _Keeping(Analyzer):
    """An analyzer that watches a clip once, and only spots anew where its trace is kept."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.trace = Path()

    def _watch(self, media: Media, progress: Progress) -> tuple[list[Watched], int]:
        if not self.trace.is_file():
            people, frames = super()._watch(media, progress)
            keep_watched(self.trace, people, frames)
            return people, frames
        people, frames = kept_watched(self.trace)
        for person in people:
            find_events(person, media, self._spotting())
        return people, frames


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
        report = self._cache / f"{self._name(video)}.json"
        trace = self._cache / f"{self._trace_name(video)}.npz"
        if not (report.is_file() and trace.is_file()):
            analyzer = self._analyzer_of(video)
            # A copy of it watches, so this is set before each clip.
            analyzer.trace = trace
            found = analyzer.analyze(video.path)
            report.write_text(found.to_json(), encoding="utf-8")
        people, _ = kept_watched(trace)
        longest = max(people, key=lambda person: len(person.places), default=None)
        return WatchedVideo(video, Report.load(report), None if longest is None else longest.motion)

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
        return self._named(video, [sha256_of(_SPOTTER), self._settings.recorded()])

    def _trace_name(self, video: LongVideo) -> str:
        return self._named(video, ["trace", self._settings.max_people])

    @staticmethod
    def _named(video: LongVideo, depends: Sequence[object]) -> str:
        files: Sequence[Path] = sorted(video.path.iterdir()) if video.path.is_dir() else [video.path]
        stat = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        told = [__version__, *depends, str(stat)]
        return f"{video.path.stem}-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]}"
