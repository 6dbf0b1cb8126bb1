import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from mellm.errors import InputError
from mellm.instruct import open_store
from mellm.instruct.kappa import cohens_kappa, kappa_of_counts
from mellm.instruct.records import Problem, write_lines
from mellm.instruct.review import Review, reviewed
from record_corruptions import CORRUPTIONS


@pytest.fixture
def store(built, tmp_path):
    """A dataset with four false records in its queue."""
    shutil.copytree(built.root, tmp_path / "data")
    store = open_store(tmp_path / "data")
    false = []
    for record, case in built.checked():
        if record.id.endswith("meu.flow.en") and len(false) < 4:
            changed = CORRUPTIONS["label changed"][1](record, case, random.Random(0))
            if changed:
                problem = Problem("emotion", "made false")
                false.append(replace(changed, id=record.id + ".false", problems=(problem,)))
    write_lines(store.shard("queue", 0), (r.to_json() for r in false))
    return store


def texts(store, place):
    record, _, _ = Review(store).item(place)
    return record.id, record.answer


def test_the_queue_comes_first_then_a_drawn_share(store):
    review = Review(store, share=0.1)
    assert [review.item(k)[2] for k in range(5)] == ["queue"] * 4 + ["records"]
    total = sum(1 for _ in store.records())
    assert 0.05 * total < len(review) - 4 < 0.15 * total
    assert len(Review(store, share=0.1)) == len(review)


def test_every_change_is_kept_with_who_and_when(store):
    review = Review(store)
    name, answer = texts(store, 0)
    review.decide(name, "Anna", "accept", answer)
    review.decide(name, "Anna", "edit", answer + " Better.", "typo")
    review.decide(name, "Anna", "open", answer)
    review.decide(name, "Bert", "reject", answer)
    assert [(h["reviewer"], h["verdict"]) for h in review.history(name)] == [
        ("Anna", "accept"), ("Anna", "edit"), ("Anna", "open"), ("Bert", "reject"),
    ]  # fmt: skip
    assert review.history(name)[1]["note"] == "typo"
    assert all(h["at"].startswith("20") for h in review.history(name))
    assert [(d.reviewer, d.verdict) for d in review.decisions()] == [("Bert", "reject")]
    assert review.counts("Anna") == {}
    with pytest.raises(InputError, match="name of who decides"):
        review.decide(name, " ", "accept", answer)
    with pytest.raises(InputError, match="no decision"):
        review.decide(name, "Anna", "maybe", answer)


def test_a_killed_review_goes_on_where_it_was(store):
    script = """
import os, sys
from pathlib import Path
from mellm.instruct import open_store
from mellm.instruct.review import Review
review = Review(open_store(Path(sys.argv[1])))
for place in (0, 1):
    record, _, _ = review.item(place)
    review.decide(record.id, "Anna", "accept", record.answer)
review.keep_typing(review.item(2)[0].id, "Anna", "half a sent")
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script, str(store.root)], check=False)
    review = Review(store)
    assert review.counts("Anna") == {"accept": 2}
    assert review.next_open("Anna") == 2
    assert review.next_open("Bert") == 0
    assert review.typed(review.item(2)[0].id, "Anna") == "half a sent"


def test_kappa_of_two_reviewers(store):
    assert cohens_kappa([("a", "a"), ("b", "b")]) == 1.0
    assert cohens_kappa([("a", "a"), ("a", "a")]) is None
    assert cohens_kappa([]) is None and kappa_of_counts({(True, False): 0}) is None
    assert kappa_of_counts({("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15}) == 0.4
    # Cohen 1960, as worked in most textbooks: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohens_kappa(pairs) == pytest.approx(0.4)
    review = Review(store)
    for place, (anna, bert) in enumerate([("accept", "accept"), ("reject", "accept"), ("reject", "reject")]):
        name, answer = texts(store, place)
        review.decide(name, "Anna", anna, answer)
        review.decide(name, "Bert", bert, answer)
    (pair,) = review.agreement()
    assert (pair.first, pair.second, pair.records) == ("Anna", "Bert", 3)
    assert pair.agreed == pytest.approx(2 / 3)
    assert pair.kappa == pytest.approx(0.4)


def test_what_people_left_is_what_is_exported(store):
    review = Review(store, share=1.0)
    before = {r.id for r in store.records()}
    assert {r.id for r in reviewed(store)} == before
    (edited, text), (accepted, as_is), (refused, other) = (texts(store, k) for k in range(3))
    review.decide(edited, "Anna", "edit", "A better text.")
    review.decide(accepted, "Anna", "accept", as_is)
    review.decide(refused, "Anna", "accept", other)
    review.decide(refused, "Bert", "reject", other)
    passed = next(iter(before))
    review.decide(passed, "Bert", "reject", "")
    left = {r.id: r for r in reviewed(store)}
    assert left.keys() == (before - {passed}) | {edited, accepted}
    assert left[edited].answer == "A better text." and text != "A better text."
    assert left[edited].provenance["review"][0]["by"] == "Anna"


def test_the_database_survives_a_second_opening(store):
    first, second = Review(store), Review(store)
    name, answer = texts(store, 0)
    first.decide(name, "Anna", "accept", answer)
    second.decide(name, "Bert", "reject", answer)
    assert {d.reviewer for d in first.decisions()} == {"Anna", "Bert"}
    with sqlite3.connect(store.root / "review.sqlite") as base:
        assert base.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_folder_that_cannot_be_written_is_said(store):
    (store.root / "review.sqlite").mkdir()
    with pytest.raises(InputError, match="decisions would be lost"):
        Review(store)
