import pytest
from mellm.language.answer_text import concluded_codes, finds_nothing, last_label, take_apart


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
    parts = take_apart(text, "en")
    assert parts.analysis == "Brows: up."
    assert parts.reasoning.startswith("So.")
    assert parts.conclusion == "AU 1 + 2."


def test_chinese_parts():
    parts = take_apart("运动分析：\n眉部上扬。\n\n表情推理：\n惊讶。\n\n结论：\nAU 1 + 2。这提示惊讶。", "zh")
    assert (parts.analysis, parts.reasoning) == ("眉部上扬。", "惊讶。")
    assert concluded_codes(parts.conclusion) == ("1", "2")


def test_text_without_headings_is_analysis_and_an_answer_cut_short_has_no_conclusion():
    assert take_apart("It smiles.", "en").analysis == "It smiles."
    cut = take_apart("Analysis: up.\nReasoning: this", "en")
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
