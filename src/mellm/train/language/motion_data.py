"""Packed samples for the motion reader's training: answers as token ids, and everything maps are drawn from.

`pack` needs the base's tokenizer; `MotionData.read` needs neither tokenizer nor faces' pictures, so that packed
data can be carried to another machine. The module knows no model.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mellm.face.region_id import RegionId
from mellm.instruct.motion_build import read_motion_samples
from mellm.instruct.motion_fields import Pattern
from mellm.instruct.motion_samples import STORED_CHUNK, MotionSamples, stored_flow_chunk
from mellm.language.motion.map_tokens import in_crop
from mellm.language.motion.questions import ASKING, OPENING, branches, options
from mellm.language.motion.region_tokens import region_features
from mellm.train.language.motion_language import IGNORED, Layout
from mellm.train.language.motion_maps import MapDraws, MapSources, face_tensors

Encode = Callable[[str], list[int]]
_MIRROR = [list(RegionId).index(region.mirrored) for region in RegionId]
_NUMBERS = 127.0


def layout_of(encode: Encode) -> Layout:
    """Return the row's token ids; raises ValueError where an answer is more than one token."""
    answers = tuple(tuple(token for [token] in map(encode, found)) for found in options())
    return Layout(
        tuple(encode(OPENING)), tuple(encode(ASKING)), tuple(tuple(encode(b)) for b in branches()), answers
    )


def pack(samples: MotionSamples, encode: Encode, end: int, path: Path, longest: int = 220) -> None:
    """Write samples as a small .npz: numbers in bytes, readings as token ids; longer readings are left out."""
    ids, starts = [], [0]
    for text in samples.text.tolist():
        tokens = [*encode(text), end] if text else []
        ids += tokens if len(tokens) <= longest else []
        starts.append(len(ids))
    scale = np.maximum(np.abs(samples.numbers).max(axis=(1, 2)), 1e-9)
    np.savez_compressed(
        path,
        numbers=np.rint(samples.numbers / scale[:, None, None] * _NUMBERS).astype(np.int8),
        scale=scale.astype(np.float32),
        moving=np.packbits(samples.moving, axis=1),
        tokens=np.array(ids, np.uint16),
        starts=np.array(starts, np.int32),
        origin=samples.origin,
        **{
            name: getattr(samples, name).astype(kind)
            for name, kind in _KEPT.items()
        },
    )  # fmt: skip


_KEPT: dict[str, Any] = {
    "known": np.bool_, "units": np.uint8, "fine": np.uint8, "coarse": np.uint8, "rows": np.int16,
    "weights": np.float16, "face": np.int16, "noise": np.int16, "errors": np.float16, "head": np.float16,
    "on_face": np.bool_, "by_scale": np.bool_, "stored_at": np.int32,
}  # fmt: skip


@dataclass(frozen=True)
class MotionData:
    """Packed samples on one device.

    numbers (N, 29, 3), moving (N, 29), known (N,); answers (N, Q): numbers of each branch's answer
    texts: rows with a reading; tokens, starts: their ids; draws: of maps; origin: of each
    """

    numbers: NDArray[np.float32]
    moving: NDArray[np.bool_]
    known: NDArray[np.bool_]
    answers: Tensor
    tokens: Tensor
    starts: NDArray[np.int64]
    draws: MapDraws
    origin: NDArray[np.str_]
    device: str

    def __len__(self) -> int:
        """Return N."""
        return len(self.known)

    @classmethod
    def read(cls, path: Path, device: str, first_stored: int = 0) -> "MotionData":
        """Read what `pack` wrote; the 28x28 kind's maps begin at row `first_stored` of the sources."""
        with np.load(path) as data:
            found = {name: data[name] for name in data.files}
        moving = np.unpackbits(found["moving"], axis=1)[:, :29].astype(bool)
        numbers = found["numbers"].astype(np.float32) * (found["scale"] / _NUMBERS)[:, None, None]
        stored = found["stored_at"][:, 0] >= 0
        place = np.where(stored, np.cumsum(stored) - 1 + first_stored, -1)
        draws = MapDraws(
            *(
                torch.tensor(found[name].astype(kind), device=device)
                for name, kind in (
                    ("rows", np.int64), ("weights", np.float32), ("face", np.int64), ("noise", np.int64),
                    ("errors", np.float32), ("head", np.float32), ("on_face", np.float32), ("by_scale", np.bool_),
                )
            ),
            torch.tensor(place, device=device),
        )  # fmt: skip
        answers = np.concatenate([found["units"], found["fine"][:, None], found["coarse"][:, None]], axis=1)
        return cls(
            numbers,
            moving,
            found["known"],
            torch.tensor(answers.astype(np.int64), device=device),
            torch.tensor(found["tokens"].astype(np.int64), device=device),
            found["starts"].astype(np.int64),
            draws,
            found["origin"],
            device,
        )

    @property
    def texts(self) -> NDArray[np.int64]:
        """Rows that have a reading."""
        return np.flatnonzero(np.diff(self.starts) > 0)

    def reading(self, index: Sequence[int]) -> Tensor:
        """Return the readings' token ids (B, T), IGNORED where padded."""
        lengths = [int(self.starts[i + 1] - self.starts[i]) for i in index]
        out = torch.full((len(index), max(lengths)), IGNORED, dtype=torch.int64, device=self.device)
        for row, (i, length) in enumerate(zip(index, lengths, strict=True)):
            out[row, :length] = self.tokens[self.starts[i] : self.starts[i] + length]
        return out

    def features(
        self, index: NDArray[np.int64], mirrored: NDArray[np.bool_], rng: np.random.Generator | None
    ) -> Tensor:
        """Return the flow route's features (B, 30, F); `rng` adds a little error."""
        numbers, moving = self.numbers[index], self.moving[index]
        if rng is not None:
            spread = 0.03 * np.abs(numbers[..., :2]).max(axis=(1, 2), keepdims=True)
            numbers = numbers + spread * rng.normal(0, 1, numbers.shape).astype(np.float32)
        other = numbers[:, _MIRROR] * np.array([-1, 1, 1], np.float32)
        numbers = np.where(mirrored[:, None, None], other, numbers)
        moving = np.where(mirrored[:, None], moving[:, _MIRROR], moving)
        found = region_features(numbers.astype(np.float32), moving, self.known[index])
        return torch.tensor(found, device=self.device)

    def answered(self, index: Tensor, mirrored: Tensor) -> Tensor:
        """Return answers (B, Q); of mirrored faces the sides are changed over."""
        found = self.answers[index]
        sides = torch.tensor([0, 1, 3, 2], device=found.device)
        units = torch.where(mirrored[:, None], sides[found[:, :-2]], found[:, :-2])
        return torch.cat([units, found[:, -2:]], 1)


