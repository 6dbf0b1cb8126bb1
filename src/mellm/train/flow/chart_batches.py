"""Batches for training MEFlowNet: pairs on the face chart with the motion prior's start, in resumable order.

The order of an epoch follows from (seed, epoch) alone, so a run that stopped goes on with the very batch it
would have had. Knows cached pairs and the prior; nothing of optimisation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.flow.meflownet.chart import chart_pixels, make_chart
from mellm.flow.meflownet.motion_prior import MotionPrior
from mellm.flow.meflownet.network_evidence import NETWORK_BLUR, normalise_illumination
from mellm.flow.meflownet.runtime import start_from
from mellm.train.flow.cached_pairs import TRUTH_STRIDE, CachedPair, read_rows, read_shard, write_rows

MIXED = 3
"""Shards held in memory at once and drawn from together."""

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class ChartPair:
    """One pair on the chart. Truth is kept at the centres of 2x2 chart pixels, in chart pixels.

    onset, apex: uint8 (480, 400); start_facial, start_head, variational: (120, 100, 2)
    rigid: (120, 100, 2, 6)
    facial, head: (240, 200, 2); weight: uint8 (240, 200), 0 not known, 1 off the face, 2 on the face
    """

    onset: NDArray[np.uint8]
    apex: NDArray[np.uint8]
    start_facial: Half
    start_head: Half
    rigid: Half
    variational: Half
    facial: Half
    head: Half
    weight: NDArray[np.uint8]


@dataclass(slots=True)
class Batch:
    """Tensors of one step, float32; truth at every second chart pixel; face and valid are bool."""

    onset: Tensor
    apex: Tensor
    start_facial: Tensor
    start_head: Tensor
    rigid: Tensor
    variational: Tensor
    facial: Tensor
    head: Tensor
    face: Tensor
    valid: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        return Batch(*(getattr(self, f.name).to(device) for f in fields(self)))


def to_chart(pair: CachedPair, prior: MotionPrior, rng: np.random.Generator, jitter: float) -> ChartPair:
    """Draw a pair on its chart, carry its truth there and fit the prior.

    jitter: px of error put on the landmarks, as detectors make it
    """
    chart = make_chart(pair.landmarks + _slip(rng, pair.landmarks, jitter), prior.template)
    onset, apex = chart.picture(pair.onset), chart.picture(pair.apex)
    start = start_from(prior, chart, onset, apex)
    at = chart_pixels()[::2, ::2] + np.float32(0.5)
    place = chart.place(at)
    x, y = place[..., 0] / TRUTH_STRIDE, place[..., 1] / TRUTH_STRIDE
    weight = (pair.valid * (1 + pair.face)).astype(np.uint8)
    return ChartPair(
        onset=_bytes(onset),
        apex=_bytes(apex),
        start_facial=(start.fit.head + start.fit.expression).astype(np.float16),
        start_head=start.fit.head.astype(np.float16),
        rigid=start.rigid.astype(np.float16),
        variational=start.variational.astype(np.float16),
        facial=chart.from_source(pair.facial.astype(np.float32), at, TRUTH_STRIDE).astype(np.float16),
        head=chart.from_source(pair.head.astype(np.float32), at, TRUTH_STRIDE).astype(np.float16),
        weight=np.asarray(cv2.remap(weight, x, y, cv2.INTER_NEAREST, borderValue=(0,)), np.uint8),
    )


def chart_shard(shard: Path, prior: MotionPrior, jitter: float = 0.5, seed: int = 0) -> Path:
    """Put a shard's pairs on the chart, once; returns the file beside it."""
    path = shard.with_name(shard.name.replace("pairs-", "chart-"))
    if path.is_file():
        return path
    rng = np.random.default_rng([seed, int(shard.stem.split("-")[1])])
    write_rows(path, [to_chart(pair, prior, rng, jitter) for pair in read_shard(shard)])
    return path


