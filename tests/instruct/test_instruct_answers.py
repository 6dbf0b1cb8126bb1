import itertools

import pytest
from mellm.instruct.answers import concluded_units, labels_in, split_answer
from mellm.instruct.truthful_wording import Place, RichVoice
from mellm.language.answer_text import mentions


@pytest.mark.parametrize(
    "text",
    [
        "Analysis:\nA.\n\nReasoning:\nB.\n\nConclusion:\nC.",
        "**Analysis:**\nA.\n**Reasoning:**\nB.\n**Conclusion:**\nC.",
        "## Analysis\nA.\n\n## Reasoning\nB.\n\n## Conclusion\nC.\n",
    ],
)
def test_headed_parts_are_found(text):
    answer = split_answer(text, "en")
    assert answer is not None
    assert (answer.analysis, answer.reasoning, answer.conclusion) == ("A.", "B.", "C.")


def test_chinese_parts_are_found():
    answer = split_answer("运动分析：\n甲。\n\n表情推理：\n乙。\n\n结论：\n丙。", "zh")
    assert answer is not None
    assert answer.conclusion == "丙。"


@pytest.mark.parametrize(
    "text", ["", "Analysis:\nA.\n\nReasoning:\nB.", "Reasoning:\nB.\n\nAnalysis:\nA.\n\nConclusion:\nC."]
)
def test_unheaded_text_has_no_parts(text):
    assert split_answer(text, "en") is None


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
    assert concluded_units(text) == codes


def test_labels_as_whole_words():
    assert labels_in("Negative, not unsurprised; a surprise.", "en") == ["negative", "surprise"]
    assert labels_in("提示惊讶而非高兴", "zh") == ["surprise", "happiness"]


def test_mentions_know_negation_of_their_own_sentence():
    text = "Mouth: AU 12 (lip corner puller). AU 6 (cheek raiser), which one would look for, was not found."
    assert [(m.au, m.negated) for m in mentions(text, "en")] == [(12, False), (6, True)]


def test_places_are_grouped_by_part():
    places = Place.group(["left mouth corner", "right mouth corner", "left cheek", "chin"])
    assert [(p.part, p.side) for p in places] == [("mouth corner", "both"), ("cheek", "left"), ("chin", "")]


def test_a_voice_is_repeatable_and_does_not_repeat_itself():
    one, two = RichVoice("seed", more={"slot": ("d",)}), RichVoice("seed", more={"slot": ("d",)})
    said = [one.pick("slot", ("a", "b", "c")) for _ in range(200)]
    assert said == [two.pick("slot", ("a", "b", "c")) for _ in range(200)]
    assert set(said) == set("abcd")
    assert all(a != b for a, b in itertools.pairwise(said))
