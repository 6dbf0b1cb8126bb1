"""Regional motion with known action units: generated pairs, measured by a real flow estimator.

Photographs of made-up people are set into known motion (`mellm.simulate`), photographed twice, and read as
`mellm analyze` reads a pair: flow by any estimator, head motion removed, 29 regions. Each pair's units come
from one origin of motion, so that an origin can be left out. For training, half of the draws follow what
coders of micro-expressions write, half take units evenly, so that rare units and rare sides are seen too; for
validation and test all follow the coders. Still pairs, pairs of which only the head moves, blinks and motion
that is no action unit are among them. The true motion of the regions is kept beside the measured one. The
module knows nothing of models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks
from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import ActionUnitCode, half_labels
from mellm.flow.field import FlowEstimator
from mellm.flow.measure import measure
from mellm.flow.pair_measurement import measure_flow
from mellm.flow.region_motion import RegionMotion
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.gallery import SPLITS, Gallery, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import WITH_UNITS, Origin, draw_face_motion, known_units
from mellm.simulate.photo_pairs import (
    PairConfig,
    cut_scene,
    draw_bumps,
    draw_peak,
    draw_surroundings,
    photograph_both,
)
from mellm.simulate.scene import Motion, Scene
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, Side, lid_closure
from mellm.simulate.unit_statistics import draw_action_units

NOTHING = ("still", "head", "blink", "bumps")
"""Pairs without a unit: nothing moves, the head alone, the lids alone, skin that no unit moves so."""

KINDS: tuple[str, ...] = (*WITH_UNITS, *NOTHING)
"""What a pair shows: units of one origin of motion, or nothing that is a unit."""

_SHARES = (0.25, 0.25, 0.25, 0.03, 0.07, 0.10, 0.05)
_BLINK = 45
_KEPT = ("truth", "sizes")
"""Fields of `RegionPairs` that pairs may lack, in their order."""
_BRANCH = 29  # keeps these draws apart from those of the flow dataset


@dataclass(frozen=True, slots=True)
class RegionPairs:
    """Measured pairs.

    vectors: float32 (N, 29, 2), mean motion as a fraction of the inter-ocular distance, u right, v down
    moving: bool (N, 29), regions above the noise floor
    halves: int8 (N, 2, U), 1 where the unit acts on the subject's (left, right) half
    units: the U action units; identity, description: of each pair (one of `KINDS`, or a set's own word)
    truth: float32 (N, 29, 2), the regions' true motion, where it is known
    sizes: float32 (N, 29), mean magnitude of the regions' motion, a fraction too, where it was kept
    """

    vectors: NDArray[np.float32]
    moving: NDArray[np.bool_]
    halves: NDArray[np.int8]
    units: tuple[int, ...]
    identity: tuple[str, ...]
    description: tuple[str, ...]
    truth: NDArray[np.float32] | None = None
    sizes: NDArray[np.float32] | None = None

    def rows(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> "RegionPairs":
        """Return some of the pairs."""
        order = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return RegionPairs(
            self.vectors[order],
            self.moving[order],
            self.halves[order],
            self.units,
            tuple(self.identity[i] for i in order),
            tuple(self.description[i] for i in order),
            None if self.truth is None else self.truth[order],
            None if self.sizes is None else self.sizes[order],
        )

    def save(self, path: str | Path) -> None:
        """Write as .npz."""
        arrays = {
            "vectors": self.vectors,
            "moving": self.moving,
            "halves": self.halves,
            "units": np.array(self.units),
            "identity": np.array(self.identity),
            "description": np.array(self.description),
        }
        arrays |= {name: kept for name in _KEPT if (kept := getattr(self, name)) is not None}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def load_region_pairs(path: str | Path) -> RegionPairs:
    """Read what `RegionPairs.save` wrote."""
    with np.load(path) as data:
        return RegionPairs(
            data["vectors"],
            data["moving"],
            data["halves"],
            tuple(int(u) for u in data["units"]),
            tuple(data["identity"].tolist()),
            tuple(data["description"].tolist()),
            *(data[name] if name in data.files else None for name in _KEPT),
        )


def join(parts: Sequence[RegionPairs]) -> RegionPairs:
    """Put measured pairs with the same units behind each other."""
    return RegionPairs(
        np.concatenate([p.vectors for p in parts]),
        np.concatenate([p.moving for p in parts]),
        np.concatenate([p.halves for p in parts]),
        parts[0].units,
        tuple(i for p in parts for i in p.identity),
        tuple(d for p in parts for d in p.description),
        *(_joined([getattr(part, name) for part in parts]) for name in _KEPT),
    )


def _joined(parts: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


_CHUNK = 100


def in_chunks(
    measured: Callable[[range], RegionPairs], count: int, kept: Path | None, say: Callable[[int], None]
) -> RegionPairs:
    """Measure `count` samples a hundred at a time; what lies at `kept` (a path's beginning) is read instead.

    So an interrupted run goes on where it stopped. `say` hears how many are done.
    """
    parts = []
    for start in range(0, count, _CHUNK):
        indices = range(start, min(start + _CHUNK, count))
        file = kept.with_name(f"{kept.name}-{start:05d}.npz") if kept else None
        if file is not None and file.is_file():
            part = load_region_pairs(file)
        else:
            part = measured(indices)
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                part.save(file)
        parts.append(part)
        say(indices.stop)
    return join(parts)


def measure_pairs(
    faces: str | Path | Gallery,
    ict: str | Path,
    split: Split,
    indices: range,
    estimator: FlowEstimator,
    units: Sequence[int],
    seed: int = 0,
    only: str | None = None,
) -> RegionPairs:
    """Make and measure the pairs `indices` of a split; the same arguments give the same numbers.

    `only` makes all of them one of `KINDS`.

    Raises InputError where the faces or the scans are missing.
    """
    gallery = faces if isinstance(faces, Gallery) else Gallery(faces)
    portraits, scans = gallery.of(split), IctModel(ict)
    config = _TRAINING if split == "train" else _TEST
    vectors = np.zeros((len(indices), len(REGION_NAMES), 2), np.float32)
    truth, moving = np.zeros_like(vectors), np.zeros((len(indices), len(REGION_NAMES)), np.bool_)
    sizes = np.zeros(moving.shape, np.float32)
    coded, identity, description = [], [], []
    for row, index in enumerate(indices):
        rng = np.random.default_rng([seed, _BRANCH, SPLITS.index(split), index])
        portrait = portraits[int(rng.integers(len(portraits)))]
        crop = cut_scene(portrait, config, rng)
        drawn = KINDS[int(rng.choice(len(KINDS), p=_SHARES))]
        kind = drawn if only is None else only
        motion, shown = _draw(crop.scene, config, rng, scans, kind)
        moved = crop.scene.move(motion)
        onset, apex, _ = photograph_both(crop.scene.onset, moved, config, rng)
        landmarks = _jittered(Landmarks(crop.scene.mesh.copy()), rng)
        measured = measure_flow(estimator.estimate(onset, apex, landmarks), landmarks)
        vectors[row] = relative_motion(measured.motion)
        sizes[row] = [region.relative for region in measured.motion]
        true = measure(
            moved.facial - moved.head, measured.regions, inter_ocular=inter_ocular(landmarks), noise_floor=0.0
        )
        truth[row] = relative_motion(true)
        moving[row] = [region.moving for region in measured.motion]
        coded.append([ActionUnitCode(au, side) for au, side in shown])
        identity.append(portrait.identity)
        description.append(kind)
    halves = half_labels(coded, units).astype(np.int8)
    return RegionPairs(
        vectors, moving, halves, tuple(units), tuple(identity), tuple(description), truth, sizes
    )


_TRAINING = PairConfig(smallest=0.3, largest=6.0)
_TEST = PairConfig(smallest=0.5, largest=4.0)
"""How far faces move, px: in training beyond what is tested, on both ends."""


def relative_motion(motion: Sequence[RegionMotion]) -> NDArray[np.float32]:
    """Return mean motion (29, 2) of the regions as a fraction of the inter-ocular distance."""
    vectors = np.zeros((len(motion), 2), np.float32)
    for row, region in zip(vectors, motion, strict=True):
        share = region.relative / region.mean if region.mean > 0 else 0.0
        row[:] = region.u * share, region.v * share
    return vectors


def draw_units(
    origin: Origin, rng: np.random.Generator, scans: IctModel | None, evenly: bool
) -> list[tuple[int, Side]]:
    """Draw units an origin knows, with the subject's sides: evenly, or as coders write them."""
    known = known_units(origin, scans) - {_BLINK, 27}
    drawn: list[tuple[int, Side]] = []
    while not drawn:
        wanted = _evenly(sorted(known), rng) if evenly else draw_action_units(rng)
        drawn = [(au, side) for au, side in wanted if au in known]
    whole = scans.two_sided if scans is not None and origin is Origin.ICT else frozenset()
    return [(au, "both" if au in whole else side) for au, side in drawn]


def _draw(
    scene: Scene, config: PairConfig, rng: np.random.Generator, scans: IctModel, kind: str
) -> tuple[Motion, list[tuple[int, Side]]]:
    """Draw what moves, and the units in it (closing eyes as AU 43)."""
    moved, bumps = np.zeros((468, 3), np.float32), None
    shown: list[tuple[int, Side]] = []
    peak = draw_peak(config, rng)
    if kind in WITH_UNITS:
        drawn = draw_units(Origin(kind), rng, scans, config is _TRAINING and rng.random() < 0.5)
        face = draw_face_motion(Origin(kind), rng, shapes=scans, units=drawn)
        total = face.displacement @ canonical_to_mesh(scene.mesh).T
        moved = (total * peak / max(float(np.linalg.norm(total[:, :2], axis=1).max()), 1e-6)).astype(
            np.float32
        )
        shown = list(drawn)
        if rng.random() < 0.15:
            bumps = peak * float(rng.uniform(0.1, 0.4)) * draw_bumps(scene, rng, int(rng.integers(1, 3)))
    elif kind == "bumps":
        bumps = peak * draw_bumps(scene, rng, int(rng.integers(1, 3)))
    if kind == "blink" or (kind in WITH_UNITS and rng.random() < 0.12):
        side: Side = "both" if rng.random() < 0.85 else "left" if rng.random() < 0.5 else "right"
        moved = moved + float(rng.uniform(0.1, 1.0)) * lid_closure(scene.mesh, side)
        shown.append((43, side))
    pose, gaze, backdrop = draw_surroundings(
        _STILL if kind == "still" else _TURNING if kind == "head" else config, rng
    )
    return Motion(moved, pose, gaze, backdrop, bumps), shown


_STILL, _TURNING = PairConfig(head=0.0), PairConfig(head=1.0)


def _evenly(names: Sequence[int], rng: np.random.Generator) -> list[tuple[int, Side]]:
    """One to three units, every unit alike likely; a third of those that can be are one-sided."""
    count = int(rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2)))
    chosen = rng.choice(names, size=count, replace=False)
    side: Side = "left" if rng.random() < 0.5 else "right"
    return [
        (int(au), side if int(au) in CAN_BE_ONE_SIDED and rng.random() < 0.35 else "both") for au in chosen
    ]


def _jittered(landmarks: Landmarks, rng: np.random.Generator) -> Landmarks:
    """Landmarks as a detector would give them: shifted together and each a little."""
    eyes = inter_ocular(landmarks)
    points = landmarks.points.copy()
    points[:, :2] += (rng.normal(0, 0.008, 2) + rng.normal(0, 0.004, (len(points), 2))) * eyes
    return Landmarks(points.astype(np.float32))
