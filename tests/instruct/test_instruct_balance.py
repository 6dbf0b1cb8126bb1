from collections import Counter

import pytest

from mellm.instruct.balance import QUIET, is_kept, kept_shares
from mellm.instruct.records import Record


def record(number, task, label, taxonomy="", question="", split="train"):
    target = {"label": label} | ({"taxonomy": taxonomy} if taxonomy else {})
    return Record(
        f"case{number}/{task}.{taxonomy}{question}", f"case{number}", task, "flow", "en", split, question,
        "?", "!", (), target, {"dataset": "made", "subject": "one"},
    )  # fmt: skip


def kept(records):
    shares = kept_shares(records)
    return [r for r in records if is_kept(r, shares)]


def counted(records):
    return Counter(r.target["label"] for r in records)


def test_coarse_classes_become_equally_common_and_quiet_ones_few():
    labels = ["negative"] * 3000 + ["surprise"] * 900 + ["positive"] * 600 + [None] * 1500
    found = counted(kept([record(i, "meu", label, "3") for i, label in enumerate(labels)]))
    assert found["positive"] == 600
    assert found["surprise"] == pytest.approx(600, abs=60)
    assert found["negative"] == pytest.approx(600, abs=80)
    assert found[None] / found.total() == pytest.approx(QUIET, abs=0.02)


def test_a_rare_fine_label_does_not_set_the_pace():
    labels = ["happiness"] * 1000 + ["disgust"] * 400 + ["sadness"] * 300 + ["contempt"] * 3
    found = counted(kept([record(i, "mer", label, "7") for i, label in enumerate(labels)]))
    assert found["contempt"] == 3
    assert found["sadness"] > 150
    assert found["happiness"] < 700


def test_sets_splits_and_questions_are_evened_out_apart():
    train = [record(i, "vqa", label, question="fine") for i, label in enumerate(["disgust"] * 90)]
    val = [record(100 + i, "vqa", "repression", question="fine", split="val") for i in range(5)]
    assert kept([*train, *val]) == [*train, *val]


def test_questions_without_a_label_stay():
    shown = Record("c/vqa", "c", "vqa", "flow", "en", "train", "shown:12", "?", "yes", (), {"answer": "yes"},
                   {"dataset": "made", "subject": "one"})  # fmt: skip
    assert kept([shown]) == [shown]
