"""Annotations in SQLite: every coder's versions, none of them ever changed. Knows no process and no HTTP.

Versions count through the whole job, whoever saves them; each belongs to one series, which is a coder's own
work, or what was decided in the end.
"""

import json
import sqlite3

from mellm.web.annotation import Annotation, AnnotationBody, Role
from mellm.web.database import Database, now

_Series = tuple[Role, str]


def series_of(role: Role, coder: str) -> _Series:
    """The series an annotation belongs to: there is one final annotation, whoever decides it."""
    return role, "" if role == "final" else coder


class AnnotationStore:
    """The annotations of all jobs."""

    def __init__(self, database: Database) -> None:
        """Take an opened database."""
        self._db = database

    def save(self, job: str, body: AnnotationBody, base_version: int) -> int | None:
        """Add a version; None where its series has one newer than `base_version`."""
        role, coder = series_of(body.role, body.coder)
        with self._db.change() as db:
            newest = self._db.one(
                "SELECT max(version) AS highest, max(CASE WHEN role = ?2 AND coder = ?3 THEN version END) "
                "AS own FROM annotations WHERE job = ?1",
                job,
                role,
                coder,
            )
            assert newest is not None
            if (newest["own"] or 0) > base_version:
                return None
            version = (newest["highest"] or 0) + 1
            db.execute(
                "INSERT INTO annotations (job, version, created, body, role, coder) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (job, version, now(), body.model_dump_json(), role, coder),
            )
        return int(version)

    def newest(self, job: str, role: Role | None = None, coder: str | None = None) -> Annotation:
        """The newest version of a series, or of any; an empty one, version 0, where there is none."""
        found = self._rows(job, role, coder, "ORDER BY version DESC LIMIT 1")
        return found[0] if found else Annotation(job=job, version=0, role=role or "coder", coder=coder or "")

    def version(self, job: str, version: int) -> Annotation | None:
        """One version; None where there is none of this number."""
        row = self._db.one("SELECT * FROM annotations WHERE job = ? AND version = ?", job, version)
        return None if row is None else _annotation(row)

    def versions(self, job: str, role: Role | None = None, coder: str | None = None) -> list[Annotation]:
        """Every version, oldest first."""
        return self._rows(job, role, coder, "ORDER BY version")

    def series(self, job: str) -> list[Annotation]:
        """The newest version of every series, in the order in which they began."""
        rows = self._db.all(
            "SELECT * FROM annotations WHERE job = ?1 AND version IN "
            "(SELECT max(version) FROM annotations WHERE job = ?1 GROUP BY role, coder) "
            "ORDER BY role, (SELECT min(version) FROM annotations AS first WHERE first.job = ?1 "
            "AND first.role = annotations.role AND first.coder = annotations.coder)",
            job,
        )
        return [_annotation(row) for row in rows]

    def early(self, job: str) -> list[Annotation]:
        """The newest version of every series that was saved before the job's analysis had ended."""
        some = "SELECT 1 FROM annotations WHERE job = ? AND json_extract(body, '$.early') LIMIT 1"
        return [] if self._db.one(some, job) is None else [one for one in self.series(job) if one.early]

    def highest_id(self, job: str) -> int:
        """The highest number that any added moment of a job ever had."""
        row = self._db.one(
            "SELECT max(json_extract(value, '$.id')) AS id FROM annotations, json_each(body, '$.moments') "
            "WHERE job = ?",
            job,
        )
        return int(row["id"] or 0) if row else 0

    def _rows(self, job: str, role: Role | None, coder: str | None, order: str) -> list[Annotation]:
        wanted = None if role == "final" else coder
        rows = self._db.all(
            "SELECT * FROM annotations WHERE job = ?1 AND (?2 IS NULL OR role = ?2) "
            f"AND (?3 IS NULL OR (coder = ?3 AND role = 'coder')) {order}",
            job,
            role,
            wanted,
        )
        return [_annotation(row) for row in rows]


def _annotation(row: sqlite3.Row) -> Annotation:
    return Annotation(
        job=row["job"], version=row["version"], created=row["created"], **json.loads(row["body"])
    )
