"""Spotting on analytic traces: bumps of known onset, apex and offset over noise, drift, blinks, gaps."""

from dataclasses import replace

import numpy as np
import pytest

from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot import Event, RegionalMotion, SpotSettings, explain_none, spot

SMILE = {
    "left mouth corner": (-0.7, -0.7),
    "right mouth corner": (0.7, -0.7),
    "left cheek": (-0.1, -0.4),
    "right cheek": (0.1, -0.4),
    "upper lip left": (-0.3, -0.3),
    "upper lip right": (0.3, -0.3),
}
FROWN = {
    "left inner brow": (0.5, 0.9),
    "right inner brow": (-0.5, 0.9),
    "left outer brow": (0.2, 0.5),
    "right outer brow": (-0.2, 0.5),
}
ONE_SIDE = {"right mouth corner": (0.9, -0.4), "upper lip right": (0.5, -0.2), "right cheek": (0.3, -0.3)}
LIDS = {name: (0.0, 1.0 if "upper" in name else -0.2) for name in AREAS["eyes"]}


def course(times: np.ndarray, onset: float, apex: float, offset: float) -> np.ndarray:
    """Raised-cosine flanks: 0 at onset and offset, 1 at the apex."""
    rise = np.clip((times - onset) / (apex - onset), 0, 1)
    fall = np.clip((times - apex) / (offset - apex), 0, 1)
    return (1 - np.cos(np.pi * rise)) / 2 * (1 + np.cos(np.pi * fall)) / 2


class Trace:
    """A neutral face with noise; movements are added to it."""

    def __init__(self, fps: float, seconds: float, noise: float = 0.05, seed: int = 0) -> None:
        count = round(fps * seconds)
        self.rng = np.random.default_rng(seed)
        self.fps = fps
        self.times = np.arange(count) / fps
        self.values = self.rng.normal(0, noise, (count, len(REGION_NAMES), 2))
        self.eyes = 0.3 + self.rng.normal(0, 0.004, (count, 2))
        self.head = self.rng.normal(0, 0.15, (count, 3))

    def move(self, pattern: dict, peak: float, onset: float, apex: float, offset: float) -> "Trace":
        share = course(self.times, onset, apex, offset)
        largest = max(np.hypot(*vector) for vector in pattern.values())
        for name, vector in pattern.items():
            self.values[:, REGION_NAMES.index(name)] += peak / largest * share[:, None] * np.array(vector)
        return self

    def blink(self, apex: float, depth: float = 0.7, lid: float = 6.0) -> "Trace":
        share = course(self.times, apex - 0.1, apex, apex + 0.2)
        self.eyes *= 1 - depth * share[:, None]
        self.move({"left inner brow": (0, 1), "right inner brow": (0, 1)}, 0.4, apex - 0.1, apex, apex + 0.2)
        return self.move(LIDS, lid, apex - 0.1, apex, apex + 0.2)

    def motion(self, keep: np.ndarray | None = None) -> RegionalMotion:
        kept = np.arange(len(self.times)) if keep is None else keep
        return RegionalMotion(
            frames=kept.astype(np.int64),
            times=self.times[kept],
            displacement=self.values[kept].astype(np.float32),
            head=self.head[kept].astype(np.float32),
            eye_opening=self.eyes[kept].astype(np.float32),
            regions=REGION_NAMES,
            inter_ocular=200.0,
        )

    def spot(self, keep: np.ndarray | None = None) -> list[Event]:
        return spot(self.motion(keep), fps=self.fps)


def of_kind(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.kind == kind]


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 100.0, 200.0])
@pytest.mark.parametrize(("pattern", "peak"), [(SMILE, 0.8), (SMILE, 3.0), (FROWN, 1.0), (ONE_SIDE, 1.2)])
def test_one_micro_expression_is_found_where_it_is(fps: float, pattern: dict, peak: float) -> None:
    events = Trace(fps, 4.0, seed=1).move(pattern, peak, 1.5, 1.7, 1.9).spot()
    assert [event.kind for event in events] == ["micro"]
    event = events[0]
    assert event.apex_time == pytest.approx(1.7, abs=0.034)
    assert event.onset_time == pytest.approx(1.5, abs=0.075)
    assert event.offset_time == pytest.approx(1.9, abs=0.075)
    assert event.onset < event.apex < event.offset
    assert event.apex == pytest.approx(event.apex_time * fps, abs=0.51)
    assert set(event.regions) & set(pattern)
    assert 0.5 < event.confidence <= 1


