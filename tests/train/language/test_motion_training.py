"""The motion encoders' training: samples, maps, losses, a whole tiny run that is stopped and goes on."""

import csv
import shutil
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from language_models import save_qwen3
from safetensors import safe_open
from safetensors.torch import load_file
from typer.testing import CliRunner

import mellm
from mellm.cli import app
from mellm.errors import InputError
from mellm.flow.colour import mmc_colours
from mellm.instruct.motion_fields import FieldBank
from mellm.language.motion.encoders import FILES, SHOWN, MotionEncoder, shown_by
from mellm.language.motion.region_tokens import region_motion
from mellm.media.frame import Image
from mellm.simulate.gallery import split_of
from mellm.simulate.origins import Origin
from mellm.train.language.joint_model import JointModel
from mellm.train.language.joint_rows import PLACE_ID
from mellm.train.language.motion_data import read_motion_data
from mellm.train.language.motion_encoders import MapEncoder, Projector, RegionEncoder, Routes, shape_of
from mellm.train.language.motion_export import export_encoder
from mellm.train.language.motion_figures import figures_of
from mellm.train.language.motion_import import read_encoder
from mellm.train.language.motion_maps import Shown, colours, draw_pictures
from mellm.train.language.motion_recipe import MotionRecipe
from mellm.train.language.motion_training import even_weights, rate_at, told_loss
from mellm.train.recipe import read_recipe

RECIPES = Path(__file__).parents[3] / "recipes"
WEIGHTS = Path(mellm.__file__).parent / "weights"


def test_maps_are_coloured_as_the_product_colours_them():
    rng = np.random.default_rng(0)
    flow = rng.normal(0, 0.6, (2, 96, 80, 2)).astype(np.float32)
    drawn = colours(torch.from_numpy(flow.transpose(0, 3, 1, 2)), torch.tensor([True, False]))
    for field, scale, picture in zip(flow, (1.0, None), drawn.permute(0, 2, 3, 1).numpy(), strict=True):
        assert np.abs(picture - mmc_colours(field, scale_px=scale) / 255).max() < 0.03


def test_pictures_of_one_field_in_three_ways():
    flow, grey = torch.zeros(2, 2, 96, 80), torch.full((2, 96, 80), 0.5)
    flow[:, 0, 40:50, 30:40] = 5.0
    grey[:, :, 35:] = 0.9
    shown = Shown(flow, grey, torch.tensor([True, True]))
    wheel, pair = (draw_pictures(shown, name) for name in ("wheel", "pair"))
    assert wheel[0, :, 0, 0].tolist() == [1, 1, 1]  # white where nothing moves
    assert wheel[0, :, 45, 35].tolist() == pytest.approx([1, 0, 0], abs=0.01)  # rightward is red
    assert torch.equal(pair[:, 0], grey)
    assert pair[0, 1, 45, 35] < 0.6 < pair[0, 0, 45, 35]  # what was dark came from the left by one pixel
    turned = draw_pictures(shown.mirrored(torch.tensor([True, False])), "wheel")
    assert turned[0, :, 45, 79 - 35].tolist() == pytest.approx([0, 1, 1], abs=0.01)  # leftward: cyan
    assert torch.equal(turned[1], wheel[1])


def test_exported_encoders_answer_as_the_trained_ones(tmp_path):
    torch.manual_seed(0)
    routes = Routes().eval()
    for route in ("flow", "vision"):
        export_encoder(routes, route, tmp_path)
        given = torch.rand(1, *shape_of(route))
        with torch.no_grad():
            answers = torch.cat(routes.told(route, given)[0], 1).numpy()
        found = MotionEncoder(route, tmp_path)._compiled([given.numpy()])[0]
        assert np.abs(found - answers).max() < 0.01  # weights are kept in half precision


def trained_routes() -> Routes:
    """Encoders no two of whose weights are alike, as after training."""
    torch.manual_seed(1)
    routes = Routes().eval()
    with torch.no_grad():
        for parameter in routes.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    return routes


@pytest.mark.parametrize("route", ["flow", "vision"])
def test_encoders_are_read_back_from_their_files(route, tmp_path):
    routes, other = trained_routes(), Routes().eval()
    routes.train().told(route, torch.rand(8, *shape_of(route)))  # gives the normalisation something to fold
    export_encoder(routes.eval(), route, tmp_path)
    other.load_state_dict(read_encoder(tmp_path / FILES[route], route), strict=False)
    given = torch.rand(2, *shape_of(route))
    with torch.no_grad():
        before, after = (torch.cat(found.asked(route, given)[0], 1) for found in (routes, other))
    assert float((before - after).abs().max()) < 0.01
    with pytest.raises(InputError, match="holds no encoder of the route"):
        read_encoder(tmp_path / FILES[route], "vision" if route == "flow" else "flow")
    (tmp_path / "text.onnx").write_text("nothing")
    with pytest.raises(InputError, match="not an encoder"):
        read_encoder(tmp_path / "text.onnx", route)


