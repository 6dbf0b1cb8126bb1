from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from flow_folder import make_folder
from mellm.cli.train import app
from mellm.datasets import Sample, write_table
from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.facs import create_au_model
from mellm.facs.learned import load_au_model, mirrored_motion, motion_scale, shipped_au_model
from mellm.instruct.sources import FlowOnlySource
from mellm.train.facs.real_pairs import gather_real, measure_real
from mellm.train.facs.region_pairs import RegionPairs
from mellm.train.facs.region_tuning import TuningConfig, train_tuned, tune_au_model, tuned, units_to_fit
from mellm.train.facs.trainings import read_facs_recipe

START = shipped_au_model()


def strangers(people: int, seed: int) -> RegionPairs:
    """People whose cheeks take part in every AU 4, which no generated face does."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 0.0015, (people * 12, len(REGION_NAMES), 2)).astype(np.float32)
    halves = np.zeros((len(vectors), 2, len(START.units)), np.int8)
    column = START.units.index(4)
    for i in range(len(vectors)):
        side = i % 4
        halves[i, :, column] = ((0, 0), (1, 1), (1, 0), (0, 1))[side]
    cheek = np.zeros_like(vectors[:1])
    cheek[0, REGION_NAMES.index("left cheek")] = 0.0, -0.02
    # The subject's right is the picture's left.
    vectors += halves[:, 1, column, None, None] * cheek + halves[:, 0, column, None, None] * mirrored_motion(
        cheek
    )
    names = tuple(f"set/{i // 12:02d}" for i in range(len(vectors)))
    moving = np.linalg.norm(vectors, axis=-1) > 0.004
    return RegionPairs(vectors, moving, halves, START.units, names, ("set",) * len(vectors))


CONFIG = TuningConfig(data="", penalties=(1.0, 30.0))


def test_what_real_people_do_otherwise_is_learned_with_its_sides() -> None:
    pairs, others = strangers(8, 0), strangers(5, 1)
    column = START.units.index(4)
    present = others.halves[:, :, column].any(axis=1)
    assert (START.probabilities(others.vectors)[present, column] >= 0.5).mean() < 0.2
    model, penalty, held_out = tune_au_model(START, pairs, CONFIG)
    assert penalty in CONFIG.penalties
    p = model.probabilities(others.vectors)[:, column]
    assert ((p >= 0.5) == present).mean() > 0.95
    assert ((held_out[:, column] >= 0.5) == pairs.halves[:, :, column].any(axis=1)).mean() > 0.95
    alone = others.halves[:, :, column].sum(axis=1) == 1
    logits = model.half_logits(others.vectors)[:, ::-1, column]
    assert ((logits[:, 0] > logits[:, 1]) == (others.halves[:, 0, column] == 1))[alone].all()


def test_units_nobody_shows_stay_as_they_were() -> None:
    pairs = strangers(6, 0)
    model, _, _ = tune_au_model(START, pairs, CONFIG)
    other = [u for u, au in enumerate(START.units) if au != 4]
    assert np.array_equal(model.output[:, other], START.output[:, other])
    assert np.array_equal(model.slope[other], START.slope[other])
    assert np.array_equal(model.hidden, START.hidden)
    assert not np.array_equal(model.output, START.output)


def test_a_strong_pull_keeps_the_start_and_a_weak_one_does_not() -> None:
    pairs = strangers(6, 0)
    column = START.units.index(4)
    moved = [
        np.linalg.norm(tuned(START, pairs, penalty, units_to_fit(pairs, 5)).output - START.output)
        for penalty in (1.0, 100.0, 1e9)
    ]
    assert moved[0] > moved[1] > moved[2]
    kept = tuned(START, pairs, 1e9, units_to_fit(pairs, 5)).output[:, column]
    assert np.allclose(kept, START.output[:, column], atol=1e-4)


def test_nobody_calibrates_their_own_answers() -> None:
    """False labels of one person change nothing in what is said of them where the pull is given."""
    pairs = strangers(6, 0)
    config = CONFIG.model_copy(update={"penalties": (30.0,), "folds": 6})
    mine = np.array([name == "set/02" for name in pairs.identity])
    lied = replace(
        pairs, halves=np.where(mine[:, None, None], 1 - pairs.halves, pairs.halves).astype(np.int8)
    )
    column = START.units.index(4)
    unlike = np.arange(len(START.units)) != column
    lied.halves[:, :, unlike] = pairs.halves[:, :, unlike]
    answers = [tune_au_model(START, p, config)[2] for p in (pairs, lied)]
    assert np.array_equal(answers[0][mine], answers[1][mine])
    assert not np.array_equal(answers[0], answers[1])


def test_too_few_people_or_units_are_refused() -> None:
    pairs = strangers(3, 0)
    with pytest.raises(InputError, match="three people"):
        tune_au_model(START, pairs.rows(np.arange(24)), CONFIG)
    with pytest.raises(InputError, match="seen in 500 samples"):
        tune_au_model(START, pairs, CONFIG.model_copy(update={"least": 500}))
    with pytest.raises(InputError, match="no weights 'none'"):
        train_tuned(TuningConfig(data="", init="none"), "out")
    with pytest.raises(InputError, match="positive numbers"):
        TuningConfig(data="", penalties=())
    with pytest.raises(InputError, match="at least 3"):
        TuningConfig(data="", folds=2)


def test_a_folder_of_flow_becomes_pairs(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "flow", people=3)
    sheet = (folder / "samples.csv").read_text()
    (folder / "samples.csv").write_text(sheet.replace("1+2\n", "\n"))
    lost: Counter[str] = Counter()
    source = FlowOnlySource(folder)
    pairs = measure_real(source, range(len(source)), START.units, lost)
    assert len(set(pairs.identity)) == 6 and set(pairs.description) == {"smic", "samm"}
    assert sum(lost.values()) == len(source) - len(pairs.vectors) == 6
    assert np.allclose(motion_scale(pairs.vectors), 0.02, atol=1e-5)
    column = START.units.index(12)
    shown = {tuple(h) for h in pairs.halves[:, :, column].tolist()}
    assert shown == {(0, 0), (1, 1), (1, 0), (0, 1)}
    first = gather_real(folder, None, "dis", START.units, tmp_path / "kept")
    again = gather_real(folder, None, "dis", START.units, tmp_path / "kept")
    assert list((tmp_path / "kept").glob("*.npz"))
    assert np.array_equal(first.vectors, again.vectors) and first.identity == again.identity


def test_the_command_tunes_and_the_result_can_be_used(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "flow", people=3)
    recipe = tmp_path / "tuned.yaml"
    recipe.write_text(f"model: tuned\ninit: shipped\ndata: '{folder}'\npenalties: [30]\nfolds: 3\n")
    out = tmp_path / "tuned.safetensors"
    said = typer.testing.CliRunner().invoke(app, ["facs", str(recipe), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "after, on people held out" in said.output
    model = load_au_model(out)
    assert model.units == START.units
    recipe.write_text(f"model: tuned\ninit: '{out}'\ndata: '{folder}'\npenalties: [30]\nfolds: 3\n")
    said = typer.testing.CliRunner().invoke(app, ["facs", str(recipe), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert create_au_model(str(out)).name.startswith("tuned (")


def test_the_shipped_recipe_is_read() -> None:
    config = read_facs_recipe(Path(__file__).parents[3] / "recipes" / "facs-tuned.yaml")
    assert isinstance(config, TuningConfig)
    assert config.init == "shipped" and config.frames


def test_frames_of_an_indexed_set_become_pairs(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """The pair's mouth corners go up and out; the second sample's frames are missing, the third's codes."""
    (tmp_path / "clip").mkdir()
    for number, picture in zip((7, 12), pair, strict=True):
        (tmp_path / "clip" / f"img{number}.png").write_bytes(picture.read_bytes())
    rows = [("1", "12", "clip"), ("2", "4", "gone"), ("3", "", "clip")]
    samples = [
        Sample("casme2", name, name, 7, 12, 20, 200.0, "happiness", au, path) for name, au, path in rows
    ]
    write_table(tmp_path / "table.csv", samples)
    lines: list[str] = []
    pairs = gather_real(tmp_path / "table.csv", tmp_path, "dis", START.units, say=lines.append)
    assert pairs.identity == ("casme2/1",)
    assert pairs.halves[0, :, START.units.index(12)].tolist() == [1, 1]
    corner = pairs.vectors[0, REGION_NAMES.index("right mouth corner")]
    assert corner[0] > 0.005 and corner[1] < -0.005
    assert sum("1 left out" in line for line in lines) == 2
    with pytest.raises(InputError, match="--frames"):
        gather_real(tmp_path / "table.csv", None, "dis", START.units)
