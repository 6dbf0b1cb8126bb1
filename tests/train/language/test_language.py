import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("accelerate")

import numpy as np  # noqa: E402
from language_models import dialogues, save_qwen3, save_qwen25_vl, write_records  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer  # noqa: E402

from mellm.errors import InputError  # noqa: E402
from mellm.train.language.adapter_export import merge_language  # noqa: E402
from mellm.train.language.adapter_recipe import read_language_recipe  # noqa: E402
from mellm.train.language.adapter_training import LanguageRun, schedule, train_language  # noqa: E402

RECIPE = """
base: {base}
train: {records}
val: {records}
routes: [{route}]
steps: 4
batch: 4
micro_batch: 2
max_tokens: 400
warmup: 1
lora: {{rank: 4, alpha: 8, dropout: 0.2}}
rate: 0.01
precision: fp32
attention: eager
log_steps: 1
validate_steps: 4
validation_records: 4
sample_steps: 4
sample_records: 2
"""


def quiet(text: str) -> None:
    pass


@pytest.fixture(scope="module")
def flow_recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    records = write_records(folder / "records.jsonl", dialogues(6))
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.format(base=save_qwen3(folder / "qwen3"), records=records, route="flow"))
    return path


@pytest.fixture(scope="module")
def vision_recipe(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("vision")
    for case in range(6):
        pixels = np.random.default_rng(case).integers(0, 255, (90, 70, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{case}.png")
    records = write_records(folder / "records.jsonl", dialogues(6, "vision"))
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.format(base=save_qwen25_vl(folder / "vl"), records=records, route="vision"))
    return path


@pytest.fixture(scope="module")
def whole_run(flow_recipe, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train_language(flow_recipe, folder, lambda text: None)
    return folder


def moments(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoint.safetensors")


def same(one: dict, other: dict) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_leaves_curves_answers_and_the_adapter(whole_run):
    with (whole_run / "loss.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[0]["rate"]) == pytest.approx(0.01)
    assert all(float(row["loss"]) > 0 for row in rows)
    with (whole_run / "validation.csv").open(newline="") as file:
        (figures,) = csv.DictReader(file)
    assert float(figures["loss"]) > 0
    assert float(figures["formed"]) == 0.0
    assert len((whole_run / "samples.jsonl").read_text().splitlines()) == 2
    with safe_open(whole_run / "adapter.safetensors", "numpy") as file:
        metadata, names = file.metadata(), set(file.keys())
        assert file.get_tensor(min(names)).dtype == np.float16
    assert (metadata["r"], metadata["alpha"]) == ("4", "8")
    assert metadata["system"] == "You read facial micro-expressions."
    assert len(metadata["base_sha256"]) == 64
    modules = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    assert len(names) == 2 * 2 * len(modules)
    assert all(any(module in name for module in modules) for name in names)


def test_a_stopped_run_goes_on_to_the_same_weights(flow_recipe, whole_run, tmp_path):
    train_language(flow_recipe, tmp_path, quiet, steps=1)
    train_language(flow_recipe, tmp_path, quiet, steps=2)
    train_language(flow_recipe, tmp_path, quiet)
    assert same(moments(tmp_path), moments(whole_run))


@pytest.fixture(scope="module")
def straight_run(flow_recipe, tmp_path_factory) -> tuple[Path, Path]:
    """A recipe of sixteen steps that keeps its state after each, and the folder of a whole run."""
    folder = tmp_path_factory.mktemp("straight")
    recipe = folder / "recipe.yaml"
    text = flow_recipe.read_text().replace("steps: 4\nbatch", "steps: 16\nbatch")
    recipe.write_text(text.replace("_steps: 4", "_steps: 1000") + "checkpoint_minutes: 0\n")
    train_language(recipe, folder / "run", quiet)
    return recipe, folder / "run"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_ended_run_goes_on_to_the_same_weights(straight_run, tmp_path, number):
    (recipe, straight), folder = straight_run, tmp_path / "ended"
    command = [sys.executable, "-m", "mellm", "train", "language", str(recipe), "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 900
    while not (folder / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait() == (-number if number == signal.SIGKILL else 0)
    with safe_open(folder / "checkpoint.safetensors", "pt") as file:
        assert 0 < json.loads(file.metadata()["facts"])["step"] < 16
    train_language(recipe, folder, quiet)
    assert same(moments(folder), moments(straight))
    with (folder / "loss.csv").open(newline="") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(1, 17))


def test_training_learns_the_answers(flow_recipe, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    text = flow_recipe.read_text().replace("steps: 4\nbatch", "steps: 40\nbatch").replace("0.2}", "0}")
    recipe.write_text(text.replace("rate: 0.01", "rate: 0.03").replace("_steps: 4", "_steps: 1000"))
    train_language(recipe, tmp_path / "run", quiet)
    with (tmp_path / "run" / "loss.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_the_merged_folder_answers_as_base_and_adapter_do(flow_recipe, whole_run, tmp_path):
    from peft import PeftModel

    merged = merge_language(flow_recipe, whole_run, tmp_path / "merged")
    model = AutoModelForCausalLM.from_pretrained(merged)
    base = AutoModelForCausalLM.from_pretrained(read_language_recipe(flow_recipe).base)
    with torch.no_grad():
        ids = AutoTokenizer.from_pretrained(merged)("Which label?", return_tensors="pt").input_ids
        untouched = base(ids).logits.clone()
        both = PeftModel.from_pretrained(base, whole_run / "adapter")(ids).logits
        assert torch.allclose(model(ids).logits, both, atol=1e-5)
        assert not torch.allclose(untouched, both, atol=1e-3)
    assert not list(merged.glob("*.bin"))


def test_a_vision_model_trains_in_both_towers_and_answers(vision_recipe, tmp_path):
    run = LanguageRun(read_language_recipe(vision_recipe), tmp_path / "run", quiet)
    before = {n: p.detach().clone() for n, p in run.language.named_parameters() if p.requires_grad}
    run.go_on(steps=2)
    moved = {
        n for n, p in run.language.named_parameters() if p.requires_grad and not torch.equal(p, before[n])
    }
    for tower in (".visual.", ".language_model."):
        matrices = {name for name in before if tower in name and "lora_B" in name}
        assert matrices
        assert matrices <= moved
    run.go_on()
    run.export()
    merged = merge_language(vision_recipe, tmp_path / "run", tmp_path / "merged")
    model = AutoModelForImageTextToText.from_pretrained(merged)
    batch = run.encoder.collate(run.val[:2], answers=False)
    batch.pop("weights")
    assert (
        model.generate(**batch, max_new_tokens=3, do_sample=False).shape[1] == batch["input_ids"].shape[1] + 3
    )
    batch["pixel_values"] = torch.zeros_like(batch["pixel_values"])
    with torch.no_grad():
        blind = model(**batch).logits
        batch["pixel_values"] = torch.ones_like(batch["pixel_values"])
        assert not torch.equal(model(**batch).logits, blind)


@pytest.fixture(scope="module")
def runs_of_two(flow_recipe, tmp_path_factory) -> Path:
    """Folders `one`, `whole` and `sharded`: the same two steps of one process, and of two in either way."""
    folder = tmp_path_factory.mktemp("two")
    recipe = folder / "recipe.yaml"
    text = flow_recipe.read_text().replace("0.2}", "0}").replace("micro_batch: 2", "micro_batch: 1")
    text = text.replace("_steps: 4", "_steps: 1").replace("sample_records: 2", "sample_records: 0")
    recipe.write_text(text)
    train_language(recipe, folder / "one", quiet, steps=2)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(Path(__file__).with_name("language_worker.py")), str(recipe), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["whole", "sharded"])
def test_two_processes_agree_with_one(runs_of_two, kind):
    """Whole: DistributedDataParallel as accelerate sets it up; sharded: FSDP 2, as its settings ask for."""
    with safe_open(runs_of_two / kind / "checkpoint.safetensors", "pt") as file:
        assert json.loads(file.metadata()["facts"])["processes"] == 2
    one, two = moments(runs_of_two / "one"), moments(runs_of_two / kind)
    assert set(one) == set(two)
    for name in one:
        assert torch.allclose(one[name], two[name], atol=1e-4, rtol=1e-3), name
    losses = [(runs_of_two / run / "validation.csv").read_text().split(",")[7] for run in ("one", kind)]
    assert float(losses[0]) == pytest.approx(float(losses[1]), rel=1e-4)


def test_the_sharded_settings_are_accelerates(monkeypatch):
    from accelerate.commands.config.config_args import load_config_from_file

    settings = load_config_from_file(str(Path(__file__).parents[3] / "recipes" / "accelerate-fsdp.yaml"))
    assert settings.distributed_type == "FSDP"
    assert settings.fsdp_config["fsdp_version"] == 2


def test_another_recipe_does_not_go_on_with_a_run(flow_recipe, whole_run, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(flow_recipe.read_text().replace("rate: 0.01", "rate: 0.02"))
    with pytest.raises(InputError, match="holds a run with another recipe"):
        train_language(recipe, whole_run, quiet)


def test_a_run_may_begin_with_an_adapter(flow_recipe, whole_run, tmp_path):
    recipe, adapter = tmp_path / "recipe.yaml", whole_run / "adapter.safetensors"
    text = flow_recipe.read_text() + f"start: {adapter}\n"
    recipe.write_text(text.replace("rate: 0.01", "rate: 1.0e-9"))
    train_language(recipe, tmp_path / "run", quiet, steps=1)
    begun, before = load_file(tmp_path / "run" / "adapter.safetensors"), load_file(adapter)
    assert set(begun) == set(before)
    assert all(torch.allclose(begun[name].float(), before[name].float(), atol=1e-4) for name in begun)
    recipe.write_text(text.replace("rank: 4", "rank: 2"))
    with pytest.raises(InputError, match=r"cannot be begun with|another rank"):
        train_language(recipe, tmp_path / "other", quiet)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("base: ", "base: nowhere/", "cannot be loaded"),
        ("train: ", "train: nowhere/", "no records"),
        ("max_tokens: 400", "max_tokens: 20", "No record has 20 tokens"),
        ("batch: 4\n", "batch: 3\n", "multiple of micro_batch"),
        ("warmup: 1", "warmups: 1", "no field 'warmups'"),
        ("routes: [flow]", "routes: [sound]", r"routes\.0 is sound"),
        ("rank: 4,", "target_modules: [no_such], rank: 4,", "target_modules does not fit"),
        ("precision: fp32", "precision: fp8", "precision is fp8"),
        ("routes: [flow]", "share_prompts: true\nroutes: [flow, vision]", "flow route only"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(flow_recipe, tmp_path, old, new, match):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(flow_recipe.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=match):
        train_language(recipe, tmp_path / "run", quiet)


def test_the_rate_warms_up_and_falls_to_zero():
    assert [schedule(step, 4, 100) for step in (0, 1, 3)] == [0.25, 0.5, 1.0]
    assert schedule(52, 4, 100) == pytest.approx(0.5)
    assert schedule(100, 4, 100) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "name",
    [
        "language-ablation",
        "language-embedded",
        "language-embedded-2",
        "language-paper-v1",
        "language-paper-v3",
    ],
)
def test_the_recipes_can_be_read(name):
    plan = read_language_recipe(Path(__file__).parents[3] / "recipes" / f"{name}.yaml")
    assert plan.batch % plan.micro_batch == 0
