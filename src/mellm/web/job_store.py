"""Jobs and annotations in SQLite: states that survive kill -9. Knows no process and no HTTP.

One connection, one lock: statements take microseconds, and every change is one transaction (WAL, synced).
A second server on the same store is refused, since both would run the same jobs. The schema has a version
(`PRAGMA user_version`): an older one is brought up to date at the start, a newer one is refused.
"""

import contextlib
import datetime
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from mellm.errors import MellmError
from mellm.report import MessageRecord
from mellm.web.annotation import Annotation, NewAnnotation
from mellm.web.contract import Job, JobRequest, State
from mellm.wording.message import Message

_FIRST = """
CREATE TABLE IF NOT EXISTS media (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
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
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE TABLE IF NOT EXISTS annotations (
    job TEXT NOT NULL, version INTEGER NOT NULL, created TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (job, version)
);
"""

_MIGRATIONS = (_FIRST, "ALTER TABLE jobs ADD COLUMN message TEXT")
"""What leads from each version of the schema to the next. The first one changes nothing in a database that
was made before versions were written down (it has the tables, and version 0); the second one keeps code and
fields of the verdict or the error, so that the page can show them in another language."""

_COLUMNS = (
    "number, id, state, name, request, created, started, finished, error, verdict, message, emotions, "
    "people, EXISTS (SELECT 1 FROM annotations WHERE annotations.job = jobs.id) AS annotated"
)
# A re-read of one moment is waited for by a person; whole clips come after it.
_ORDER = "parent IS NULL, number"


class QueueFullError(MellmError):
    """More jobs wait than the server takes."""


