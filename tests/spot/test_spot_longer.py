"""Longer expressions on analytic traces: slow ones, and speech and a turning head that look like one."""

import numpy as np
import pytest

from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot import Event, RegionalMotion, spot

FPS, SECONDS = 30.0, 20.0
TIMES = np.arange(round(FPS * SECONDS)) / FPS
FROWN = {"left inner brow": (0.5, 0.9), "right inner brow": (-0.5, 0.9), "left outer brow": (0.2, 0.5)}


@pytest.fixture
def still() -> RegionalMotion:
    """A face and a head that do nothing, with noise."""
    rng = np.random.default_rng(0)
    count = len(TIMES)
    return RegionalMotion(
        frames=np.arange(count),
        times=TIMES,
        displacement=rng.normal(0, 0.05, (count, len(REGION_NAMES), 2)).astype(np.float32),
        head=rng.normal(0, 0.1, (count, 3)).astype(np.float32),
        eye_opening=(0.3 + rng.normal(0, 0.004, (count, 2))).astype(np.float32),
        regions=REGION_NAMES,
        inter_ocular=200.0,
        mouth_opening=np.full(count, 0.02, np.float32),
        pose=rng.normal(0, 0.02, (count, 6)).astype(np.float32),
    )


def course(onset: float, rise: float, held: float, fall: float) -> np.ndarray:
    """0 before and after, 1 while it is held; raised-cosine flanks."""
    up = np.clip((TIMES - onset) / rise, 0, 1)
    down = np.clip((TIMES - onset - rise - held) / fall, 0, 1)
    return (1 - np.cos(np.pi * up)) / 2 * (1 + np.cos(np.pi * down)) / 2


def move(motion: RegionalMotion, pattern: dict, share: np.ndarray) -> None:
    for name, vector in pattern.items():
        at = REGION_NAMES.index(name)
        motion.displacement[:, at] += share[:, None] * np.array(vector, np.float32)


def macros(motion: RegionalMotion) -> list[Event]:
    return [event for event in spot(motion, fps=FPS) if event.kind == "macro"]


def test_an_expression_that_comes_in_two_seconds_is_found_whole(still: RegionalMotion) -> None:
    move(still, FROWN, 4.0 * course(7.0, 2.0, 0.1, 2.0))
    (event,) = macros(still)
    assert event.apex_time == pytest.approx(9.05, abs=0.3)
    assert event.onset_time < 7.85
    assert event.offset_time > 10.3


@pytest.mark.parametrize(("degrees", "count"), [(0.0, 1), (12.0, 0)])
def test_what_follows_a_turned_head_is_none(still: RegionalMotion, degrees: float, count: int) -> None:
    share = course(8.0, 0.5, 0.8, 0.5)
    move(still, FROWN, 5.0 * share)
    still.pose[:, 0] += degrees * share
    still.head[:, 0] += degrees * share
    assert len(macros(still)) == count


def test_a_talking_mouth_with_what_it_drags_along_is_none(still: RegionalMotion) -> None:
    wave = course(6.0, 0.2, 3.0, 0.2) * (1 + np.sin(2 * np.pi * 3.1 * TIMES + np.sin(TIMES)))
    for name in (region for area in ("mouth", "chin", "cheeks", "nose") for region in AREAS[area]):
        low = name.startswith("lower") or name == "chin"
        share = 2.0 if name in (*AREAS["cheeks"], *AREAS["nose"]) else 3.0 if low else 0.4
        move(still, {name: (0.0, share)}, wave)
    still.mouth_opening[:] += (0.08 * wave).astype(np.float32)
    assert macros(still) == []
