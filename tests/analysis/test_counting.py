"""What counts without being reported: a lower bar, pieces joined, nothing counted twice."""

import numpy as np
import pytest

from mellm.analysis.counting import BRIEF, LONGER, uncertain_events
from mellm.face.regions import REGION_NAMES
from mellm.spot import Event, RegionalMotion, SpotSettings
from mellm.spot.events import EventKind

MOTION = RegionalMotion(
    frames=np.arange(10),
    times=np.arange(10) / 30,
    displacement=np.zeros((10, 29, 2), np.float32),
    head=np.zeros((10, 3), np.float32),
    eye_opening=np.zeros((10, 2), np.float32),
    regions=REGION_NAMES,
    inter_ocular=200.0,
)


def event(kind: EventKind, onset: int, offset: int, confidence: float = 0.4) -> Event:
    apex = (onset + offset) // 2
    return Event(kind, onset, apex, offset, onset / 30, apex / 30, offset / 30, confidence)


def test_what_is_unsure_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SpotSettings] = []
    found = [
        event("micro", 10, 20), event("blink", 30, 36), event("macro", 100, 140, 0.2),
        event("micro", 110, 118), event("macro", 130, 170, 0.3), event("micro", 200, 210),
        event("micro", 300, 308),
    ]  # fmt: skip

    def loosely(motion: RegionalMotion, *, fps: float, settings: SpotSettings) -> list[Event]:
        asked.append(settings)
        return found

    monkeypatch.setattr("mellm.analysis.counting.spot", loosely)
    reported = [event("micro", 12, 19, 0.8), event("blink", 201, 206), event("macro", 306, 400)]
    unsure = uncertain_events(MOTION, 30.0, reported)
    # The first is reported; the two pieces are one with the brief movement in them; a blink hides nothing;
    # the last begins before a reported expression has begun, and meets it.
    assert [(e.kind, e.onset, e.offset, e.apex) for e in unsure] == [
        ("macro", 100, 170, 150),
        ("micro", 200, 210, 205),
    ]
    assert (unsure[0].onset_time, unsure[0].offset_time) == (100 / 30, 170 / 30)
    assert asked[0].macro_score == LONGER
    assert asked[0].false_alarms_per_minute == pytest.approx(0.3 * BRIEF)


def test_the_dial_bounds_the_lower_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SpotSettings] = []
    monkeypatch.setattr(
        "mellm.analysis.counting.spot", lambda motion, *, fps, settings: asked.append(settings) or []
    )
    uncertain_events(MOTION, 30.0, [], SpotSettings(false_alarms_per_minute=10, macro_score=0.05))
    assert (asked[0].false_alarms_per_minute, asked[0].macro_score) == (10, 0.05)
