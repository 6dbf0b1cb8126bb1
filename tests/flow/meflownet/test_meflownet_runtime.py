import hashlib

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.flow import create
from mellm.flow.frames_around import window
from mellm.flow.meflownet.chart import chart_pixels, make_chart
from mellm.flow.meflownet.motion_prior_file import load_prior
from mellm.flow.meflownet.runtime import (
    NETWORK_FILE,
    PRIOR_FILE,
    PRIOR_SHA256,
    SHA256,
    MEFlowNetEstimator,
    start_from,
)
from mellm.flow.meflownet.subspace_fit import PriorFit
from mellm.flow.meflownet.voices import evidence_of


def test_onnx_in_openvino_agrees_with_torch(toy_prior, texture, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from mellm.train.flow.meflownet_training import export_onnx
    from mellm.train.flow.voice_network import VoiceNetwork

    fitter = PriorFit(toy_prior)
    chart = make_chart(toy_prior.template, toy_prior.template)
    apex = texture.copy()
    apex[220:300, 140:260] = np.roll(texture, 1, axis=1)[220:300, 140:260]
    start = start_from(fitter, chart, texture, apex)
    seen = evidence_of(start.voices, start.inside)
    torch.manual_seed(2)
    model = VoiceNetwork(len(seen.features), len(seen.fields), 8).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    path = export_onnx(model, tmp_path / "net.onnx")
    facial, head = MEFlowNetEstimator(toy_prior, path).estimate_chart(chart, texture, apex)
    with torch.no_grad():
        answer = model(torch.from_numpy(seen.features[None]), torch.from_numpy(seen.fields[None]))[0].numpy()
    expression, beside = answer.transpose(0, 2, 3, 1)
    assert np.abs(expression - beside).max() > 1e-4
    assert np.abs(facial - head - expression).max() < 1e-3
    assert np.abs(facial - start.fit.head - beside).max() < 1e-3


def test_an_untrained_network_answers_the_fit(toy_prior, texture):
    torch = pytest.importorskip("torch")
    from mellm.train.flow.voice_network import VoiceNetwork

    start = start_from(
        PriorFit(toy_prior), make_chart(toy_prior.template, toy_prior.template), texture, texture[:, ::-1]
    )
    seen = evidence_of(start.voices, start.inside)
    model = VoiceNetwork(len(seen.features), len(seen.fields))
    with torch.no_grad():
        answer = model(torch.from_numpy(seen.features[None]), torch.from_numpy(seen.fields[None]))
    assert np.abs(answer[0].numpy() - seen.fields[0]).max() < 1e-6


@pytest.fixture(scope="module")
def shot(texture):
    """A textured 'face' of the shipped template in a 640x520 picture, and it shifted by (1.5, -0.5) px."""
    prior = load_prior(PRIOR_FILE)
    matrix = np.array([[0.9, 0, 100], [0, 0.9, 40]], np.float32)
    grey = cv2.warpAffine(texture, matrix, (640, 520), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    move = np.array([[1, 0, 1.5], [0, 1, -0.5]], np.float32)
    apex = cv2.warpAffine(grey, move, (640, 520), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    points = prior.template.copy() * 0.9
    points[:, :2] += matrix[:, 2]
    rgb = [np.repeat(np.clip(g, 0, 255).astype(np.uint8)[..., None], 3, axis=2) for g in (grey, apex)]
    return rgb[0], rgb[1], Landmarks(points.astype(np.float32))


@pytest.mark.parametrize("refine", [False, True])
def test_shipped_weights_measure_a_shift(shot, refine):
    onset, apex, landmarks = shot
    flow = create("meflownet", refine=refine).estimate(onset, apex, landmarks)
    assert flow.facial.shape == (520, 640, 2)
    assert flow.facial.dtype == np.float32
    face = np.zeros((520, 640), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(landmarks.xy.astype(np.int32)), 1)
    mean = flow.facial[face > 0].mean(0)
    assert mean[0] == pytest.approx(1.5, abs=0.1)
    assert mean[1] == pytest.approx(-0.5, abs=0.1)
    assert np.hypot(*flow.expression[face > 0].T).mean() < 0.1
    assert flow.head_motion is not None
    assert flow.head_motion.u == pytest.approx(1.5, abs=0.15)


def test_threads_do_not_change_the_answer(shot):
    threads, estimator = cv2.getNumThreads(), create("meflownet")
    answers = []
    try:
        for count in (1, 2):
            cv2.setNumThreads(count)
            with threadpool_limits(count, user_api="blas"):
                answers.append(estimator.estimate(*shot))
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(answers[0].facial, answers[1].facial)
    assert np.array_equal(answers[0].head, answers[1].head)


def test_beyond_the_chart_nothing_is_expression(shot):
    onset, apex, landmarks = shot
    flow = create("meflownet", refine=False).estimate(onset, apex, landmarks)
    prior = load_prior(PRIOR_FILE)
    chart = make_chart(landmarks.points, prior.template)
    outside = ~chart.covers((640, 520))
    assert outside.sum() > 1000
    assert np.abs(flow.expression[outside]).max() == 0
    corner = chart.place(chart_pixels()[:1, :1])[0, 0]
    assert corner[0] > 60


def test_another_compensation_can_be_asked_for(shot):
    onset, apex, landmarks = shot
    flow = create("meflownet", refine=False, compensation="none").estimate(onset, apex, landmarks)
    assert flow.compensation == "none"
    assert not flow.head.any()
    with pytest.raises(InputError, match="no head-motion compensation named 'magic'"):
        create("meflownet", compensation="magic")


def test_other_landmark_schemes_fall_back_to_dis_and_say_so(shot):
    onset, apex, landmarks = shot
    wflw = Landmarks(landmarks.xy[:98].copy(), "wflw98")
    flow = create("meflownet").estimate(onset, apex, wflw)
    assert flow.estimator == "meflownet"
    assert any("this flow is DIS" in str(warning) for warning in flow.warnings)


def test_sizes_that_differ_are_refused(shot):
    onset, apex, landmarks = shot
    with pytest.raises(InputError, match="one size"):
        create("meflownet", refine=False).estimate(onset, apex[:-4], landmarks)


def test_written_hashes_are_those_of_the_shipped_files():
    prior, network = PRIOR_FILE.read_bytes(), NETWORK_FILE.read_bytes()
    assert hashlib.sha256(prior).hexdigest() == PRIOR_SHA256 == create("meflownet", refine=False).sha256
    assert hashlib.sha256(prior + network).hexdigest() == SHA256 == create("meflownet").sha256
    card = PRIOR_FILE.with_name("meflownet.md").read_text(encoding="utf-8")
    assert PRIOR_SHA256 in card
    assert SHA256 in card


def test_shipped_files_are_small():
    folder = PRIOR_FILE.parent
    assert sum(p.stat().st_size for p in folder.glob("meflownet*")) <= 20_000_000


def test_windows_lie_around_onset_and_apex_and_never_meet():
    assert list(window(10, 10, 34, 80)) == [6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert list(window(34, 10, 34, 80)) == list(range(30, 39))
    assert list(window(0, 0, 30, 80)) == [0]
    assert list(window(3, 3, 5, 80, reach=9)) == [3]
    assert list(window(79, 60, 79, 80, reach=5)) == [79]


def test_frames_around_onset_and_apex_take_noise_away(shot):
    onset, apex, landmarks = shot
    rng = np.random.default_rng(4)

    def noisy(picture):
        return np.clip(picture + rng.normal(0, 40, picture.shape[:2])[..., None], 0, 255).astype(np.uint8)

    frames = [noisy(onset) for _ in range(7)] + [noisy(apex) for _ in range(7)]
    estimator = create("meflownet", refine=False)
    alone = estimator.estimate(frames[3], frames[10], landmarks)
    around = estimator.estimate_clip(frames, 3, 10, landmarks, reach=3)
    true = np.array([1.5, -0.5], np.float32)
    face = np.zeros((520, 640), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(landmarks.xy.astype(np.int32)), 1)
    errors = [np.hypot(*(f.facial - true)[face > 0].T).mean() for f in (alone, around)]
    assert errors[1] < 0.85 * errors[0]
    with pytest.raises(InputError, match="do not both lie in a clip of 14 frames"):
        estimator.estimate_clip(frames, 3, 14, landmarks)
