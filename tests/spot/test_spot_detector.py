"""What the network sees, that its blocks join, the dial, and events as they come."""

from dataclasses import replace

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.spot import RegionalMotion, SpotSettings, StreamingSpotter, spot
from mellm.spot.candidates import moments
from mellm.spot.course import follow
from mellm.spot.detector import BLOCK, Said, load_detector, shipped
from mellm.spot.dial import DEFAULT_RATE, Dial
from mellm.spot.evidence import with_evidence
from mellm.spot.inputs import CHANNELS, RATE, Sampled, inputs, residue, sampled
from mellm.spot.series import segments
from mellm.spot.streaming import KEPT, part_of

MOUTH = [REGION_NAMES.index(name) for name in AREAS["mouth"]]
BROWS = [REGION_NAMES.index(name) for name in AREAS["brows"]]


def made_trace(fps: float, seconds: float, noise: float = 0.05, seed: int = 0) -> RegionalMotion:
    rng = np.random.default_rng(seed)
    count = round(fps * seconds)
    return RegionalMotion(
        frames=np.arange(count),
        times=np.arange(count) / fps,
        displacement=rng.normal(0, noise, (count, 29, 2)).astype(np.float32),
        head=rng.normal(0, 0.1, (count, 3)).astype(np.float32),
        eye_opening=(0.3 + rng.normal(0, 0.004, (count, 2))).astype(np.float32),
        regions=REGION_NAMES,
        inter_ocular=200.0,
        mouth_opening=(0.03 + rng.normal(0, 0.003, count)).astype(np.float32),
        pose=rng.normal(0, 0.02, (count, 6)).astype(np.float32),
    )


def bump(times: np.ndarray, onset: float, offset: float) -> np.ndarray:
    inside = (times > onset) & (times < offset)
    return np.where(inside, (1 - np.cos(2 * np.pi * (times - onset) / (offset - onset))) / 2, 0)


def frown(motion: RegionalMotion, onset: float, peak: float = 1.5) -> RegionalMotion:
    moved = motion.displacement.copy()
    moved[:, BROWS, 1] += (peak * bump(motion.times, onset, onset + 0.4))[:, None].astype(np.float32)
    return replace(motion, displacement=moved)


def body_of(motion: RegionalMotion) -> Sampled:
    (segment,) = segments(motion, 0.25)
    return sampled(segment, motion.inter_ocular)


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 100.0])
def test_every_frame_rate_becomes_thirty_samples_a_second(fps: float) -> None:
    body = body_of(frown(made_trace(fps, 6.0, noise=0.0), 3.0))
    assert len(body.displacement) == pytest.approx(6 * RATE, abs=2)
    course = body.displacement[:, BROWS[0], 1]
    assert course.argmax() / RATE == pytest.approx(3.2, abs=0.034)
    assert course.max() == pytest.approx(1.5, rel=0.05)


def test_faster_clips_are_averaged_and_so_less_noisy() -> None:
    slow, fast = (body_of(made_trace(fps, 10.0)).displacement.std() for fps in (30.0, 90.0))
    assert fast < 0.7 * slow


def test_where_the_face_started_does_not_matter() -> None:
    motion = frown(made_trace(30.0, 12.0), 5.0)
    shifted = replace(motion, displacement=motion.displacement + np.float32(7.0))
    assert np.allclose(inputs(body_of(motion)), inputs(body_of(shifted)), atol=1e-3)
    assert inputs(body_of(motion)).shape[1] == CHANNELS


def test_what_follows_the_pose_is_taken_off_and_what_does_not_stays() -> None:
    rng = np.random.default_rng(1)
    turned = np.cumsum(rng.normal(0, 0.2, (400, 6)), axis=0)
    turned -= turned.mean(axis=0)
    leak = rng.normal(0, 0.2, (6, 58))
    own = np.zeros((400, 58))
    own[200:212, 3] = 2.0
    left = turned @ leak + own - residue(turned @ leak + own, turned)
    assert np.abs(left - own).mean() < 0.1 * np.abs(turned @ leak).mean()
    assert left[205, 3] == pytest.approx(2.0, abs=0.3)


def test_a_region_outside_the_picture_is_a_gap_and_not_a_jump() -> None:
    motion = made_trace(30.0, 8.0)
    moved = motion.displacement.copy()
    moved[100:140, 28] = np.nan
    gone = replace(motion, displacement=moved)
    body = body_of(gone)
    assert np.isfinite(body.displacement).all()
    assert body.known[110:130, 28].max() == 0 and body.known[50, 28] == 1
    assert [e for e in spot(gone, fps=30) if e.kind in ("micro", "macro")] == []


def test_long_stretches_are_said_in_blocks_that_join() -> None:
    seen = np.random.default_rng(0).normal(0, 1, (BLOCK + 200, CHANNELS)).astype(np.float32)
    network = shipped()
    blocks, whole = network(seen), network._run(with_evidence(seen))
    assert np.allclose(blocks.apex, 1 / (1 + np.exp(-whole[:, 4])), atol=1e-4)


