"""Motion encoders as recognisers of stored flow, alone and with the FACS stage, zero-shot."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flow_folder import make_folder
from mellm.cli import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("flow"), people=2)


def run(*arguments: object) -> object:
    found = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return found


@pytest.mark.parametrize("model", ["encoder", "combined"])
@pytest.mark.parametrize("route", ["flow", "vision"])
def test_labels_that_anyone_can_tell(folder: Path, tmp_path: Path, model: str, route: str) -> None:
    out = tmp_path / "out.json"
    found = run(
        "megc2019", "--data", folder, "--protocol", "zero-shot", "--model", model, "--route", route,
        "--json", out, "--quiet",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    figures = json.loads(out.read_text())["figures"]
    assert figures["uf1"] > 0.6


def test_units_with_sides(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    found = run(
        "aus", "--data", folder, "--protocol", "zero-shot", "--model", "encoder", "--json", out, "--quiet"
    )
    assert found.exit_code == 0, found.output
    kept = json.loads(out.read_text())
    assert kept["figures"]["per_unit"]["12"]["f1"] > 0.6
    assert kept["figures"]["sides"]["stronger_half_right"] > 0.8
    assert kept["provenance"]["settings"]["model"] == "encoder-flow"


def test_encoders_are_not_trained_on_folds(folder: Path) -> None:
    found = run("aus", "--data", folder, "--protocol", "loso", "--model", "combined")
    assert "zero-shot" in str(found.exception or found.output)
