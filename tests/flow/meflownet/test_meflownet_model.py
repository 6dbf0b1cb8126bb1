import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mellm.errors import InputError  # noqa: E402
from mellm.flow.meflownet.chart import CELL  # noqa: E402
from mellm.flow.meflownet.config import PAPER, MEFlowNetConfig  # noqa: E402
from mellm.flow.meflownet.encoder import bilinear_logits, convex_upsample  # noqa: E402
from mellm.flow.meflownet.loss import LossWeights, laplace_mixture, sequence_loss  # noqa: E402
from mellm.flow.meflownet.model import MEFlowNet, Prediction  # noqa: E402
from mellm.flow.meflownet.physics import local_solves, normal_terms, resize, rigid_projection, warp  # noqa: E402

TINY = MEFlowNetConfig(features=8, hidden=8, widths=(8, 16), iterations=2)
TINY_PAPER = MEFlowNetConfig(
    encoder="resnet18", update="vit", stride=2, features=16, hidden=16, vit_dim=48, vit_depth=1, vit_heads=2
)


def inputs(height=48, width=40):
    torch.manual_seed(1)
    h, w = height // CELL, width // CELL
    pictures = [torch.randn(1, 1, height, width) for _ in range(2)]
    return (*pictures, *(torch.randn(1, channels, h, w) for channels in (2, 2, 12, 2)))


@pytest.mark.parametrize("config", [TINY, TINY_PAPER], ids=["compact", "paper"])
def test_untrained_network_returns_its_start(config):
    onset, apex, facial, head, rigid, variational = inputs()
    with torch.no_grad():
        predictions = MEFlowNet(config)(onset, apex, facial, head, rigid, variational)
    assert len(predictions) == config.iterations
    start = MEFlowNet.start(facial, head, config.stride)
    for prediction in predictions:
        assert torch.allclose(prediction.facial, start.facial, atol=1e-3)
        assert torch.allclose(prediction.head, start.head, atol=1e-6)


def test_the_papers_configuration():
    assert (PAPER.iterations, PAPER.stride, PAPER.vit_dim, PAPER.vit_patch) == (5, 2, 384, 8)
    with pytest.raises(InputError, match="stride is 3"):
        MEFlowNetConfig(stride=3)


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


def test_loss_prefers_the_truth_and_counts_every_start_alike():
    truth = torch.zeros(2, 2, 8, 8)
    truth[0, 0], truth[1, 0] = 0.2, 2.0
    head = torch.zeros_like(truth)
    mask = torch.ones(2, 8, 8, dtype=torch.bool)
    weights = LossWeights(laplace=0.0)

    def answer(share):
        full = torch.nn.functional.interpolate(truth * share, scale_factor=2)
        return Prediction(full, torch.zeros_like(full), torch.zeros(2, 4, 16, 16))

    def loss(share):
        return sequence_loss([answer(share)], answer(0.5), truth, head, mask, mask, weights)

    right, errors = loss(1.0)
    wrong, wrong_errors = loss(0.0)
    assert float(right) == pytest.approx(0, abs=1e-5)
    assert errors["expression"] == pytest.approx(0, abs=1e-5)
    assert wrong_errors["expression"] == pytest.approx(1.1, abs=1e-3)
    # Facial and expression are both wrong by twice what the start leaves, 0.1 and 1 px (and 0.02 of slack).
    assert float(wrong) == pytest.approx(0.2 / 0.12 + 2.0 / 1.02, rel=0.05)


def test_laplace_mixture_is_a_density():
    info = torch.tensor([0.3, -0.2, -1.0, 2.0]).reshape(1, 4, 1, 1)
    grid = torch.linspace(-30, 30, 600001)
    likelihood = torch.exp(-laplace_mixture(grid.reshape(1, 1, 1, -1), info.expand(1, 4, 1, len(grid))))
    # laplace_mixture leaves out the constant 1/2 of each Laplace density
    assert float(torch.trapezoid(likelihood.flatten(), grid)) == pytest.approx(2.0, rel=1e-2)


