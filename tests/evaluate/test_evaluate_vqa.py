"""ME-VQA: kinds of questions, answers by template, scores with known results."""

from pathlib import Path

import pytest

from mellm.datasets.vqa_questions import VQAQuestion, kind_of
from mellm.errors import InputError
from mellm.evaluate.text_overlap import TextScores
from mellm.evaluate.vqa_answers import Seen, answer, evaluate_vqa, score_answers
from mellm.facs import parse_codes

SEEN = Seen("negative", "disgust", parse_codes("4+L10").units, {12: "right"})


def ask(question: str, truth: str = "") -> VQAQuestion:
    return VQAQuestion("q", "casme2", "k", "s", "f", question, truth)


@pytest.mark.parametrize(
    ("question", "kind", "said"),
    [
        ("What is the coarse expression class?", "coarse", "negative"),
        ("What is the fine-grained expression class?", "fine", "disgust"),
        ("What are the action units?", "units", "brow lowerer, upper lip raiser"),
        ("Is the action unit brow lowerer shown on the face?", "shown", "yes"),
        ("Is the action unit lip corner puller shown on the face?", "shown", "no"),
        ("Is the action unit tilt right shown on the face?", "shown", "no"),
        ("Is the action unit upper lip raiser located on the left or right face?", "side", "left"),
        ("Is the action unit lip corner puller located on the left or right face?", "side", "right"),
        (
            "What are the action units present, and based on them, what is the fine-grained expression and "
            "the coarse expression class?",
            "spoken",
            "The action units present are: brow lowerer, upper lip raiser. Therefore, the fine-grained "
            "expression class is disgust, and the coarse expression class is negative.",
        ),
    ],
)
def test_each_kind_is_told_and_answered(question: str, kind: str, said: str) -> None:
    assert kind_of(question) == kind
    assert answer(ask(question), SEEN) == said


def test_an_unknown_question_is_refused() -> None:
    with pytest.raises(InputError, match="none of ME-VQA"):
        kind_of("How old is the person?")


def test_scores_of_answers_with_known_results() -> None:
    questions = [
        ask("What is the coarse expression class?", "negative"),
        ask("What is the coarse expression class?", "positive"),
        ask("What are the action units?", "brow lowerer, lid tightener"),
        ask("Is the action unit brow lowerer shown on the face?", "yes"),
        ask("Is the action unit brow lowerer located on the left or right face?", "left"),
    ]
    answers = ["negative", "negative", "brow lowerer, cheek raiser", "no", "left"]
    figures = score_answers(questions, answers)
    # negative: 1 hit, 1 false alarm -> 2/3; positive: 0
    assert figures.coarse is not None and figures.fine is None
    assert figures.coarse.model_dump() == pytest.approx({"accuracy": 0.5, "uf1": 1 / 3, "uar": 0.5})
    assert figures.units_f1 == pytest.approx(0.5)
    assert (figures.shown_accuracy, figures.side_accuracy) == (0.0, 1.0)


def test_an_answer_outside_the_labels_is_wrong() -> None:
    question = ask("What is the coarse expression class?", "negative")
    assert score_answers([question], ["angry"]).coarse.uf1 == 0.0


def test_text_scores_of_equal_and_foreign_texts() -> None:
    pytest.importorskip("sacrebleu")
    scores = TextScores()
    scores.update(
        ["the brow is lowered and the lids are tight"], ["the brow is lowered and the lids are tight"]
    )
    assert scores.compute().model_dump() == pytest.approx({"bleu": 1.0, "rouge1": 1.0, "rougeL": 1.0})
    scores.reset()
    scores.update(["one two three four"], ["five six seven eight"])
    assert scores.compute().rougeL == 0.0


@pytest.mark.shared
def test_the_real_questions_are_answered_better_than_by_chance(shared_data: Path) -> None:
    run = evaluate_vqa(shared_data / "megc2019_flow", shared_data / "me_vqa/casme2.jsonl")
    figures = run.figures
    assert figures.unanswered == 0 and len(run.samples) == 911
    assert figures.coarse.uf1 > 0.6 and figures.side_accuracy > 0.6
