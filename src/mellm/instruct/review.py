"""What people decide about records: kept with who and when, nothing overwritten, nothing lost in a crash.

Decisions are rows that are only ever added (SQLite, written through before the page hears "saved"). Two
reviewers do not see each other's; their agreement is Cohen's kappa. Knows nothing about pages.
"""

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Literal, cast

from mellm.errors import InputError
from mellm.instruct.kappa import cohens_kappa
from mellm.instruct.record_checks import check_record
from mellm.instruct.record_store import Store
from mellm.instruct.records import Case, Problem, Provenance, Record, ReviewMark

Verdict = Literal["accept", "edit", "reject", "open"]
VERDICTS: tuple[Verdict, ...] = ("accept", "edit", "reject")
"""What can be decided; `open` takes a decision back."""

_TABLES = """
CREATE TABLE IF NOT EXISTS items (place INTEGER PRIMARY KEY, record TEXT UNIQUE, folder TEXT, shard INTEGER,
  start INTEGER);
CREATE TABLE IF NOT EXISTS decisions (number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT, reviewer TEXT,
  verdict TEXT, answer TEXT, note TEXT, problems TEXT, at TEXT);
CREATE INDEX IF NOT EXISTS by_record ON decisions (record, reviewer);
CREATE TABLE IF NOT EXISTS typing (record TEXT, reviewer TEXT, answer TEXT, at TEXT,
  PRIMARY KEY (record, reviewer));
"""
_LATEST = """SELECT record, reviewer, verdict, answer, note, at FROM decisions WHERE number IN
  (SELECT max(number) FROM decisions GROUP BY record, reviewer)"""