def test_depth_backbone_folds_layer_scales(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    from mellm.flow.meflownet.depth_backbone import DEPTH, DIM, load_depth_backbone

    torch.manual_seed(0)
    names = {"cls_token": (1, 1, DIM), "pos_embed": (1, 26, DIM), "mask_token": (1, DIM)}
    names |= {"patch_embed.proj.weight": (DIM, 3, 14, 14), "patch_embed.proj.bias": (DIM,)}
    names |= {"norm.weight": (DIM,), "norm.bias": (DIM,)}
    for k in range(DEPTH):
        for layer, out, inp in (
            ("attn.qkv", 3 * DIM, DIM),
            ("attn.proj", DIM, DIM),
            ("mlp.fc1", 4 * DIM, DIM),
            ("mlp.fc2", DIM, 4 * DIM),
        ):
            names |= {f"blocks.{k}.{layer}.weight": (out, inp), f"blocks.{k}.{layer}.bias": (out,)}
        for layer in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "ls1.gamma", "ls2.gamma"):
            names[f"blocks.{k}.{layer}"] = (DIM,)
    tensors = {f"pretrained.{name}": torch.randn(shape) * 0.05 for name, shape in names.items()}
    for k in range(DEPTH):
        for layer in ("ls1.gamma", "ls2.gamma"):
            tensors[f"pretrained.blocks.{k}.{layer}"] = torch.zeros(DIM)
    path = tmp_path / "depth.safetensors"
    safetensors.save_file(tensors, path)
    backbone = load_depth_backbone(path)
    picture = torch.randn(1, 1, 70, 70)
    features = backbone(picture, 2)
    assert features.shape == (1, DIM, 35, 35)
    # With all layer scales zero the blocks pass their input on: the norm of patches plus positions is left.
    rgb = ((picture * 0.2 + 0.5 - 0.449) / 0.226).expand(-1, 3, -1, -1)
    patches = torch.nn.functional.conv2d(
        rgb, tensors["pretrained.patch_embed.proj.weight"], tensors["pretrained.patch_embed.proj.bias"], 14
    )
    place = tensors["pretrained.pos_embed"][:, 1:].reshape(1, 5, 5, DIM).permute(0, 3, 1, 2)
    normed = torch.nn.functional.layer_norm(
        (patches + place).permute(0, 2, 3, 1),
        (DIM,),
        tensors["pretrained.norm.weight"],
        tensors["pretrained.norm.bias"],
        1e-6,
    ).permute(0, 3, 1, 2)
    assert torch.allclose(features[..., 17, 17], normed[..., 2, 2], atol=1e-4)
    with pytest.raises(InputError, match="holds no DINOv2"):
        safetensors.save_file({"x": torch.zeros(1)}, path)
        load_depth_backbone(path)


def test_network_takes_depth_features():
    config = MEFlowNetConfig(features=8, hidden=8, widths=(8, 16), depth_features=4)
    onset, apex, facial, head, rigid, variational = inputs()
    depth = (torch.randn(1, 4, 12, 10), torch.randn(1, 4, 12, 10))
    with torch.no_grad():
        last = MEFlowNet(config)(onset, apex, facial, head, rigid, variational, depth)[-1]
    assert torch.allclose(last.head, resize(head, 4))


def test_the_second_opinion_can_be_let_through():
    onset, apex, facial, head, rigid, variational = inputs()
    network = MEFlowNet(MEFlowNetConfig(features=8, hidden=8, widths=(8, 16)))
    with torch.no_grad():
        network.facial_decoder.leave.bias[-1] = 20.0
        last = network(onset, apex, facial, head, rigid, variational)[-1]
    assert torch.allclose(last.facial, resize(head + variational, 4), atol=1e-3)
    assert torch.allclose(last.head, resize(head, 4))
