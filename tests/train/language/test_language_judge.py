import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from language_models import record

from mellm.train.language.answer_quality import figures, judge

TRUE = "Analysis: corners go up.\nReasoning: AU 12 fits.\nConclusion: AU 6 + R12. Label: positive."


@pytest.mark.parametrize(
    ("answer", "ended", "formed", "right"),
    [
        (TRUE, True, True, True),
        (TRUE, False, False, True),
        (TRUE.replace("positive", "negative"), True, True, False),
        (TRUE.replace("positive", "negative or positive"), True, False, False),
        ("Analysis: none.\nReasoning: none.\nConclusion: no micro-expression.", True, True, False),
        (TRUE.replace("AU 6 + R12. Label: positive.", "AU 999."), True, False, False),
    ],
)
def test_a_conclusion_is_read_back(answer, ended, formed, right):
    verdict = judge(record(0, "meu", "Which?", TRUE), answer, ended)
    assert (verdict.formed, verdict.right) == (formed, right)


def test_a_label_stands_alone():
    asked = record(0, "mer", "Which?", "positive")
    assert judge(asked, "positive", True).right
    assert not judge(asked, "positive", False).formed
    assert not judge(asked, "It is positive, I should think", True).formed
    assert judge(asked, "negative", True).formed


def test_figures_count_tasks_apart_and_units_together():
    records = [record(0, "meu", "?", TRUE), record(0, "mer", "?", "positive"), record(0, "vqa", "?", "yes")]
    said = [TRUE.replace("AU 6 + R12", "AU 6 + 4"), "negative", "yes"]
    found = figures(records, [judge(r, s, True) for r, s in zip(records, said, strict=True)])
    assert found == {
        "formed": 1.0,
        "meu_right": 1.0,
        "mer_right": 0.0,
        "vqa_right": 1.0,
        "units_f1": pytest.approx(0.5),
    }
