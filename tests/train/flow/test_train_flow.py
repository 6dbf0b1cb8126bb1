import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")
pytest.importorskip("safetensors")
pytest.importorskip("onnx")
pytest.importorskip("accelerate")

from mellm.errors import InputError  # noqa: E402
from mellm.face.people import Landmarks  # noqa: E402
from mellm.flow.meflownet.chart import to_template  # noqa: E402
from mellm.simulate.canonical_mesh import canonical_points  # noqa: E402
from mellm.simulate.pair import FlowPair  # noqa: E402
from mellm.train.flow.cached_pairs import fill, shards  # noqa: E402
from mellm.train.flow.chart_batches import BatchOrder, mirror_rigid  # noqa: E402
from mellm.train.flow.meflownet_recipe import read_flow_recipe  # noqa: E402
from mellm.train.flow.meflownet_training import schedule, train_flow  # noqa: E402

RECIPE = """
photos: nowhere
pairs: 4
validation_pairs: 2
shard: 2
seed: 3
prior: {expressions: 2, depths: 1, heads: 1, temperature: 0.05, pairs: 4}
model: {features: 8, hidden: 8, widths: [8, 16], iterations: 2}
loss: {angular: 0.1}
steps: 4
warmup: 1
batch: 2
rate: 0.01
average: 0.9
bfloat16: false
validate_steps: 4
log_steps: 1
"""


class BlobFaces:
    """Textured planes of the mean mesh with one bump of motion and a small shift of the head."""

    def pair(self, index):
        rng = np.random.default_rng(index)
        mesh = to_template(canonical_points() * np.array([1, -1, -1], np.float32))
        y, x = np.mgrid[0:480, 0:400].astype(np.float32)
        noise = cv2.GaussianBlur(rng.standard_normal((480, 400)).astype(np.float32), (0, 0), 3)
        grey = 128 + 200 * noise
        head = np.zeros((480, 400, 2), np.float32) + rng.normal(0, 1, 2).astype(np.float32)
        head[..., 0] += 0.002 * (y - 240) * rng.normal()
        cx, cy = rng.uniform(120, 280), rng.uniform(120, 340)
        bump = np.exp(-0.5 * (((x - cx) / 30) ** 2 + ((y - cy) / 25) ** 2))
        facial = head + bump[..., None] * rng.normal(0, 1, 2).astype(np.float32)
        apex = cv2.remap(grey, x - facial[..., 0], y - facial[..., 1], cv2.INTER_CUBIC)
        pictures = [np.repeat(np.clip(g, 0, 255).astype(np.uint8)[..., None], 3, 2) for g in (grey, apex)]
        face = np.zeros((480, 400), np.uint8)
        cv2.fillConvexPoly(face, cv2.convexHull(mesh[:, :2].astype(np.int32)), 1)
        whole = np.ones((480, 400), bool)
        return FlowPair("k", "i", *pictures, facial, head, whole, face > 0, Landmarks(mesh), ())


@pytest.fixture
def prepared(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE)
    for run in ("a", "b"):
        fill(tmp_path / run / "pairs" / "train", BlobFaces(), 4, 2)
        fill(tmp_path / run / "pairs" / "val", BlobFaces(), 2, 2)
    return recipe, tmp_path / "a", tmp_path / "b"


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_stopped_run_goes_on_to_the_identical_state(prepared):
    recipe, straight, stopped = prepared
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    lines = []
    try:
        exported = train_flow(recipe, straight, report=lines.append)
        train_flow(recipe, stopped, report=lines.append, steps=2)
        train_flow(recipe, stopped, report=lines.append)
    finally:
        torch.set_num_threads(threads)
    assert exported.is_file()
    assert digest(straight / "checkpoint.safetensors") == digest(stopped / "checkpoint.safetensors")
    assert any(line.startswith("validation at step 4") for line in lines)
    assert len((straight / "loss.csv").read_text().splitlines()) == 5


