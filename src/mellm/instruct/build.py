"""Building MEU-Instruct: measure every sample once, then write and check every record, in shards.

Killed at any moment and started again, it goes on with the first unfinished shard and ends with the same
lines. Memory does not grow with the number of samples. Knows nothing about exporters or reviews.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2

from mellm import targets
from mellm.errors import InputError
from mellm.instruct.compact_records import compact_records
from mellm.instruct.duplicates import Duplicates
from mellm.instruct.record_checks import check_record
from mellm.instruct.record_counts import statistics
from mellm.instruct.record_store import FORMAT, Manifest, Recipe, Store
from mellm.instruct.records import Case, Problem, Record, read_cases, write_lines
from mellm.instruct.records_datasheet import datasheet
from mellm.instruct.rules_annotator import VERSION
from mellm.instruct.sources import Skipped, Source
from mellm.instruct.tasks import Annotator, Rules, Wanted, meu_jobs, records_of
from mellm.processes import worker_pool
from mellm.version import __version__

Progress = Callable[[str, int, int], None]
"""Called with the step (`measuring`, `writing`), shards done, shards in all."""

_LABELLED_ONLY = "no action units and no emotion label that any task could ask for"


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """What to build: from which source, which records, written by whom, in shards of how many samples.

    workers: processes; an annotator that talks to a server gets one and brings its own threads.
    measured: another dataset built from the same source, whose measurements and maps are taken over
    """

    source: Source
    wanted: Wanted = field(default_factory=Wanted)
    annotator: Annotator = field(default_factory=Rules)
    shard: int = 50
    workers: int = 1
    measured: Path | None = None

    def recipe(self) -> Recipe:
        """Return everything that decides the measured cases and the lines written."""
        parts: Recipe = {
            "source": self.source.recipe(),
            "wanted": self.wanted.recipe(),
            "annotator": self.annotator.name,
            "grammar": VERSION,
            "shard": self.shard,
        }
        # As a manifest that was written and read again: tuples are lists there.
        stored: Recipe = json.loads(json.dumps(parts))
        return stored


def build(config: BuildConfig, folder: str | Path, progress: Progress | None = None) -> Manifest:
    """Build into `folder`, going on where an earlier build stopped; return the manifest.

    Raises InputError where the folder holds something else, or the source has no samples. The manifest's
    `counts` are records, queued records, cases and skipped samples.
    """
    store = Store(targets.check_folder(folder))
    recipe = config.recipe()
    signature = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    manifest = store.read_manifest() or Manifest(
        format=FORMAT, mellm=__version__, signature=signature, recipe=recipe, complete=False
    )
    if manifest["signature"] != signature:
        raise InputError(f"{folder} was built from another source or with other settings; choose another.")
    if len(config.source) == 0:
        raise InputError("The source holds no samples, so there is nothing to build.")
    store.make()
    store.write_manifest(manifest)
    if config.measured:
        _take_over(store, Store(config.measured), recipe)
    count = -(-len(config.source) // config.shard)
    for step, work, last in (("measuring", _measure, "measured"), ("writing", _write, "records")):
        finished = set(store.shards(last))
        todo = [number for number in range(count) if number not in finished]
        for done, _ in enumerate(_run(work, config, store, todo), start=count - len(todo) + 1):
            if progress:
                progress(step, done, count)
    manifest |= {"complete": True, "counts": _counts(store)}
    store.write_manifest(manifest)
    sheet = datasheet(manifest, statistics(store))
    (store.root / "DATASHEET.md").write_text(sheet, encoding="utf-8")
    return manifest


def _take_over(store: Store, other: Store, recipe: Recipe) -> None:
    """Link (or copy) the measurements of another dataset; measured shards last, so a kill is harmless."""
    manifest = other.read_manifest()
    theirs = manifest["recipe"] if manifest else None
    if theirs is None or (theirs["source"], theirs["shard"]) != (recipe["source"], recipe["shard"]):
        raise InputError(f"{other.root} was not measured from the same source; leave out --measured.")
    for folder in ("images", "skipped", "measured"):
        for path in sorted((other.root / folder).rglob("*.j*")):
            target = store.root / path.relative_to(other.root)
            if target.exists() or path.suffix not in (".jpg", ".jsonl"):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(path)
            except OSError:
                partial = target.with_suffix(".partial")
                shutil.copyfile(path, partial)
                partial.replace(target)


def _run(
    work: Callable[[BuildConfig, Store, int], None], config: BuildConfig, store: Store, todo: list[int]
) -> Iterator[int]:
    if config.workers <= 1 or len(todo) <= 1:
        for number in todo:
            work(config, store, number)
            yield number
        return
    with worker_pool(config.workers, _settle, config, store) as pool:
        try:
            for future in as_completed([pool.executor.submit(_in_process, work, number) for number in todo]):
                yield future.result()
        except BrokenProcessPool:
            if not pool.began:
                raise pool.cannot_begin() from None
            raise


_SETTLED: list[tuple[BuildConfig, Store]] = []


def _settle(config: BuildConfig, store: Store) -> None:
    """Keep one config per worker process, so that its source is opened once."""
    cv2.setNumThreads(1)
    _SETTLED[:] = [(config, store)]


def _in_process(work: Callable[[BuildConfig, Store, int], None], number: int) -> int:
    work(*_SETTLED[0], number)
    return number


def _measure(config: BuildConfig, store: Store, number: int) -> None:
    """First step, one shard: cases, maps and skipped samples."""
    first = number * config.shard
    skipped: list[str] = []

    def cases() -> Iterator[str]:
        for index in range(first, min(first + config.shard, len(config.source))):
            found = config.source.measure(index)
            if isinstance(found, Skipped):
                skipped.append(json.dumps({"sample": found.name, "reason": found.reason}))
                continue
            case = found.case
            if case.truth.action_units is None and not case.truth.labels:
                skipped.append(json.dumps({"sample": case.name, "reason": _LABELLED_ONLY}))
                continue
            picture = store.write_picture(case.key, found.picture)
            yield replace(case, picture=picture).to_json()

    lines = list(cases())
    write_lines(store.shard("skipped", number), skipped)
    write_lines(store.shard("measured", number), lines)


def _write(config: BuildConfig, store: Store, number: int) -> None:
    """Second step, one shard: records that pass, and the queue of those that do not."""
    passed, queued = [], []
    seen = Duplicates()
    path = store.shard("measured", number)
    if config.wanted.form == "full":
        config.annotator.prepare(job for case in read_cases(path) for job in meu_jobs(case, config.wanted))
    for case in read_cases(path):
        for record in _records(case, config):
            problems = list(check_record(record, case))
            if (repeated := seen.add(record)) is not None:
                problems.append(repeated)
            if problems:
                queued.append(replace(record, problems=tuple(problems)).to_json())
            else:
                passed.append(record.to_json())
    seen.close()
    write_lines(store.shard("queue", number), queued)
    write_lines(store.shard("records", number), passed)


def _records(case: Case, config: BuildConfig) -> Iterator[Record]:
    if config.wanted.form == "compact":
        return compact_records(case, config.wanted)
    return records_of(case, config.wanted, config.annotator)


def _counts(store: Store) -> dict[str, int]:
    folders = {"cases": "measured", "skipped": "skipped", "records": "records", "queue": "queue"}
    return {name: sum(store.line_counts(folder)) for name, folder in folders.items()}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check of a whole folder found: records looked at, and those with problems (the first `kept`)."""

    records: int
    queued: int
    failures: int
    kinds: dict[str, int]
    examples: tuple[tuple[str, Problem], ...]


