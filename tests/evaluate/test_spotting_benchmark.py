"""Injection into pictures, the baselines, and how hits and false alarms are counted."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.evaluate.spotting_baselines import above_threshold, directional_difference, flow_peaks
from mellm.evaluate.spotting_benchmark import Plan, evaluate_spotting, listed_clips, matched
from mellm.evaluate.spotting_benchmark import _figures as figures_of
from mellm.evaluate.spotting_figures import SpottingSample
from mellm.evaluate.spotting_injection import Placed, plan, stretches, warped, write_injected
from mellm.evaluate.spotting_material import Asked, kept_material
from mellm.evaluate.spotting_retrace import retraced, traced
from mellm.face import find_faces
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import canonical_points
from mellm.simulate.generated_clip import make_clip
from mellm.simulate.origins import Origin
from mellm.simulate.video_writer import write_video
from mellm.spot import RegionalMotion

RECIPE = Path(__file__).parents[2] / "recipes" / "spot.yaml"


def test_the_warp_moves_the_face_as_asked_and_leaves_the_rest(portrait: Image) -> None:
    (face,) = find_faces(portrait, 1)
    mesh = face.landmarks.points
    # A ramp shows how far a place came from: one grey level for two pixels.
    ramp = np.broadcast_to((np.arange(512) / 2).astype(np.uint8)[None, :, None], (512, 512, 3)).copy()
    motion = np.zeros((468, 2))
    motion[np.linalg.norm(mesh[:, :2] - mesh[61, :2], axis=1) < 30, 0] = 8.0
    out = warped(ramp, mesh, motion)
    x, y = mesh[61, :2].round().astype(int)
    part = (slice(y - 2, y + 3), slice(x + 2, x + 9))
    moved = ramp[part].astype(float) - out[part]
    assert moved.mean() == pytest.approx(4.0, abs=0.8)
    assert np.array_equal(out[:5], ramp[:5])
    assert np.array_equal(warped(ramp, mesh, np.zeros((468, 2))), ramp)


def test_what_is_put_in_is_brief_apart_and_inside_the_clip() -> None:
    times = np.arange(600) / 30
    placed = plan(times, 1.2, (Origin.TABLE, Origin.SMOOTH), np.random.default_rng(0))
    assert len(placed) >= 5
    for event in placed:
        assert 0 < event.onset < event.apex < event.offset < 600
        assert 0.15 < times[event.offset] - times[event.onset] <= 0.54
        assert np.linalg.norm(event.field[:, :2], axis=1).max() == pytest.approx(1)
    assert all(b.onset - a.offset >= 2.0 * 30 - 2 for a, b in pairwise(placed))


def test_a_clip_is_traced_anew_only_where_it_was_changed(portrait: Image, tmp_path: Path) -> None:
    frames, _ = make_clip(portrait, fps=20, seconds=3.0, noise=None)
    clip, changed = tmp_path / "clip.mp4", tmp_path / "changed.mp4"
    write_video(clip, frames, 20.0)
    whole = traced(clip)
    smile = np.zeros((468, 3))
    smile[np.linalg.norm(canonical_points() - canonical_points()[61], axis=1) < 0.1, 1] = 1.0
    placed = [Placed(20, 25, 30, 4.0, Origin.SMOOTH, smile)]
    ((first, last),) = spans = stretches(placed, whole.times)
    assert (first, last) == (14, 36)
    write_injected(clip, changed, whole.faces, placed, spans, 20.0)
    moved = retraced(whole.motion, whole, changed, spans)
    away = np.linalg.norm(moved.displacement - whole.motion.displacement, axis=2)
    assert away[:first].max() == away[last + 1 :].max() == 0
    assert away[25].max() > 1.0 > away[[15, 35]].max()
    assert REGION_NAMES[int(away[25].argmax())] == "left mouth corner"
    assert np.array_equal(moved.times, whole.motion.times)


def test_traces_are_kept(portrait: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, _ = make_clip(portrait, fps=20, seconds=3.0, noise=None)
    clip = tmp_path / "clip.mp4"
    write_video(clip, frames, 20.0)
    asked = Asked((2.5,), 3.0)
    made = kept_material(clip, asked, tmp_path / "kept")
    monkeypatch.setattr("mellm.evaluate.spotting_material.traced", None)
    again = kept_material(clip, asked, tmp_path / "kept")
    assert made is not None and again is not None and len(again.injected) == 1
    assert again.injected[0].truth == made.injected[0].truth and len(made.injected[0].truth) == 1
    assert not np.array_equal(again.motion.displacement, again.injected[0].motion.displacement)


def bumped() -> RegionalMotion:
    rng = np.random.default_rng(0)
    times = np.arange(300) / 30
    moved = rng.normal(0, 0.03, (300, 29, 2))
    inside = (times > 5) & (times < 5.4)
    course = np.where(inside, (1 - np.cos(2 * np.pi * (times - 5) / 0.4)) / 2, 0)
    for name in (*AREAS["brows"], "left mouth corner", "right mouth corner"):
        moved[:, REGION_NAMES.index(name), 1] += 2 * course
    zeros = np.zeros((300, 3), np.float32)
    eyes = np.full((300, 2), 0.3, np.float32)
    return RegionalMotion(np.arange(300), times, moved.astype(np.float32), zeros, eyes, REGION_NAMES, 200.0)


@pytest.mark.parametrize("spotter", [directional_difference, flow_peaks])
def test_a_baseline_finds_a_plain_movement_first(spotter) -> None:
    best = above_threshold(spotter(bumped()))[0]
    assert best.apex == pytest.approx(5.2, abs=0.15)
    still = replace(bumped(), displacement=np.zeros((300, 29, 2), np.float32))
    assert above_threshold(spotter(still)) == []


def sample(peak: float, put_in: list, found: list, kind: str = "calm") -> SpottingSample:
    return SpottingSample(key="a", person="p", kind=kind, peak=peak, put_in=put_in, found={"ours": found})


def test_hits_misses_and_false_alarms_are_counted() -> None:
    samples = [
        sample(0.0, [], [(1.0, 1.1, 1.3, 0.6)]),
        sample(1.2, [(2.0, 2.2, 2.4), (5.0, 5.2, 5.4)], [(2.05, 2.25, 2.4, 0.9), (8.0, 8.1, 8.2, 0.5)]),
        sample(2.5, [(2.0, 2.2, 2.4)], [(2.3, 2.4, 2.6, 0.9)]),
    ]
    assert matched(samples[1], "ours") == [(0, 0)]
    figures = figures_of(samples, "ours", {"calm": 0.5})
    assert figures.false_per_minute == {"calm": 2.0, "all": 2.0}
    assert figures.recall["calm"]["1.2"].recall == 0.5
    assert figures.recall["calm"]["1.2"].apex_error == pytest.approx(0.05)
    assert figures.recall["calm"]["2.5"].found == 0  # a third is no half
    assert figures.f1 == pytest.approx(2 * 1 / (3 + 3), abs=1e-4)


def test_no_clip_is_one_sentence(tmp_path: Path) -> None:
    assert listed_clips(RECIPE, tmp_path, ["A"]) == []
    with pytest.raises(InputError, match="No clip of these people"):
        evaluate_spotting([], None, Plan(), lambda text: None, tmp_path)
