"""The server's SQLite file: one connection, one lock, a schema with a version. Knows no job and no HTTP.

Statements take microseconds, and every change is one transaction (WAL, synced), so that what was said yes to
survives kill -9. A second server on the same store is refused, since both would run the same jobs. An older
schema is brought up to date at the start, a newer one is refused.
"""

import contextlib
import datetime
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from mellm.errors import MellmError

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

_MESSAGES = "ALTER TABLE jobs ADD COLUMN message TEXT"

_CODERS = """
ALTER TABLE annotations ADD COLUMN coder TEXT NOT NULL DEFAULT '';
ALTER TABLE annotations ADD COLUMN role TEXT NOT NULL DEFAULT 'coder';
UPDATE annotations SET coder = coalesce(json_extract(body, '$.coder'), '');
CREATE INDEX annotations_by_coder ON annotations (job, role, coder, version);
ALTER TABLE jobs ADD COLUMN work TEXT NOT NULL DEFAULT '';
UPDATE jobs SET work = id;
ALTER TABLE jobs ADD COLUMN card TEXT NOT NULL DEFAULT '{}';
CREATE INDEX jobs_by_work ON jobs (work)
"""

MIGRATIONS = (_FIRST, _MESSAGES, _CODERS)
"""What leads from each version of the schema to the next. The first one changes nothing in a database that
was made before versions were written down (it has the tables, and version 0); the second one keeps code and
fields of the verdict or the error, so that the page can show them in another language; the third one gives
every coder versions of their own, every job the work that it shares with jobs of other names, and a card
(subject, session, tags, note)."""


class Database:
    """The opened file."""

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

    def _migrate(self, folder: Path) -> None:
        """Bring the schema up to date, each step in one transaction. Raises MellmError for a newer one."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            self.close()
            raise MellmError(
                f"The store {folder} was written by a newer mellm (schema {version}; this one knows "
                f"{len(MIGRATIONS)}): update mellm, or choose another folder with --store."
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")

    def close(self) -> None:
        """Close the database and release its lock."""
        with self._lock:
            self._db.close()
            self._alone.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block's statements or none."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a question; None where there is none."""
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return row

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return every row of a question."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def now() -> str:
    """The present moment as the database writes it: ISO 8601, UTC, milliseconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
