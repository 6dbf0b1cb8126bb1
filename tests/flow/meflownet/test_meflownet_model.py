import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mellm.errors import InputError  # noqa: E402
from mellm.flow.meflownet.config import PAPER, MEFlowNetConfig  # noqa: E402
from mellm.flow.meflownet.encoder import bilinear_logits, convex_upsample  # noqa: E402
from mellm.flow.meflownet.loss import LossWeights, laplace_mixture, sequence_loss  # noqa: E402
from mellm.flow.meflownet.model import MEFlowNet, Prediction  # noqa: E402
from mellm.flow.meflownet.physics import local_solves, normal_terms, resize, rigid_projection, warp  # noqa: E402

TINY = MEFlowNetConfig(features=8, hidden=8, widths=(8, 16), iterations=2)
TINY_PAPER = MEFlowNetConfig(
    encoder="resnet18", update="vit", stride=2, features=16, hidden=16, vit_dim=48, vit_depth=1, vit_heads=2
)


def inputs(stride=4, height=48, width=40):
    torch.manual_seed(1)
    h, w = height // stride, width // stride
    pictures = [torch.randn(1, 1, height, width) for _ in range(2)]
    return (*pictures, torch.randn(1, 2, h, w), torch.randn(1, 2, h, w), torch.randn(1, 12, h, w))


@pytest.mark.parametrize("config", [TINY, TINY_PAPER], ids=["compact", "paper"])
def test_untrained_network_returns_its_start(config):
    onset, apex, facial, head, rigid = inputs(config.stride)
    with torch.no_grad():
        predictions = MEFlowNet(config)(onset, apex, facial, head, rigid)
    assert len(predictions) == config.iterations
    start = MEFlowNet.start(facial, head, config.stride)
    for prediction in predictions:
        assert torch.allclose(prediction.facial, start.facial, atol=1e-3)
        assert torch.allclose(prediction.head, start.head, atol=1e-6)


def test_the_papers_configuration():
    assert (PAPER.iterations, PAPER.stride, PAPER.vit_dim, PAPER.vit_patch) == (5, 2, 384, 8)
    with pytest.raises(InputError, match="stride is 3"):
        MEFlowNetConfig(stride=3)
    with pytest.raises(InputError, match="does not fit"):
        MEFlowNetConfig.from_dict({"wings": 2})


def test_projection_returns_the_rigid_motion_itself():
    torch.manual_seed(0)
    basis = torch.randn(2, 2, 6, 12, 10)
    truth = torch.randn(2, 6)
    field = torch.einsum("bcihw,bi->bchw", basis, truth)
    # Where the weight is nothing, anything may stand.
    weight = torch.rand(2, 1, 12, 10)
    weight[..., :3] = 0
    field = torch.where(weight > 0, field, field + 100)
    found = rigid_projection(field, weight, basis)
    seen = (weight > 0).expand_as(found)
    assert (found - field)[seen].abs().max() < 0.02


def test_warp_and_local_solve_find_a_shift():
    y, x = np.mgrid[0:64, 0:64]
    wave = np.sin(x / 5) + np.cos(y / 6) + np.sin((x + y) / 7)
    picture = torch.tensor(wave[None, None], dtype=torch.float32)
    shift = torch.zeros(1, 2, 64, 64)
    shift[:, 0], shift[:, 1] = 0.3, -0.2
    # warp looks up at x + u: the apex of a picture that moved by -shift.
    apex = warp(picture, shift)
    step = local_solves(normal_terms(picture, apex, 4))
    middle = step[0, :, 6:-6, 6:-6].mean((1, 2))
    assert middle[0] == pytest.approx(-0.3, abs=0.05)
    assert middle[1] == pytest.approx(0.2, abs=0.05)


def test_convex_upsampling_starts_bilinear():
    field = torch.randn(1, 2, 9, 7)
    logits = bilinear_logits(4).expand(1, 9, 16, 9, 7)
    assert torch.allclose(convex_upsample(field, logits, 4), resize(field, 4), atol=1e-3)


def test_loss_prefers_the_truth_and_counts_subtle_pairs_alike():
    truth = torch.zeros(2, 2, 8, 8)
    truth[0, 0], truth[1, 0] = 0.2, 2.0
    head = torch.zeros_like(truth)
    mask = torch.ones(2, 8, 8, dtype=torch.bool)
    weights = LossWeights(laplace=0.0)

    def loss(share):
        full = torch.nn.functional.interpolate(truth * share, scale_factor=2)
        answer = Prediction(full, torch.zeros_like(full), torch.zeros(2, 4, 16, 16))
        return sequence_loss([answer], truth, head, mask, mask, weights)

    right, errors = loss(1.0)
    wrong, wrong_errors = loss(0.0)
    assert float(right) == pytest.approx(0, abs=1e-5)
    assert errors["expression"] == pytest.approx(0, abs=1e-5)
    assert wrong_errors["expression"] == pytest.approx(1.1, abs=1e-3)
    # facial and expression are both wrong by 0.2 / 0.5 and 2 / 2.3 of the peak-scaled unit
    assert float(wrong) == pytest.approx((0.2 / 0.5 + 2.0 / 2.3), rel=0.05)


def test_laplace_mixture_is_a_density():
    info = torch.tensor([0.3, -0.2, -1.0, 2.0]).reshape(1, 4, 1, 1)
    grid = torch.linspace(-30, 30, 600001)
    likelihood = torch.exp(-laplace_mixture(grid.reshape(1, 1, 1, -1), info.expand(1, 4, 1, len(grid))))
    # laplace_mixture leaves out the constant 1/2 of each Laplace density
    assert float(torch.trapezoid(likelihood.flatten(), grid)) == pytest.approx(2.0, rel=1e-2)