@dataclass(frozen=True, slots=True)
class Decision:
    """The latest decision of one person on one record; `answer` is the text decided on."""

    record: str
    reviewer: str
    verdict: Verdict
    answer: str
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree on the records both decided. kappa is None where chance alone explains all."""

    first: str
    second: str
    records: int
    agreed: float
    kappa: float | None


class Review:
    """The queue of one dataset and what people decided. Safe for threads."""

    def __init__(self, store: Store, share: float = 0.02) -> None:
        """Open the review; `share` of the records that passed are shown too, drawn by hash of their id.

        Raises InputError where decisions cannot be kept beside the data.
        """
        self._store = store
        self._lock = threading.RLock()
        place = store.root / "review.sqlite"
        try:
            self._base = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(_TABLES)
            self._find_items(share)
        except sqlite3.Error as error:
            raise InputError(f"{place} cannot be written ({error}); decisions would be lost.") from error

    def _find_items(self, share: float) -> None:
        """Add records that are new since the last time: the queue first, then the drawn ones."""
        with self._lock:
            known = {
                row[0] for row in self._base.execute("SELECT DISTINCT folder || '/' || shard FROM items")
            }
            self._base.execute("BEGIN")
            for folder, wanted in (("queue", 1.0), ("records", share)):
                for number in self._store.shards(folder):
                    if f"{folder}/{number}" not in known:
                        self._add_shard(folder, number, wanted)
            self._base.execute("COMMIT")

    def _add_shard(self, folder: str, number: int, share: float) -> None:
        start = 0
        with self._store.shard(folder, number).open("rb") as file:
            for line in file:
                name = json.loads(line)["id"]
                drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
                if drawn < share:
                    self._base.execute(
                        "INSERT OR IGNORE INTO items (record, folder, shard, start) VALUES (?, ?, ?, ?)",
                        (name, folder, number, start),
                    )
                start += len(line)

    def __len__(self) -> int:
        """Return the number of records to look at."""
        with self._lock:
            return int(self._base.execute("SELECT count(*) FROM items").fetchone()[0])

    def item(self, place: int) -> tuple[Record, Case, str]:
        """Return a record by its place (from 0), its case, and the folder it lies in (`queue`, `records`)."""
        with self._lock:
            row = self._base.execute(
                "SELECT folder, shard, start FROM items ORDER BY place LIMIT 1 OFFSET ?", (place,)
            ).fetchone()
        if row is None:
            raise InputError(f"There is no record {place + 1}; there are {len(self)}.")
        return self._read(*row)

    def find(self, record: str) -> tuple[Record, Case, str]:
        """Return a record by its id."""
        with self._lock:
            row = self._base.execute(
                "SELECT folder, shard, start FROM items WHERE record = ?", (record,)
            ).fetchone()
        if row is None:
            raise InputError(f"There is no record '{record}' to review.")
        return self._read(*row)

    def _read(self, folder: str, shard: int, start: int) -> tuple[Record, Case, str]:
        with self._store.shard(folder, shard).open("rb") as file:
            file.seek(start)
            record = Record.from_json(file.readline().decode())
        cases = self._store.cases(shard)
        if record.case not in cases:
            raise InputError(f"The measurements of {record.id} are missing; build the dataset again.")
        return record, cases[record.case], folder

    def picture(self, case: Case) -> Path | None:
        """Return the file of a case's motion map, None where it has none."""
        file = self._store.root / case.picture if case.picture else None
        return file if file is not None and file.is_file() else None

    def next_open(self, reviewer: str, after: int = -1) -> int | None:
        """Return the place of the next record this person has not decided, from `after` on and round."""
        with self._lock:
            done = {d.record for d in self.decisions(reviewer)}
            names = [row[0] for row in self._base.execute("SELECT record FROM items ORDER BY place")]
        first = min(after + 1, len(names))
        order = [*range(first, len(names)), *range(first)]
        return next((place for place in order if names[place] not in done), None)

    def decide(self, record: str, reviewer: str, verdict: Verdict, answer: str, note: str = "") -> Decision:
        """Add a decision and return it. Raises InputError for a verdict or a person that makes no sense."""
        person = reviewer.strip()
        if verdict not in (*VERDICTS, "open"):
            raise InputError(f"'{verdict}' is no decision; choose accept, edit or reject.")
        if not person or len(person) > 80:
            raise InputError("A decision needs the name of who decides, of at most 80 characters.")
        found, case, _ = self.find(record)
        problems = [p.kind for p in self.problems(found, case, answer)]
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock:
            self._base.execute(
                "INSERT INTO decisions (record, reviewer, verdict, answer, note, problems, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (record, person, verdict, answer, note, ",".join(problems), at),
            )
            self._base.execute("DELETE FROM typing WHERE record = ? AND reviewer = ?", (record, person))
        return Decision(record, person, verdict, answer, note, at)

    def problems(self, record: Record, case: Case, answer: str) -> Sequence[Problem]:
        """Check a record as it would be with another answer."""
        return check_record(replace(record, answer=answer), case)

    def keep_typing(self, record: str, reviewer: str, answer: str) -> None:
        """Keep a text that is being written."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock:
            self._base.execute(
                "INSERT OR REPLACE INTO typing VALUES (?, ?, ?, ?)", (record, reviewer.strip(), answer, at)
            )

    def typed(self, record: str, reviewer: str) -> str | None:
        """Return a text that was being written and not decided on."""
        with self._lock:
            row = self._base.execute(
                "SELECT answer FROM typing WHERE record = ? AND reviewer = ?", (record, reviewer.strip())
            ).fetchone()
        return str(row[0]) if row else None

    def decisions(self, reviewer: str | None = None, record: str | None = None) -> list[Decision]:
        """Return the latest decision of each person on each record; those taken back are not among them."""
        with self._lock:
            rows = self._base.execute(_LATEST).fetchall()
        found = [Decision(r[0], r[1], cast(Verdict, r[2]), r[3], r[4], r[5]) for r in rows if r[2] != "open"]
        return [
            d
            for d in found
            if (reviewer is None or d.reviewer == reviewer.strip()) and record in (None, d.record)
        ]

    def history(self, record: str) -> list[dict[str, str]]:
        """Return every decision ever made on a record, the oldest first."""
        names = ("reviewer", "verdict", "answer", "note", "problems", "at")
        with self._lock:
            rows = self._base.execute(
                f"SELECT {', '.join(names)} FROM decisions WHERE record = ? ORDER BY number", (record,)
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def counts(self, reviewer: str) -> dict[str, int]:
        """Return how many records a person decided, by verdict."""
        return dict(Counter(d.verdict for d in self.decisions(reviewer)))

    def agreement(self) -> list[Agreement]:
        """Return the agreement of every two people who decided on the same records."""
        by: dict[str, dict[str, str]] = {}
        for d in self.decisions():
            by.setdefault(d.reviewer, {})[d.record] = d.verdict
        found = []
        for first, second in combinations(sorted(by), 2):
            both = sorted(by[first].keys() & by[second].keys())
            if both:
                pairs = [(by[first][name], by[second][name]) for name in both]
                agreed = sum(a == b for a, b in pairs) / len(pairs)
                found.append(Agreement(first, second, len(pairs), agreed, cohens_kappa(pairs)))
        return found

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def reviewed(store: Store) -> Iterator[Record]:
    """Yield the records as people left them: accepted ones from the queue, edited ones in their new words.

    A record that anybody rejects is left out. Of several edits the latest counts. Queued records that
    nobody accepted or edited are left out.
    """
    if not (store.root / "review.sqlite").is_file():
        yield from store.records()
        return
    review = Review(store, share=0.0)
    by: dict[str, list[Decision]] = {}
    for decision in review.decisions():
        by.setdefault(decision.record, []).append(decision)
    review.close()
    for folder in ("records", "queue"):
        for record in store.records(folder):
            decided = sorted(by.get(record.id, ()), key=lambda d: d.at)
            verdicts = {d.verdict for d in decided}
            if "reject" in verdicts or (folder == "queue" and not verdicts):
                continue
            people = [ReviewMark(by=d.reviewer, verdict=d.verdict, at=d.at) for d in decided]
            edits = [d.answer for d in decided if d.verdict == "edit"]
            provenance: Provenance = {**record.provenance}
            if people:
                provenance["review"] = people
            answer = edits[-1] if edits else record.answer
            yield replace(record, answer=answer, provenance=provenance, problems=())
