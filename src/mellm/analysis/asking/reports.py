"""Reports that questions are answered from: read where they are, made and kept where they are not."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.listeners import Progress
from mellm.analysis.settings import Settings
from mellm.analysis.strongest_frame import strongest_frame
from mellm.media import open_media
from mellm.report import Report

REPORT = "report.json"


class Reports:
    """Reports by clip; those of videos are made once and kept in a folder.

    one_moment: every clip is cut to one micro-expression, as ME-VQA's are, so nothing is spotted: its first
        frame is the onset, the frame that moved most the apex
    kept: folder of the reports that were made; None keeps none
    """

    def __init__(self, settings: Settings, *, one_moment: bool = False, kept: Path | None = None) -> None:
        """Choose how clips are analysed; models are loaded when the first clip is."""
        self._settings, self._one, self._kept = settings, one_moment, kept
        self._analyzer: Analyzer | None = None
        self._made: dict[Path, Report] = {}

    def of(self, source: Path, progress: Callable[[], Progress] | None = None) -> Report:
        """Return the report of a clip, or the one that `source` is (a report's folder or report.json)."""
        if source.name == REPORT or (source / REPORT).is_file():
            return Report.load(source)
        if source not in self._made:
            self._made[source] = self._read_or_made(source, progress)
        return self._made[source]

    def _read_or_made(self, source: Path, progress: Callable[[], Progress] | None) -> Report:
        kept = None if self._kept is None else self._kept / f"{source.stem}-{self._name(source)}.json"
        if kept is not None and kept.is_file():
            return Report.load(kept)
        self._analyzer = self._analyzer or Analyzer(self._settings)
        heard = progress() if progress else None
        if self._one:
            with open_media(source, limits=self._settings.limits, fps=self._settings.fps) as media:
                apex = strongest_frame(media, 0)
                last = (media.info.frames or apex + 1) - 1
            report = self._analyzer.analyze(
                source, onset_frame=0, apex_frame=apex, offset_frame=max(last, apex), progress=heard
            )
        else:
            report = self._analyzer.analyze(source, progress=heard)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial")
            partial.write_text(report.to_json(), encoding="utf-8")
            partial.replace(kept)
        return report

    def _name(self, source: Path) -> str:
        """Of the clip's place, its state on disk and the settings, so that a changed clip is read anew."""
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        stat = [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]
        told = f"{source.resolve()}|{stat}|{self._settings.recorded()}|{self._one}"
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:12]
