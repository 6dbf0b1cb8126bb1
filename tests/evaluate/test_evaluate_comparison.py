import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from mellm.cli import evaluate as cli
from mellm.errors import InputError
from mellm.evaluate.comparison import compare_runs
from mellm.evaluate.comparison_drawing import write_drawing
from mellm.evaluate.recognition import evaluate_recognition
from mellm.evaluate.runs import AnyRun, LabelRun, SampleResult, UnitRun, read_run, write_run
from mellm.evaluate.uncertainty import holm
from mellm.evaluate.unit_recognition import evaluate_units

WRONG = {"negative": "positive", "positive": "surprise", "surprise": "negative"}


@pytest.fixture(scope="module")
def run(flow_folder: Path) -> LabelRun:
    return evaluate_recognition(flow_folder, "zero-shot", "facs")


def spoiled(run: LabelRun, share: float, seed: int = 0) -> LabelRun:
    """The run with a share of its answers made wrong."""
    rng = np.random.default_rng(seed)
    return changed(run, lambda s: {"prediction": WRONG[s.truth] if rng.random() < share else s.truth})


def changed(run: AnyRun, change: Callable[[SampleResult], dict[str, object]]) -> AnyRun:
    """The run with some fields of every sample changed."""
    return run.model_copy(update={"samples": [s.model_copy(update=change(s)) for s in run.samples]})


def written(folder: Path, name: str, run: AnyRun) -> Path:
    write_run(folder / f"{name}.json", run)
    return folder / f"{name}.json"


@pytest.fixture
def three(run: LabelRun, tmp_path: Path) -> list[Path]:
    """Runs with half, nearly half, and none of the answers wrong."""
    shares = {"half": 0.5, "fewer": 0.45, "none": 0.0}
    return [written(tmp_path, name, spoiled(run, share)) for name, share in shares.items()]


def test_three_runs_in_one_table(three: list[Path]) -> None:
    found = compare_runs(three)
    assert [r.name for r in found.runs] == ["half", "fewer", "none"]
    assert found.reference == "half" and not found.runs[0].against
    best = found.runs[2]
    assert set(best.sets) == {"all", "smic", "samm"}
    assert best.sets["all"].figures["UF1"].value == 1
    assert best.sets["smic"].per_class["surprise"].support == 12
    for name in ("UF1", "UAR", "accuracy"):
        figure = found.runs[0].sets["all"].figures[name]
        assert figure.low <= figure.value <= figure.high
    assert best.against["UF1"].p_holm < 0.05 < found.runs[1].against["UF1"].p_holm


def test_the_figures_are_those_of_the_runs(run: LabelRun, tmp_path: Path) -> None:
    found = compare_runs([written(tmp_path, name, run) for name in ("a", "b")])
    figures = found.runs[0].sets["all"].figures
    assert figures["UF1"].value == pytest.approx(run.figures.uf1)
    assert [figures["UF1"].low, figures["UF1"].high] == pytest.approx(run.figures.uf1_interval)
    assert found.runs[1].against["UAR"].model_dump() == pytest.approx(
        {"difference": 0, "low": 0, "high": 0, "p": 1, "p_holm": 1}
    )


def test_another_reference(three: list[Path]) -> None:
    found = compare_runs(three, against=three[2])
    assert [r.name for r in found.runs] == ["none", "half", "fewer"]
    assert all(r.against["UF1"].difference < 0 for r in found.runs[1:])


def test_holm_is_never_below_the_plain_p_and_keeps_its_order() -> None:
    # Example of Holm's procedure: 4 x .005, 3 x .01, 2 x .03, then the .04 may not fall below the .06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1] and holm([]) == []


def test_units_are_compared_unit_by_unit(flow_folder: Path, tmp_path: Path) -> None:
    made = evaluate_units(flow_folder, "zero-shot")
    blind = changed(made, lambda s: {"prediction": ["1"]})
    found = compare_runs([written(tmp_path, "blind", blind), written(tmp_path, "seen", made)])
    assert found.classes == [f"AU {u}" for u in made.figures.per_unit]
    seen = found.runs[1]
    assert seen.sets["all"].figures["macro F1"].value == pytest.approx(made.figures.macro_f1)
    assert seen.sets["all"].per_class["AU 12"].value == pytest.approx(made.figures.per_unit["12"].f1)
    assert seen.against["macro F1"].p < 0.05


