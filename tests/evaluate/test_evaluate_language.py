"""Language models on flow folders: a scripted model whose answers, and so figures, are known."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mellm.cli import app
from mellm.datasets.megc2019 import read_flow_set
from mellm.evaluate.language_models import Asked, consistent, evaluate_language
from mellm.evaluate.language_vqa import evaluate_language_vqa
from mellm.evaluate.runs import LabelRun
from mellm.facs.stored_flow import COARSE
from mellm.facs.taxonomies import get_taxonomy
from mellm.language.backends import Choice, Decoding, Message
from mellm.language.motion.opinion import Opinion
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, UNITS
from mellm.report import Reading


class Echo:
    """Concludes what the prompt's FACS stage finds likeliest; counts how often it was asked."""

    name, sees = "echo", False

    def __init__(self) -> None:
        self.readings = self.choices = 0

    def generate(self, messages: Sequence[Message], decoding: Decoding, *, prefix="", control=None):
        self.readings += not prefix
        if "Answer as Analysis" not in messages[0].text:
            yield "brow lowerer"
            return
        label = self._likeliest(messages)
        if "Conclusion:" in prefix:
            yield f" Label: {label}."
            return
        if not prefix:
            yield "Analysis: AU 4 is there."
        if "Reasoning:" not in prefix:
            yield f"\nReasoning: AU 4 fits {label}."
        yield f"\nConclusion: AU 4. Label: {label}."

    def choose(self, messages, prefix, options, *, control=None):
        self.choices += 1
        wanted = self._likeliest(messages)
        index = next((i for i, option in enumerate(options) if wanted in option), 0)
        return Choice(index, tuple(0.0 if i == index else -2.0 for i in range(len(options))))

    def _likeliest(self, messages: Sequence[Message]) -> str:
        told = messages[0].text.partition("Emotion: ")[2]
        return told.split()[0] if told else "negative"


@pytest.fixture(scope="module")
def whole(flow_folder: Path) -> LabelRun:
    """Every sample, asked of a model that repeats."""
    return evaluate_language(flow_folder, Asked(Echo()))


def test_a_model_that_repeats_the_facs_stage_scores_as_the_facs_stage(
    flow_folder: Path, whole: LabelRun
) -> None:
    run, figures = whole, whole.figures
    assert figures.uf1 == pytest.approx(figures.facs_stage.uf1)
    assert figures.text.well_formed == figures.text.as_written == 1
    assert figures.text.consistent == 1
    assert len(run.samples) == figures.samples == len(read_flow_set(flow_folder).samples)
    assert "4" in run.samples[0].action_units
    assert run.provenance.settings["backend"] == "echo"


def test_an_interrupted_run_goes_on_where_it_stopped(
    flow_folder: Path, whole: LabelRun, tmp_path: Path
) -> None:
    class Tired(Echo):
        def generate(self, *args, **more):
            if self.readings == 3:
                raise KeyboardInterrupt
            yield from super().generate(*args, **more)

    kept = tmp_path / "kept.jsonl"
    with pytest.raises(KeyboardInterrupt):
        evaluate_language(flow_folder, Asked(Tired()), kept=kept)
    with kept.open("a") as file:
        file.write('["cut off", "{\\"lang')  # what a kill leaves behind
    fresh = Echo()
    run = evaluate_language(flow_folder, Asked(fresh), kept=kept)
    assert fresh.readings == len(run.samples) - 3
    assert run.figures.uf1 == whole.figures.uf1


def test_a_limit_spreads_over_the_samples(flow_folder: Path) -> None:
    run = evaluate_language(flow_folder, Asked(Echo()), limit=4)
    everything = [s.key for s in read_flow_set(flow_folder).samples]
    assert len(run.samples) == 4
    assert run.samples[0].key == everything[0]
    assert run.samples[-1].key == everything[-1]


def test_the_full_prompt_tells_no_pixels_where_the_scale_is_lost(flow_folder: Path) -> None:
    seen: list[str] = []

    class Listener(Echo):
        def generate(self, messages, decoding, *, prefix="", control=None):
            seen.append(messages[0].text)
            yield "Conclusion: AU 4. Label: negative."

    evaluate_language(flow_folder, Asked(Listener(), form="full"), limit=1)
    assert '"mean"' in seen[0]
    assert '"mean_px"' not in seen[0]