def test_other_arrays_are_refused(tmp_path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no weights of the spotting network"):
        load_detector(file)


def test_more_false_alarms_take_less_to_be_sure() -> None:
    dial = Dial((0.1, 0.3, 1.0, 3.0, 10.0), (0.9, 0.8, 0.6, 0.4, 0.2))
    assert dial.score(0.3) == pytest.approx(0.8)
    assert 0.6 < dial.score(0.5) < 0.8
    assert dial.confidence(dial.score(DEFAULT_RATE)) == pytest.approx(0.5)
    assert dial.confidence(0.3) < 0.5 < dial.confidence(0.9) < 1


def test_the_dial_only_adds() -> None:
    motion = made_trace(30.0, 30.0, noise=0.25)
    for onset in (5.0, 11.0, 17.0, 23.0):
        motion = frown(motion, onset, 0.7)
    found = [
        {e.apex for e in spot(motion, fps=30, settings=SpotSettings(false_alarms_per_minute=rate))}
        for rate in (0.3, 10.0)
    ]
    assert found[0] <= found[1]


def test_two_apexes_of_one_movement_are_one_moment() -> None:
    apex = np.zeros(100, np.float32)
    apex[[50, 53, 80]] = 0.9, 0.6, 0.5
    kinds = np.full((100, 4), 0.8, np.float32)
    said = Said(kinds, apex, np.full(100, 5.0, np.float32), np.full(100, 6.0, np.float32))
    assert [round(moment.apex) for moment in moments(said)][:2] == [50, 80]


def test_a_moment_at_the_edge_of_a_still_trace_is_a_movement_of_no_size() -> None:
    still = np.zeros((30, 29, 2))
    move = follow(still, np.full(29, 0.03), np.ones(29, np.bool_), (-3.0, 0.0, 2.0), 1 / 30)
    assert move.peak < 1e-6 and 0 <= move.onset <= move.apex <= move.offset < 30


def test_closed_eyes_are_a_closure_when_they_stay_shut() -> None:
    motion = made_trace(30.0, 12.0)
    shut = (motion.times > 4.0) & (motion.times < 6.5)
    lids = [k for k, name in enumerate(REGION_NAMES) if "upper eyelid" in name]
    moved, eyes = motion.displacement.copy(), motion.eye_opening.copy()
    moved[np.ix_(shut, lids, [1])] += 8.0
    eyes[shut] *= 0.4
    events = spot(replace(motion, displacement=moved, eye_opening=eyes), fps=30)
    (closure,) = [e for e in events if e.kind in ("closure", "blink")]
    assert closure.kind == "closure"
    assert closure.onset_time == pytest.approx(4.0, abs=0.15)
    assert closure.offset_time == pytest.approx(6.5, abs=0.15)


def test_a_talking_mouth_is_speech() -> None:
    motion = made_trace(30.0, 12.0)
    talking = (motion.times > 3) & (motion.times < 8)
    wave = np.where(talking, 0.5 + np.sin(2 * np.pi * 3.5 * motion.times), 0)
    moved = motion.displacement.copy()
    for k in (*MOUTH, REGION_NAMES.index("chin")):
        moved[:, k, 1] += 4 * wave * (1.0 if "lower" in REGION_NAMES[k] or k == 26 else 0.3)
    opened = motion.mouth_opening + np.maximum(0, wave).astype(np.float32) * 0.08
    events = spot(replace(motion, displacement=moved, mouth_opening=opened), fps=30)
    speech = [e for e in events if e.kind == "speech"]
    assert len(speech) == 1
    assert speech[0].onset_time == pytest.approx(3.0, abs=0.5)
    assert speech[0].offset_time == pytest.approx(8.0, abs=0.5)
    assert not [e for e in events if e.kind == "micro"]


def test_events_come_while_the_trace_grows_and_are_those_of_the_whole() -> None:
    motion = made_trace(30.0, 120.0)
    onsets = (6.0, 33.0, 61.5, 90.0, 118.0)
    for onset in onsets:
        motion = frown(motion, onset, 2.0)
    whole = [e.apex for e in spot(motion, fps=30) if e.kind == "micro"]
    spotter, came, at = StreamingSpotter(30.0), [], []
    for first in range(0, len(motion.times), 60):
        piece = part_of(motion, first, first + 60)
        for event in spotter.feed(piece):
            came.append(event)
            at.append(float(piece.times[-1]))
        assert spotter._kept is not None
        assert spotter._kept.times[-1] - spotter._kept.times[0] < KEPT + 6
    came += spotter.close()
    micros = [e.apex for e in came if e.kind == "micro"]
    assert len(whole) == len(onsets)
    assert np.allclose(micros, whole, atol=1)
    assert all(now - e.offset_time < 16 for now, e in zip(at, came, strict=False))