def test_unlike_runs_are_refused(run: LabelRun, three: list[Path], flow_folder: Path, tmp_path: Path) -> None:
    few = written(tmp_path, "few", run.model_copy(update={"samples": run.samples[:60]}))
    with pytest.raises(InputError, match="different samples: half has 72, all of them share 60"):
        compare_runs([three[0], few])
    assert compare_runs([three[0], few], shared=True).samples == 60
    loso = run.provenance.model_copy(update={"settings": {"model": "facs", "protocol": "loso"}})
    other = written(tmp_path, "loso", run.model_copy(update={"provenance": loso}))
    with pytest.raises(InputError, match=r"different protocols \(half: zero-shot, loso: loso\)"):
        compare_runs([three[0], other])
    assert compare_runs([three[0], other], any_protocol=True).protocol == "zero-shot and loso"
    relabelled = changed(run, lambda s: {"truth": WRONG[s.truth]})
    with pytest.raises(InputError, match="disagree on the truth"):
        compare_runs([three[0], written(tmp_path, "relabelled", relabelled)])
    units = written(tmp_path, "units", evaluate_units(flow_folder, "zero-shot"))
    with pytest.raises(InputError, match="cannot be compared"):
        compare_runs([three[0], units])
    asked = changed(run, lambda s: {"question": "?"})
    with pytest.raises(InputError, match="not a run of emotion labels or action units"):
        compare_runs([three[0], written(tmp_path, "asked", asked)])
    with pytest.raises(InputError, match="at least two"):
        compare_runs([three[0]])
    with pytest.raises(InputError, match="There is no file"):
        compare_runs([three[0], tmp_path / "absent.json"])
    (tmp_path / "odd.json").write_text("{}")
    with pytest.raises(InputError, match="not a run"):
        compare_runs([three[0], tmp_path / "odd.json"])


def test_the_drawing_holds_every_run_and_fetches_nothing(three: list[Path], tmp_path: Path) -> None:
    found = compare_runs(three)
    picture = ET.fromstring(write_drawing(found, tmp_path / "deep" / "c.svg").read_text())
    texts = [t.text or "" for t in picture.iter("{http://www.w3.org/2000/svg}text")]
    # Once per row of cells: three sets, and one row of classes.
    assert all(texts.count(name) == 4 for name in ("half", "fewer", "none"))
    assert "UF1, smic" in texts and "surprise (24)" in texts and "1.000*" in texts
    page = write_drawing(found, tmp_path / "c.html").read_text()
    assert "default-src 'none'" in page and "<script" not in page and 'src="' not in page
    assert "p, Holm" in page and "&lt;" not in comparison_free(page)
    with pytest.raises(InputError, match=r"\.svg or \.html"):
        write_drawing(found, tmp_path / "c.pdf")


def comparison_free(page: str) -> str:
    """The page without its p-values, which may be written as below a bound."""
    return page.replace("&lt; 0.0001", "").replace("p &lt; 0.05", "")


def test_the_command_prints_tables_and_draws(three: list[Path], tmp_path: Path) -> None:
    invoke = typer.testing.CliRunner().invoke
    out = tmp_path / "c.html"
    said = invoke(cli.app, ["compare", *map(str, three), "--out", str(out)])
    assert said.exit_code == 0, said.output
    assert "72 samples of 8 people, zero-shot" in said.output and "p, Holm" in said.output
    assert out.is_file()
    as_json = invoke(cli.app, ["compare", *map(str, three), "--against", str(three[1]), "--json"])
    assert json.loads(as_json.output)["reference"] == "fewer"


@pytest.mark.parametrize("kind", ["labels", "units"])
def test_a_run_is_read_as_it_was_written(flow_folder: Path, tmp_path: Path, kind: str, run: LabelRun) -> None:
    made = run if kind == "labels" else evaluate_units(flow_folder, "zero-shot")
    first = written(tmp_path, "first", made)
    found = read_run(first)
    assert type(found) is (LabelRun if kind == "labels" else UnitRun) and found == made
    assert written(tmp_path, "second", found).read_bytes() == first.read_bytes()
    content = json.loads(first.read_text())
    assert ("per_dataset" in content["figures"], "text" in content["samples"][0]) == (kind == "labels", False)
    # A file of an earlier version says less.
    for name in ("labels", "ece", "frequent_units"):
        content["figures"].pop(name, None)
    del content["provenance"]
    first.write_text(json.dumps(content))
    assert read_run(first).samples == made.samples
    del content["samples"][0]["truth"]
    first.write_text(json.dumps(content))
    with pytest.raises(InputError, match="not a run"):
        read_run(first)
