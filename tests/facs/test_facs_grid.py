from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError, MellmError
from mellm.facs.grid import grid_features, load_grid_model, mirrored_grid, save_grid_model, shipped_grid_model
from mellm.simulate.generated_flow import generate, read_patterns
from mellm.simulate.origins import Origin, OriginShares
from mellm.train.facs.grid_models import FacsConfig, train_facs
from mellm.train.facs.trainings import read_facs_recipe


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up annotation sheet."""
    path = tmp_path_factory.mktemp("sheet") / "sheet.csv"
    rows = [
        "Subject,AU,Emotion",
        "a,12,happiness",
        "a,6+12,happy",
        "a,R12,happiness",
        "a,4+7,anger",
        "a,4,disgust",
    ]
    path.write_text("\n".join([*rows, "a,1+2,surprise", "a,L2,surprise", "a,4,others", "a,?,fear"]) + "\n")
    return path


def test_rows_without_a_class_or_a_known_unit_are_left_out(sheet: Path) -> None:
    patterns = read_patterns([sheet])
    assert len(patterns) == 7
    assert patterns[2].units == ((12, "right"),)


def test_generated_flow_is_repeatable_and_balanced(sheet: Path) -> None:
    patterns = read_patterns([sheet])
    first, again = generate(patterns, 60, 3), generate(patterns, 60, 3)
    assert np.array_equal(first.flows, again.flows)
    assert np.bincount(first.labels).min() > 10
    assert first.flows.min() == 0
    assert first.flows.max() == 255


@pytest.mark.parametrize("origins", [((Origin.TABLE, 1.0),), ((Origin.MUSCLE, 1.0),)])
def test_a_one_sided_corner_moves_on_the_subjects_side(sheet: Path, origins: OriginShares) -> None:
    right_corner = [p for p in read_patterns([sheet]) if p.units == ((12, "right"),)]
    flows = generate(right_corner, 30, 0, origins).flows[..., 1].astype(float)
    up = flows[:, 13:16, 12:16].mean((1, 2)) - flows[:, 17:21, :].min(axis=1).min(axis=1)
    image_left = flows[:, 17:21, 4:11].min(axis=(1, 2)) < flows[:, 17:21, 17:24].min(axis=(1, 2))
    assert (up > 0).mean() > 0.8
    assert image_left.mean() > 0.9


def test_flow_with_units_comes_from_origins_that_know_them(sheet: Path) -> None:
    patterns = read_patterns([sheet])
    with pytest.raises(InputError, match="muscle"):
        generate(patterns, 5, 0, ((Origin.SMOOTH, 1.0),))
    both = ((Origin.TABLE, 0.5), (Origin.MUSCLE, 0.5))
    assert not np.array_equal(generate(patterns, 5, 0).flows, generate(patterns, 5, 0, both).flows)


def test_a_short_training_reads_what_it_generated(sheet: Path, tmp_path: Path) -> None:
    config = FacsConfig(sheets=(str(sheet),), samples=150, units=(1, 2, 4, 12), emotion_c=0.01, unit_c=0.01)
    model = train_facs(config, tmp_path / "weights.safetensors")
    read = load_grid_model(tmp_path / "weights.safetensors")
    assert read.units == (1, 2, 4, 12)
    assert np.array_equal(read.emotion, model.emotion)
    from mellm.flow.normalised import nose_flow

    made = generate(read_patterns([sheet]), 60, 9)
    cells = [grid_features(nose_flow(stored)) for stored in made.flows]
    called = [int(read.emotion_scores(c, 1).argmax()) for c in cells]
    assert (np.array(called) == made.labels).mean() > 0.8


def test_sides_of_a_mirrored_picture_change_places() -> None:
    model = shipped_grid_model()
    cells = np.random.default_rng(0).normal(size=(7, 7, 3)).astype(np.float32)
    assert np.allclose(mirrored_grid(mirrored_grid(cells)), cells)
    scores = model.unit_scores(cells, 0)
    assert np.allclose(model.unit_scores(mirrored_grid(cells), 0), scores[::-1], atol=1e-5)
    assert np.allclose(
        model.emotion_scores(mirrored_grid(cells), 1), model.emotion_scores(cells, 1), atol=1e-5
    )


def test_shipped_weights_are_plain_safetensors() -> None:
    from importlib.resources import files

    from safetensors.numpy import load_file

    path = Path(str(files("mellm.weights") / "facs_grid.safetensors"))
    assert np.array_equal(load_file(path)["emotion"], shipped_grid_model().emotion)


def test_damaged_weights_and_wrong_recipes_are_refused(tmp_path: Path) -> None:
    save_grid_model(shipped_grid_model(), tmp_path / "w.safetensors", {})
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "w.safetensors").read_bytes()[:500])
    with pytest.raises(MellmError, match=r"cut\.safetensors"):
        load_grid_model(tmp_path / "cut.safetensors")
    (tmp_path / "r.yaml").write_text("sheets: [a.csv]\nsampels: 3\n")
    with pytest.raises(InputError, match="sampels"):
        read_facs_recipe(tmp_path / "r.yaml")
    with pytest.raises(InputError, match=r"a\.csv"):
        train_facs(FacsConfig(sheets=("a.csv",)), tmp_path / "x")
