"""Building MEFlowDataset on disk: resumable, deterministic, with a datasheet and a contact sheet.

Layout: `manifest.json`, `DATASHEET.md`, `contact_sheet.jpg`, and `train/`, `val/`, `test/` with numbered
shards. Every pair follows from (seed, split, index), so a build that was killed goes on where it stopped and
ends with the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
from pydantic import JsonValue

from mellm.errors import InputError
from mellm.processes import worker_pool
from mellm.simulate.gallery import SPLITS, Gallery, Split
from mellm.simulate.manifest import FILE, Manifest, ShardEntry
from mellm.simulate.pair import FlowPair
from mellm.simulate.pair_datasheet import contact_sheet, datasheet
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.shards import Shard, write_shard
from mellm.targets import check_folder

PAIRS = 54_611
"""Default size, that of the published dataset (arXiv 2505.07007 v3)."""
FORMAT = "meflow-1"


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """A dataset to build: what from (`source`), how many pairs, in shards of how many, by how many workers.

    val, test: share of the pairs in these splits. Identities never cross splits; a split for which the
        pictures hold no identity is left out, and its pairs are made for training.
    """

    source: MEFlowConfig
    pairs: int = PAIRS
    seed: int = 0
    shard: int = 64
    workers: int = 1
    val: float = 0.04
    test: float = 0.04
    splits: tuple[Split, ...] = field(default=SPLITS)

    def counts(self) -> dict[Split, int]:
        """Return the number of pairs in each split that is built."""
        shares = {"val": self.val, "test": self.test}
        held: dict[Split, int] = {s: round(self.pairs * shares[s]) for s in self.splits if s in shares}
        counts: dict[Split, int] = {"train": self.pairs - sum(held.values()), **held}
        return {s: n for s, n in counts.items() if s in self.splits and n > 0}

    def recipe(self) -> dict[str, JsonValue]:
        """Return everything that decides the data's content (not how many workers make it)."""
        recipe = asdict(self)
        del recipe["workers"]
        recipe["source"]["faces"] = self.source.faces.name
        del recipe["source"]["cache"]
        recipe["source"]["ict"] = self.source.ict.name if self.source.ict else None
        return json.loads(json.dumps(recipe))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Job:
    split: Split
    number: int
    first: int
    count: int

    @property
    def name(self) -> str:
        return f"{self.split}/{self.number:05d}.npz"


def _jobs(config: BuildConfig) -> Iterator[_Job]:
    for split, total in config.counts().items():
        for number, first in enumerate(range(0, total, config.shard)):
            yield _Job(split, number, first, min(config.shard, total - first))


class _Worker:
    """Makes shards of one build; opens each split's source once."""

    def __init__(self, config: BuildConfig, out: Path) -> None:
        self._config, self._out = config, out
        self._sources: dict[Split, PairSource] = {}

    def make(self, job: _Job) -> tuple[str, ShardEntry]:
        if job.split not in self._sources:
            self._sources[job.split] = PairSource(self._config.source, job.split, self._config.seed)
        source = self._sources[job.split]
        indices = range(job.first, job.first + job.count)
        digest = write_shard(self._out / job.name, (source.pair(index) for index in indices))
        return job.name, ShardEntry(sha256=digest, pairs=job.count, first=job.first)


_WORKER: list[_Worker] = []
"""The worker of a worker process, set when it starts."""


def _start_worker(config: BuildConfig, out: Path) -> None:
    cv2.setNumThreads(1)
    _WORKER.append(_Worker(config, out))


def _make_in_worker(job: _Job) -> tuple[str, ShardEntry]:
    return _WORKER[0].make(job)


def build(
    config: BuildConfig, out: str | Path, progress: Callable[[int, int], None] | None = None
) -> Manifest:
    """Build the dataset into `out`, going on where an earlier build stopped; return the manifest.

    progress(pairs done, pairs in all) is called after every shard. Raises InputError where the folder holds a
    dataset of another recipe, or the sources hold no usable face.
    """
    folder = check_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    # Opening the pictures here finds all meshes once, before the workers need them.
    gallery = Gallery(config.source.faces, cache=config.source.cache)
    config = replace(config, splits=tuple(s for s in config.splits if gallery.of(s)))
    identities = {s: [p.identity for p in gallery.of(s)] for s in config.counts()}
    manifest = _opened(folder, config.recipe(), identities)
    for split in identities:
        (folder / split).mkdir(exist_ok=True)
    for stale in folder.rglob("*.partial"):
        stale.unlink()
    todo = [j for j in _jobs(config) if j.name not in manifest.shards or not (folder / j.name).is_file()]
    total = sum(config.counts().values())
    done = manifest.pairs - sum(manifest.shards[j.name].pairs for j in todo if j.name in manifest.shards)
    for name, entry in _run(config, todo, folder):
        manifest.shards[name] = entry
        manifest.write(folder)
        done += entry.pairs
        if progress is not None:
            progress(done, total)
    manifest.complete = True
    manifest.shards = dict(sorted(manifest.shards.items()))
    manifest.write(folder)
    contact_sheet(_samples(folder, manifest), folder / "contact_sheet.jpg")
    (folder / "DATASHEET.md").write_text(
        datasheet(manifest, folder), encoding="utf-8", errors="backslashreplace"
    )
    return manifest


def _opened(folder: Path, recipe: dict[str, JsonValue], identities: dict[Split, list[str]]) -> Manifest:
    """The manifest of a build that stopped, or a new one. Raises InputError where it is another build's."""
    signature = hashlib.sha256(json.dumps([recipe, identities], sort_keys=True).encode()).hexdigest()
    if not (folder / FILE).is_file():
        return Manifest(
            format=FORMAT,
            signature=signature,
            recipe=recipe,
            identities=identities,
            complete=False,
            shards={},
        )
    manifest = Manifest.read(folder)
    if manifest.signature != signature:
        raise InputError(
            f"{folder} holds a dataset of another recipe or other pictures; choose another folder."
        )
    return manifest


def _run(config: BuildConfig, todo: list[_Job], out: Path) -> Iterator[tuple[str, ShardEntry]]:
    if config.workers <= 1 or len(todo) <= 1:
        worker = _Worker(config, out)
        for job in todo:
            yield worker.make(job)
        return
    with worker_pool(config.workers, _start_worker, config, out) as pool:
        try:
            for future in as_completed([pool.executor.submit(_make_in_worker, job) for job in todo]):
                yield future.result()
        except BrokenProcessPool:
            if not pool.began:
                raise pool.cannot_begin() from None
            raise


def _samples(folder: Path, manifest: Manifest, count: int = 6) -> list[FlowPair]:
    """The first pairs with an expression, for the contact sheet."""
    found: list[FlowPair] = []
    for name in manifest.shards:
        for pair in Shard(folder / name):
            if pair.action_units:
                found.append(pair)
            if len(found) == count:
                return found
    return found
