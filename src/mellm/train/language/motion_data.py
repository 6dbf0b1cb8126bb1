"""Samples of the motion encoders as tensors: regions' features, answers, and pictures.

Knows a folder that `mellm.instruct.motion_build` made; knows no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.face.region_id import RegionId
from mellm.instruct.motion_fields import Pattern
from mellm.instruct.motion_samples import MotionSamples, stored_flow_chunk
from mellm.language.motion.map_tokens import MAP_SIZE, in_crop
from mellm.language.motion.region_tokens import region_features
from mellm.train.language.motion_maps import (
    FieldSources,
    MapDraws,
    Picture,
    Shown,
    draw_fields,
    draw_pictures,
    face_tensors,
)

_MIRROR = [list(RegionId).index(region.mirrored) for region in RegionId]
_OTHER_SIDE = torch.tensor([0, 1, 3, 2])


@dataclass(frozen=True)
class MotionData:
    """Samples with their fields; `answers` (N, Q): number of each question's answer.

    fields: float16 (N, 2, 96, 80), px of the crop, None where no pictures are wanted; grey: of each face, in
    0..1; picture: what is drawn of them
    """

    samples: MotionSamples
    answers: Tensor
    fields: NDArray[np.float16] | None
    grey: Tensor
    picture: Picture = "map"

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
        """Return the vision route's pictures (B, 3, 96, 80); `rng` changes exposure, adds a little error."""
        assert self.fields is not None
        face, below = self.samples.face[index], self.samples.on_face[index] | (self.picture == "pair")
        flow = torch.from_numpy(self.fields[index].astype(np.float32))
        grey = self.grey[torch.from_numpy(np.maximum(face, 0).astype(np.int64))]
        grey = grey * torch.from_numpy(below & (face >= 0))[:, None, None]
        shown = Shown(flow, grey, torch.from_numpy(self.samples.by_scale[index]))
        drawn = draw_pictures(shown.mirrored(torch.from_numpy(mirrored)), self.picture)
        if rng is not None:
            gain = torch.from_numpy(rng.uniform(0.85, 1.15, (len(index), 1, 1, 1)).astype(np.float32))
            error = torch.from_numpy(rng.normal(0, 0.01, drawn.shape).astype(np.float32))
            drawn = (drawn * gain + error).clamp(0, 1)
        return drawn

    def answered(self, index: NDArray[np.int64], mirrored: NDArray[np.bool_]) -> Tensor:
        """Return answers (B, Q); of mirrored faces the sides are changed over."""
        found = self.answers[torch.from_numpy(index)]
        turned = torch.from_numpy(mirrored)[:, None]
        return torch.cat([torch.where(turned, _OTHER_SIDE[found[:, :-2]], found[:, :-2]), found[:, -2:]], 1)


def read_motion_data(
    folder: Path, names: Sequence[str], people: str, patterns: Sequence[Pattern], picture: Picture | None
) -> MotionData:
    """Return the samples of a folder's files, with their fields where a `picture` of them is wanted.

    names: patterns of file names; people: `train` or `val`, whose faces they lie on; patterns: those stored
    flow was generated from. Fields are made once and kept beside the samples (`fields-*.npy`).
    """
    paths = [path for name in names for path in sorted(folder.glob(name))]
    parts = [MotionSamples.read(path) for path in paths]
    samples = MotionSamples.join(parts)
    answers = np.concatenate([samples.units, samples.fine[:, None], samples.coarse[:, None]], axis=1)
    with np.load(folder / "faces.npz") as data:
        grey = torch.from_numpy(data[f"{people}_grey"]).float() / 255
    fields = None
    if picture is not None:
        draw = _FieldDrawing(folder, people, patterns)
        fields = np.empty((len(samples), 2, MAP_SIZE[1], MAP_SIZE[0]), np.float16)
        start = 0
        for path, part in zip(paths, parts, strict=True):
            fields[start : start + len(part)] = draw.kept(path, part)
            start += len(part)
    return MotionData(samples, torch.from_numpy(answers.astype(np.int64)), fields, grey, picture or "map")


class _FieldDrawing:
    """Draws the fields of samples' files; what it draws from is read when the first is drawn."""

    def __init__(self, folder: Path, people: str, patterns: Sequence[Pattern]) -> None:
        self._folder, self._people, self._patterns = folder, people, patterns

    def kept(self, path: Path, samples: MotionSamples) -> NDArray[np.float16]:
        """Fields of one file's samples, drawn or read again."""
        kept = self._folder / f"fields-{path.stem}.npy"
        if not kept.is_file():
            drawn = self._stored(samples) if samples.stored_at[0, 0] >= 0 else self._on_faces(samples)
            partial = kept.with_suffix(".partial.npy")
            np.save(partial, drawn)
            partial.replace(kept)
        found: NDArray[np.float16] = np.load(kept, mmap_mode="r")
        return found

    def _stored(self, samples: MotionSamples) -> NDArray[np.float16]:
        """Generated 28x28 flow, made again by its seed, in the crop's geometry."""
        fields = stored_flow_chunk(self._patterns, int(samples.stored_at[0, 0]))[1]
        found = [in_crop(fields[place]).transpose(2, 0, 1) for place in samples.stored_at[:, 1]]
        return np.stack(found).astype(np.float16)

    def _on_faces(self, samples: MotionSamples) -> NDArray[np.float16]:
        kinds = {"rows": np.int64, "face": np.int64, "noise": np.int64}
        draws = MapDraws(
            *(
                torch.from_numpy(getattr(samples, name).astype(kinds.get(name, np.float32)))
                for name in MapDraws.__slots__
            )
        )
        found = [
            draw_fields(self._sources, draws.at(torch.arange(start, min(start + 50, len(samples)))))
            for start in range(0, len(samples), 50)
        ]
        return np.asarray(torch.cat(found).numpy(), np.float16)

    @cached_property
    def _sources(self) -> FieldSources:
        kept: dict[str, NDArray[np.generic]] = {}
        for name in ("bank", "faces", "errors"):
            with np.load(self._folder / f"{name}.npz") as data:
                kept |= {key: data[key] for key in data.files}
        mesh, grey = (kept[f"{self._people}_{what}"] for what in ("mesh", "grey"))
        return FieldSources(
            fields=torch.from_numpy(kept["fields"].astype(np.float32)),
            errors=torch.from_numpy(kept["errors"].astype(np.float32)),
            **face_tensors(mesh.astype(np.float32), grey.astype(np.uint8)),
        )
