"""Jobs in SQLite: states that survive kill -9. Knows no process and no HTTP."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mellm.errors import MellmError
from mellm.report import MessageRecord
from mellm.web.contract import Job, JobRequest, State
from mellm.web.database import Database, now
from mellm.web.wire import Card
from mellm.wording.message import Message

_COLUMNS = (
    "number, id, state, name, request, created, started, finished, error, verdict, message, emotions, "
    "people, work, card, (SELECT json_group_array(DISTINCT coder) FROM annotations "
    "WHERE annotations.job = jobs.id AND role = 'coder') AS coders"
)
# A re-read of one moment is waited for by a person; whole clips come after it.
_ORDER = "parent IS NULL, number"
Kind = Literal["any", "measured", "reread"]
"""Which jobs are asked for. `measured`: what takes seconds only, a moment read by rules, or work that another
job has done already; `reread`: a moment of a clip, whoever reads it."""

_KINDS: dict[Kind, str] = {
    "any": "",
    "measured": "AND (work IN (SELECT work FROM jobs WHERE state = 'done') "
    "OR (parent IS NOT NULL AND json_extract(request, '$.settings.llm') = 'none'))",
    "reread": "AND parent IS NOT NULL",
}
_FILTER = """parent IS NULL AND (?1 IS NULL OR state = ?1)
AND (name LIKE ?2 ESCAPE '\\'
    OR (emotions LIKE ?2 ESCAPE '\\' AND coalesce(json_extract(card, '$.blind'), '') <> 'program'))