def test_apex_within_two_frames_at_200_fps() -> None:
    errors = []
    for seed in range(8):
        trace = Trace(200.0, 3.0, noise=0.08, seed=seed).move(SMILE, 1.5, 1.2, 1.38, 1.6)
        (event,) = trace.spot()
        errors.append(abs(event.apex - 276))
    assert np.mean(errors) <= 2


def test_two_micro_expressions_close_together() -> None:
    trace = Trace(30.0, 4.0).move(SMILE, 1.5, 1.0, 1.2, 1.4).move(FROWN, 1.5, 2.0, 2.15, 2.35)
    events = of_kind(trace.spot(), "micro")
    assert len(events) == 2
    assert events[0].apex_time == pytest.approx(1.2, abs=0.04)
    assert events[1].apex_time == pytest.approx(2.15, abs=0.04)
    assert any("brow" in name for name in events[1].regions)
    assert not any("brow" in name for name in events[0].regions)


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("fps", [30.0, 200.0])
def test_a_still_face_yields_nothing(noise: float, fps: float) -> None:
    trace = Trace(fps, 20.0, noise=noise, seed=3)
    events = trace.spot()
    assert events == []
    assert str(explain_none(trace.motion(), events)) == (
        "No micro-expression found: nothing stands out of the noise."
    )


@pytest.mark.parametrize(
    ("trace", "keep", "why"),
    [
        (Trace(1.0, 4.0), None, "the frame rate is too low: 1 a second, and at least 4 are needed"),
        (Trace(30.0, 0.15), None, "the face is seen for 0.10 s"),
        (Trace(30.0, 3.0), np.array([0, 80]), "the face is seen in 2 frames, and at least 3 are needed"),
    ],
)
def test_too_little_to_spot_in_says_what_is_missing(trace: Trace, keep: np.ndarray | None, why: str) -> None:
    assert why in str(explain_none(trace.motion(keep), []))


def test_slow_drift_yields_nothing() -> None:
    trace = Trace(30.0, 20.0)
    slow = np.sin(2 * np.pi * trace.times / 12)
    trace.values += slow[:, None, None] * trace.rng.normal(0, 1.5, (1, len(REGION_NAMES), 2))
    assert of_kind(trace.spot(), "micro") == []


def test_the_same_movement_counts_whatever_else_moves() -> None:
    """No normalisation by the clip's own maximum: a strong movement does not hide a weak one."""
    alone = of_kind(Trace(30.0, 8.0).move(SMILE, 1.0, 1.5, 1.7, 1.9).spot(), "micro")
    beside = of_kind(
        Trace(30.0, 8.0).move(SMILE, 1.0, 1.5, 1.7, 1.9).move(FROWN, 12.0, 4.0, 4.8, 5.8).spot(), "micro"
    )
    assert [e.apex for e in alone] == [e.apex for e in beside]


def test_a_blink_is_a_blink() -> None:
    trace = Trace(30.0, 4.0).blink(2.0)
    events = trace.spot()
    assert [event.kind for event in events] == ["blink"]
    assert events[0].apex_time == pytest.approx(2.0, abs=0.04)
    assert events[0].onset_time == pytest.approx(1.9, abs=0.07)
    assert events[0].offset_time == pytest.approx(2.2, abs=0.07)
    assert "blink" in str(explain_none(trace.motion(), events))


def test_brows_that_follow_a_blink_are_part_of_it() -> None:
    events = Trace(30.0, 4.0).blink(2.0).move(FROWN, 3.0, 1.9, 2.0, 2.2).spot()
    assert [event.kind for event in events] == ["blink"]


def test_lids_that_follow_a_frown_are_no_blink() -> None:
    lids = {name: (0.0, 1.0) for name in AREAS["eyes"] if "upper" in name}
    events = Trace(30.0, 4.0).move(FROWN, 3.0, 1.8, 2.0, 2.2).move(lids, 1.9, 1.8, 2.0, 2.2).spot()
    assert [event.kind for event in events] == ["micro"]


def test_a_partial_blink_seen_by_the_lids_alone() -> None:
    events = Trace(30.0, 4.0).blink(2.0, depth=0.15, lid=3.0).spot()
    assert [event.kind for event in events] == ["blink"]


