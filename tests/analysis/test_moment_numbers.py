"""Micro-expressions keep the number of their spotting, whichever of them can be read."""

from dataclasses import replace
from pathlib import Path

import pytest

from mellm import Analyzer, Settings
from mellm.analysis.clip import Watched
from mellm.analysis.listeners import PartsListener, Progress, WatchedClip
from mellm.face.people import Landmarks
from mellm.media import Media
from mellm.media.frame import Frame
from mellm.report import MicroExpression
from mellm.simulate.generated_clip import ClipTruth


class Heard(PartsListener):
    """Remembers the numbers it is told."""

    def __init__(self) -> None:
        self.spotted = 0
        self.measuring: list[int] = []

    def watched(self, clip: WatchedClip) -> None:
        self.spotted = len(clip.moments)

    def measured(self, number: int, me: MicroExpression) -> None:
        self.measuring.append(number)


def test_what_cannot_be_read_leaves_a_gap(
    smile_clip: tuple[Path, ClipTruth], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of three: its face is lost at the onset."""
    watch, points = Analyzer._watch, Analyzer._points
    lost_at: list[int] = []

    def three(self: Analyzer, media: Media, progress: Progress) -> tuple[list[Watched], int]:
        people, frames = watch(self, media, progress)
        (micro,) = [event for event in people[0].events if event.kind == "micro"]
        lost_at.append(micro.onset - 1)
        people[0].events = [micro, replace(micro, onset=micro.onset - 1), replace(micro, apex=micro.apex + 1)]
        return people, frames

    def lost(self: Analyzer, person: Watched, frame: Frame) -> Landmarks | None:
        return None if frame.index in lost_at else points(self, person, frame)

    monkeypatch.setattr(Analyzer, "_watch", three)
    monkeypatch.setattr(Analyzer, "_points", lost)
    heard = Heard()
    report = Analyzer(Settings(llm="none", estimator="dis")).analyze(smile_clip[0], parts=heard)
    assert [me.number for me in report.micro_expressions] == [1, 3] == heard.measuring
    assert report.spotted == 3 == heard.spotted
    assert report.micro_expressions[1].pictures["onset"] == "me3_onset.png"
    assert {"me1_onset.png", "me3_onset.png"} <= set(report.pictures)
    assert any(str(lost_at[0]) in warning for warning in report.warnings)
    scales = report.micro_expressions[0].map_scales_px
    assert scales["mmc_fixed"] == 1.0 and scales["mmc"] > 0.2
