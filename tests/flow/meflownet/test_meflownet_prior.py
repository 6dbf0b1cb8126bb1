from dataclasses import replace

import cv2
import numpy as np
import pytest

from mellm.errors import MellmError
from mellm.flow.cubic import cubic_places, read_picture
from mellm.flow.meflownet.chart import COLS, ROWS, chart_pixels, inside_face, make_chart
from mellm.flow.meflownet.motion_prior import (
    MotionPrior,
    along_turn,
    face_cells,
    rigid_flow,
    rigid_motions,
    solve,
    turned_motions,
)
from mellm.flow.meflownet.motion_prior_file import load_prior, save_prior
from mellm.flow.meflownet.network_evidence import (
    FIT_BLUR,
    normal_terms,
    normalise_illumination,
    upsample,
)
from mellm.flow.meflownet.subspace_fit import PriorFit, halved


def moved(picture, flow):
    """The picture after each of its points went along `flow` (fixed-point inversion)."""
    at = chart_pixels()
    back = -flow
    for _ in range(8):
        place = at + back
        back = -cv2.remap(
            flow, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return read_picture(picture, at + back)


def run(prior, onset, apex):
    chart = make_chart(prior.template, prior.template)
    start = np.zeros((ROWS, COLS, 2), np.float32)
    return chart, PriorFit(prior).fit(
        chart, normalise_illumination(onset, FIT_BLUR), normalise_illumination(apex, FIT_BLUR), start
    )


def test_expression_and_head_are_told_apart(toy_prior, texture):
    chart = make_chart(toy_prior.template, toy_prior.template)
    head = rigid_flow(chart, np.array([0.8, -0.5, 0, 0.6, 0.9, 0]))
    expression = np.zeros((ROWS, COLS, 2), np.float32)
    cells = face_cells(toy_prior.template)
    expression[cells] = toy_prior.expression @ np.array([22.0, -12.0], np.float32)
    noise = np.random.default_rng(0).normal(0, 2, (2, *texture.shape)).astype(np.float32)
    apex = moved(texture, upsample(head + expression))
    _, found = run(toy_prior, texture + noise[0], apex + noise[1])
    face = inside_face(toy_prior.template) > 0.6
    assert np.hypot(*(expression[face]).T).max() > 0.8
    assert np.hypot(*(found.expression - expression)[face].T).mean() < 0.025
    assert np.hypot(*(found.head - head)[face].T).mean() < 0.03


def test_two_noisy_shots_of_a_still_face_are_calm(toy_prior, texture):
    noise = np.random.default_rng(1).normal(0, 4, (2, *texture.shape)).astype(np.float32)
    _, found = run(toy_prior, texture + noise[0], texture + noise[1])
    assert np.hypot(found.expression[..., 0], found.expression[..., 1]).mean() < 0.01


def test_a_change_of_light_is_not_motion(toy_prior, texture):
    ramp = np.linspace(0.8, 1.15, texture.shape[1], dtype=np.float32)
    _, found = run(toy_prior, texture, texture * ramp + 8)
    assert np.abs(found.head + found.expression).mean() < 0.02


def test_a_wrong_depth_is_found_by_turning_the_head(toy_prior, texture):
    """The nose is nearer than the mesh says: the head's turn shows it, and it is no expression."""
    chart = make_chart(toy_prior.template, toy_prior.template)
    cells = face_cells(toy_prior.template)
    y, x = np.mgrid[0:ROWS, 0:COLS].astype(np.float32)
    nose = -np.exp(-0.5 * (((y - 60) / 14) ** 2 + ((x - 50) / 12) ** 2))[cells]
    size = np.linalg.norm(nose)
    knowing = replace(toy_prior, depth=(nose / size)[:, None], depth_sd=np.array([0.1 * size], np.float32))
    coefficients = np.array([1.0, 0.5, 0, 0, 8.0, -3.0])
    depth, rest = knowing.depth * knowing.depth_sd, knowing.head * knowing.head_sd
    along = turned_motions(along_turn(chart, coefficients)[cells], depth, rest, coefficients)
    assert not along_turn(chart, np.zeros(6)).any()
    head = rigid_flow(chart, coefficients)
    head[cells] += along[..., 0]
    apex = moved(texture, upsample(head))
    face = inside_face(toy_prior.template) > 0.6
    errors = [np.hypot(*(run(p, texture, apex)[1].head - head)[face].T).mean() for p in (toy_prior, knowing)]
    assert np.hypot(*along[..., 0].T).max() > 0.5
    assert errors[1] < 0.02 and 5 * errors[1] < errors[0]


@pytest.mark.parametrize("true", [0.1, 1.0, 3.0])
def test_amplitude_is_found_from_the_evidence(true):
    rng = np.random.default_rng(4)
    size, heads = 300, 8
    design = rng.normal(0, 1, (3000, size + heads))
    coefficients = np.concatenate([rng.normal(0, 1, heads), rng.normal(0, true, size)])
    seen = design @ coefficients + rng.normal(0, 1, 3000)
    evidence, right = design.T @ design, design.T @ seen
    found, amplitude = solve(evidence, right, heads, 1.0, search=True)
    assert amplitude == pytest.approx(true, rel=0.15)
    assert np.abs(found - coefficients).mean() < 0.05
    kept = solve(evidence, right, heads, 1.0, search=False)[1]
    assert kept == 1.0


def test_prior_file_round_trip(toy_prior, tmp_path):
    save_prior(toy_prior, tmp_path / "prior.safetensors")
    again = load_prior(tmp_path / "prior.safetensors")
    assert np.abs(again.expression - toy_prior.expression).max() < 1e-3
    assert again.temperature == pytest.approx(toy_prior.temperature)
    assert again.head.shape == toy_prior.head.shape


def test_prior_file_is_plain_safetensors(toy_prior, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    save_prior(toy_prior, tmp_path / "prior.safetensors")
    assert set(safetensors.load_file(tmp_path / "prior.safetensors")) >= {"template", "expression", "head_sd"}


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0not json"])
def test_damaged_prior_is_named(content, tmp_path):
    path = tmp_path / "prior.safetensors"
    path.write_bytes(content)
    with pytest.raises(MellmError, match=r"prior\.safetensors cannot be read"):
        load_prior(path)


def test_rigid_motions_are_the_derivative_of_the_rigid_flow(template):
    chart = make_chart(template, template)
    motions = rigid_motions(chart)
    middle = (slice(25, 95), slice(20, 80))
    for k, name in enumerate(("shift u", "shift v", "scale", "roll")):
        coefficients = np.zeros(6)
        coefficients[k] = 0.5
        flow = rigid_flow(chart, coefficients)
        assert np.abs(flow - 0.5 * motions[..., k])[middle].max() < 0.02, name
    # Turning out of the plane also brings one side nearer, which the small motions leave out.
    for k in (4, 5):
        coefficients = np.zeros(6)
        coefficients[k] = 0.5
        flow = rigid_flow(chart, coefficients)
        assert np.abs(flow - 0.5 * motions[..., k])[middle].max() < 0.1
        assert np.abs(flow)[middle].max() > 0.1


def test_a_turn_by_five_degrees_is_followed(toy_prior, texture):
    chart = make_chart(toy_prior.template, toy_prior.template)
    head = rigid_flow(chart, np.array([4.0, -3.0, 0, 3.0, 14.0, -5.0]))
    apex = moved(texture, upsample(head))
    start = head + np.float32(0.7)
    found = PriorFit(toy_prior).fit(
        chart,
        normalise_illumination(texture, FIT_BLUR),
        normalise_illumination(apex, FIT_BLUR),
        start,
    )
    face = inside_face(toy_prior.template) > 0.6
    assert np.hypot(*head[face].T).max() > 6
    assert np.hypot(*(found.head - head)[face].T).mean() < 0.05


def test_a_calm_place_is_not_given_the_noise_of_a_moving_one(template, texture):
    """Forty local motions known a priori, one of which happens: the others' places stay calm."""
    y, x = np.mgrid[0:ROWS, 0:COLS].astype(np.float32)
    face = face_cells(template)
    spots = [(cx, cy) for cy in range(28, 96, 10) for cx in range(22, 82, 10)]
    bumps = [np.exp(-0.5 * (((x - cx) / 5) ** 2 + ((y - cy) / 5) ** 2)) for cx, cy in spots]
    motions = np.zeros((ROWS, COLS, 2, len(bumps)), np.float32)
    for k, bump in enumerate(bumps):
        motions[..., 1, k] = bump / np.sqrt((bump**2).sum())
    none, heads = np.zeros(0, np.float32), np.zeros((face.sum(), 2, 0), np.float32)
    size = np.full(len(bumps), 12, np.float32)
    local = MotionPrior(
        template, motions[face], size, np.zeros((face.sum(), 0), np.float32), none, heads, none, 0.15
    )
    k = spots.index((52, 78))
    flow = np.zeros((ROWS, COLS, 2), np.float32)
    flow[..., 1] = 2.0 * bumps[k]
    noise = np.random.default_rng(5).normal(0, 6, (2, *texture.shape)).astype(np.float32)
    _, found = run(local, texture + noise[0], moved(texture, upsample(flow)) + noise[1])
    brow = (inside_face(template) > 0.6) & (y < 45)
    calm = np.hypot(*(found.expression + found.head)[brow].T).mean()
    assert np.hypot(*(found.expression + found.head - flow)[bumps[k] > 0.6].T).mean() < 0.35
    assert calm < 0.02


def test_pictures_of_half_the_size_say_the_same_of_a_motion(texture):
    at = chart_pixels()
    apex = read_picture(texture, at - np.array([0.6, -0.4], np.float32))

    def motion(first, second, shrink):
        xx, xy, yy, xt, yt = normal_terms(first, second, shrink)[10:-10, 10:-10].sum((0, 1))
        return np.linalg.solve([[xx, xy], [xy, yy]], [-xt, -yt])

    whole, half = motion(texture, apex, 1), motion(halved(texture), halved(apex), 2)
    assert whole == pytest.approx([0.6, -0.4], abs=0.15)
    assert half == pytest.approx(whole, abs=0.15)


def test_cubic_places_undo_what_the_kernel_reads_too_far():
    part = np.linspace(0, 0.999, 200, dtype=np.float32)
    asked = cubic_places(np.stack([part, part + 7], axis=-1)[None])[0]
    for read, offset in ((asked[:, 0], 0), (asked[:, 1], 7)):
        t = read - offset
        assert np.abs(t + 0.5 * t * (1 - t) * (1 - 2 * t) - part).max() < 1e-4


def test_a_quick_fit_finds_an_expression_too(toy_prior, texture):
    chart = make_chart(toy_prior.template, toy_prior.template)
    expression = np.zeros((ROWS, COLS, 2), np.float32)
    cells = face_cells(toy_prior.template)
    expression[cells] = toy_prior.expression @ np.array([22.0, -12.0], np.float32)
    apex = moved(texture, upsample(expression))
    calm = (normalise_illumination(picture, FIT_BLUR) for picture in (texture, apex))
    found = PriorFit(toy_prior, quick=True).fit(chart, *calm, np.zeros_like(expression))
    face = inside_face(toy_prior.template) > 0.6
    assert np.hypot(*(expression[face]).T).max() > 0.8
    assert np.hypot(*(found.expression - expression)[face].T).mean() < 0.03


def test_a_thinned_prior_keeps_its_first_motions(toy_prior):
    first = toy_prior.thinned(1)
    assert np.array_equal(first.expression[..., 0], toy_prior.expression[..., 0])
    assert first.expression.shape[-1] == len(first.expression_sd) == 1
