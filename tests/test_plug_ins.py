"""Plug-ins: the example package, shown by a dist-info folder on the path as pip lays it, not installed."""

import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mellm import plug_ins
from mellm.cli import app
from mellm.datasets import index
from mellm.errors import InputError
from mellm.face.region_id import RegionId
from mellm.facs import create_au_model
from mellm.flow import RegionMotion, create, estimators
from mellm.language.backends import create_backend
from mellm.language.backends.specs import backend_specs
from mellm.simulate.gallery import split_of

EXAMPLE = Path(__file__).parents[1] / "examples" / "mellm-example-plugin"


def lay_out(folder: Path, package: str, groups: dict[str, dict[str, str]]) -> None:
    info = folder / f"{package.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in rows.items()) for group, rows in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages, empty, on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    plug_ins.forget()
    yield tmp_path
    plug_ins.forget()


@pytest.fixture
def example(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lay_out(site, project["name"], project["entry-points"])
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    yield
    for name in [name for name in sys.modules if name.startswith("mellm_example_plugin")]:
        del sys.modules[name]


@pytest.mark.usefixtures("example")
def test_listing_finds_the_example_and_imports_nothing_of_it() -> None:
    done = CliRunner().invoke(app, ["models", "list"])
    assert "block-match" in done.stdout and "mouth-corners" in done.stdout
    assert "mellm-example-plugin 0.1.0" in done.stdout
    assert "block-match" in estimators()
    assert "our-lab" in CliRunner().invoke(app, ["data", "list"]).stdout
    assert not any(name.startswith("mellm_example_plugin.block") for name in sys.modules)


@pytest.mark.usefixtures("example")
def test_the_estimator_measures_a_shift() -> None:
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 255, (200, 210, 3), np.uint8)
    flow = create("block-match", block=40).estimate(wide[:, 5:-5], wide[:, 3:-7])
    middle = flow.facial[60:140, 60:140]
    assert np.allclose(middle, (2, 0), atol=0.2)
    assert flow.estimator == "block-match"


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    """A folder with the shipped portrait, enlarged, under a name that falls into the test split."""
    name = next(f"portrait{k}" for k in range(200) if split_of(f"portrait{k}") == "test")
    picture = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    large = cv2.resize(picture[:320, 60:380], None, fx=2.5, fy=2.5, interpolation=cv2.INTER_CUBIC)
    folder = tmp_path / "portraits"
    folder.mkdir()
    cv2.imwrite(str(folder / f"{name}.png"), large)
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("example")
def test_the_bench_takes_it(portraits: Path) -> None:
    words = ["flow", "bench", "--data", str(portraits), "--pairs", "2", "--estimators", "block-match"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "block-match" in done.stdout


@pytest.mark.usefixtures("example")
def test_the_recogniser_reads_the_corners_of_the_mouth() -> None:
    corners = [
        RegionMotion(name, 0.0, -2.0, 2.0, 2.5, 0.02, 90.0, "up", 1.0, True)
        for name in (RegionId.LEFT_MOUTH_CORNER, RegionId.RIGHT_MOUTH_CORNER)
    ]
    first, second = create_au_model("mouth-corners").predict(corners)
    assert (first.au, second.au) == (12, 15) and first.probability > 0.9 > 0.1 > second.probability


@pytest.mark.usefixtures("example")
def test_the_data_set_is_read(tmp_path: Path) -> None:
    (tmp_path / "coding.csv").write_text("Person,Clip,On,Top,Label\ns01,c1,10,31,happy\n")
    [sample] = index("our-lab", tmp_path)
    assert (sample.key, sample.apex, sample.emotion) == ("s01_c1", 31, "happiness")


def test_a_language_model_is_made_by_its_spec(site: Path) -> None:
    (site / "echo_model.py").write_text(
        "class Echo:\n    sees = False\n"
        "    def __init__(self, voice='plain'):\n        self.name = 'echo/' + voice\n"
    )
    lay_out(site, "echo", {"mellm.language_backends": {"echo": "echo_model:Echo"}})
    plug_ins.forget()
    assert create_backend("echo:loud").name == "echo/loud"
    assert create_backend("echo").name == "echo/plain"
    assert "echo" in backend_specs()


def test_a_broken_plug_in_is_one_sentence_and_stops_nobody_else(site: Path) -> None:
    lay_out(site, "broken", {"mellm.flow_estimators": {"gone": "not_there:Thing"}})
    plug_ins.forget()
    assert create("dis").name == "dis"
    with pytest.raises(InputError, match=r"'gone' of broken cannot be imported"):
        create("gone")


def test_no_plug_in_takes_the_place_of_what_ships(site: Path) -> None:
    lay_out(site, "greedy", {"mellm.flow_estimators": {"dis": "not_there:Thing"}})
    plug_ins.forget()
    assert create("dis").name == "dis"
    assert estimators().count("dis") == 1