def test_the_encoders_that_ship_are_read_back():
    for route, file in (*FILES.items(), *SHOWN.items()):
        assert len(read_encoder(WEIGHTS / file, route)) > 30


def test_encoders_are_small():
    assert sum(p.numel() for p in MapEncoder().parameters()) < 1_000_000
    assert sum(p.numel() for p in RegionEncoder().parameters()) < 250_000


def test_the_rate_rises_and_falls():
    rates = [rate_at(share) for share in (0.0, 0.02, 0.5, 1.0)]
    assert rates[0] < 0.1 and rates[1] > 0.95 and 0.4 < rates[2] < 0.6 and rates[3] == pytest.approx(0.02)


def test_a_sure_and_right_answer_costs_nothing_and_a_wrong_one_does():
    told = [torch.full((1, count), -9.0) for count in (4, 9, 4)]
    for logits in told:
        logits[0, 1] = 9.0
    right, wrong = (told_loss(told, torch.tensor([[k, k, k]]), torch.ones(1)) for k in (1, 2))
    assert right < 0.01 < 10 < wrong


def test_figures_of_perfect_answers():
    answers = np.zeros((40, 24), np.int64)
    answers[:20, 3], answers[:, -2], answers[:, -1] = 2, np.arange(40) % 8, np.arange(40) % 3
    shares = [np.eye(4, dtype=np.float32)[answers[:, k]] for k in range(22)]
    shares += [np.eye(9, dtype=np.float32)[answers[:, -2]], np.eye(4, dtype=np.float32)[answers[:, -1]]]
    found = figures_of(shares, answers)
    assert (found["units_f1"], found["sides"], found["fine_uar"], found["coarse_uf1"]) == (1, 1, 1, 1)