def check_folder(
    store: Store, progress: Callable[[int], None] | None = None, kept: int = 50, duplicates: bool = True
) -> CheckResult:
    """Check every accepted record again, across shards too (duplicates, one person in two splits)."""
    kinds: Counter[str] = Counter()
    examples: list[tuple[str, Problem]] = []
    seen = Duplicates()
    splits: dict[tuple[str, str], str] = {}
    count = failures = 0
    for count, (record, case) in enumerate(store.checked(), start=1):
        problems = list(check_record(record, case)) + _crossing(record, case, splits)
        if duplicates and (repeated := seen.add(record)) is not None:
            problems.append(repeated)
        if problems:
            failures += 1
            kinds.update(p.kind for p in problems)
            examples += [(record.id, p) for p in problems[: kept - len(examples)]]
        if progress and count % 500 == 0:
            progress(count)
    seen.close()
    queued = sum(1 for _ in store.records("queue"))
    return CheckResult(count, queued, failures, dict(kinds), tuple(examples))


def _crossing(record: Record, case: Case, splits: dict[tuple[str, str], str]) -> list[Problem]:
    """Problems where a person's records lie in more than one split."""
    first = splits.setdefault((case.dataset, case.subject), record.split)
    return [] if first == record.split else [Problem("split", f"the subject is also in {first}")]
