"""The training samples of a run, made once and kept: traces of the clips, patterns of movement, pieces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mellm.simulate.ict import IctModel
from mellm.simulate.origins import WITH_UNITS, Origin, draw_face_motion, draw_origin, known_units
from mellm.simulate.unit_fields import Side
from mellm.train.spot.movements import Patterns, pattern
from mellm.train.spot.recipe import SpotRecipe
from mellm.train.spot.samples import Piece, make_piece
from mellm.train.spot.unrest import Unrest, kept_trace, unrest_of

CHUNK = 500
"""Pieces per file."""
MADE = "made"
"""The fold of made faces, which every run has."""
LIDS_ALONE: tuple[tuple[tuple[int, Side], ...], ...] = (
    ((5, "both"),),
    ((5, "both"),),
    ((7, "both"),),
    ((7, "both"),),
    ((5, "left"),),
    ((7, "left"),),
)
"""Units of the lids alone, as often as they are drawn; sides are mirrored later."""
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pieces:
    """All pieces of a run: float16 (P, N, CHANNELS), (P, N, TARGETS), (P, N, TARGETS)."""

    seen: Tensor
    target: Tensor
    trust: Tensor


def drawn_patterns(plan: SpotRecipe, ict: Path | None, folder: Path) -> Patterns:
    """The patterns of movement of a recipe, drawn once and kept in the folder."""
    file, lids = folder / "patterns.npy", folder / "lids.npy"
    shapes = None if ict is None else IctModel(ict)
    if not file.is_file():
        np.save(file, np.array(draw_patterns(plan.patterns, plan.origins, shapes, plan.seed)))
    if not lids.is_file():
        np.save(lids, np.array(_lid_patterns(plan, shapes)))
    return Patterns(list(np.load(file)), list(np.load(lids)))


def draw_patterns(
    count: int, origins: Mapping[Origin, float], shapes: IctModel | None, seed: int
) -> list[np.ndarray]:
    """Draw patterns (29, 2) of movements of these origins, by their shares."""
    rng = np.random.default_rng(seed)
    made: list[np.ndarray] = []
    while len(made) < count:
        motion = draw_face_motion(draw_origin(rng, origins, shapes), rng, shapes=shapes)
        if (seen := pattern(motion.displacement)) is not None:
            made.append(seen)
    return made


def _lid_patterns(plan: SpotRecipe, shapes: IctModel | None) -> list[np.ndarray]:
    """Upper lids that rise and lower lids that tighten, of the origins of the recipe that know units."""
    rng = np.random.default_rng([plan.seed, 5])
    shares = {origin: share for origin, share in plan.origins.items() if origin in WITH_UNITS}
    made: list[np.ndarray] = []
    while len(made) < plan.lid_patterns:
        units = LIDS_ALONE[int(rng.integers(len(LIDS_ALONE)))]
        origin = draw_origin(rng, shares, shapes)
        if not {au for au, _ in units} <= known_units(origin, shapes):
            continue
        seen = pattern(draw_face_motion(origin, rng, shapes=shapes, units=units).displacement, lids=True)
        if seen is not None:
            made.append(seen)
    return made


def people_of(plan: SpotRecipe, data: Path, traces: Path, fold: str) -> list[Unrest]:
    """The stretches of all clips of a fold; traces are kept in the folder `traces`."""
    people: list[Unrest] = []
    for clip in plan.clips:
        if clip.fold == fold:
            motion = kept_trace(data / clip.file, traces)
            people += unrest_of(motion, clip.person, clip.kind, clip.micros)
    return people


def kept_pieces(
    plan: SpotRecipe, data: Path, folds: set[str], patterns: Patterns, kept: Path, told: Told
) -> Pieces:
    """The pieces of these folds and those of made faces; what is not yet in the folder is made and written.

    Every fold has its own pieces, so that runs which leave different people out share the others'.
    """
    folder = kept / "pieces"
    folder.mkdir(parents=True, exist_ok=True)
    all_folds = sorted({clip.fold for clip in plan.clips})
    people = {fold: people_of(plan, data, kept / "traces", fold) for fold in all_folds}
    # Longer material has more to show, but not in proportion.
    share = {fold: sum(len(u.blinks) for u in people[fold]) ** 0.5 for fold in all_folds}
    real = plan.pieces * (1 - plan.made) / sum(share.values())
    counts = {fold: round(real * share[fold]) for fold in all_folds}
    counts[MADE] = round(plan.pieces * plan.made)
    parts: list[tuple[Tensor, ...]] = []
    for fold in (*sorted(folds), MADE):
        for number, start in enumerate(range(0, counts[fold], CHUNK)):
            file = folder / f"{fold}-{number:03d}.npz"
            if not file.is_file():
                told(f"{file.name}: pieces {start} to {min(counts[fold], start + CHUNK)}")
                rng = np.random.default_rng([plan.seed, number, *fold.encode()])
                count = min(CHUNK, counts[fold] - start)
                _write(
                    file, [make_piece(people.get(fold, []), patterns, rng, plan.lids) for _ in range(count)]
                )
            with np.load(file, allow_pickle=False) as data_of:
                parts.append(tuple(torch.from_numpy(data_of[name]) for name in _NAMES))
    return Pieces(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


_NAMES = ("seen", "target", "trust")


def _write(file: Path, made: list[Piece]) -> None:
    arrays = {name: np.stack([getattr(piece, name) for piece in made]) for name in _NAMES}
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(file)
