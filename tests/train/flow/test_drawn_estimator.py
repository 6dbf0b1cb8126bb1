import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mellm.errors import InputError  # noqa: E402
from mellm.evaluate.flow_bench import bench_flow  # noqa: E402
from mellm.evaluate.flow_test_pairs import TestPairs  # noqa: E402
from mellm.face.alignment import Alignment  # noqa: E402
from mellm.face.people import Landmarks  # noqa: E402
from mellm.simulate.gallery import Gallery  # noqa: E402
from mellm.simulate.origins import Origin  # noqa: E402
from mellm.train.flow.drawn_estimator import DrawnEstimator, load_drawn  # noqa: E402
from mellm.train.flow.drawn_material import prepare  # noqa: E402
from mellm.train.flow.drawn_run import run_drawn  # noqa: E402
from mellm.train.flow.network import Estimate, NetworkShape  # noqa: E402
from mellm.train.flow.network_training import TrainingPlan  # noqa: E402
from mellm.train.flow.pair_tensors import affine, at_lattice, pixels, read  # noqa: E402
from mellm.train.flow.portrait_tensors import load_portraits  # noqa: E402

TINY = NetworkShape(features=8, hidden=8, widths=(8, 16), scales=(0.25, 0.5))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def material(portraits, tmp_path_factory):
    out = tmp_path_factory.mktemp("material")
    return prepare(
        portraits, out, origins=(Origin.TABLE, Origin.SMOOTH), motions=(2, 2), report=lambda line: None
    )


class Pointing(torch.nn.Module):
    """Says that all moved by (2, -1) px of the crop, and the head by half; keeps what it was shown."""

    def forward(self, *shown):
        self.shown = shown
        facial = torch.tensor([2.0, -1.0])[None, :, None, None].expand(1, 2, 240, 200)
        return [Estimate(facial, facial / 2, torch.zeros(1, 4, 240, 200))]


def test_it_is_told_of_the_face_what_it_was_told_in_training(portraits, material):
    """Depth and outline of a portrait, as pairs are drawn with them, and as the estimator finds them."""
    portrait = Gallery(portraits).of("train")[0]
    picture = portrait.read()
    alignment = Alignment.fit(Landmarks(portrait.mesh))
    network = Pointing()
    flow = DrawnEstimator(network).estimate(picture, picture, Landmarks(portrait.mesh))
    onset, apex, depth, face = network.shown
    stored = load_portraits(material / "portraits-train.npz", CPU)
    straight = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    cells = affine(straight, pixels(120, 100, 4, CPU))
    assert (depth - at_lattice(stored.depth[:1], cells)).abs().mean() < 1
    assert (face - read(stored.face[:1].float(), cells)).abs().mean() < 0.02
    drawn = read(stored.picture[:1].float(), affine(straight, pixels(480, 400, 1, CPU)))
    assert (onset - drawn).abs().mean() < 4 and torch.equal(onset, apex)
    # A turn and a size away from the crop, the motion is the crop's turned back.
    back = np.linalg.inv(alignment.matrix[:, :2]) @ [2.0, -1.0]
    assert flow.facial.shape == (*picture.shape[:2], 2)
    assert np.allclose(flow.facial, back, atol=1e-4) and np.allclose(flow.head, back / 2, atol=1e-4)


def test_a_turned_picture_has_turned_flow(portraits):
    portrait = Gallery(portraits).of("train")[0]
    picture, mesh = portrait.read(), portrait.mesh.copy()
    height, width = picture.shape[:2]
    turned = cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE)
    mesh[:, :2] = np.stack([height - 1 - mesh[:, 1], mesh[:, 0]], -1)
    upright = DrawnEstimator(Pointing()).estimate(picture, picture, Landmarks(portrait.mesh))
    flow = DrawnEstimator(Pointing()).estimate(turned, turned, Landmarks(mesh))
    u, v = upright.facial[height // 2, width // 2]
    assert np.allclose(flow.facial[width // 2, height // 2], (-v, u), atol=1e-3)


def test_a_run_joins_the_bench_and_an_untrained_network_finds_nothing(portraits, material, tmp_path):
    plan = TrainingPlan(TINY, steps=1, batch=1, bfloat16=False, warmup=1)
    with pytest.raises(InputError, match=r"meflownet_drawn.safetensors in .* when it ends"):
        load_drawn(tmp_path)
    run_drawn(material, tmp_path, plan, validation=(1, 1), minutes=0, report=lambda line: None)
    figures = bench_flow(TestPairs(portraits, 2), estimators=["dis"], drawn=tmp_path)
    found = figures.all.errors["papers-form"]
    assert found.relative == pytest.approx(1) and found.head > 0
