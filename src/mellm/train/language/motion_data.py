"""Samples of the motion encoders as tensors: regions' features, answers, and what maps are drawn from.

Knows a folder that `mellm.instruct.motion_build` made; knows no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.face.region_id import RegionId
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_fields import Pattern
from mellm.instruct.motion_samples import MotionSamples, stored_flow_chunk
from mellm.language.motion.map_tokens import in_crop
from mellm.language.motion.region_tokens import region_features
from mellm.train.language.motion_maps import MapDraws, MapSources, draw_maps, face_tensors

_MIRROR = [list(RegionId).index(region.mirrored) for region in RegionId]
_OTHER_SIDE = torch.tensor([0, 1, 3, 2])


@dataclass(frozen=True)
class MotionData:
    """Samples with what their maps are drawn from; `answers` (N, Q): number of each question's answer."""

    samples: MotionSamples
    answers: Tensor
    draws: MapDraws
    sources: MapSources | None

    def __len__(self) -> int:
        """Return N."""
        return len(self.samples)

    def features(
        self, index: NDArray[np.int64], mirrored: NDArray[np.bool_], rng: np.random.Generator | None
    ) -> Tensor:
        """Return the flow route's features (B, 30, F); `rng` adds a little error."""
        numbers, moving = self.samples.numbers[index], self.samples.moving[index]
        if rng is not None:
            spread = 0.03 * np.abs(numbers[..., :2]).max(axis=(1, 2), keepdims=True)
            numbers = numbers + spread * rng.normal(0, 1, numbers.shape).astype(np.float32)
        other = numbers[:, _MIRROR] * np.array([-1, 1, 1], np.float32)
        numbers = np.where(mirrored[:, None, None], other, numbers)
        moving = np.where(mirrored[:, None], moving[:, _MIRROR], moving)
        return torch.from_numpy(
            region_features(numbers.astype(np.float32), moving, self.samples.known[index])
        )

    def maps(
        self, index: NDArray[np.int64], mirrored: NDArray[np.bool_], rng: np.random.Generator | None
    ) -> Tensor:
        """Return the vision route's maps (B, 3, 96, 80); `rng` changes exposure and adds a little error."""
        assert self.sources is not None
        maps = draw_maps(self.sources, self.draws.at(torch.from_numpy(index)), torch.from_numpy(mirrored))
        if rng is not None:
            gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(index), 1, 1, 1)).astype(np.float32))
            error = torch.from_numpy(rng.normal(0, 0.01, maps.shape).astype(np.float32))
            maps = (maps * gain + error).clamp(0, 1)
        return maps

    def answered(self, index: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """Return answers (B, Q); of mirrored faces the sides are changed over."""
        found = self.answers[torch.from_numpy(index)]
        turned = torch.from_numpy(mirrored)[:, None]
        return torch.cat([torch.where(turned, _OTHER_SIDE[found[:, :-2]], found[:, :-2]), found[:, -2:]], 1)


def read_motion_data(
    folder: Path, pattern: Sequence[str], people: str, patterns: Sequence[Pattern], maps: bool
) -> MotionData:
    """Return the samples of a folder's files, with the sources of their maps where `maps` are wanted.

    people: `train` or `val`, whose faces they lie on; patterns: those stored flow was generated from
    """
    samples = MotionSamples.join([read_motion_samples(folder, name) for name in pattern])
    answers = np.concatenate([samples.units, samples.fine[:, None], samples.coarse[:, None]], axis=1)
    stored = samples.stored_at[:, 0] >= 0
    place = np.where(stored, np.cumsum(stored) - 1, -1)
    kinds = {"rows": np.int64, "face": np.int64, "noise": np.int64, "by_scale": np.bool_}
    names = ("rows", "weights", "face", "noise", "errors", "head", "on_face", "by_scale")
    parts = {
        name: torch.from_numpy(getattr(samples, name).astype(kinds.get(name, np.float32))) for name in names
    }
    draws = MapDraws(**parts, stored=torch.from_numpy(place))
    sources = _sources(folder, people, samples.stored_at[stored], patterns) if maps else None
    return MotionData(samples, torch.from_numpy(answers.astype(np.int64)), draws, sources)


def _sources(folder: Path, people: str, stored: NDArray[np.int32], patterns: Sequence[Pattern]) -> MapSources:
    kept: dict[str, NDArray[np.generic]] = {}
    for name in ("bank", "faces", "errors"):
        with np.load(folder / f"{name}.npz") as data:
            kept |= {key: data[key] for key in data.files}
    return MapSources(
        fields=torch.from_numpy(kept["fields"].astype(np.float32)),
        errors=torch.from_numpy(kept["errors"].astype(np.float32)),
        **face_tensors(kept[f"{people}_mesh"].astype(np.float32), kept[f"{people}_grey"].astype(np.uint8)),
        stored=torch.from_numpy(_stored_maps(folder, stored, patterns)),
    )


def _stored_maps(folder: Path, stored: NDArray[np.int32], patterns: Sequence[Pattern]) -> NDArray[np.float16]:
    """Generated flow in the crop's geometry, float16 (S, 2, 96, 80), made again and kept by its seed."""
    found: dict[int, NDArray[np.float16]] = {}
    for seed in sorted(set(stored[:, 0].tolist())):
        kept = folder / f"stored-maps-{seed:05d}.npy"
        if not kept.is_file():
            fields = stored_flow_chunk(patterns, seed)[1]
            np.save(kept, np.stack([in_crop(f).transpose(2, 0, 1) for f in fields]).astype(np.float16))
        found[seed] = np.load(kept)
    rows = [found[seed][place] for seed, place in stored.tolist()]
    return np.stack(rows) if rows else np.zeros((0, 2, 96, 80), np.float16)
