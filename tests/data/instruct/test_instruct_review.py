import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from mellm.data.instruct import open_store
from mellm.data.instruct.corruptions import CORRUPTIONS
from mellm.data.instruct.review import Review, cohens_kappa, reviewed
from mellm.data.instruct.review_server import ReviewServer
from mellm.data.instruct.types import Problem, write_lines
from mellm.errors import InputError


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
from mellm.data.instruct import open_store
from mellm.data.instruct.review import Review
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


@pytest.fixture
def server(store):
    server = ReviewServer(store, Review(store), port=0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetch(server, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url.rstrip("/") + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.read(), reply.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_the_page_is_strict_and_local(server):
    assert server.server_address[0] == "127.0.0.1"
    for path in ("/", "/review.js", "/review.css"):
        status, body, headers = fetch(server, path)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert b"http://" not in body and b"https://" not in body
    assert fetch(server, "/", Host="evil.example")[0] == 403
    assert fetch(server, "/../../etc/passwd")[0] == 404
    assert fetch(server, "/picture?record=../../manifest.json")[0] == 404


def test_changes_need_the_token_of_the_page(server):
    _, item, _ = fetch(server, "/api/item?place=0&who=Anna")
    record = json.loads(item)["record"]["id"]
    body = {"record": record, "who": "Anna", "verdict": "accept", "answer": "x"}
    assert fetch(server, "/api/decide", body)[0] == 403
    assert server.review.history(record) == []
    status, reply, _ = fetch(server, "/api/decide", body, **{"X-Token": server.token})
    assert (status, json.loads(reply)["counts"]) == (200, {"accept": 1})
    wrong = {**body, "verdict": "perhaps"}
    status, reply, _ = fetch(server, "/api/decide", wrong, **{"X-Token": server.token})
    assert (status, "no decision" in json.loads(reply)["error"]) == (400, True)


def test_edits_are_checked_while_they_are_written(server):
    item = json.loads(fetch(server, "/api/item?place=0&who=Anna")[1])
    assert [p["kind"] for p in item["problems"]] == ["emotion"]
    label = item["record"]["target"]["label"]
    head, _, _ = item["answer"].rpartition("\n")
    codes = " + ".join(u["code"] for u in item["units"])
    body = {
        "record": item["record"]["id"],
        "who": "Anna",
        "answer": f"{head}\nAU {codes}. This suggests {label}.",
    }
    reply = fetch(server, "/api/check", body, **{"X-Token": server.token})[1]
    assert json.loads(reply) == {"problems": []}
    fetch(server, "/api/typing", body, **{"X-Token": server.token})
    again = json.loads(fetch(server, "/api/item?place=0&who=Anna")[1])
    assert (again["answer"], again["unsaved"]) == (body["answer"], True)
    assert json.loads(fetch(server, "/api/item?place=0&who=Bert")[1])["unsaved"] is False


def test_the_picture_is_the_cases_map(server):
    item = json.loads(fetch(server, "/api/item?place=0&who=A")[1])
    status, data, headers = fetch(server, f"/picture?record={item['record']['id']}")
    assert (status, headers["Content-Type"], data[:2]) == (200, "image/jpeg", b"\xff\xd8")


def test_the_page_in_a_browser(server):
    """Chromium draws the record, its problems and the motion table, with nothing blocked by the policy."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--virtual-time-budget=5000", f"--user-data-dir={profile}",
             "--enable-logging=stderr", "--dump-dom", f"{server.url}?who=Anna"],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    assert "1. Understanding, flow route" in run.stdout
    assert "emotion: the conclusion names" in run.stdout
    assert "left mouth corner" in run.stdout
    assert "0 of " in run.stdout
    assert "Content Security Policy" not in run.stderr


def test_the_database_survives_a_second_opening(store):
    first, second = Review(store), Review(store)
    name, answer = texts(store, 0)
    first.decide(name, "Anna", "accept", answer)
    second.decide(name, "Bert", "reject", answer)
    assert {d.reviewer for d in first.decisions()} == {"Anna", "Bert"}
    with sqlite3.connect(store.root / "review.sqlite") as base:
        assert base.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
