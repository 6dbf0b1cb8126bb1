"""The database's versions, and what its types keep."""

import sqlite3
from pathlib import Path

import pytest

from mellm.errors import MellmError
from mellm.report import MessageRecord
from mellm.web.annotation import NewAnnotation
from mellm.web.contract import JobRequest
from mellm.web.job_store import JobStore
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
    store = JobStore(tmp_path)
    found = store.job(JOB)
    assert found is not None and found.verdict == "found" and found.emotions == ["fear"] and found.annotated
    assert store.medium("0" * 64) == ("clip.mp4", 7)
    assert [(one.version, one.coder) for one in store.annotations(JOB)] == [(1, "Ada")]
    assert store.annotate(JOB, NewAnnotation(coder="Bo", base_version=1)) == 2
    assert store.annotate(JOB, NewAnnotation(coder="Cy", base_version=1)) is None
    store.close()
    assert version_of(tmp_path) == 2


def test_a_new_store_has_the_newest_version_and_opens_again(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    store.submit([(JOB, "clip", REQUEST)], limit=1)
    store.close()
    assert version_of(tmp_path) == 2
    store = JobStore(tmp_path)
    assert [job.id for job in store.jobs()[0]] == [JOB]
    store.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    JobStore(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "mellm.sqlite")
    newer.execute("PRAGMA user_version = 9")
    newer.close()
    with pytest.raises(MellmError, match=r"newer mellm \(schema 9; this one knows 2\): update mellm"):
        JobStore(tmp_path)
    assert version_of(tmp_path) == 9
    with sqlite3.connect(tmp_path / "mellm.sqlite") as back:
        back.execute("PRAGMA user_version = 2")
    JobStore(tmp_path).close()


def test_verdicts_and_errors_can_be_shown_in_chinese(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    store.submit([(f"{n}" * 20, "clip", REQUEST) for n in (1, 2, 3)], limit=3)
    for _ in range(3):
        store.claim()
    store.set_state("1" * 20, "failed", was=["running"], error=Message("job.no_memory"))
    store.set_state("2" * 20, "failed", was=["running"], error=Message.plain("Some reason."))
    verdict = MessageRecord.of(Message("verdict.nobody"))
    store.finish("3" * 20, verdict=verdict, emotions=[], people=0)
    store.close()
    store = JobStore(tmp_path)
    jobs = {job.id[0]: job for job in store.jobs()[0]}
    assert jobs["1"].error == str(Message("job.no_memory"))
    assert jobs["1"].chinese == {jobs["1"].error: "该视频所需内存超过服务器上限：请剪短或缩小。"}
    assert (jobs["2"].error, jobs["2"].chinese) == ("Some reason.", {})
    assert jobs["3"].chinese == {verdict.text: verdict.word("zh")}
    store.close()
