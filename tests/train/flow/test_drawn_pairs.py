import csv

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mellm.simulate.origins import Origin  # noqa: E402
from mellm.train.flow.drawn_material import prepare  # noqa: E402
from mellm.train.flow.drawn_run import run_drawn  # noqa: E402
from mellm.train.flow.flow_evidence import (  # noqa: E402
    bilinear_logits,
    convex_upsample,
    local_solves,
    normal_terms,
    resize,
    rigid_basis,
    rigid_field,
    rigid_parameters,
    warp,
)
from mellm.train.flow.network import MEFlowNet, NetworkShape  # noqa: E402
from mellm.train.flow.network_loss import laplace_mixture  # noqa: E402
from mellm.train.flow.network_training import TrainingPlan  # noqa: E402
from mellm.train.flow.pair_synthesis import PairDraw, PairSynthesis  # noqa: E402
from mellm.train.flow.portrait_tensors import dense_motions, load_portraits  # noqa: E402
from mellm.train.flow.tensor_camera import Film  # noqa: E402

TINY = NetworkShape(features=8, hidden=8, widths=(8, 16), scales=(0.25, 0.5))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def material(portraits, tmp_path_factory):
    out = tmp_path_factory.mktemp("material")
    return prepare(
        portraits, out, origins=(Origin.TABLE, Origin.SMOOTH), motions=(4, 2), report=lambda line: None
    )


def draws(material, **plan):
    with np.load(material / "motions.npz") as data:
        motions = dense_motions(data["fields"], material / "spread.npz", CPU)
    alike = torch.zeros(len(motions), dtype=torch.long)
    return PairSynthesis(
        load_portraits(material / "portraits-train.npz", CPU), motions, alike, PairDraw(**plan), seed=2
    )


def test_the_pictures_are_where_the_truth_says(material, monkeypatch):
    monkeypatch.setattr(Film, "take", lambda self, onset, apex, flow, generator: (onset, apex))
    pairs = draws(material, still=0.0, smallest=2.0, largest=4.0, gazing=0.0, exact=1.0).batch(4)
    facial = resize(pairs.facial, 2)
    face = resize((pairs.on_face & pairs.known)[:, None].float(), 2) > 0.99
    back = warp(pairs.apex, facial)
    moved = ((pairs.apex - pairs.onset).abs() * face).sum() / face.sum()
    # Light changes between the frames, so some difference stays.
    left = ((back - back.mean() - pairs.onset + pairs.onset.mean()).abs() * face).sum() / face.sum()
    assert moved > 3
    assert left < 0.6 * moved
    expression = (pairs.facial - pairs.head).square().sum(1).sqrt().amax(dim=(1, 2))
    assert ((expression > 1.2) & (expression < 4.5)).all()


def test_an_untrained_network_sees_no_motion_and_learns_in_steps_that_resume(material, tmp_path):
    plan = TrainingPlan(
        TINY, steps=2, batch=2, bfloat16=False, warmup=1, log_steps=1, validate_steps=2, average=0.5
    )
    kept = {"validation": (1, 1), "report": lambda line: None}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        straight = run_drawn(material, tmp_path / "a", plan, **kept)
        run_drawn(material, tmp_path / "b", plan, minutes=1e-9, **kept)
        stopped = run_drawn(material, tmp_path / "b", plan, **kept)
    finally:
        torch.set_num_threads(threads)
    assert straight.read_bytes()[-64:] == stopped.read_bytes()[-64:]
    rows = list(csv.DictReader((tmp_path / "a/loss.csv").open()))
    assert [row["step"] for row in rows] == ["1", "2"]
    pairs = draws(material).batch(1)
    with torch.no_grad():
        answers = MEFlowNet(TINY)(pairs.onset, pairs.apex, pairs.depth, pairs.face)
    assert [tuple(a.facial.shape[-2:]) for a in answers] == [(120, 100), (240, 200)]
    assert max(float(a.facial.abs().max()) for a in answers) == 0


@pytest.mark.parametrize("kind", ["picture", "features"])
def test_both_forms_of_warping_run(kind):
    shape = NetworkShape(features=8, hidden=8, widths=(8, 16), scales=(0.5, 1.0, 1.0), warp=kind)
    args = (torch.rand(1, 1, 96, 80) * 255, torch.rand(1, 1, 96, 80) * 255, torch.zeros(1, 1, 24, 20))
    with torch.no_grad():
        answers = MEFlowNet(shape)(*args, torch.ones(1, 1, 24, 20))
    assert [a.head.shape[-1] for a in answers] == [40, 80, 80]


def test_a_rigid_head_is_found_exactly():
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(120.0), torch.arange(100.0), indexing="ij")
    depth = (((x - 50) ** 2 + (y - 58) ** 2) * 0.02 - 30)[None, None]
    place = rigid_basis(depth, 1.0)
    true = torch.tensor([[2.0, -1.0, 0.5, 3.0, -4.0, 5.0]])
    field = rigid_field(true, place)
    # Where the weight is nothing, anything may stand.
    weight = torch.ones(1, 1, 120, 100)
    weight[..., :30] = 0
    found = rigid_parameters(torch.where(weight > 0, field, field + 50), weight, place)
    assert (rigid_field(found, place) - field).abs().max() < 0.01
    # Twice as small a picture sees half the motion.
    small = rigid_field(torch.tensor([[1.0, 0, 0, 0, 0, 0]]), rigid_basis(depth[..., ::2, ::2], 0.5))
    assert float(small[0, 0].mean()) == pytest.approx(1.0, abs=0.05)


def test_local_solves_find_a_shift():
    y, x = np.mgrid[0:64, 0:64]
    wave = np.sin(x / 5) + np.cos(y / 6) + np.sin((x + y) / 7)
    picture = torch.tensor(wave[None, None], dtype=torch.float32)
    shift = torch.zeros(1, 2, 64, 64)
    shift[:, 0], shift[:, 1] = 0.3, -0.2
    # warp looks up at x + u: the apex of a picture that moved by -shift.
    step = local_solves(normal_terms(picture, warp(picture, shift), 4))
    middle = step[0, :, 6:-6, 6:-6].mean((1, 2))
    assert middle[0] == pytest.approx(-0.3, abs=0.05)
    assert middle[1] == pytest.approx(0.2, abs=0.05)


def test_convex_upsampling_starts_bilinear():
    field = torch.randn(1, 2, 9, 7)
    logits = bilinear_logits(4).expand(1, 9, 16, 9, 7)
    assert torch.allclose(convex_upsample(field, logits, 4), resize(field, 4), atol=1e-3)


def test_laplace_mixture_is_a_density():
    info = torch.tensor([0.3, -0.2, -1.0, 2.0]).reshape(1, 4, 1, 1)
    grid = torch.linspace(-30, 30, 600001)
    likelihood = torch.exp(-laplace_mixture(grid.reshape(1, 1, 1, -1), info.expand(1, 4, 1, len(grid))))
    # laplace_mixture leaves out the constant 1/2 of each Laplace density
    assert float(torch.trapezoid(likelihood.flatten(), grid)) == pytest.approx(2.0, rel=1e-2)