@pytest.mark.parametrize(
    "lids",
    [
        dict.fromkeys(AREAS["eyes"], (1.0, 0.0)),  # gaze aside
        {name: (0.0, -1.0 if "upper" in name else -0.5) for name in AREAS["eyes"]},  # gaze up
        {name: (0.0, 1.0 if "upper" in name else 0.5) for name in AREAS["eyes"]},  # gaze down
        LIDS,  # half a blink
    ],
)
def test_gaze_and_half_a_blink_make_no_micro_expression(lids: dict) -> None:
    assert of_kind(Trace(30.0, 4.0).move(lids, 1.2, 1.8, 2.0, 2.2).spot(), "micro") == []


RAISED = {name: (0.0, -1.0) for name in AREAS["eyes"] if "upper" in name}
TIGHT = {name: (0.0, 0.4 if "upper" in name else -0.9) for name in AREAS["eyes"]}


@pytest.mark.parametrize("lids", [RAISED, TIGHT])
def test_lids_that_rise_and_come_back_are_a_micro_expression(lids: dict) -> None:
    (event,) = of_kind(Trace(30.0, 8.0, noise=0.03).move(lids, 1.0, 4.0, 4.17, 4.4).spot(), "micro")
    assert event.onset_time == pytest.approx(4.0, abs=0.07) and event.offset_time == pytest.approx(
        4.4, abs=0.07
    )
    assert all(region.is_eyelid for region in event.regions)


def test_lids_that_open_too_far_after_a_blink_are_part_of_it() -> None:
    trace = Trace(30.0, 8.0, noise=0.03).blink(4.0).move(RAISED, 1.0, 4.2, 4.35, 4.6)
    assert of_kind(trace.spot(), "micro") == []


def test_a_micro_expression_during_a_blink_is_still_found() -> None:
    events = Trace(30.0, 4.0).blink(2.0).move(SMILE, 3.0, 1.85, 2.05, 2.3).spot()
    assert len(of_kind(events, "blink")) == 1
    assert len(of_kind(events, "micro")) == 1
    assert "left mouth corner" in of_kind(events, "micro")[0].regions


@pytest.mark.parametrize(("seconds", "length"), [(6.0, 1.0), (6.0, 2.0), (20.0, 1.0), (20.0, 3.0)])
def test_a_longer_movement_is_a_macro_expression(seconds: float, length: float) -> None:
    trace = Trace(30.0, seconds).move(SMILE, 5.0, 2.0, 2.0 + length / 2, 2.0 + length)
    events = trace.spot()
    assert [event.kind for event in events] == ["macro"]
    assert events[0].onset_time == pytest.approx(2.0, abs=0.2 * length)
    assert events[0].offset_time == pytest.approx(2.0 + length, abs=0.2 * length)
    assert "longer than 0.5 s" in str(explain_none(trace.motion(), events))


def test_one_brow_alone_is_a_longer_expression_too() -> None:
    (event,) = of_kind(
        Trace(30.0, 20.0).move({"left outer brow": (0, -1)}, 5.0, 8.0, 8.6, 9.4).spot(), "macro"
    )
    assert event.regions == ("left outer brow",)


def test_an_expression_that_stays_is_no_micro_expression() -> None:
    trace = Trace(30.0, 5.0).move(SMILE, 6.0, 1.5, 1.8, 100.0)
    assert {event.kind for event in trace.spot()} == {"macro"}


def test_repeated_mouth_motion_is_no_micro_expression() -> None:
    """Speech: the mouth opens and shuts four times a second for three seconds."""
    trace = Trace(30.0, 8.0)
    talking = (trace.times > 2) & (trace.times < 5)
    wave = np.where(talking, np.sin(2 * np.pi * 4 * trace.times), 0)
    for name in (*AREAS["mouth"], *AREAS["chin"]):
        trace.values[:, REGION_NAMES.index(name), 1] += 3 * wave * (2 if "lower" in name else 1)
    assert of_kind(trace.spot(), "micro") == []


def test_short_gaps_are_bridged_and_long_ones_cut() -> None:
    trace = Trace(30.0, 6.0).move(SMILE, 2.0, 2.0, 2.2, 2.4)
    everything = np.arange(180)
    bridged = trace.spot(np.delete(everything, [63, 64, 100, 101]))
    assert [e.kind for e in bridged] == ["micro"]
    assert bridged[0].apex == pytest.approx(66, abs=2)
    cut = trace.spot(np.delete(everything, np.arange(56, 80)))
    assert of_kind(cut, "micro") == []


