"""Cameras: noise of the stated strength, compression that keeps frames in place, occluders."""

import cv2
import numpy as np
import pytest

from mellm.simulate.sensor import (
    CAMERAS,
    Camera,
    draw_camera,
    draw_occluder,
    film,
    light_field,
    photograph,
    photograph_pair,
    shading,
)

GREY = np.full((120, 160, 3), 120, np.uint8)


def test_noise_has_the_stated_strength() -> None:
    camera = Camera(read=2.0, shot=3.0, chroma=0.3)
    taken = photograph(GREY, camera, np.random.default_rng(0)).astype(float)
    expected = np.sqrt(2.0**2 + 3.0**2 * 120 / 255)
    assert taken.std() == pytest.approx(expected, rel=0.05)
    between = np.corrcoef(taken[..., 0].ravel(), taken[..., 2].ravel())[0, 1]
    assert between == pytest.approx(1 - 0.3**2, abs=0.05)


def test_grain_keeps_strength_and_correlates_neighbours() -> None:
    taken = photograph(GREY, Camera(read=4, shot=0, chroma=0, grain=0.8), np.random.default_rng(0))
    noise = taken[..., 0].astype(float) - 120
    assert noise.std() == pytest.approx(4, rel=0.08)
    assert np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1] > 0.3


def test_grey_has_no_colour() -> None:
    colourful = np.zeros((40, 40, 3), np.uint8)
    colourful[..., 0] = 200
    taken = photograph(colourful, Camera(grey=True), np.random.default_rng(0))
    assert np.ptp(taken.astype(int), axis=-1).max() == 0


def test_film_is_repeatable_and_keeps_frames_in_place() -> None:
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (96, 128, 3)).astype(np.float32), (0, 0), 3)
    texture = np.clip((texture - texture.mean()) * 6 + 120, 0, 255).astype(np.uint8)
    frames = [texture, np.roll(texture, 2, axis=1)]
    first, second = film(frames, 20)
    again = film(frames, 20)
    assert np.array_equal(first, again[0]) and np.array_equal(second, again[1])
    for out, original, other in ((first, *frames), (second, *frames[::-1])):
        wrong = np.abs(out.astype(float) - other).mean()
        assert np.abs(out.astype(float) - original).mean() < 0.5 * wrong


def test_light_changes_slowly() -> None:
    light = light_field((160, 120), 0.02, np.random.default_rng(1))
    assert light.shape == (120, 160, 1) and 0.85 < light.min() < light.max() < 1.15
    assert np.abs(np.diff(light, axis=1)).max() < 0.003


def test_squeezed_skin_darkens() -> None:
    u = np.linspace(2, -2, 100, dtype=np.float32)  # the middle is squeezed
    flow = np.zeros((80, 100, 2), np.float32)
    flow[..., 0] = u
    assert shading(flow, 1.0)[40, 50, 0] == pytest.approx(1 - 4 / 99, abs=1e-3)
    assert shading(np.zeros_like(flow), 1.0).max() == 1
    assert shading(40 * flow, 1.0).min() >= 0.92 - 1e-6


def test_occluder_covers_what_it_says() -> None:
    occluder = draw_occluder((160, 120), np.random.default_rng(3))
    covered = occluder.cover(GREY)
    assert np.array_equal(covered[occluder.alpha == 0], GREY[occluder.alpha == 0])
    assert (occluder.alpha > 0.5).any()


def test_a_camera_of_fewer_pixels_keeps_the_face_in_place() -> None:
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (120, 160, 3)).astype(np.float32), (0, 0), 4)
    texture = np.clip((texture - texture.mean()) * 8 + 120, 0, 255).astype(np.uint8)
    quiet = Camera(read=0, shot=0, scale=0.6)
    taken = photograph(texture, quiet, rng)
    assert taken.shape == texture.shape
    inner = (slice(16, -16), slice(16, -16))
    grey = [p.astype(np.float64).mean(-1)[inner] for p in (texture, taken)]
    gy, gx = np.gradient(grey[0])
    g = np.stack([gx.ravel(), gy.ravel()], -1)
    step = np.linalg.solve(g.T @ g, -g.T @ (grey[1] - grey[0]).ravel())
    assert np.abs(step).max() < 0.01
    # Noise of the camera's own pixels is grain in the enlarged picture.
    noise = photograph(GREY, Camera(read=4, shot=0, chroma=0, scale=0.6), rng)[..., 0].astype(float)
    assert np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1] > 0.3


def test_frames_of_one_camera_share_its_video() -> None:
    rng = np.random.default_rng(0)
    first, second = photograph_pair((GREY, GREY), Camera(crf=32, scale=0.7), rng, (None, None))
    assert first.shape == second.shape == GREY.shape and not np.array_equal(first, second)
    plain = photograph(GREY, Camera(scale=0.7), np.random.default_rng(0))
    # Strong compression leaves less noise than the camera made.
    assert first.astype(float).std() < 0.7 * plain.astype(float).std()


def test_kinds_of_cameras_differ_in_noise() -> None:
    rng = np.random.default_rng(0)
    noise = {kind: np.median([draw_camera(rng, kind).shot for _ in range(100)]) for kind in CAMERAS}
    assert noise["laboratory"] < 0.7 * noise["phone"] < 0.5 * noise["dim"]
    assert sum(kind.share for kind in CAMERAS.values()) == pytest.approx(1)


def test_cameras_vary() -> None:
    rng = np.random.default_rng(0)
    cameras = [draw_camera(rng) for _ in range(200)]
    assert 0.05 < np.mean([c.grey for c in cameras]) < 0.3
    assert any(c.jpeg for c in cameras) and any(c.crf for c in cameras)
    assert not any(c.jpeg and c.crf for c in cameras)


@pytest.mark.parametrize("crf", [16, 19, 24, 30])
def test_film_does_not_swallow_faint_motion(crf: int) -> None:
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (96, 128, 3)).astype(np.float32), (0, 0), 2)
    texture = np.clip((texture - texture.mean()) * 3 + 120, 0, 255).astype(np.uint8)
    shift = np.float32([[1, 0, 0.3], [0, 1, 0]])
    moved = cv2.warpAffine(texture, shift, (128, 96), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    first, second = film([texture, moved], crf)
    grey = [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY).astype(np.float64) for f in (first, second)]
    (u, v), _ = cv2.phaseCorrelate(grey[0], grey[1], cv2.createHanningWindow((128, 96), cv2.CV_64F))
    assert 0.1 < u < 0.5 and abs(v) < 0.1
