"""Frames of indexed sets: rendered in the makers' layout, measured once, read, counted, put into a table."""

import csv
import json
import shutil
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm.cli import app
from mellm.datasets import check, index
from mellm.errors import InputError
from mellm.evaluate.case_sheet import write_case
from mellm.evaluate.counting_backend import CountingBackend
from mellm.evaluate.frame_measurement import HowMeasured, Measured, measured_or_why
from mellm.evaluate.frame_models import (
    FrameAnswer,
    LanguageModel,
    ModelChoice,
    create_frame_model,
    register,
)
from mellm.evaluate.frame_samples import FrameSet, default_classes, read_samples
from mellm.evaluate.frames import FramesPlan, evaluate_frames, label_figures_of_answers
from mellm.evaluate.papers_table import papers_table
from mellm.evaluate.runs import SampleResult, write_run
from mellm.language.backends.protocol import Choice
from mellm.simulate.origins import Origin
from mellm.simulate.rendered_sets import RenderPlan, chosen_samples, render_set

SHEET = """Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion
01,EP01_01,20,32,46,12,happiness
01,EP01_02,20,32,46,4+7,disgust
02,EP01_01,20,32,46,1+2,surprise
02,EP01_03,20,32,46,4,others
03,EP01_04,20,32,46,45,disgust
03,EP01_05,60,32,46,4,disgust
"""


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two samples in CASME II's layout."""
    place = tmp_path_factory.mktemp("rendered")
    (place / "sheet.csv").write_text(SHEET, encoding="utf-8")
    faces = place / "faces"
    faces.mkdir()
    portrait = cv2.imread(str(files("mellm.data") / "portrait.jpg"))
    cv2.imwrite(str(faces / "p.png"), cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    plan = RenderPlan(
        "casme2", place / "sheet.csv", faces, "5", clips=3, origins=((Origin.TABLE, 1.0),), peaks=(3, 3.5)
    )
    render_set(plan, place / "set")
    return place / "set"


@pytest.fixture(scope="module")
def how(tmp_path_factory: pytest.TempPathFactory) -> HowMeasured:
    return HowMeasured("dis", "given", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def one(rendered: Path) -> FrameSet:
    return FrameSet.read(f"casme2={rendered}")


class Fixed:
    """Says the same of every sample, and counts how often it was asked."""

    name = "fixed"

    def __init__(self, label: str | None) -> None:
        self.label, self.asked = label, 0

    def read(self, measured: Measured, own: str) -> FrameAnswer:
        self.asked += 1
        return FrameAnswer(label=self.label, probabilities={self.label: 1.0} if self.label else {})


def test_a_rendered_set_is_the_makers_layout_with_the_sheets_rows(rendered: Path) -> None:
    samples = index("casme2", rendered)
    assert [s.key for s in samples] == ["sub01_EP01_01", "sub01_EP01_02", "sub02_EP01_01"]
    assert not [f for f in check(samples, rendered) if f.serious]
    assert samples[0].path == "Cropped/sub01/EP01_01"
    with (rendered / "casme2.csv").open() as file:
        assert [row["Action Units"] for row in csv.DictReader(file)] == ["12", "4+7", "1+2"]
    told = json.loads((rendered / "rendered.json").read_text())
    assert [sample["units"] for sample in told["samples"]] == [["12"], ["4", "7"], ["1", "2"]]


def test_rows_that_move_nothing_or_are_out_of_order_are_not_rendered(rendered: Path) -> None:
    plan = RenderPlan("casme2", rendered.parent / "sheet.csv", rendered, "5", clips=9)
    assert {s.key for s in chosen_samples(plan)} == {"sub01_EP01_01", "sub01_EP01_02", "sub02_EP01_01"}
    halves = [{s.key for s in chosen_samples(_half(plan, part))} for part in ("A", "B") if _any(plan, part)]
    assert not set.intersection(*halves) if len(halves) == 2 else halves


def _half(plan: RenderPlan, part: str) -> RenderPlan:
    return RenderPlan(plan.set, plan.sheet, plan.faces, plan.taxonomy, plan.clips, part)  # type: ignore[arg-type]


def _any(plan: RenderPlan, part: str) -> bool:
    try:
        return bool(chosen_samples(_half(plan, part)))
    except InputError:
        return False


def test_labels_come_from_the_classes_and_others_are_counted(one: FrameSet) -> None:
    samples, left = read_samples([one], "5")
    assert [(s.label, s.units) for s in samples] == [
        ("happiness", ("12",)),
        ("disgust", ("4", "7")),
        ("surprise", ("1", "2")),
    ]
    assert left == {}
    coarse, _ = read_samples([one], "3")
    assert [s.label for s in coarse] == ["positive", "negative", "surprise"]
    assert default_classes([one]) == "5" and default_classes([one, FrameSet.read("samm=x")]) == "3"


def test_measuring_is_kept_and_gives_the_motion_that_was_put_in(one: FrameSet, how: HowMeasured) -> None:
    samples, _ = read_samples([one], "5")
    first = measured_or_why(samples[0], how)
    assert isinstance(first, Measured)
    corners = [m for m in first.motion if "mouth corner" in m.name]
    assert all(m.v < -0.3 for m in corners), "AU 12 raises both corners"
    again = measured_or_why(samples[0], how)
    assert isinstance(again, Measured)
    assert again.seconds == first.seconds, "it was measured a second time"
    assert np.abs(again.expression - first.expression).max() < 0.01
    assert again.motion == first.motion and len(again.short) == 6


def test_the_facs_stage_reads_frames(one: FrameSet, how: HowMeasured, tmp_path: Path) -> None:
    plan = FramesPlan([one], "5", how, kept=tmp_path / "kept.jsonl")
    run = evaluate_frames(plan, create_frame_model("facs", ModelChoice("5")), {})
    assert run.samples[0].prediction == "happiness" and "12" in run.samples[0].action_units
    assert run.figures.samples == 3 and run.figures.people == 2
    assert run.figures.units is not None and run.figures.units.samples == 3
    assert run.figures.cost is not None and run.figures.cost.measuring_seconds > 0


def test_a_run_goes_on_where_it_stopped(one: FrameSet, how: HowMeasured, tmp_path: Path) -> None:
    plan = FramesPlan([one], "5", how, kept=tmp_path / "kept.jsonl")
    evaluate_frames(plan, Fixed("disgust"), {})
    lines = (tmp_path / "kept.jsonl").read_text().splitlines()
    (tmp_path / "kept.jsonl").write_text("\n".join(lines[:2]) + '\n["casme2/cut', encoding="utf-8")
    second = Fixed("surprise")
    run = evaluate_frames(plan, second, {})
    assert second.asked == 1
    assert [row.prediction for row in run.samples] == ["disgust", "disgust", "surprise"]


def test_no_label_and_no_face_count_as_wrong(one: FrameSet, how: HowMeasured) -> None:
    run = evaluate_frames(FramesPlan([one], "5", how), Fixed(None), {})
    assert (run.figures.accuracy, run.figures.uf1, run.figures.unanswered) == (0.0, 0.0, 3)


def test_uf1_is_over_all_classes_and_an_answer_without_label_hurts_its_own() -> None:
    rows = [
        SampleResult(key=str(k), dataset="d", subject=str(k), truth=t, prediction=p)
        for k, (t, p) in enumerate([("a", "a"), ("a", "none"), ("b", "b"), ("c", "b")])
    ]
    figures = label_figures_of_answers(rows, ("a", "b", "c"))
    assert figures.uf1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert figures.uar == pytest.approx((0.5 + 1 + 0) / 3)
    assert figures.accuracy == 0.5 and figures.unanswered == 1


def test_ones_own_sheet_never_answers(one: FrameSet, how: HowMeasured) -> None:
    heard: list[str] = []

    class Hearing(Fixed):
        def read(self, measured: Measured, own: str) -> FrameAnswer:
            heard.append(own)
            return super().read(measured, own)

    evaluate_frames(FramesPlan([one], "5", how), Hearing("fear"), {})
    assert heard == ["casme2"] * 3
    assert FrameSet.read("casme3a=x").convention == "casme3"


class Seeing:
    """A model that sees: keeps what it was shown, answers in three parts."""

    name = "seeing"
    sees = True

    def __init__(self) -> None:
        self.messages: list[object] = []

    def generate(self, messages, decoding, *, prefix="", control=None):
        self.messages.append(messages)
        yield "Analysis: The mouth corners rise.\n\nReasoning: It looks happy.\n\n"
        yield "Conclusion: AU 12. Label: happiness."

    def choose(self, messages, prefix, options, *, control=None):
        return Choice(next(i for i, o in enumerate(options) if "happiness" in o), None)


@pytest.mark.parametrize(("form", "pictures"), [("mmc-map", 1), ("pair", 2), ("frames", 6)])
def test_every_input_form_reaches_a_model_that_sees(
    one: FrameSet, how: HowMeasured, form: str, pictures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Seeing()
    monkeypatch.setattr("mellm.language.backends.create_backend", lambda spec: backend)
    model = LanguageModel(ModelChoice("5", llm="openai:x", form=form))  # type: ignore[arg-type]
    run = evaluate_frames(FramesPlan([one], "5", how, workers=1, limit=1), model, {})
    (row,) = run.samples
    assert row.prediction == "happiness" and row.action_units == ["12"]
    assert len(backend.messages[0][0].images) == pictures  # type: ignore[index]
    assert "happiness, sadness, fear, surprise, disgust" in backend.messages[0][0].text  # type: ignore[index]
    assert run.figures.cost is not None and run.figures.cost.pictures >= pictures


def test_a_price_is_told(one: FrameSet, how: HowMeasured) -> None:
    class Writing(Fixed):
        def read(self, measured: Measured, own: str) -> FrameAnswer:
            return FrameAnswer(label="fear", characters=(4000, 400))

    run = evaluate_frames(FramesPlan([one], "5", how, prices=(1.0, 10.0)), Writing("fear"), {})
    assert run.figures.cost is not None and run.figures.cost.price == pytest.approx(3 * (1000 + 1000) / 1e6)


def test_counting_passes_everything_on() -> None:
    counting = CountingBackend(Seeing())
    text = "".join(counting.generate([], None, prefix="ab"))  # type: ignore[arg-type]
    assert counting.written == len(text) and counting.sent == 2


def test_a_model_of_ones_own_is_known_by_name() -> None:
    register("always-fear", lambda choice: Fixed("fear"))
    assert create_frame_model("always-fear", ModelChoice("5")).name == "fixed"
    with pytest.raises(InputError, match="always-fear"):
        create_frame_model("unheard", ModelChoice("5"))


def test_the_table_has_a_row_for_each_model(one: FrameSet, how: HowMeasured, tmp_path: Path) -> None:
    for label in ("disgust", "happiness"):
        model = Fixed(label)
        model.name = label  # type: ignore[misc]
        write_run(tmp_path / f"{label}.json", evaluate_frames(FramesPlan([one], "5", how), model, {}))
    runs = [tmp_path / "disgust.json", tmp_path / "happiness.json"]
    lines = papers_table(runs, "csv").splitlines()
    assert lines[0] == "model,casme2 (5) UF1,casme2 (5) UAR,casme2 (5) ACC"
    assert lines[1] == '"disgust, flow dis",0.100,0.200,0.333'
    assert r"disgust, flow dis & 0.100 & 0.200 & 0.333 \\" in papers_table(runs, "latex")
    assert "| disgust, flow dis | 0.100 | 0.200 | 0.333 |" in papers_table(runs, "markdown")
    assert "disgust" in papers_table(runs)
    with pytest.raises(InputError, match="second run"):
        papers_table([runs[0], runs[0]])


@pytest.mark.parametrize("ending", ["html", "png"])
def test_a_case_shows_what_each_model_said(
    one: FrameSet, how: HowMeasured, tmp_path: Path, ending: str
) -> None:
    run = evaluate_frames(FramesPlan([one], "5", how), create_frame_model("facs", ModelChoice("5")), {})
    write_run(tmp_path / "facs.json", run)
    out = tmp_path / f"case.{ending}"
    write_case("sub01_EP01_01", [tmp_path / "facs.json"], [one], how, out)
    content = out.read_bytes()
    if ending == "png":
        assert content.startswith(b"\x89PNG")
        return
    text = content.decode()
    assert "sub01_EP01_01" in text and "AU 12" in text and text.count("data:image/png") == 3
    with pytest.raises(InputError, match="no sample"):
        write_case("sub09_x", [tmp_path / "facs.json"], [one], how, out)


def test_the_command_line_runs_it(one: FrameSet, how: HowMeasured, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    out = tmp_path / "run.json"
    words = ["evaluate", "frames", "--set", f"casme2={one.root}", "--estimator", "dis", "--json", str(out)]
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "from mellm.evaluate.frame_models import FrameAnswer, register\n"
        "class Mine:\n    name = 'mine'\n"
        "    def read(self, measured, own):\n        return FrameAnswer(label='disgust')\n"
        "register('mine', lambda choice: Mine())\n",
        encoding="utf-8",
    )
    words += ["--cache", str(how.cache), "--plugin", str(plugin), "--model", "mine"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["provenance"]["settings"]["model"] == "mine"
    assert not list(tmp_path.glob("*.kept.jsonl"))


def test_a_repeated_row_of_a_set_is_said_and_read_once(
    rendered: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(rendered, tmp_path / "set")
    twice = FrameSet.read(f"casme2={tmp_path / 'set'}")
    before = read_samples([twice], "5")[0]
    header, *rows = twice.sheet.read_text(encoding="utf-8").splitlines()
    twice.sheet.write_text("\n".join([header, *rows, rows[0]]), encoding="utf-8")
    assert [s.key for s in read_samples([twice], "5")[0]] == [s.key for s in before]
    assert "1 row repeats another and is counted once" in caplog.text
