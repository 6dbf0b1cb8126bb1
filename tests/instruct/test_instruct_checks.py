import random
from dataclasses import replace
from pathlib import Path

import pytest

from mellm.errors import InputError
from mellm.instruct import FlowOnlySource, Rules, Wanted, check_record, records_of
from mellm.instruct.duplicates import Duplicates
from record_corruptions import CORRUPTIONS

SHARED = Path(__file__).parents[2] / "../shared/data/megc2019_flow"

# Free wording about a face that smiles and does nothing else (AU 12, both corners up and outward).
FALSE_EN = (
    "The corners of the mouth drop visibly.",
    "The mouth corners are pulled down by the triangularis.",
    "The left mouth corner slides to the right.",
    "Lip corners turn downward.",
    "Both brows shoot up.",
    "The eyebrows are raised.",
    "The inner brows are knitted together.",
    "The forehead side shows the outer brows lifting.",
    "The cheeks puff outward.",
    "The chin is pushed up.",
    "The mouth corners do not move at all.",
    "The right mouth corner remains still.",
    "The nostril wings flare outward.",
    "The lower lip drops by 2 px.",
    "The lids close, the upper eyelids coming down.",
    "There is strong upward motion in the left cheek.",
    "Only the mouth corner on the left of the picture sinks.",
    "AU 4 (brow lowerer) also seems active.",
    "A trace of AU 6 is visible in the cheeks.",
    "The subject's left mouth corner moves down.",
    "The mouth corner at image left (subject's left) rises.",
)
TRUE_EN = (
    "The corners of the mouth go up.",
    "Both mouth corners are drawn upward and outward.",
    "The lip corners rise.",
    "The brows stay still.",
    "There is no motion in the cheeks or the chin.",
    "The left mouth corner travels up and to the left.",
    "The subject's right mouth corner moves up.",
    "Nothing suggests AU 6 (cheek raiser) here.",
    "The eyebrows do not rise.",
)
FALSE_ZH = (
    "嘴角明显下垂。",
    "两侧嘴角向下拉。",
    "左侧嘴角向右移动。",
    "眉毛上扬。",
    "眉头皱起并向内聚拢。",
    "脸颊向外鼓起。",
    "下巴上抬。",
    "右侧嘴角保持不动。",
    "鼻翼向外扩张。",
    "上眼睑下垂。",
    "AU4（降眉）也有轻微出现。",
    "画面左侧的嘴角（被摄者左侧）上提。",
    "被摄者左侧的嘴角下移。",
)
TRUE_ZH = (
    "嘴角上提。",
    "两侧嘴角向上、向外移动。",
    "眉毛没有运动。",
    "没有看到AU6（脸颊上提）。",
    "画面左侧的嘴角向左上移动。",
    "下巴和脸颊保持不动。",
)


def with_sentence(pairs, language, sentence):
    """The smile's answer with one more sentence at the end of its analysis."""
    record, case = next(
        (r, c) for r, c in pairs if r.id.endswith(f"meu.flow.{language}") and c.truth.action_units == ("12",)
    )
    reasoning = "\n\n" + ("Reasoning" if language == "en" else "表情推理")
    return replace(record, answer=record.answer.replace(reasoning, f"\n{sentence}{reasoning}", 1)), case


@pytest.mark.parametrize(
    ("language", "sentence"), [*(("en", s) for s in FALSE_EN), *(("zh", s) for s in FALSE_ZH)]
)
def test_false_sentences_in_free_words_are_caught(pairs, language, sentence):
    assert check_record(*with_sentence(pairs, language, sentence)) != []


@pytest.mark.parametrize(
    ("language", "sentence"), [*(("en", s) for s in TRUE_EN), *(("zh", s) for s in TRUE_ZH)]
)
def test_true_sentences_in_free_words_pass(pairs, language, sentence):
    assert check_record(*with_sentence(pairs, language, sentence)) == []


def test_the_grammar_never_fails_a_check(pairs):
    assert len(pairs) > 400
    assert {r.task for r, _ in pairs} == {"meu", "mer", "vqa"}
    assert {r.route for r, _ in pairs} == {"flow", "vision"}
    assert [(r.id, p) for r, c in pairs for p in check_record(r, c)] == []


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted_records_are_caught(pairs, name):
    tasks, corrupt = CORRUPTIONS[name]
    chance = random.Random(7)
    tried, missed = 0, []
    for record, case in pairs:
        if record.task not in tasks:
            continue
        false = corrupt(record, case, chance)
        if false is None:
            continue
        assert (false.answer, false.prompt, false.images) != (record.answer, record.prompt, record.images)
        tried += 1
        if not check_record(false, case):
            missed.append((record.id, false.answer))
    assert tried >= 10
    assert missed == []


def test_a_draft_in_other_words_passes(pairs):
    """Free wording, as a language model writes it."""
    record, case = next(
        (r, c) for r, c in pairs if r.id.endswith("meu.flow.en") and c.truth.action_units == ("12",)
    )
    label = record.target["label"]
    answer = (
        "## Analysis:\nMouth: the mouth corner at image left (subject's right) is pulled up and to the left, "
        "and the one at image right lifts as well. AU 12 (lip corner puller) is the natural reading, seen in "
        "both mouth corners.\n\n## Reasoning:\nAU 12 is the hallmark of smiling; AU 6 (cheek raiser) is not "
        "present.\n\n"
        f"## Conclusion:\nAU 12. This suggests {label}."
    )
    assert check_record(replace(record, answer=answer), case) == []
    lying = answer.replace("is pulled up and to the left", "is pulled down")
    assert [p.kind for p in check_record(replace(record, answer=lying), case)] == ["claims"]


def test_wrong_language_is_seen(pairs):
    record, case = next((r, c) for r, c in pairs if r.id.endswith("meu.flow.zh"))
    kinds = {p.kind for p in check_record(replace(record, answer=record.answer + " and so on"), case)}
    assert kinds == {"language"}


def test_a_record_of_another_case_is_refused(pairs):
    (record, _), (_, other) = pairs[0], pairs[-1]
    with pytest.raises(InputError, match="belongs to case"):
        check_record(record, other)


def test_duplicates_by_id_and_by_text(pairs):
    seen = Duplicates()
    record = pairs[0][0]
    assert seen.add(record) is None
    assert seen.add(record).detail.startswith("the same id")
    again = seen.add(replace(record, id="other"))
    assert (again.kind, again.detail) == ("duplicate", f"the same text as {record.id}")


@pytest.mark.shared
def test_real_flow_passes_every_check():
    if not (SHARED / "flows.npz").is_file():
        pytest.skip("the research data is not beside the checkout")
    source = FlowOnlySource(SHARED)
    for index in range(0, len(source), 5):
        case = replace(source.measure(index).case, picture="images/00/x.jpg")
        for record in records_of(case, Wanted(), Rules()):
            assert check_record(record, case) == [], record.answer
