"""Plug-ins: the example package, shown by a dist-info folder on the path as pip lays it, not installed."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields as dataclass_fields
from importlib.resources import files
from pathlib import Path
from string import Formatter

import cv2
import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from made_up_report import made_up_report
from mellm import Settings, plug_ins
from mellm.cli import app
from mellm.datasets import index
from mellm.errors import InputError
from mellm.face.region_id import RegionId
from mellm.facs import create_au_model
from mellm.flow import Flow, RegionMotion, create, estimators
from mellm.flow.field import ClipFlowEstimator
from mellm.flow.region_motion import OCTANTS
from mellm.language.backends import Decoding, create_backend
from mellm.language.backends.specs import backend_specs
from mellm.language.language_pack import LanguagePack
from mellm.language.model_reader import create_language_reader
from mellm.language.reading_words import Words
from mellm.language.reading_writer import WORDS as READING_WORDS
from mellm.render.html import render_html
from mellm.render.terminal import print_report
from mellm.simulate.gallery import split_of
from mellm.wording.languages import wording_of
from mellm.wording.message import Message, word
from mellm.wording.messages import MESSAGES
from mellm.wording.names import EMOTIONS_ZH
from mellm.wording.page_words import WORDS as PAGE_WORDS
from mellm.wording.page_words import page_word
from mellm.wording.unit_names import AU_NAMES

EXAMPLE = Path(__file__).parents[1] / "examples" / "mellm-example-plugin"


def lay_out(folder: Path, package: str, groups: dict[str, dict[str, str]]) -> None:
    info = folder / f"{package.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in rows.items()) for group, rows in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def fields(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


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


@pytest.mark.usefixtures("example")
def test_a_language_is_found_and_reports_are_written_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert Settings(language="es", llm="none").language == "es"
    report, pictures = made_up_report("es")
    page = render_html(report, pictures)
    assert '<html lang="es">' in page and "Unidades de acción" in page
    assert "comisura izquierda" in page and "alegría" in page and "descenso de las cejas" in page
    reading = report.micro_expressions[0].reading
    assert "ambas comisuras de los labios" in reading.analysis.lower()
    assert "Esto sugiere alegría" in reading.conclusion and reading.unsupported_claims == []
    print_report(report, Console(width=110))
    assert "persona 1" in capsys.readouterr().out


@pytest.mark.usefixtures("example")
def test_spanish_texts_have_keys_and_fields_of_the_english_ones() -> None:
    spanish = wording_of("es")
    assert isinstance(spanish, LanguagePack)
    for table, english in ((spanish.messages, MESSAGES), (spanish.page, PAGE_WORDS)):
        for key, text in table.items():
            assert fields(text) == fields(english[key][0]), key
    assert set(spanish.page) == set(PAGE_WORDS)
    assert set(spanish.units) == {0, *AU_NAMES} and set(spanish.regions) == set(RegionId)
    assert set(spanish.emotions) == {*EMOTIONS_ZH, "none"}
    assert len(set(spanish.regions.values())) == len(RegionId)
    assert set(spanish.octants) == {*OCTANTS, "none"} and set(spanish.grades) == set("ABCDE")
    for entry in dataclass_fields(Words):
        theirs, ours = getattr(spanish.reading, entry.name), getattr(READING_WORDS["en"], entry.name)
        if isinstance(ours, str):
            assert fields(theirs) <= fields(ours) | {"both"}, entry.name
        elif isinstance(ours, dict) and entry.name not in ("single", "several"):
            assert set(theirs) == set(ours), entry.name


@pytest.mark.usefixtures("example")
def test_a_missing_sentence_is_english_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    found = Message("spot.none", {"why": Message("spot.blinks_only", {"count": 2})})
    assert word(found, "es").startswith("No se encontró ninguna microexpresión: aparte de 2 parpadeos")
    assert not caplog.records
    for _ in range(2):
        assert word(Message("person.frames", {"frames": "3"}), "es") == "frames 3"
    assert len(caplog.records) == 1 and "person.frames" in caplog.text


@pytest.mark.usefixtures("example")
def test_a_server_takes_an_installed_language_and_no_other() -> None:
    pytest.importorskip("fastapi")
    from pydantic import ValidationError

    from mellm.web.contract import JobSettings
    from mellm.web.routes_questions import AskedQuestion

    assert JobSettings(language="es").language == "es"
    assert "es" in JobSettings.model_json_schema()["properties"]["language"]["enum"]
    for model, values in ((JobSettings, {}), (AskedQuestion, {"question": "When?"})):
        with pytest.raises((InputError, ValidationError), match="fr"):
            model(language="fr", **values)


def test_a_language_that_is_not_installed_is_refused_and_its_reports_are_english(site: Path) -> None:
    with pytest.raises(InputError, match="no reading in 'es'; choose en or zh"):
        Settings(language="es")
    assert page_word("aus", "es") == "Action units"
    (site / "no_language.py").write_text("TABLE = {}\n")
    lay_out(site, "wrong", {"mellm.languages": {"xx": "no_language:TABLE", "yy": "not_there:Thing"}})
    plug_ins.forget()
    with pytest.raises(InputError, match="'xx' cannot be used"):
        Settings(language="xx")
    with pytest.raises(InputError, match="'yy' of wrong cannot be imported"):
        Settings(language="yy")


@pytest.mark.usefixtures("example")
def test_a_language_model_is_not_asked_in_a_further_language() -> None:
    assert create_language_reader("embedded", taxonomy="7", language="es") is None
    with pytest.raises(InputError, match="choose --llm none"):
        create_language_reader("openai:http://127.0.0.1:9/v1,model=x", taxonomy="7", language="es")


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


FAILING = """
class Named:
    name = "named"
    sees = False

    def __init__(self, **options):
        pass

