"""Pairs made on the fly, for training: no files, any number of workers, the same pairs for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mellm.errors import InputError
from mellm.simulate.full_3d import Full3dSource
from mellm.simulate.gallery import Gallery, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin
from mellm.simulate.pair import FlowPair
from mellm.simulate.photo_pairs import PairConfig, PhotoSource

# Keeps the draw of the source apart from the draws of the pair.
_CHOICE = 7


@dataclass(frozen=True, slots=True)
class MEFlowConfig:
    """What pairs are made from, and how.

    faces: folder of portraits for the photo warps
    ict: ICT-FaceKit's compact .npz, or None; needed by the origin of motion of that name
    full_3d: share of pairs from the full-3D source (needs `ict`, and that origin among the pairs')
    cache: where found meshes are kept (default: the user's cache)
    """

    faces: Path
    ict: Path | None = None
    full_3d: float = 0.0
    cache: Path | None = None
    pair: PairConfig = field(default_factory=PairConfig)


class PairSource:
    """All sources of a configuration behind one index: `pair(index)` follows from (seed, index) alone."""

    def __init__(self, config: MEFlowConfig, split: Split, seed: int = 0) -> None:
        """Open the sources of one split; finds meshes the first time a folder is seen."""
        shapes = IctModel(config.ict) if config.ict is not None else None
        if config.full_3d > 0 and shapes is None:
            raise InputError("Full-3D pairs need ICT-FaceKit's compact .npz; give it or set full_3d to 0.")
        if config.full_3d > 0 and not dict(config.pair.origins).get(Origin.ICT):
            raise InputError(
                "Full-3D pairs have the origin 'ict'; add it to the origins or set full_3d to 0."
            )
        gallery = Gallery(config.faces, cache=config.cache)
        self._photo = PhotoSource(gallery, split=split, seed=seed, config=config.pair, shapes=shapes)
        self._full_3d: Full3dSource | None = None
        if shapes is not None and config.full_3d > 0:
            self._full_3d = Full3dSource(gallery, shapes, split=split, seed=seed, config=config.pair)
        self._share, self._seed = config.full_3d, seed

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities of this split."""
        return self._photo.identities

    def pair(self, index: int) -> FlowPair:
        """Make pair number `index` of this split."""
        if self._full_3d is not None:
            choice = np.random.default_rng([self._seed, index, _CHOICE]).random()
            if choice < self._share:
                return self._full_3d.pair(index)
        return self._photo.pair(index)


class MEFlowStream:
    """Endless pairs of one split, in index order; worker k of n takes every n-th one.

    Example (inside a data-loader worker):
        for pair in MEFlowStream(config, split="train", seed=1, worker=k, workers=n):
            ...
    """

    def __init__(
        self,
        config: MEFlowConfig,
        split: Split = "train",
        seed: int = 0,
        *,
        start: int = 0,
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        """Begin at pair `start`; `worker` of `workers` shares the indices without overlap."""
        if not 0 <= worker < workers:
            raise ValueError(f"worker {worker} does not exist among {workers}; count from 0")
        self._source = PairSource(config, split, seed)
        self._next = start + worker
        self._step = workers

    def __iter__(self) -> Iterator[FlowPair]:
        """Yield pairs without end, going on where the last iteration stopped."""
        while True:
            index = self._next
            self._next += self._step
            yield self._source.pair(index)