def test_what_passes_before_a_part_of_the_face_is_no_micro_expression() -> None:
    def hidden(first: float) -> list[Event]:
        trace = Trace(30.0, 8.0).move(SMILE, 1.2, 4.0, 4.2, 4.4)
        frames = (trace.times >= first) & (trace.times < first + 0.2)
        trace.values[frames, REGION_NAMES.index("chin")] = np.nan
        return of_kind(trace.spot(), "micro")

    assert [hidden(4.5), hidden(3.4)] == [[], []]
    assert len(hidden(6.0)) == 1


def test_frames_without_a_face_may_be_nan() -> None:
    trace = Trace(30.0, 6.0).move(SMILE, 2.0, 4.0, 4.2, 4.4)
    trace.values[30:60] = np.nan
    trace.head[30:60] = np.nan
    trace.eyes[30:60] = np.nan
    (event,) = trace.spot()
    assert event.kind == "micro"
    assert event.apex == pytest.approx(126, abs=1)


def test_variable_frame_times() -> None:
    trace = Trace(30.0, 6.0)
    trace.times = np.sort(trace.times + trace.rng.uniform(-0.012, 0.012, len(trace.times)))
    trace.move(SMILE, 2.0, 3.0, 3.2, 3.4)
    (event,) = trace.spot()
    assert event.apex_time == pytest.approx(3.2, abs=0.05)
    assert event.apex == pytest.approx(96, abs=1)


def test_a_short_clip_cut_to_its_micro_expression() -> None:
    (event,) = Trace(200.0, 0.55).move(SMILE, 2.0, 0.08, 0.25, 0.45).spot()
    assert event.kind == "micro"
    assert event.apex_time == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_next_to_no_frames(count: int) -> None:
    trace = Trace(30.0, 1.0)
    motion = trace.motion(np.arange(count))
    assert spot(motion, fps=30.0) == []
    sentence = str(explain_none(motion, []))
    assert ("no face" in sentence) == (count == 0)
    assert count == 0 or "are needed" in sentence


def test_a_fast_head_hides_expressions_and_says_so() -> None:
    trace = Trace(30.0, 3.0)
    trace.head[:, 1] += 40 * np.sin(2 * np.pi * trace.times)
    trace.move(SMILE, 2.0, 1.4, 1.6, 1.8)
    events = trace.spot()
    assert {event.kind for event in events} == {"head"}
    assert "head moves too fast" in str(explain_none(trace.motion(), events))


def test_a_movement_below_the_smallest_is_none() -> None:
    trace = Trace(30.0, 4.0, noise=0.005).move(SMILE, 1.0, 1.5, 1.7, 1.9)
    assert of_kind(trace.spot(), "micro")
    assert of_kind(spot(trace.motion(), fps=30, settings=SpotSettings(min_peak_iod=0.01)), "micro") == []


def test_confidence_grows_with_the_movement() -> None:
    weak, strong = (
        of_kind(Trace(30.0, 4.0, noise=0.1).move(SMILE, peak, 1.5, 1.7, 1.9).spot(), "micro")[0].confidence
        for peak in (1.0, 4.0)
    )
    assert weak < strong


def test_a_minute_at_200_fps_holds_its_events_in_order() -> None:
    trace = Trace(200.0, 60.0)
    for start in (5.0, 21.3, 40.0, 58.0):
        trace.move(SMILE, 1.0, start, start + 0.2, start + 0.4)
    events = trace.spot()
    assert [round(event.apex_time, 1) for event in events] == [5.2, 21.5, 40.2, 58.2]


@pytest.mark.parametrize("dropped", [7, 5, 3])
def test_times_of_an_event_are_those_of_its_frames(dropped: int) -> None:
    trace = Trace(60.0, 6.0, seed=3).move(SMILE, 3.0, 2.5, 2.7, 2.95).blink(4.5)
    keep = np.flatnonzero(np.arange(len(trace.times)) % dropped)
    motion = replace(trace.motion(keep), frames=np.arange(len(keep)))
    events = spot(motion, fps=trace.fps)
    assert {event.kind for event in events} >= {"micro", "blink"}
    for event in events:
        for frame, time in (
            (event.onset, event.onset_time),
            (event.apex, event.apex_time),
            (event.offset, event.offset_time),
        ):
            assert time == motion.times[frame]