@pytest.fixture(scope="module")
def recipe(portrait: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe of few samples: two copies of one portrait, one to train on and one held out."""
    folder = tmp_path_factory.mktemp("motion")
    faces = folder / "faces"
    faces.mkdir()
    face = cv2.resize(portrait[10:270, 100:350], None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC)
    for split in ("train", "val"):
        name = next(f"face{k}" for k in range(200) if split_of(f"face{k}") == split)
        cv2.imwrite(str(faces / f"{name}.png"), face[..., ::-1])
    with (folder / "sheet.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Subject", "Filename", "AU", "Emotion"])
        for units, emotion in (
            ("6+12", "happiness"),
            ("1+2", "surprise"),
            ("4", "anger"),
            ("L14", "contempt"),
        ):
            writer.writerow(["1", "a", units, emotion])
    path = folder / "recipe.yaml"
    path.write_text(
        f"""reader: motion
sheets: [{folder / "sheet.csv"}]
portraits: {faces}
origins: [table]
left_out: [muscle]
crop: 40
stored: 250
held: 40
faces: 1
errors: 5
routes: [flow]
steps: [6]
batch: [8]
rate: [0.002]
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def samples(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples of the recipe, made by a run that trains one step."""
    out = tmp_path_factory.mktemp("samples")
    done = CliRunner().invoke(app, ["train", "language", str(recipe), "--out", str(out), "--steps", "1"])
    assert done.exit_code == 0, done.output
    return out / "samples"


def test_a_run_goes_on_where_it_stopped_and_writes_its_encoder(recipe, samples, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(samples, out / "samples")
    first = CliRunner().invoke(app, ["train", "language", str(recipe), "--out", str(out), "--steps", "2"])
    assert first.exit_code == 0, first.output
    assert not (out / "language_regions.onnx").exists()
    made = {path: path.stat().st_mtime_ns for path in (out / "samples").glob("*-0*.npz")}
    second = CliRunner().invoke(app, ["train", "language", str(recipe), "--out", str(out)])
    assert second.exit_code == 0, second.output
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert "muscle" in second.output
    assert len(MotionEncoder("flow", out).sha256) == 64
    other = recipe.with_name("other.yaml")
    other.write_text(recipe.read_text().replace("0.002", "0.001"), encoding="utf-8")
    refused = CliRunner().invoke(app, ["train", "language", str(other), "--out", str(out)])
    assert "another recipe" in str(refused.exception or refused.output)


def test_fields_are_drawn_once_and_as_the_samples_were_measured(samples, tmp_path):
    folder = tmp_path / "samples"
    shutil.copytree(samples, folder)
    drawn = read_motion_data(folder, ["crop-table-val-*.npz"], "val", [], "map")
    (kept,) = folder.glob("fields-*.npy")
    before = kept.stat().st_mtime_ns
    again = read_motion_data(folder, ["crop-table-val-*.npz"], "val", [], "map")
    assert kept.stat().st_mtime_ns == before and np.array_equal(drawn.fields, again.fields)
    for k in np.flatnonzero(drawn.samples.moving.any(1))[:10]:
        # The regions' numbers are of the same motion, measured at half the crop's size.
        strongest = 200 * np.hypot(*drawn.samples.numbers[k, :, :2].T).max()
        assert np.hypot(*drawn.fields[k].astype(float)).max() > 0.6 * strongest
    still = np.zeros(len(drawn), bool)
    maps = drawn.maps(np.arange(len(drawn)), still, None)
    turned = drawn.maps(np.arange(len(drawn)), ~still, None)
    assert maps.shape == (len(drawn), 3, 96, 80) and float(maps.max()) <= 1
    black = torch.from_numpy(~drawn.samples.on_face)
    assert torch.allclose(maps[black].amax(1), turned[black].flip(-1).amax(1), atol=0.02)


@pytest.fixture(scope="module")
def joint_recipe(recipe: Path, samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A joint run of a tiny random language model, on the encoders of the other recipe."""
    folder = tmp_path_factory.mktemp("joint")
    base = save_qwen3(folder / "base")
    path = folder / "joint.yaml"
    path.write_text(
        f"""reader: joint
base: {base}
lora: {{rank: 4, alpha: 8, dropout: 0.0, target_modules: all-linear}}
motion: {samples.parent}
sheets: [{recipe.parent / "sheet.csv"}]
routes: [flow]
cases: 60
step: {{codes: 3, label: 1, reading: 0.5, words: 0.5}}
steps: 4
rate: 0.01
projector_rate: 0.01
""",
        encoding="utf-8",
    )
    return path


def joint(recipe: Path, out: Path, *more: str) -> str:
    done = CliRunner().invoke(app, ["train", "language", str(recipe), "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_joint_run_goes_on_as_if_it_had_not_stopped(joint_recipe, tmp_path):
    joint(joint_recipe, tmp_path / "whole")
    joint(joint_recipe, tmp_path / "parts", "--steps", "1")
    joint(joint_recipe, tmp_path / "parts")
    whole, parts = (load_file(tmp_path / name / "adapter.safetensors") for name in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert any(float(value.abs().max()) > 0 for name, value in whole.items() if "lora_B" in name)
    # What ships says how it was made, not where.
    with safe_open(tmp_path / "whole" / "adapter.safetensors", "pt") as file:
        assert str(joint_recipe.parent.parent) not in file.metadata()["recipe"]
    export_encoder(Routes().eval(), "flow", tmp_path / "whole")
    encoder = MotionEncoder("flow", tmp_path / "whole")
    assert encoder.shown_sha256 is not None
    numbers = np.zeros((29, 3), np.float32)
    still = encoder.read_regions(region_motion(numbers, numbers[:, 0] > 0, 200.0))
    numbers[3] = 0.01
    opinion = encoder.read_regions(region_motion(numbers, numbers[:, 0] > 0, 200.0))
    assert opinion.tokens is not None and opinion.tokens.shape == (24, 32)
    assert still.tokens is not None and not np.allclose(opinion.tokens, still.tokens)


def test_only_the_parts_that_are_to_learn_do(joint_recipe, tmp_path):
    settings = joint_recipe.read_text("utf-8")
    frozen = tmp_path / "encoder.yaml"
    frozen.write_text(f"{settings}learns: [encoder]\n", encoding="utf-8")
    joint(frozen, tmp_path / "encoder", "--steps", "1")
    assert not (tmp_path / "encoder" / "adapter.safetensors").exists()
    before, after = (
        load_file(path) for path in (Path(yaml_motion(settings)) / "flow.safetensors",
                                     tmp_path / "encoder" / "checkpoint.safetensors")
    )  # fmt: skip
    name = "routes.encoders.flow.enter.0.weight"
    assert not torch.equal(before[name], after[f"model.{name}"])


def test_a_joint_run_goes_on_from_another_one(joint_recipe, tmp_path):
    first = joint_recipe.read_text("utf-8")
    joint(joint_recipe, tmp_path / "first")
    second = tmp_path / "second.yaml"
    slow = first.replace("rate: 0.01", "rate: 1.0e-9")
    second.write_text(f"{slow}after: {tmp_path / 'first'}\nseed: 1\n", encoding="utf-8")
    joint(second, tmp_path / "second", "--steps", "1")
    begun, ended = (load_file(tmp_path / run / "adapter.safetensors") for run in ("second", "first"))
    assert all(torch.allclose(begun[name], ended[name], atol=1e-6) for name in ended)
    second.write_text(f"{first}after: {tmp_path}\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["train", "language", str(second), "--out", str(tmp_path / "third")])
    assert isinstance(done.exception, InputError) and "names the folder of a joint run" in str(done.exception)


def test_projectors_begin_near_what_another_file_shows(joint_recipe, tmp_path):
    joint(joint_recipe, tmp_path / "first")
    export_encoder(trained_routes(), "flow", tmp_path)
    settings = joint_recipe.read_text("utf-8").replace("projector_rate: 0.01", "projector_rate: 1.0e-9")
    shown = tmp_path / "first" / SHOWN["flow"]
    recipe = tmp_path / "like.yaml"
    more = f"encoders: {{flow: {tmp_path / FILES['flow']}}}\nlike: {shown}\nlearns: [encoder]\n"
    recipe.write_text(f"{settings}{more}encoder_rate: 1.0e-9\n", encoding="utf-8")
    joint(recipe, tmp_path / "like", "--steps", "1")
    given = np.zeros((1, *shape_of("flow")), np.float32)
    wanted, found = (shown_by(file, given) for file in (shown, tmp_path / "like" / SHOWN["flow"]))
    assert np.abs(found - wanted).mean() < 0.4 * np.abs(wanted).mean()
    recipe.write_text(f"{settings}like: {tmp_path / 'none.onnx'}\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["train", "language", str(recipe), "--out", str(tmp_path / "none")])
    assert isinstance(done.exception, InputError) and "none.onnx" in str(done.exception)


def test_a_joint_run_in_half_precision_learns_alike(joint_recipe, tmp_path):
    settings = joint_recipe.read_text("utf-8").replace("steps: 4", "steps: 10")
    losses = {}
    for precision in ("fp32", "bf16"):
        recipe = tmp_path / f"{precision}.yaml"
        recipe.write_text(f"{settings}precision: {precision}\n", encoding="utf-8")
        joint(recipe, tmp_path / precision)
        row = (tmp_path / precision / "loss.csv").read_text("utf-8").splitlines()[1].split(",")
        losses[precision] = [float(value) for value in row[1:] if value]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.05) and losses["bf16"] != losses["fp32"]


def test_coarse_labels_count_alike():
    weights = even_weights(torch.tensor([0, 0, 0, 0, 0, 0, 1, 2]))
    assert float(weights[0] * 6) == pytest.approx(float(weights[1])) == pytest.approx(float(weights[2]))


def yaml_motion(settings: str) -> str:
    return next(line.partition(": ")[2] for line in settings.splitlines() if line.startswith("motion"))


def test_the_embeddings_begin_near_the_words_of_the_true_answers():
    torch.manual_seed(0)
    found, wanted = torch.randn(200, 3, 8), torch.randn(3, 5)
    right = torch.randint(0, 2, (200, 3))
    found[..., 0] = right  # what tells the answer
    words = torch.stack([wanted * 0, wanted])
    truth = torch.stack([words[right[:, k], k] for k in range(3)], 1)
    projector = Projector(3, 8, 5)
    projector.fit(found, truth)
    assert float((projector(found) - truth).detach().abs().max()) < 0.1


def test_embeddings_stand_where_the_row_has_a_place_for_them():
    class Table(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(9, 4)
            self.config = SimpleNamespace(hidden_size=4)

        def get_base_model(self):
            return self

        def get_input_embeddings(self):
            return self.table

    language = Table()
    model = JointModel(Routes(), language, ["flow"])
    ids = torch.tensor([[1, PLACE_ID, PLACE_ID, 2], [PLACE_ID, PLACE_ID, 3, 4]])
    tokens = torch.arange(16.0).reshape(4, 4)
    found = model.embedded(ids, tokens)
    assert torch.equal(found[0, 1:3], tokens[:2]) and torch.equal(found[1, :2], tokens[2:])
    assert torch.equal(found[0, 3], language.table.weight[2])


def test_the_clean_recipe_names_no_sheet_and_nobodys_motion():
    clean, usual = (
        read_recipe(RECIPES / f"language-motion{name}.yaml", MotionRecipe, "language-motion.yaml")
        for name in ("-clean", "")
    )
    assert clean.sheets == () and clean.others == (Origin.SMOOTH,)
    assert usual.sheets and Origin.REPLAYED in usual.others
    bank = FieldBank.drawn(None, 0, clean.others)
    assert "replayed" not in bank.origins and bank.without_units("train")