@pytest.mark.slow
def test_two_processes_do_what_one_does_and_go_on(prepared):
    """Two processes share every batch: the same curve as one, also when stopped and started again."""
    recipe, alone, together = prepared
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "1"]
    command += ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
    command += ["-m", "mellm", "train", "flow", str(recipe), "--out", str(together)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    for sitting in (["--steps", "2"], []):
        run = subprocess.run(
            [*command, *sitting], env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr[-2000:]
    # Written once, by the first process.
    assert run.stdout.count("validation at step 4") == 1
    single = [sys.executable, "-m", "mellm", "train", "flow", str(recipe), "--out", str(alone)]
    subprocess.run(single, env=environment, capture_output=True, check=True)
    curves = [list(csv.DictReader((folder / "loss.csv").open())) for folder in (alone, together)]
    assert [row["step"] for row in curves[1]] == ["1", "2", "3", "4"]
    for one, two in zip(*curves, strict=True):
        assert float(two["loss"]) == pytest.approx(float(one["loss"]), abs=2e-4)
    figures = [next(csv.DictReader((folder / "validation.csv").open())) for folder in (alone, together)]
    for name in ("facial", "head", "expression", "start_facial"):
        assert float(figures[1][name]) == pytest.approx(float(figures[0][name]), abs=1e-3)


def test_training_lowers_the_loss_and_leaves_the_start_behind(prepared):
    recipe, folder, _ = prepared
    train_flow(recipe, folder, report=lambda line: None)
    rows = [line.split(",") for line in (folder / "loss.csv").read_text().splitlines()]
    assert rows[0][:2] == ["step", "loss"]
    figures = dict(
        zip(*(line.split(",") for line in (folder / "validation.csv").read_text().splitlines()), strict=True)
    )
    assert float(figures["facial"]) != pytest.approx(float(figures["start_facial"]), abs=1e-5)


def test_order_of_batches_can_be_entered_anywhere(prepared):
    recipe, folder, _ = prepared
    train_flow(recipe, folder, report=lambda line: None, steps=1)
    from mellm.flow.meflownet.motion_prior_file import load_prior

    prior = load_prior(folder / "meflownet_prior.safetensors")
    files = shards(folder / "pairs" / "train")
    order = BatchOrder(files, 2, prior, batch=1, seed=5)
    everything = list(order.epoch(2))
    assert len(everything) == order.per_epoch == 4
    late = list(order.epoch(2, skip=3))
    assert len(late) == 1
    assert torch.equal(late[0].apex, everything[3].apex)
    assert torch.equal(late[0].facial, everything[3].facial)
    assert torch.equal(next(order.from_step(2 * 4 + 3)).apex, everything[3].apex)


def test_mirrored_rigid_motions_are_the_mirrored_faces_own(toy_chart):
    from mellm.flow.meflownet.motion_prior import rigid_motions

    _, chart, mirrored = toy_chart
    channels = rigid_motions(chart).reshape(120, 100, 12).transpose(2, 0, 1)[..., ::-1]
    expected = rigid_motions(mirrored).reshape(120, 100, 12).transpose(2, 0, 1)
    assert np.abs(mirror_rigid(channels.copy()) - expected).max() < 0.02


@pytest.fixture
def toy_chart():
    from mellm.flow.meflownet.chart import make_chart
    from mellm.simulate.canonical_mesh import mirror_index

    template = to_template(canonical_points() * np.array([1, -1, -1], np.float32))
    template[:, 0] = (template[:, 0] - template[mirror_index(), 0]) / 2 + 199.5
    other = template.copy()
    other[:, 0] += 6 * np.sin(other[:, 1] / 60) + 0.05 * (other[:, 1] - 240)
    flipped = other[mirror_index()].copy()
    flipped[:, 0] = 399 - flipped[:, 0]
    return template, make_chart(other, template), make_chart(flipped, template)


def test_schedule_rises_then_falls():
    values = [schedule(step, 10, 100) for step in range(100)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == values[9] == pytest.approx(1.0)
    assert values[99] == pytest.approx(0.01, abs=0.01)


def test_recipes_are_checked(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("photos: x\nwings: 3\n")
    with pytest.raises(InputError, match="not a flow recipe"):
        read_flow_recipe(path)
    path.write_text("photos: x\nmodel: {wings: 3}\n")
    with pytest.raises(InputError, match=r"no field 'model\.wings'"):
        read_flow_recipe(path)
    path.write_text("photos: x\nmodel: {stride: 3}\n")
    with pytest.raises(InputError, match=r"r\.yaml: stride is 3"):
        read_flow_recipe(path)
    path.write_text("photos: x\npairs: 3\nshard: 2\n")
    with pytest.raises(InputError, match="multiples of shard"):
        read_flow_recipe(path)


@pytest.mark.parametrize("name", ["flow-compact.yaml", "flow-paper.yaml"])
def test_shipped_recipes_can_be_read(name):
    from mellm.flow.meflownet.model import MEFlowNet

    plan = read_flow_recipe(Path(__file__).parents[3] / "recipes" / name)
    network = MEFlowNet(plan.model)
    assert sum(p.numel() for p in network.parameters()) > 100_000