def read_chart_shard(path: Path) -> list[ChartPair]:
    """Read a file of `chart_shard`."""
    return read_rows(path, ChartPair)


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """The order in which a run draws its batches from shards, half of the pairs mirrored.

    files: shards of `rows` pairs each; they are put on the chart with `prior` when first needed
    batch: pairs in a batch
    share: (k, n): of every batch, only each n-th pair from the k-th on, for one process of several
    ready: called with the shards that are needed next, before they are put on the chart
    """

    files: Sequence[Path]
    rows: int
    prior: MotionPrior
    batch: int
    seed: int
    share: tuple[int, int] = (0, 1)
    ready: Callable[[list[Path]], None] = lambda group: None

    @property
    def per_epoch(self) -> int:
        """How many batches an epoch has."""
        groups = [min(MIXED, len(self.files) - k) for k in range(0, len(self.files), MIXED)]
        return sum(self.rows * size // self.batch for size in groups)

    def from_step(self, step: int) -> Iterator[Batch]:
        """Yield batches for ever, from the one that step `step` has."""
        epoch, skip = divmod(step, self.per_epoch)
        while True:
            yield from self.epoch(epoch, skip)
            epoch, skip = epoch + 1, 0

    def epoch(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """Yield an epoch's batches without the first `skip`."""
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.files))
        done = 0
        for first in range(0, len(order), MIXED):
            group = [self.files[k] for k in order[first : first + MIXED]]
            picks = rng.permutation(self.rows * len(group))
            mirror = rng.random(len(picks)) < 0.5
            count = len(picks) // self.batch
            if done + count <= skip:
                done += count
                continue
            self.ready(group)
            pool = [pair for path in group for pair in read_chart_shard(chart_shard(path, self.prior))]
            for k in range(count):
                done += 1
                if done > skip:
                    part = slice(k * self.batch + self.share[0], (k + 1) * self.batch, self.share[1])
                    yield collate([pool[i] for i in picks[part]], mirror[part])


def collate(pairs: list[ChartPair], mirror: NDArray[np.bool_]) -> Batch:
    """Stack pairs into tensors, mirroring those of `mirror` left to right (the chart is symmetric)."""
    columns: list[list[Tensor]] = [[] for _ in range(9)]
    maps: list[NDArray[Any]]
    for pair, flip in zip(pairs, mirror, strict=True):
        maps = [
            normalise_illumination(pair.onset.astype(np.float32), NETWORK_BLUR)[None],
            normalise_illumination(pair.apex.astype(np.float32), NETWORK_BLUR)[None],
            *(_channels(f) for f in (pair.start_facial, pair.start_head, pair.rigid)),
            *(_channels(f) for f in (pair.variational, pair.facial, pair.head)),
            pair.weight[None],
        ]
        if flip:
            maps = [m[..., ::-1].copy() for m in maps]
            for k in (2, 3, 5, 6, 7):
                maps[k][0] *= -1
            maps[4] = mirror_rigid(maps[4])
        for column, value in zip(columns, maps, strict=True):
            column.append(torch.from_numpy(np.ascontiguousarray(value)))
    stacked = [torch.stack(column) for column in columns]
    weight = stacked[8][:, 0]
    onset, apex, start_facial, start_head, rigid, variational, facial, head = stacked[:8]
    return Batch(
        onset, apex, start_facial, start_head, rigid, variational, facial, head, weight == 2, weight > 0
    )


def mirror_rigid(rigid: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make mirrored rigid motions (12, h, w) those of the mirrored face again.

    Mirrored, a motion's u changes sign; shift u, roll and yaw are then backwards: turn them round.
    """
    signs = np.array([[1, -1, -1, 1, 1, -1], [-1, 1, 1, -1, -1, 1]], np.float32)
    return np.asarray(rigid * signs.reshape(12, 1, 1), np.float32)


def _channels(field: NDArray[np.float16]) -> NDArray[np.float32]:
    rows, cols = field.shape[:2]
    return np.ascontiguousarray(field.reshape(rows, cols, -1).transpose(2, 0, 1), np.float32)


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _slip(rng: np.random.Generator, landmarks: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Landmark error as detectors make it: mostly an affine slip of the whole mesh."""
    unit = (landmarks[:, :2] - landmarks[:, :2].mean(0)) / landmarks[:, :2].std()
    slip = np.concatenate([unit, np.ones((len(unit), 1))], axis=1) @ rng.normal(0, size, (3, 2))
    noise = np.concatenate([slip + rng.normal(0, size / 2, unit.shape), np.zeros((len(unit), 1))], axis=1)
    return noise.astype(np.float32)
