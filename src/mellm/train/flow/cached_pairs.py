"""Generated pairs kept on disk for training MEFlowNet: grey pictures, half-resolution truth, landmarks.

Generating a pair costs as much as a training step, so pairs are made once, in shards, and used over several
epochs; any number of processes may fill one folder. Knows the generator and files; nothing of networks.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.simulate.pair import FlowPair

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

TRUTH_STRIDE = 2
"""The truth is kept at every second pixel."""

Grey = NDArray[np.uint8]
Half = NDArray[np.float16]


class PairSource(Protocol):
    """What makes pairs, such as `mellm.simulate.photo_pairs.PhotoSource`."""

    def pair(self, index: int) -> FlowPair:
        """Make pair number `index`, always the same one."""
        ...


@dataclass(frozen=True, slots=True)
class CachedPair:
    """One pair as training sees it.

    onset, apex: uint8 (H, W) grey
    facial, head: float16 (H / 2, W / 2, 2), px of the full picture, at every second pixel
    valid, face: bool (H / 2, W / 2)
    landmarks: float32 (468, 3), px of the full picture
    """

    onset: Grey
    apex: Grey
    facial: Half
    head: Half
    valid: NDArray[np.bool_]
    face: NDArray[np.bool_]
    landmarks: NDArray[np.float32]


def cached(pair: FlowPair) -> CachedPair:
    """Reduce a generated pair to what training needs."""
    step = TRUTH_STRIDE
    return CachedPair(
        onset=np.asarray(cv2.cvtColor(pair.onset, cv2.COLOR_RGB2GRAY), np.uint8),
        apex=np.asarray(cv2.cvtColor(pair.apex, cv2.COLOR_RGB2GRAY), np.uint8),
        facial=pair.facial[::step, ::step].astype(np.float16),
        head=pair.head[::step, ::step].astype(np.float16),
        valid=pair.valid[::step, ::step].copy(),
        face=pair.face[::step, ::step].copy(),
        landmarks=pair.landmarks.points.astype(np.float32),
    )


def fill(folder: Path, source: PairSource, count: int, shard: int, worker: int = 0, workers: int = 1) -> None:
    """Make the missing ones of the files that hold pairs 0 to `count`, `shard` each, whole or not at all.

    Worker `worker` of `workers` makes every `workers`-th file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(worker * shard, count, workers * shard):
        path = folder / f"pairs-{start:06d}.npz"
        if path.is_file():
            continue
        write_rows(path, [cached(source.pair(index)) for index in range(start, start + shard)])


def shards(folder: Path) -> list[Path]:
    """Return the finished shards in order; raises InputError where there are none."""
    found = sorted(p for p in folder.glob("pairs-*.npz") if "partial" not in p.name)
    if not found:
        raise InputError(f"{folder} holds no training pairs; fill it first (see docs/meflownet.md).")
    return found


def read_shard(path: Path) -> list[CachedPair]:
    """Return a shard's pairs."""
    return read_rows(path, CachedPair)


def write_rows(path: Path, rows: "Sequence[DataclassInstance]") -> None:
    """Write dataclasses of arrays as .npz, one array a field; the file is written whole or not at all."""
    partial = path.with_name(f"{path.stem}.{os.getpid()}.partial.npz")
    columns = {f.name: np.stack([getattr(row, f.name) for row in rows]) for f in fields(rows[0])}
    np.savez(partial, **columns)  # type: ignore[arg-type]
    partial.replace(path)


def read_rows(path: Path, kind: type[T]) -> list[T]:
    """Read what `write_rows` wrote."""
    with np.load(path) as data:
        columns = {f.name: data[f.name] for f in fields(kind)}
    count = len(next(iter(columns.values())))
    return [kind(**{name: column[row] for name, column in columns.items()}) for row in range(count)]
