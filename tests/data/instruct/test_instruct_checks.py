import random
from dataclasses import replace
from pathlib import Path

import pytest

from mellm.data.instruct import FlowOnlySource, Rules, Wanted, check_record, records_of
from mellm.data.instruct.checks import Duplicates
from mellm.data.instruct.corruptions import CORRUPTIONS
from mellm.errors import InputError

SHARED = Path(__file__).parents[3] / "../shared/data/megc2019_flow"


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