class JobStore:
    """The database of one server."""

    def __init__(self, folder: Path) -> None:
        """Open or make `mellm.sqlite` in a folder. Raises MellmError where another server has it open."""
        self._lock = threading.RLock()
        try:
            self._alone = sqlite3.connect(folder / "lock.sqlite", timeout=0.2, check_same_thread=False)
            self._alone.execute("BEGIN EXCLUSIVE")
            self._db = sqlite3.connect(
                folder / "mellm.sqlite", isolation_level=None, check_same_thread=False, timeout=10
            )
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate(folder)
        except sqlite3.Error as error:
            why = "another server uses it" if "locked" in str(error) else str(error)
            raise MellmError(
                f"The store {folder} cannot be opened ({why}); choose another folder with --store."
            ) from error
        # Whatever was running when the last server ended runs again.
        with self._change() as db:
            db.execute("UPDATE jobs SET state = 'queued', started = NULL WHERE state = 'running'")

    def _migrate(self, folder: Path) -> None:
        """Bring the schema up to date, each step in one transaction. Raises MellmError for a newer one."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(_MIGRATIONS):
            self.close()
            raise MellmError(
                f"The store {folder} was written by a newer mellm (schema {version}; this one knows "
                f"{len(_MIGRATIONS)}): update mellm, or choose another folder with --store."
            )
        for number, script in enumerate(_MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")

    def close(self) -> None:
        """Close the database and release its lock."""
        with self._lock:
            self._db.close()
            self._alone.close()

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return row

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def add_medium(self, digest: str, name: str, size: int) -> None:
        """Remember an upload; the name of the first time stays."""
        with self._change() as db:
            db.execute("INSERT OR IGNORE INTO media VALUES (?, ?, ?)", (digest, name, size))

    def medium(self, digest: str) -> tuple[str, int] | None:
        """Name and size of an upload."""
        row = self._one("SELECT name, bytes FROM media WHERE sha256 = ?", digest)
        return None if row is None else (row["name"], row["bytes"])

    def submit(self, requests: Sequence[tuple[str, str, JobRequest]], limit: int) -> list[tuple[Job, bool]]:
        """Queue jobs given as (id, name, request): all of them or none. True where work was added.

        A job that is there already is returned as it is; one that failed or was cancelled is queued again.
        Raises QueueFullError where more than `limit` would wait.
        """
        added: list[bool] = []
        with self._change() as db:
            waiting = self.waiting()
            for job, name, request in requests:
                row = self._one("SELECT state FROM jobs WHERE id = ?", job)
                new = row is None or row["state"] in ("failed", "cancelled")
                waiting += new
                if waiting > limit:
                    raise QueueFullError(
                        f"{limit} jobs are waiting already; wait until some are done and send this again."
                    )
                if row is None:
                    db.execute(
                        "INSERT INTO jobs (id, state, name, request, parent, created) "
                        "VALUES (?, 'queued', ?, ?, ?, ?)",
                        (job, name, request.model_dump_json(), request.parent, _now()),
                    )
                elif new:
                    db.execute(
                        "UPDATE jobs SET state = 'queued', started = NULL, finished = NULL, error = NULL "
                        "WHERE id = ?",
                        (job,),
                    )
                added.append(new)
        jobs = [self.job(job) for job, _, _ in requests]
        return [(job, new) for job, new in zip(jobs, added, strict=True) if job is not None]

    def waiting(self) -> int:
        """How many jobs are queued."""
        row = self._one("SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued'")
        return int(row["n"]) if row else 0

    def claim(self) -> Job | None:
        """Return the next queued job, marked as running; None where none waits."""
        with self._change() as db:
            row = self._one(f"SELECT id FROM jobs WHERE state = 'queued' ORDER BY {_ORDER} LIMIT 1")
            if row is None:
                return None
            db.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", (_now(), row["id"]))
        return self.job(row["id"])

    def finish(self, job: str, *, verdict: MessageRecord, emotions: Sequence[str], people: int) -> None:
        """Mark a running job as done; its files must be in place already."""
        with self._change() as db:
            db.execute(
                "UPDATE jobs SET state = 'done', finished = ?, error = NULL, verdict = ?, message = ?, "
                "emotions = ?, people = ? WHERE id = ? AND state = 'running'",
                (_now(), verdict.text, verdict.model_dump_json(), json.dumps(list(emotions)), people, job),
            )

    def set_state(
        self, job: str, state: State, *, was: Sequence[State], error: Message | None = None
    ) -> bool:
        """Move a job from one of the states `was` to another; False where it is in none of them."""
        marks = ", ".join("?" * len(was))
        finished = None if state == "queued" else _now()
        record = None if error is None else MessageRecord.of(error)
        why = (None, None) if record is None else (record.text, record.model_dump_json())
        with self._change() as db:
            changed = db.execute(
                f"UPDATE jobs SET state = ?, error = ?, message = ?, finished = ? "
                f"WHERE id = ? AND state IN ({marks})",
                (state, *why, finished, job, *was),
            ).rowcount
        return changed == 1

    def job(self, job: str) -> Job | None:
        """One job."""
        row = self._one(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", job)
        return None if row is None else self._job(row)

    def jobs(
        self, *, before: int | None = None, limit: int = 50, state: str | None = None, text: str = ""
    ) -> tuple[list[Job], int | None]:
        """Jobs people started, newest first, and what to pass as `before` for older ones."""
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._all(
            f"SELECT {_COLUMNS} FROM jobs WHERE parent IS NULL AND (?1 IS NULL OR number < ?1) "
            "AND (?2 IS NULL OR state = ?2) "
            "AND (name LIKE ?3 ESCAPE '\\' OR emotions LIKE ?3 ESCAPE '\\') ORDER BY number DESC LIMIT ?4",
            before,
            state,
            pattern,
            limit + 1,
        )
        more = rows[limit - 1]["number"] if len(rows) > limit else None
        return [self._job(row) for row in rows[:limit]], more

    def children(self, job: str) -> list[str]:
        """Ids of the re-reads of a job."""
        return [row["id"] for row in self._all("SELECT id FROM jobs WHERE parent = ?", job)]

    def annotated(self) -> list[str]:
        """Ids of finished jobs somebody has annotated, oldest first."""
        rows = self._all(
            "SELECT id FROM jobs WHERE state = 'done' AND parent IS NULL "
            "AND id IN (SELECT job FROM annotations) ORDER BY number"
        )
        return [row["id"] for row in rows]

    def delete(self, job: str) -> list[str]:
        """Forget a job and its annotations; return the digests of uploads that no job needs any more."""
        gone = self.job(job)
        if gone is None:
            return []
        with self._change() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job,))
            db.execute("DELETE FROM annotations WHERE job = ?", (job,))
            unused = [
                digest
                for digest in gone.request.files
                if self._one("SELECT 1 FROM jobs WHERE instr(request, ?) LIMIT 1", digest) is None
            ]
            for digest in unused:
                db.execute("DELETE FROM media WHERE sha256 = ?", (digest,))
        return unused

    def annotate(self, job: str, body: NewAnnotation) -> int | None:
        """Add a version on top of `base_version` of a job's annotation; None where there is a newer one."""
        content = body.model_dump(mode="json", exclude={"base_version"})
        with self._change() as db:
            row = self._one("SELECT MAX(version) AS v FROM annotations WHERE job = ?", job)
            newest = int(row["v"] or 0) if row else 0
            if newest != body.base_version:
                return None
            db.execute(
                "INSERT INTO annotations VALUES (?, ?, ?, ?)", (job, newest + 1, _now(), json.dumps(content))
            )
        return newest + 1

    def annotations(self, job: str) -> list[Annotation]:
        """All versions of a job's annotation, oldest first."""
        rows = self._all("SELECT * FROM annotations WHERE job = ? ORDER BY version", job)
        return [
            Annotation(job=job, version=row["version"], created=row["created"], **json.loads(row["body"]))
            for row in rows
        ]

    def _job(self, row: sqlite3.Row) -> Job:
        position = None
        if row["state"] == "queued":
            ahead = self._one(
                "SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued' AND number < ?", row["number"]
            )
            position = int(ahead["n"]) if ahead else None
        request = JobRequest.model_validate_json(row["request"])
        job = Job(
            id=row["id"],
            state=row["state"],
            name=row["name"],
            kind="clip" if request.media else "pair",
            request=request,
            created=row["created"],
            started=row["started"],
            finished=row["finished"],
            position=position,
            error=row["error"],
            verdict=row["verdict"],
            emotions=json.loads(row["emotions"]),
            people=row["people"],
            annotated=bool(row["annotated"]),
        )
        stored = row["message"]
        return job.with_messages([MessageRecord.model_validate_json(stored)] if stored else [])


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
