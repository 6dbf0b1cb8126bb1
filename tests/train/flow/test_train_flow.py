import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")
pytest.importorskip("onnx")

from mellm.errors import InputError  # noqa: E402
from mellm.flow.meflownet.motion_prior import face_cells  # noqa: E402
from mellm.flow.meflownet.motion_prior_file import load_prior  # noqa: E402
from mellm.flow.meflownet.runtime import PRIOR_FILE  # noqa: E402
from mellm.simulate.origins import Origin  # noqa: E402
from mellm.train.flow.meflownet_recipe import read_flow_recipe  # noqa: E402
from mellm.train.flow.meflownet_training import train_flow  # noqa: E402
from mellm.train.flow.prior_fit import chart_fields, learn_prior  # noqa: E402


def recipe_in(folder, portraits, **more):
    lines = {
        "photos": portraits,
        "origins": '"table,smooth"',
        "pairs": 3,
        "validation_pairs": 2,
        "seed": 3,
        "prior": f"{{heads: {PRIOR_FILE}, motions: 6, expressions: 8}}",
        "width": 4,
        "steps": 4,
        "batch": 2,
        "validate_steps": 4,
        "log_steps": 1,
    } | more
    path = folder / "recipe.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
    return path


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_stopped_run_goes_on_to_the_identical_state(portraits, tmp_path):
    recipe = recipe_in(tmp_path, portraits)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    lines = []
    try:
        exported = train_flow(recipe, tmp_path / "a", report=lines.append)
        train_flow(recipe, tmp_path / "b", report=lines.append, steps=2)
        train_flow(recipe, tmp_path / "b", report=lines.append)
    finally:
        torch.set_num_threads(threads)
    assert exported.is_file()
    assert digest(tmp_path / "a/checkpoint.safetensors") == digest(tmp_path / "b/checkpoint.safetensors")
    assert any(line.startswith("validation at step 4") for line in lines)
    rows = list(csv.DictReader((tmp_path / "a/loss.csv").open()))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    figures = next(csv.DictReader((tmp_path / "a/validation.csv").open()))
    assert float(figures["facial"]) != pytest.approx(float(figures["fit_facial"]), abs=1e-6)


def test_the_prior_knows_the_motions_it_learned_from():
    heads = load_prior(PRIOR_FILE)
    rng = np.random.default_rng(1)
    prior = learn_prior(heads, [Origin.TABLE], None, 12, 30, 0.15, seed=5)
    assert prior.expression.shape == (face_cells(heads.template).sum(), 2, 24)
    from mellm.simulate.origins import draw_face_motion

    again = np.random.default_rng(5)
    known = draw_face_motion(Origin.TABLE, again, split="train").displacement
    other = draw_face_motion(Origin.SMOOTH, rng).displacement
    flat = prior.expression.reshape(-1, prior.expression.shape[-1])

    def missed(displacement):
        field = chart_fields(heads.template, displacement[None].astype(np.float32))[0]
        seen = field[face_cells(heads.template)].reshape(-1)
        return np.linalg.norm(seen - flat @ (flat.T @ seen)) / np.linalg.norm(seen)

    assert missed(known) < 0.1
    assert missed(other) > 0.5


def test_recipes_are_checked(tmp_path, portraits):
    path = tmp_path / "r.yaml"
    path.write_text("photos: x\nwings: 3\n")
    with pytest.raises(InputError, match="not a flow recipe"):
        read_flow_recipe(path)
    with pytest.raises(InputError, match="peaks are"):
        read_flow_recipe(recipe_in(tmp_path, portraits, peaks="[3, 1]"))
    with pytest.raises(InputError, match="leaves no origin"):
        read_flow_recipe(recipe_in(tmp_path, portraits, origins="table", without="table"))
    chosen = read_flow_recipe(recipe_in(tmp_path, portraits, origins="all", without="muscle")).chosen()
    assert set(chosen) == {Origin.TABLE, Origin.REPLAYED, Origin.SMOOTH}
