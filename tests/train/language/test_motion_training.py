"""The motion encoders' training: samples, maps, losses, a whole tiny run that is stopped and goes on."""

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mellm.cli import app
from mellm.flow.colour import mmc_colours
from mellm.language.motion.encoders import MotionEncoder
from mellm.media.frame import Image
from mellm.simulate.gallery import split_of
from mellm.train.language.motion_data import read_motion_data
from mellm.train.language.motion_encoders import MapEncoder, RegionEncoder, Routes, shape_of
from mellm.train.language.motion_export import export_encoder
from mellm.train.language.motion_figures import figures_of
from mellm.train.language.motion_maps import Shown, colours, draw_pictures
from mellm.train.language.motion_training import rate_at, told_loss


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
