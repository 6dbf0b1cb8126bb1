"""Dialogues seen before, remembered on disk. Knows records only as text."""

import hashlib
import sqlite3
from pathlib import Path

from mellm.instruct.records import Problem, Record


class Duplicates:
    """Remembers dialogues on disk, so that memory does not grow with their number."""

    def __init__(self, path: Path | str = "") -> None:
        """Keep the marks in `path`, a scratch file of SQLite; empty: a temporary one."""
        self._base = sqlite3.connect(str(path), isolation_level=None)
        self._base.execute("PRAGMA journal_mode=OFF")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute("CREATE TABLE IF NOT EXISTS seen (mark BLOB PRIMARY KEY, id TEXT) WITHOUT ROWID")

    def add(self, record: Record) -> Problem | None:
        """Remember a record; a problem where its id, or what it asks and answers, was seen before.

        Compact records may say the same: with two digits, two faces can be measured alike.
        """
        said = "\x00".join((record.prompt, *record.images, record.answer))
        marks = {"id": f"id {record.id}"} | ({"text": said} if record.form == "full" else {})
        for what, text in marks.items():
            mark = hashlib.blake2b(f"{what}\x00{text}".encode(), digest_size=12).digest()
            before = self._base.execute("SELECT id FROM seen WHERE mark = ?", (mark,)).fetchone()
            if before:
                return Problem("duplicate", f"the same {what} as {before[0]}")
            self._base.execute("INSERT INTO seen VALUES (?, ?)", (mark, record.id))
        return None

    def close(self) -> None:
        """Forget everything that was not put in a file."""
        self._base.close()