def write_sources(folder: Path, patterns: Sequence[Pattern], out: Path) -> None:
    """Write what maps are drawn from, and the patterns that stored flow is made again from."""
    with np.load(folder / "bank.npz") as bank, np.load(folder / "faces.npz") as faces:
        np.savez_compressed(
            out,
            fields=np.rint(bank["fields"].astype(np.float32) * _NUMBERS).clip(-128, 127).astype(np.int8),
            errors=np.load(folder / "errors.npz")["errors"],
            meshes=faces["train_mesh"],
            grey=faces["train_grey"],
            held_meshes=faces["val_mesh"],
            held_grey=faces["val_grey"],
            patterns=json.dumps([[p.units, p.emotion] for p in patterns]),
        )


def read_sources(
    path: Path, stored: NDArray[np.int32], device: str, processes: int
) -> tuple[MapSources, MapSources]:
    """Return the sources of training and of held-out faces; stored flow is generated again, by processes.

    stored: int (S, 2) seed and place of each 28x28 sample, in the order of the packed samples
    """
    with np.load(path) as data:
        shared = {
            "fields": torch.tensor(data["fields"], device=device).float() / _NUMBERS,
            "errors": torch.tensor(data["errors"].astype(np.float32), device=device),
        }
        listed = json.loads(str(data["patterns"]))
        patterns = [Pattern(tuple((au, side) for au, side in units), word) for units, word in listed]
        faces = face_tensors(data["meshes"], data["grey"], device)
        held = face_tensors(data["held_meshes"], data["held_grey"], device)
    maps = torch.tensor(stored_maps(patterns, stored, processes), device=device)
    return MapSources(**shared, **faces, stored=maps), MapSources(**shared, **held, stored=maps)


def stored_maps(
    patterns: Sequence[Pattern], stored: NDArray[np.int32], processes: int
) -> NDArray[np.float16]:
    """Return generated 28x28 flow in the crop's geometry, float16 (S, 2, 96, 80)."""
    seeds = sorted(set(stored[:, 0].tolist()))
    jobs = [(patterns, seed) for seed in seeds]
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            chunks = list(pool.map(_chunk, jobs))
    else:
        chunks = [_chunk(job) for job in jobs]
    found = dict(zip(seeds, chunks, strict=True))
    rows = [found[seed][place] for seed, place in stored.tolist()]
    return np.stack(rows) if rows else np.zeros((0, 2, 96, 80), np.float16)


def _chunk(job: tuple[Sequence[Pattern], int]) -> NDArray[np.float16]:
    fields = stored_flow_chunk(*job)[1]
    assert len(fields) == STORED_CHUNK
    return np.stack([in_crop(field).transpose(2, 0, 1) for field in fields]).astype(np.float16)


def pack_folder(folder: Path, encode: Encode, end: int, out: Path, patterns: Sequence[Pattern]) -> None:
    """Pack a folder of samples: `train.npz`, `val-KIND.npz` of each held-out kind, `sources.npz`."""
    out.mkdir(parents=True, exist_ok=True)
    train = [
        read_motion_samples(folder, "crop-*-train-*.npz"),
        read_motion_samples(folder, "stored-train-*.npz"),
    ]
    pack(MotionSamples.join(train), encode, end, out / "train.npz")
    kinds = {path.name.rpartition("-val-")[0] for path in folder.glob("*-val-*.npz")}
    for kind in sorted(kinds):
        pack(
            read_motion_samples(folder, f"{kind}-val-*.npz"),
            encode,
            end,
            out / f"val-{kind.removeprefix('crop-')}.npz",
        )
    write_sources(folder, patterns, out / "sources.npz")
