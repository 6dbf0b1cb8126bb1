"""Checking a built dataset, in plain words; and reading it back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mellm.errors import InputError
from mellm.simulate.gallery import Split
from mellm.simulate.manifest import Manifest
from mellm.simulate.pair import FlowPair
from mellm.simulate.shards import LIMIT, Shard
from mellm.weights.model_store import sha256_of


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found: `problems` in plain sentences (empty: sound), and how much was looked at."""

    problems: tuple[str, ...]
    shards: int
    pairs: int

    @property
    def ok(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


def check(path: str | Path) -> CheckResult:
    """Verify a dataset: every file is there and unchanged, every pair decodes and keeps its promises."""
    folder = Path(path)
    manifest = Manifest.read(folder)
    problems: list[str] = []
    if not manifest.complete:
        problems.append("The build is not finished; run it again to go on where it stopped.")
    width, height = manifest.built_by.source.pair.size
    owners: dict[str, str] = {identity: s for s, names in manifest.identities.items() for identity in names}
    if len(owners) != sum(len(names) for names in manifest.identities.values()):
        problems.append("An identity is listed in more than one split.")
    seen: set[str] = set()
    pairs = 0
    for name, entry in manifest.shards.items():
        file = folder / name
        if not file.is_file():
            problems.append(f"{name} is missing; run the build again.")
            continue
        if sha256_of(file) != entry.sha256:
            problems.append(f"{name} has changed since it was written; delete it and run the build again.")
            continue
        shard = Shard(file)
        if len(shard) != entry.pairs:
            problems.append(f"{name} holds {len(shard)} pairs, the manifest says {entry.pairs}.")
        for pair in shard:
            pairs += 1
            if pair.key in seen:
                problems.append(f"{name}: pair {pair.key} occurs twice.")
            seen.add(pair.key)
            if owners.get(pair.identity) != name.split("/")[0]:
                problems.append(f"{name}: identity {pair.identity} does not belong to this split.")
            problems.extend(f"{name}: pair {pair.key} {why}." for why in _faults(pair, width, height))
    extra = {p.relative_to(folder).as_posix() for p in folder.glob("*/*.npz")} - set(manifest.shards)
    problems.extend(f"{name} is not in the manifest." for name in sorted(extra))
    return CheckResult(tuple(problems), len(manifest.shards), pairs)


def _faults(pair: FlowPair, width: int, height: int) -> Iterator[str]:
    shape = (height, width)
    if pair.onset.shape != (*shape, 3) or pair.apex.shape != (*shape, 3):
        yield "has frames of the wrong size"
    if pair.facial.shape != (*shape, 2) or pair.valid.shape != shape or pair.face.shape != shape:
        yield "has flow or masks of the wrong size"
        return
    if float(np.abs(pair.head).max()) >= LIMIT:
        yield "has flow beyond what the format can store"
    if not pair.face.any():
        yield "shows no face"
    if not np.isfinite(pair.landmarks.points).all():
        yield "has landmarks that are not numbers"


class MEFlowDataset:
    """A built dataset, by index: `MEFlowDataset("folder", "train")[0]` is a FlowPair.

    Keeps one decoded shard in memory; reading in order is fastest.
    """

    def __init__(self, path: str | Path, split: Split = "train") -> None:
        """Open one split. Raises InputError where the folder holds none."""
        self._folder = Path(path)
        shards = Manifest.read(self._folder).shards
        self._names = sorted(n for n in shards if n.startswith(f"{split}/"))
        if not self._names:
            raise InputError(f"{path} holds no {split} split; build it first.")
        self._ends = np.cumsum([shards[n].pairs for n in self._names])
        self._open: tuple[int, Shard] | None = None

    def __len__(self) -> int:
        """Return the number of pairs."""
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> FlowPair:
        """Decode pair `index`."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = int(np.searchsorted(self._ends, index, side="right"))
        if self._open is None or self._open[0] != number:
            self._open = (number, Shard(self._folder / self._names[number]))
        return self._open[1][index - (int(self._ends[number - 1]) if number else 0)]