class Unmade:
    def __init__(self, *words, **options):
        raise RuntimeError("no licence")

class Raises(Named):
    def estimate(self, *pictures):
        raise RuntimeError("out of\\nmemory")

    estimate_clip = predict = estimate

    def generate(self, *asked, **how):
        raise KeyError("no server")
        yield ""

    def choose(self, *asked, **how):
        raise KeyError("no server")

class Wrong(Named):
    def estimate(self, onset, *rest):
        return onset

    def predict(self, motion):
        return ["AU 12"]

    def generate(self, *asked, **how):
        yield 12

    def choose(self, messages, prefix, options, **how):
        return len(options)
"""
KINDS = ("flow_estimators", "action_unit_models", "language_backends")


@pytest.fixture
def failing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "failing.py").write_text(FAILING)
    (site / "raising.py").write_text('raise OSError("no driver")')
    names = {name.lower(): f"failing:{name}" for name in ("Unmade", "Raises", "Wrong")}
    lay_out(site, "faulty", {f"mellm.{kind}": {**names, "module": "raising:X"} for kind in KINDS})
    monkeypatch.delitem(sys.modules, "failing", raising=False)
    plug_ins.forget()


@pytest.mark.usefixtures("failing")
def test_a_plug_in_that_cannot_be_made_is_one_sentence() -> None:
    for make in (create, create_au_model, create_backend):
        with pytest.raises(
            plug_ins.PlugInError, match=r"'unmade' of faulty failed \(RuntimeError: no licence"
        ):
            make("unmade")
        with pytest.raises(InputError, match=r"'module' of faulty cannot be imported \(OSError: no driver"):
            make("module")


@pytest.mark.parametrize(
    ("name", "said"), [("raises", "RuntimeError: out of memory"), ("wrong", "TypeError: it returned a")]
)
@pytest.mark.usefixtures("failing")
def test_an_estimator_and_a_recogniser_that_fail_are_one_sentence(
    name: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    estimator = create(name)
    calls: list[Callable[[], object]] = [
        lambda: estimator.estimate(picture, picture),
        lambda: create_au_model(name).predict([]),
    ]
    if isinstance(estimator, ClipFlowEstimator):
        calls.append(lambda: estimator.estimate_clip([picture] * 2, 0, 1))
    assert len(calls) == (3 if name == "raises" else 2)
    caplog.set_level("DEBUG", logger="mellm")
    for call in calls:
        with pytest.raises(plug_ins.PlugInError, match=rf"'{name}' of faulty failed \({said}"):
            call()
    assert "Traceback" in caplog.text


@pytest.mark.usefixtures("failing")
def test_a_flow_of_another_size_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = create("wrong")
    small = np.zeros((3, 3, 2), np.float32)
    monkeypatch.setattr(sys.modules["failing"].Wrong, "estimate", lambda *_: Flow(small, small, "x", "none"))
    with pytest.raises(plug_ins.PlugInError, match=r"shape \(3, 3, 2\), not \(20, 20, 2\)"):
        estimator.estimate(np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20, 3), np.uint8))


@pytest.mark.parametrize(("name", "said"), [("raises", "KeyError: 'no server'"), ("wrong", "TypeError")])
@pytest.mark.usefixtures("failing")
def test_a_language_model_that_fails_is_one_sentence(name: str, said: str) -> None:
    backend = create_backend(name)
    with pytest.raises(plug_ins.PlugInError, match=rf"'{name}' of faulty failed \({said}"):
        list(backend.generate([], Decoding()))
    with pytest.raises(plug_ins.PlugInError, match=rf"'{name}' of faulty failed \({said}"):
        backend.choose([], "", ["a", "b"])


@pytest.mark.usefixtures("failing")
def test_what_a_plug_in_says_of_its_input_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError("Give colour pictures.")

    estimator = create("raises")
    monkeypatch.setattr(sys.modules["failing"].Raises, "estimate", refuse)
    picture = np.zeros((20, 20, 3), np.uint8)
    with pytest.raises(InputError, match="Give colour pictures"):
        estimator.estimate(picture, picture)


def test_no_plug_in_takes_the_place_of_what_ships(site: Path) -> None:
    lay_out(site, "greedy", {"mellm.flow_estimators": {"dis": "not_there:Thing"}})
    plug_ins.forget()
    assert create("dis").name == "dis"
    assert estimators().count("dis") == 1
