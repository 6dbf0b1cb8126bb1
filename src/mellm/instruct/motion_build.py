"""The motion encoders' samples as a folder: made a chunk at a time, kept, and gone on with after a break.

`crop-ORIGINS-SPLIT-NNNNN.npz` and `stored-SPLIT-NNNNN.npz` hold samples; `bank.npz`, `faces.npz` and
`errors.npz` what maps are drawn from. Knows files and no model.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.instruct.motion_draws import MotionDraws
from mellm.instruct.motion_faces import CropFace, crop_faces, noise_bank
from mellm.instruct.motion_fields import FieldBank
from mellm.instruct.motion_patterns import patterns_of
from mellm.instruct.motion_samples import (
    ERRORS,
    STORED_CHUNK,
    CropMotion,
    MotionSamples,
    stored_samples,
)
from mellm.simulate.gallery import Split
from mellm.simulate.origins import Origin

CHUNK = 500
_VAL_SEED = 50_000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MotionPlan:
    """What samples are made of.

    sheets: annotation sheets, none for hand-written unit sets alone (`motion_patterns`)
    portraits: folder; ict: ICT-FaceKit's file (None: without that origin)
    origins: those trained on; left_out: the one that only tests; others: of motion that shows no unit
    crop, stored: how many samples to train on; held: how many of each held-out kind
    """

    sheets: tuple[Path, ...]
    portraits: Path
    ict: Path | None
    origins: tuple[str, ...]
    left_out: tuple[str, ...]
    crop: int = 36_000
    stored: int = 12_000
    held: int = 1_000
    faces: int = 40
    errors: int = 300
    seed: int = 0
    others: tuple[Origin, ...] = (Origin.REPLAYED, Origin.SMOOTH)


def build_motion_samples(plan: MotionPlan, folder: Path, say: Say = print) -> None:
    """Make what is not there yet below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    patterns = patterns_of(plan.sheets)
    for seed in range(plan.stored // STORED_CHUNK):
        _made(folder / f"stored-train-{seed:05d}.npz", partial(stored_samples, patterns, seed), say)
    for seed in range(_VAL_SEED, _VAL_SEED + max(1, plan.held // STORED_CHUNK)):
        _made(folder / f"stored-val-{seed:05d}.npz", partial(stored_samples, patterns, seed), say)
    bank = _bank(plan, folder)
    faces, held_faces = _faces(plan, folder)
    errors = noise_bank(plan.errors, ERRORS, np.random.default_rng([plan.seed, 3]))
    np.savez_compressed(folder / "errors.npz", errors=errors.astype(np.float16))
    sets = [("train", "+".join(plan.origins), plan.origins, faces, plan.crop)]
    sets += [("val", origin, (origin,), held_faces, plan.held) for origin in (*plan.origins, *plan.left_out)]
    for split, name, origins, used, count in sets:
        draws = MotionDraws(bank, patterns, origins, split, len(used), len(errors), plan.seed)
        maker = _CropMaker(draws, used, errors)
        for start in range(0, count, CHUNK):
            indices = range(start, min(start + CHUNK, count))
            _made(folder / f"crop-{name}-{split}-{start:05d}.npz", partial(maker.samples, indices), say)


class _CropMaker:
    """Measures draws; faces are made ready when the first is asked for."""

    def __init__(self, draws: MotionDraws, faces: Sequence[CropFace], errors: NDArray[np.float32]) -> None:
        self._draws, self._faces, self._errors = draws, faces, errors

    @cached_property
    def _motion(self) -> CropMotion:
        return CropMotion(self._draws, self._faces, self._errors)

    def samples(self, indices: range) -> MotionSamples:
        return self._motion.samples(indices)


def read_motion_samples(folder: Path, pattern: str) -> MotionSamples:
    """Return the samples of all files of a folder that match a pattern, in the order of their names."""
    return MotionSamples.join([MotionSamples.read(path) for path in sorted(folder.glob(pattern))])


def _made(path: Path, make: Callable[[], MotionSamples], say: Say) -> None:
    if not path.is_file():
        make().save(path)
        say(path.stem)


def _bank(plan: MotionPlan, folder: Path) -> FieldBank:
    bank = FieldBank.drawn(plan.ict, plan.seed, plan.others)
    np.savez_compressed(folder / "bank.npz", fields=bank.fields.astype(np.float16))
    return bank


def _faces(plan: MotionPlan, folder: Path) -> tuple[list[CropFace], list[CropFace]]:
    """Faces to train on, and others of other people; kept, because aligning them takes a minute."""
    kept = folder / "faces.npz"
    if not kept.is_file():
        arrays: dict[str, NDArray[np.generic]] = {}
        counts: dict[Split, int] = {"train": plan.faces, "val": max(4, plan.faces // 4)}
        for split, count in counts.items():
            found = crop_faces(plan.portraits, count, split, plan.seed)
            arrays[f"{split}_mesh"] = np.stack([face.mesh for face in found])
            arrays[f"{split}_grey"] = np.stack([face.grey for face in found])
        np.savez_compressed(kept, **arrays)  # type: ignore[arg-type]
    with np.load(kept) as data:
        train, val = (
            [CropFace(m, g) for m, g in zip(data[f"{s}_mesh"], data[f"{s}_grey"], strict=True)]
            for s in ("train", "val")
        )
    return train, val
