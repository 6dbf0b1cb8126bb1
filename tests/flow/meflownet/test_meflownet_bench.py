import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import cv2
import pytest

from mellm.errors import InputError
from mellm.evaluate.flow_bench import bench_flow, summarise, table
from mellm.evaluate.flow_figures import PairSample
from mellm.evaluate.flow_test_pairs import TestPairs, chosen_origins
from mellm.flow.meflownet.motion_prior_file import load_prior, save_prior
from mellm.flow.meflownet.runtime import PRIOR_FILE
from mellm.simulate.gallery import split_of
from mellm.simulate.origins import Origin
from mellm.simulate.shards import write_shard


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    """A folder with the shipped portrait, enlarged, under a name that falls into the test split."""
    folder = tmp_path_factory.mktemp("portraits")
    name = next(f"portrait{k}" for k in range(200) if split_of(f"portrait{k}") == "test")
    picture = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    large = cv2.resize(picture[:320, 60:380], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(folder / f"{name}.png"), large)
    return folder


def test_bench_on_four_pairs(portraits, tmp_path):
    out = tmp_path / "bench.json"
    figures = bench_flow(TestPairs(portraits, 4), estimators=("meflownet", "meflownet-fast", "dis"), json=out)
    assert figures.pairs == 4
    every = figures.all.errors
    assert 0 < every["meflownet"].facial < 0.5
    # The shipped network must not be worse than no network, nor MEFlowNet than DIS.
    assert every["meflownet"].facial < every["dis"].facial
    assert every["meflownet"].facial < 1.1 * every["meflownet-fast"].facial
    assert sum(row.pairs for heads in figures.strata.values() for row in heads.values()) == 4
    assert figures.calm["still"]["meflownet"] < 0.03
    assert figures.calm["turned 1 degree"]["meflownet"] < 0.12
    written = json.loads(out.read_text())
    assert len(written["samples"]) == 4
    assert written["provenance"]["seed"] == 7
    text = table(figures)
    assert "no expression, still" in text
    assert "ms per pair" in text


def test_another_prior_can_be_measured(portraits, tmp_path):
    prior = load_prior(PRIOR_FILE)
    blind = replace(prior, expression_sd=prior.expression_sd * 1e-3)
    save_prior(blind, tmp_path / "blind.safetensors")
    out = tmp_path / "bench.json"
    pairs = TestPairs(portraits, 3, (Origin.TABLE,))
    shipped, other = (
        bench_flow(pairs, estimators=["meflownet-fast"], prior=path, json=out).all.errors
        for path in (None, tmp_path / "blind.safetensors")
    )
    assert other["meflownet-fast"].expression > 1.05 * shipped["meflownet-fast"].expression
    assert "blind.safetensors" in json.loads(out.read_text())["provenance"]["inputs"]


def test_origins_are_measured_one_by_one(portraits):
    test = TestPairs(portraits, 2, (Origin.MUSCLE, Origin.SMOOTH))
    figures = bench_flow(test, estimators=["dis"])
    assert {name: found.pairs for name, found in figures.origins.items()} == {"muscle": 2, "smooth": 2}
    both = [figures.origins[name].all.errors["dis"].facial for name in ("muscle", "smooth")]
    assert figures.all.errors["dis"].facial == pytest.approx(sum(both) / 2)
    assert "origin muscle" in table(figures)
    assert Origin.ICT not in chosen_origins("all", None) and Origin.ICT in chosen_origins("all", Path("x"))


def test_pairs_of_another_program_can_be_measured(portraits, tmp_path):
    pairs = list(TestPairs(portraits, 3))
    own = tmp_path / "their model"
    own.mkdir()
    write_shard(own / "00000.npz", [replace(pair, origin=None) for pair in pairs])
    figures = bench_flow(TestPairs(own, 2), estimators=["dis"])
    assert figures.pairs == 2 and list(figures.origins) == ["their model"] and not figures.calm
    with pytest.raises(InputError, match="leave --origins out"):
        bench_flow(TestPairs(own, 2, (Origin.MUSCLE,)), estimators=["dis"])


def test_strata_hold_what_their_names_say():
    def sample(peak, head, error):
        errors = {
            "facial": error,
            "head": 0.0,
            "expression": error,
            "estimated_expression": 0.0,
            "seconds": 0.1,
        }
        return PairSample(
            key="k", identity="i", peak=peak, head_motion=head, no_expression=peak / 4, x=errors
        )

    figures = summarise(
        [sample(0.0, 0.0, 0.1), sample(0.5, 1.0, 0.2), sample(0.7, 1.0, 0.4), sample(3.0, 0.0, 0.3)], ["x"]
    )
    assert figures.strata["calm"]["still"].errors["x"].relative is None
    assert figures.strata["subtle"]["moving"].errors["x"].facial == pytest.approx(0.3)
    assert figures.strata["moderate"]["still"].errors["x"].relative == pytest.approx(0.4)
    assert "small" not in figures.strata
