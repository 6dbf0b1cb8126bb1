"""The database's versions, and what its types keep."""

import sqlite3
from pathlib import Path

import pytest

from mellm.errors import MellmError
from mellm.report import MessageRecord
from mellm.web.annotation import AnnotationBody
from mellm.web.annotation_store import AnnotationStore
from mellm.web.contract import JobRequest
from mellm.web.database import MIGRATIONS, Database
from mellm.web.job_store import Entry, JobStore, Wanted
from mellm.web.wire import Card
from mellm.wording.message import Message

UNVERSIONED = """
CREATE TABLE media (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    parent TEXT,
    created TEXT NOT NULL,
    started TEXT,
    finished TEXT,
    error TEXT,
    verdict TEXT,
    emotions TEXT NOT NULL DEFAULT '[]',
    people INTEGER
);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE TABLE annotations (
    job TEXT NOT NULL, version INTEGER NOT NULL, created TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (job, version)
);
"""
"""The schema of the stores that were made before it had a version."""

REQUEST = JobRequest.model_validate({"media": "0" * 64})
JOB = "a" * 20


def entry(job: str, name: str = "clip", work: str | None = None, parent: str | None = None) -> Entry:
    settings = REQUEST.settings.model_copy(update={"llm": "none"})
    return Entry(job, work or job, name, REQUEST.model_copy(update={"parent": parent, "settings": settings}))


def version_of(folder: Path) -> int:
    database = sqlite3.connect(folder / "mellm.sqlite")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    return int(version)


def test_a_store_without_a_version_keeps_its_rows(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "mellm.sqlite")
    old.executescript(UNVERSIONED)
    old.execute("INSERT INTO media VALUES (?, 'clip.mp4', 7)", ("0" * 64,))
    old.execute(
        "INSERT INTO jobs (id, state, name, request, created, verdict, emotions, people) "
        "VALUES (?, 'done', 'clip', ?, '2026-01-01', 'found', '[\"fear\"]', 1)",
        (JOB, REQUEST.model_dump_json()),
    )
    old.execute("INSERT INTO annotations VALUES (?, 1, '2026-01-02', '{\"coder\": \"Ada\"}')", (JOB,))
    old.commit()
    old.close()
    database = Database(tmp_path)
    store, coded = JobStore(database), AnnotationStore(database)
    found = store.job(JOB)
    assert found is not None and found.verdict == "found" and found.emotions == ["fear"] and found.annotated
    assert store.medium("0" * 64) == ("clip.mp4", 7)
    assert found.coders == ["Ada"] and store.work(JOB) == JOB
    assert [(one.version, one.coder) for one in coded.versions(JOB)] == [(1, "Ada")]
    assert coded.save(JOB, AnnotationBody(coder="Bo"), 0) == 2
    # Everybody has versions of their own; only one's own newer one stands in the way.
    assert coded.save(JOB, AnnotationBody(coder="Ada", note="late"), 0) is None
    assert coded.save(JOB, AnnotationBody(coder="Ada", note="on top"), 1) == 3
    assert coded.newest(JOB, "coder", "Bo").version == 2 and coded.newest(JOB).note == "on top"
    database.close()
    assert version_of(tmp_path) == len(MIGRATIONS) == 3


def test_a_new_store_has_the_newest_version_and_opens_again(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = JobStore(database)
    store.submit([entry(JOB)], limit=1)
    database.close()
    assert version_of(tmp_path) == 3
    database = Database(tmp_path)
    store = JobStore(database)
    assert [job.id for job in store.jobs()[0]] == [JOB]
    database.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Database(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "mellm.sqlite")
    newer.execute("PRAGMA user_version = 9")
    newer.close()
    with pytest.raises(MellmError, match=r"newer mellm \(schema 9; this one knows 3\): update mellm"):
        Database(tmp_path)
    assert version_of(tmp_path) == 9
    with sqlite3.connect(tmp_path / "mellm.sqlite") as back:
        back.execute("PRAGMA user_version = 3")
    Database(tmp_path).close()


def test_verdicts_and_errors_can_be_shown_in_chinese(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store = JobStore(database)
    store.submit([entry(f"{n}" * 20) for n in (1, 2, 3)], limit=3)
    for _ in range(3):
        store.claim()
    store.set_state("1" * 20, "failed", was=["running"], error=Message("job.no_memory"))
    store.set_state("2" * 20, "failed", was=["running"], error=Message.plain("Some reason."))
    verdict = MessageRecord.of(Message("verdict.nobody"))
    store.finish("3" * 20, verdict=verdict, emotions=[], people=0)
    database.close()
    database = Database(tmp_path)
    store = JobStore(database)
    jobs = {job.id[0]: job for job in store.jobs()[0]}
    assert jobs["1"].error == str(Message("job.no_memory"))
    assert jobs["1"].chinese == {jobs["1"].error: "该视频所需内存超过服务器上限：请剪短或缩小。"}
    assert (jobs["2"].error, jobs["2"].chinese) == ("Some reason.", {})
    assert jobs["3"].chinese == {verdict.text: verdict.word("zh")}
    database.close()


def test_a_short_piece_of_work_is_taken_past_the_queue(tmp_path: Path) -> None:
    """A re-read, and what is known under another name already; a whole clip waits for its turn."""
    database = Database(tmp_path)
    store = JobStore(database)
    store.submit([entry(JOB, "long.mp4")], limit=9)
    assert store.claim("measured") is None
    store.claim()
    store.submit(
        [entry("b" * 20), entry("c" * 20, parent=JOB), entry("d" * 20, "other.mp4", work=JOB)], limit=9
    )
    waiting = store.job("b" * 20)
    assert waiting is not None and waiting.waits_for == "long.mp4"
    first = store.claim("measured")
    assert first is not None and first.id == "c" * 20 and store.claim("measured") is None
    verdict = MessageRecord.of(Message("verdict.nobody"))
    store.finish(JOB, verdict=verdict, emotions=[], people=0)
    twin = store.claim("measured")
    assert twin is not None and twin.id == "d" * 20
    known = store.twin(twin.id)
    assert known is not None and known.id == JOB
    database.close()


def test_the_gallery_is_searched_by_what_people_note(tmp_path: Path) -> None:
    database = Database(tmp_path)
    store, coded = JobStore(database), AnnotationStore(database)
    ids = [letter * 20 for letter in "abc"]
    store.submit([entry(job, f"{job[0]}.mp4") for job in ids], limit=9)
    store.describe(ids[0], None, Card(subject="s01", tags=["lie", "50%"]))
    store.describe(ids[1], "renamed.mp4", Card(subject="s01", session="2"))

    def found(**wanted: str) -> str:
        return "".join(job.id[0] for job in store.jobs(Wanted(**wanted))[0])

    assert found() == "cba" and found(subject="s01") == "ba" and found(tag="lie") == "a"
    assert found(tag="li") == "" and found(session="2") == "b" and found(text="renamed") == "b"
    coded.save(ids[0], AnnotationBody(coder="Ada", finished=True), 0)
    coded.save(ids[1], AnnotationBody(coder="Ada"), 0)
    assert found(open_for="Ada") == "cb" and found(open_for="Bo") == "cba"
    assert store.neighbours(ids[1], Wanted()) == (ids[2], ids[0])
    assert store.neighbours(ids[1], Wanted(open_for="Ada")) == (ids[2], None)
    database.close()
