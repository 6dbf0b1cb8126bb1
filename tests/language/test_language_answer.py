import pytest

from mellm.language.answer import (
    Answer,
    concluded_codes,
    concluded_units,
    finds_nothing,
    labels_in,
    last_label,
)
from mellm.language.unit_mentions import mentions


@pytest.mark.parametrize(
    "text",
    [
        "Analysis:\nBrows: up.\n\nReasoning:\nSo.\n\nConclusion:\nAU 1 + 2.",
        "**Analysis:** Brows: up.\n\n## Reasoning\nSo.\n### Conclusion\nAU 1 + 2.",
        "Analysis: Brows: up.\nReasoning: So.\nConclusion: AU 1 + 2.",
        "1. Analysis\nBrows: up.\n2. Reasoning\nSo.\n3. Conclusion\nAU 1 + 2.",
    ],
)
def test_headed_parts_are_found_however_they_are_laid_out(text):
    parts = Answer.parse(text, "en")
    assert parts.analysis == "Brows: up."
    assert parts.reasoning.startswith("So.")
    assert parts.conclusion == "AU 1 + 2."


def test_chinese_parts():
    parts = Answer.parse(
        "运动分析：\n眉部上扬。\n\n表情推理：\n惊讶。\n\n结论：\nAU 1 + 2。这提示惊讶。", "zh"
    )
    assert (parts.analysis, parts.reasoning) == ("眉部上扬。", "惊讶。")
    assert concluded_codes(parts.conclusion) == ("1", "2")


def test_text_without_headings_is_analysis_and_an_answer_cut_short_has_no_conclusion():
    assert Answer.parse("It smiles.", "en").analysis == "It smiles."
    cut = Answer.parse("Analysis: up.\nReasoning: this", "en")
    assert (cut.reasoning, cut.conclusion) == ("this", "")


@pytest.mark.parametrize(
    ("conclusion", "codes"),
    [
        ("AU 6 + 12. Label: happiness.", ("6", "12")),
        ("AU R4 + 17. Most fitting label: negative.", ("R4", "17")),
        ("AUs: 1, 2 and L14B", ("1", "2", "L14")),
        ("AU 4 + AU 7 suggest anger", ("4", "7")),
        ("AU 99 and a motion of 2.3 px", ()),
        ("It moved 0.30 px.", ()),
        ("No micro-expression.", ()),
    ],
)
def test_concluded_codes(conclusion, codes):
    assert concluded_codes(conclusion) == codes


def test_nothing_found_is_understood():
    assert finds_nothing("no micro-expression.")
    assert finds_nothing("AU 45. No evidence of a micro-expression.")
    assert finds_nothing("没有发现微表情的证据。")
    assert not finds_nothing("AU 12. Label: happiness.")


def test_the_last_label_and_its_place():
    text = "not surprise but happiness."
    start, end = last_label(text, ("happiness", "surprise"))
    assert text[start:end] == "happiness"
    assert last_label("nothing", ("happiness",)) is None
    assert last_label("提示惊讶。", ("惊讶", "快乐")) == (2, 4)


@pytest.mark.parametrize(
    "text",
    [
        "Analysis:\nA.\n\nReasoning:\nB.\n\nConclusion:\nC.",
        "**Analysis:**\nA.\n**Reasoning:**\nB.\n**Conclusion:**\nC.",
        "## Analysis\nA.\n\n## Reasoning\nB.\n\n## Conclusion\nC.\n",
    ],
)
def test_canonical_answers_are_read_in_every_layout(text):
    assert Answer.parse(text, "en") == Answer("A.", "B.", "C.")


def test_canonical_chinese_answers_are_written_and_read():
    answer = Answer.parse("运动分析：\n甲。\n\n表情推理：\n乙。\n\n结论：\n丙。", "zh")
    assert answer == Answer("甲。", "乙。", "丙。")
    assert Answer.parse(answer.text("zh"), "zh") == answer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Analysis:\nA.\n\nReasoning:\nB.",
        "Reasoning:\nB.\n\nAnalysis:\nA.\n\nConclusion:\nC.",
        "Well. Analysis:\nA.\n\nReasoning:\nB.\n\nConclusion:\nC.",
        "1. Analysis:\nA.\n2. Reasoning:\nB.\n3. Conclusion:\nC.",
        "Analysis:\nA.\n\nreasoning:\nB.\n\nConclusion:\nC.",
        "Analysis:\n\nReasoning:\nB.\n\nConclusion:\nC.",
    ],
)
def test_other_text_is_not_canonical(text):
    assert not Answer.parse(text, "en").canonical


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("AU 6 + 12. This suggests happiness.", {"6", "12"}),
        ("AU R12A and AU 4, disgust with 7 classes.", {"R12", "4"}),
        ("AU L10B+R14; 3 things.", {"L10", "R14"}),
        ("AU4、AU7。提示愤怒。", {"4", "7"}),
        ("No evidence of a micro-expression.", set()),
    ],
)
def test_units_of_a_conclusion(text, codes):
    assert {unit.sided for unit in concluded_units(text)} == codes


def test_labels_as_whole_words():
    assert labels_in("Negative, not unsurprised; a surprise.", "en") == ["negative", "surprise"]
    assert labels_in("提示惊讶而非高兴", "zh") == ["surprise", "happiness"]


def test_mentions_know_negation_of_their_own_sentence():
    text = "Mouth: AU 12 (lip corner puller). AU 6 (cheek raiser), which one would look for, was not found."
    assert [(m.au, m.negated) for m in mentions(text, "en")] == [(12, False), (6, True)]