def test_closed_questions_are_chosen_and_open_ones_written(flow_folder: Path, tmp_path: Path) -> None:
    sample = read_flow_set(flow_folder).samples[0]
    asked = {
        "What is the coarse expression class?": sample.label,
        "What are the action units?": "brow lowerer",
        "Is the action unit brow lowerer shown on the face?": "yes",
    }
    questions = tmp_path / "questions.jsonl"
    base = {"dataset": sample.dataset, "image_id": sample.key, "subject": "s", "filename": "f"}
    questions.write_text(
        "\n".join(
            json.dumps({"id": str(i), **base, "question": q, "answer": a})
            for i, (q, a) in enumerate(asked.items())
        )
    )
    backend = Echo()
    assert evaluate_language_vqa(flow_folder, questions, Asked(Echo()), limit=1).figures.unanswered == 2
    run = evaluate_language_vqa(flow_folder, questions, Asked(backend))
    assert (backend.readings, backend.choices) == (1, 2)
    assert run.figures.units_f1 == 1
    assert run.figures.shown_accuracy == 1
    assert {s.prediction for s in run.samples} >= {"brow lowerer", "yes"}


def test_a_model_shown_motion_looks_at_a_clip_once(
    flow_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = read_flow_set(flow_folder).samples
    asked = [
        "What is the coarse expression class?", "What is the fine-grained expression class?",
        "What are the action units?", "Is the action unit brow lowerer located on the left or right face?",
    ]  # fmt: skip
    questions = tmp_path / "questions.jsonl"
    questions.write_text(
        "\n".join(
            json.dumps({"id": f"{s.key}{i}", "dataset": s.dataset, "image_id": s.key, "subject": "s",
                        "filename": "f", "question": question, "answer": "brow lowerer"})
            for s in samples[:2] for i, question in enumerate(asked)
        )
    )  # fmt: skip
    looked: list[str] = []

    def look(stored: np.ndarray, route: str) -> Opinion:
        looked.append(route)
        shares = [np.array([0.9, 0.02, 0.01, 0.07], np.float32)] * len(UNITS)
        fine, coarse = (np.full(len(labels), 0.1, np.float32) for labels in (FINE_LABELS, COARSE_LABELS))
        return Opinion.of((*shares, fine, coarse), 0.0, lambda: np.ones((24, 8), np.float32))

    class Shown(Echo):
        reads_motion = True

        def generate(self, messages, decoding, *, prefix="", control=None):
            assert messages[0].motion is not None
            self.readings += 1
            yield "AU 4. Label: negative."

        def choose(self, messages, prefix, options, *, control=None):
            assert messages[0].motion is not None
            self.choices += 1
            return Choice(len(options) - 1, tuple(-1.0 for _ in options))

    monkeypatch.setattr("mellm.evaluate.language_models.see_stored", look)
    backend = Shown()
    run = evaluate_language_vqa(
        flow_folder, questions, Asked(backend, own_eyes=True, read_motion=True, route="flow")
    )
    assert (looked, backend.readings, backend.choices) == (["flow"] * 2, 2, 4)
    said = [s.prediction for s in run.samples[:4]]
    assert said[0] == COARSE[-1] and said[1] in get_taxonomy("3").members[COARSE[-1]]
    assert said[2] in ("brow lowerer", "") and said[3] == "right"


@pytest.mark.parametrize(
    ("analysis", "reasoning", "units", "label", "sound"),
    [
        ("Brows go down: AU 4.", "AU 4 fits negative.", ["4"], "negative", True),
        ("Brows go down: AU 4.", "AU 4 fits negative.", ["4", "7"], "negative", False),
        ("Brows go down: AU 4.", "AU 4 fits negative.", ["4"], "surprise", False),
        ("Brows go down: AU R4.", "AU R4 fits negative. AU 7 is not seen.", ["R4"], "negative", True),
        ("Nothing moves.", "There is no action unit to reason from.", [], None, True),
    ],
)
def test_consistency(analysis: str, reasoning: str, units: list[str], label: str | None, sound: bool) -> None:
    reading = Reading(
        language="en", model="m", analysis=analysis, reasoning=reasoning, conclusion="c",
        agrees_with_facs=True, action_units=units, label=label,
    )  # fmt: skip
    assert consistent(reading) is sound


def test_the_command_refuses_what_cannot_be(flow_folder: Path) -> None:
    run = CliRunner().invoke
    base = ["evaluate", "megc2019", "--data", str(flow_folder), "--model", "language"]
    trained = run(app, base)
    assert (trained.exit_code, "zero-shot" in str(trained.exception or trained.output)) == (1, True)
    seeing = run(app, [*base, "--protocol", "zero-shot", "--route", "vision", "--told"])
    assert "sees no map" in str(seeing.exception or seeing.output)


def test_brief_answers_are_scored_without_a_text(flow_folder: Path) -> None:
    base = ["evaluate", "megc2019", "--data", str(flow_folder), "--protocol", "zero-shot", "--limit", "2"]
    done = CliRunner().invoke(app, [*base, "--model", "language", "--route", "flow", "--brief"])
    assert done.exit_code == 0, done.output
    assert "the FACS stage" in done.output and "text:" not in done.output