AND (?3 = '' OR EXISTS (SELECT 1 FROM json_each(card, '$.tags') WHERE value = ?3))
AND (?4 = '' OR json_extract(card, '$.subject') = ?4) AND (?5 = '' OR json_extract(card, '$.session') = ?5)
AND (?6 IS NULL OR NOT coalesce((SELECT json_extract(body, '$.finished') FROM annotations
    WHERE job = jobs.id AND role = 'coder' AND coder = ?6 ORDER BY version DESC LIMIT 1), 0))"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job to be queued: its id, the work it stands for (others may share it), name, request."""

    id: str
    work: str
    name: str
    request: JobRequest


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs of the gallery; all where nothing is said. `open_for`: not handed in by this coder."""

    state: str | None = None
    text: str = ""
    tag: str = ""
    subject: str = ""
    session: str = ""
    open_for: str | None = None

    def values(self) -> tuple[str | None, ...]:
        """What stands for ?1 to ?6 in a question."""
        pattern = "%" + self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return self.state, pattern, self.tag, self.subject, self.session, self.open_for


class QueueFullError(MellmError):
    """More jobs wait than the server takes."""


class JobStore:
    """The database of one server."""

    def __init__(self, database: Database) -> None:
        """Take an opened database; whatever was running when the last server ended runs again."""
        self._db = database
        with self._db.change() as db:
            db.execute("UPDATE jobs SET state = 'queued', started = NULL WHERE state = 'running'")

    def add_medium(self, digest: str, name: str, size: int) -> None:
        """Remember an upload; the name of the first time stays."""
        with self._db.change() as db:
            db.execute("INSERT OR IGNORE INTO media VALUES (?, ?, ?)", (digest, name, size))

    def medium(self, digest: str) -> tuple[str, int] | None:
        """Name and size of an upload."""
        row = self._db.one("SELECT name, bytes FROM media WHERE sha256 = ?", digest)
        return None if row is None else (row["name"], row["bytes"])

    def submit(self, entries: Sequence[Entry], limit: int) -> list[tuple[Job, bool]]:
        """Queue jobs: all of them or none. True where work was added.

        A job that is there already is returned as it is; one that failed or was cancelled is queued again.
        Raises QueueFullError where more than `limit` would wait.
        """
        added: list[bool] = []
        with self._db.change() as db:
            waiting = self.waiting()
            for entry in entries:
                row = self._db.one("SELECT state FROM jobs WHERE id = ?", entry.id)
                new = row is None or row["state"] in ("failed", "cancelled")
                waiting += new
                if waiting > limit:
                    raise QueueFullError(
                        f"{limit} jobs are waiting already; wait until some are done and send this again."
                    )
                if row is None:
                    request = entry.request
                    db.execute(
                        "INSERT INTO jobs (id, work, state, name, request, parent, created) "
                        "VALUES (?, ?, 'queued', ?, ?, ?, ?)",
                        (entry.id, entry.work, entry.name, request.model_dump_json(), request.parent, now()),
                    )
                elif new:
                    db.execute(
                        "UPDATE jobs SET state = 'queued', started = NULL, finished = NULL, error = NULL "
                        "WHERE id = ?",
                        (entry.id,),
                    )
                added.append(new)
        jobs = [self.job(entry.id) for entry in entries]
        return [(job, new) for job, new in zip(jobs, added, strict=True) if job is not None]

    def waiting(self) -> int:
        """How many jobs are queued."""
        row = self._db.one("SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued'")
        return int(row["n"]) if row else 0

    def claim(self, kind: Kind = "any") -> Job | None:
        """Return the next queued job of a kind, marked as running; None where none waits."""
        which = f"state = 'queued' {_KINDS[kind]}"
        with self._db.change() as db:
            row = self._db.one(f"SELECT id FROM jobs WHERE {which} ORDER BY {_ORDER} LIMIT 1")
            if row is None:
                return None
            db.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", (now(), row["id"]))
        return self.job(row["id"])

    def finish(self, job: str, *, verdict: MessageRecord, emotions: Sequence[str], people: int) -> None:
        """Mark a running job as done; its files must be in place already."""
        with self._db.change() as db:
            db.execute(
                "UPDATE jobs SET state = 'done', finished = ?, error = NULL, verdict = ?, message = ?, "
                "emotions = ?, people = ? WHERE id = ? AND state = 'running'",
                (now(), verdict.text, verdict.model_dump_json(), json.dumps(list(emotions)), people, job),
            )

    def finish_like(self, job: str, twin: str) -> None:
        """Mark a running job as done with the verdict of one that stands for the same work."""
        with self._db.change() as db:
            db.execute(
                "UPDATE jobs SET state = 'done', finished = ?1, error = NULL, "
                "(verdict, message, emotions, people) = "
                "(SELECT verdict, message, emotions, people FROM jobs WHERE id = ?2) "
                "WHERE id = ?3 AND state = 'running'",
                (now(), twin, job),
            )

    def set_state(
        self, job: str, state: State, *, was: Sequence[State], error: Message | None = None
    ) -> bool:
        """Move a job from one of the states `was` to another; False where it is in none of them."""
        marks = ", ".join("?" * len(was))
        finished = None if state == "queued" else now()
        record = None if error is None else MessageRecord.of(error)
        why = (None, None) if record is None else (record.text, record.model_dump_json())
        with self._db.change() as db:
            changed = db.execute(
                f"UPDATE jobs SET state = ?, error = ?, message = ?, finished = ? "
                f"WHERE id = ? AND state IN ({marks})",
                (state, *why, finished, job, *was),
            ).rowcount
        return changed == 1

    def job(self, job: str) -> Job | None:
        """One job."""
        row = self._db.one(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", job)
        return None if row is None else self._job(row)

    def jobs(
        self, wanted: Wanted | None = None, *, before: int | None = None, limit: int = 50
    ) -> tuple[list[Job], int | None]:
        """Jobs people started, newest first, and what to pass as `before` for older ones."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM jobs WHERE {_FILTER} AND (?7 IS NULL OR number < ?7) "
            "ORDER BY number DESC LIMIT ?8",
            *(wanted or Wanted()).values(),
            before,
            limit + 1,
        )
        more = rows[limit - 1]["number"] if len(rows) > limit else None
        return [self._job(row) for row in rows[:limit]], more

    def finished(self, wanted: Wanted) -> list[Job]:
        """Finished jobs that are wanted, oldest first."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM jobs WHERE {_FILTER} AND state = 'done' ORDER BY number",
            *wanted.values(),
        )
        return [self._job(row) for row in rows]

    def neighbours(self, job: str, wanted: Wanted) -> tuple[str | None, str | None]:
        """Return the ids of the newer and the older neighbour of a job in the gallery."""
        found: list[str | None] = []
        for sign, order in ((">", "ASC"), ("<", "DESC")):
            row = self._db.one(
                f"SELECT id FROM jobs WHERE {_FILTER} "
                f"AND number {sign} (SELECT number FROM jobs WHERE id = ?7) ORDER BY number {order} LIMIT 1",
                *wanted.values(),
                job,
            )
            found.append(None if row is None else row["id"])
        return found[0], found[1]

    def describe(self, job: str, name: str | None, card: Card) -> None:
        """Give a job another name (None: the same), and another card."""
        with self._db.change() as db:
            db.execute(
                "UPDATE jobs SET name = coalesce(?, name), card = ? WHERE id = ?",
                (name, card.model_dump_json(), job),
            )

    def twin(self, job: str) -> Job | None:
        """A finished job that stands for the same work under another name."""
        row = self._db.one(
            f"SELECT {_COLUMNS} FROM jobs WHERE state = 'done' AND id != ?1 "
            "AND work = (SELECT work FROM jobs WHERE id = ?1) LIMIT 1",
            job,
        )
        return None if row is None else self._job(row)

    def work(self, job: str) -> str | None:
        """What a job stands for; the id of the first job of this work."""
        row = self._db.one("SELECT work FROM jobs WHERE id = ?", job)
        return None if row is None else str(row["work"])

    def working_on(self) -> list[str]:
        """Names of what runs now, oldest first."""
        return [
            row["name"]
            for row in self._db.all("SELECT name FROM jobs WHERE state = 'running' ORDER BY number")
        ]

    def children(self, job: str) -> list[str]:
        """Ids of the re-reads of a job."""
        return [row["id"] for row in self._db.all("SELECT id FROM jobs WHERE parent = ?", job)]

    def annotated(self) -> list[str]:
        """Ids of finished jobs somebody has annotated, oldest first."""
        rows = self._db.all(
            "SELECT id FROM jobs WHERE state = 'done' AND parent IS NULL "
            "AND id IN (SELECT job FROM annotations) ORDER BY number"
        )
        return [row["id"] for row in rows]

    def delete(self, job: str) -> list[str]:
        """Forget a job and its annotations; return the digests of uploads that no job needs any more."""
        gone = self.job(job)
        if gone is None:
            return []
        with self._db.change() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job,))
            db.execute("DELETE FROM annotations WHERE job = ?", (job,))
            unused = [
                digest
                for digest in gone.request.files
                if self._db.one("SELECT 1 FROM jobs WHERE instr(request, ?) LIMIT 1", digest) is None
            ]
            for digest in unused:
                db.execute("DELETE FROM media WHERE sha256 = ?", (digest,))
        return unused

    def _job(self, row: sqlite3.Row) -> Job:
        position = None
        if row["state"] == "queued":
            ahead = self._db.one(
                "SELECT COUNT(*) AS n FROM jobs WHERE state = 'queued' AND number < ?", row["number"]
            )
            position = int(ahead["n"]) if ahead else None
        request = JobRequest.model_validate_json(row["request"])
        coders = json.loads(row["coders"])
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
            annotated=bool(coders),
            coders=coders,
            waits_for=next(iter(self.working_on()), None) if row["state"] == "queued" else None,
            **json.loads(row["card"]),
        )
        stored = row["message"]
        return job.with_messages([MessageRecord.model_validate_json(stored)] if stored else [])
