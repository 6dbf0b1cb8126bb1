"""Where a flow bench gets its pairs: a built dataset, portraits set into motion, or shards of any origin.

Every pair says the origin of its motion; people are those no training sees. Measures nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mellm.errors import InputError
from mellm.simulate.manifest import FILE as MANIFEST
from mellm.simulate.origins import EVERY_ORIGIN, Origin, read_origins
from mellm.simulate.pair import FlowPair
from mellm.simulate.pair_check import MEFlowDataset
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.photo_pairs import PairConfig
from mellm.simulate.shards import Shard


@dataclass(frozen=True, slots=True)
class TestPairs:
    """What to measure on.

    data: a folder made by `mellm data meflow build` (its test split), a folder of shards that
        `mellm.simulate.shards.write_shard` wrote, or a folder of portraits
    count: pairs; of portraits with `origins`, pairs of each origin
    origins: origins of motion one by one, for portraits; empty: the usual mixture
    ict, full_3d, seed: the generator's, for portraits
    """

    __test__ = False  # no test of pytest's

    data: Path
    count: int = 100
    origins: tuple[Origin, ...] = ()
    ict: Path | None = None
    full_3d: float = 0.0
    seed: int = 7

    @property
    def made(self) -> bool:
        """True where pairs are made from portraits."""
        return not (self.data / MANIFEST).is_file() and not self._shards()

    def _shards(self) -> list[Path]:
        return sorted(self.data.rglob("*.npz"))

    def __iter__(self) -> Iterator[FlowPair]:
        """Make or read the pairs in order."""
        if not self.made and self.origins:
            raise InputError(f"{self.data} holds pairs whose origins are what they are; leave --origins out.")
        if (self.data / MANIFEST).is_file():
            yield from self._of_dataset()
        elif self._shards():
            yield from self._of_shards()
        elif self.origins:
            for origin in self.origins:
                yield from self._of_origin(origin)
        else:
            source = PairSource(MEFlowConfig(self.data, self.ict, self.full_3d), "test", self.seed)
            for index in range(self.count):
                yield source.pair(index)

    def _of_dataset(self) -> Iterator[FlowPair]:
        dataset = MEFlowDataset(self.data, "test")
        for index in range(min(self.count, len(dataset))):
            yield dataset[index]

    def _of_shards(self) -> Iterator[FlowPair]:
        """Pairs of all shards; those that do not say their origin get the name of their folder."""
        left = self.count
        for file in self._shards():
            for pair in Shard(file):
                if left == 0:
                    return
                left -= 1
                yield replace(pair, origin=pair.origin or file.parent.name)

    def _of_origin(self, origin: Origin) -> Iterator[FlowPair]:
        """Pairs of one origin and nothing else; pairs without expression count as its own."""
        if origin is Origin.ICT and self.ict is None:
            raise InputError("The origin 'ict' needs ICT-FaceKit's file: give it with --ict.")
        pair = PairConfig(origins=((origin, 1.0),), bumps=0.0, still=0.08)
        full_3d = self.full_3d if origin is Origin.ICT else 0.0
        source = PairSource(MEFlowConfig(self.data, self.ict, full_3d, pair=pair), "test", self.seed)
        for index in range(self.count):
            yield replace(source.pair(index), origin=str(origin))


def chosen_origins(text: str | Sequence[Origin] | None, ict: Path | None) -> tuple[Origin, ...]:
    """Return the origins to measure one by one; `all` leaves out ICT where its file is not given."""
    if text is None:
        return ()
    if not isinstance(text, str):
        return tuple(text)
    found = tuple(origin for origin, _ in read_origins(text))
    if read_origins(text) == EVERY_ORIGIN and ict is None:
        return tuple(origin for origin in found if origin is not Origin.ICT)
    return found
