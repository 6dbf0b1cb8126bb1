"""Regional motion with known action units: generated pairs, measured by a real flow estimator.

Photographs of made-up people are set into known motion (`mellm.simulate`), photographed twice, and read
as `mellm analyze` reads a pair: flow, head motion removed, 29 regions. Half of the draws follow what coders
of micro-expressions write, half take units evenly, so that rare units and rare sides are seen too. Still
pairs, pairs of which only the head moves, blinks and motion that is no action unit are among them. Knows
nothing of models.
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
from mellm.flow.pair_measurement import measure_flow
from mellm.simulate.canonical_mesh import canonical_to_mesh
from mellm.simulate.gallery import SPLITS, Gallery, Split
from mellm.simulate.ict import IctModel
from mellm.simulate.photo_pairs import (
    PairConfig,
    cut_scene,
    draw_bumps,
    draw_peak,
    draw_surroundings,
    photograph_both,
)
from mellm.simulate.scene import Motion, Scene
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, TABLE, Side, Variation, canonical_field
from mellm.simulate.unit_statistics import draw_action_units

DESCRIPTIONS = ("table", "scans", "mixed")
"""How a pair's units were described: the built-in table, ICT-FaceKit's scans, or something between."""

_BLINK = 45
_VARIATION = Variation(reach=0.25, wider=0.15, weight=0.4, turn=0.3, shift=0.02)
_BRANCH = 23  # keeps these draws apart from those of the flow dataset


@dataclass(frozen=True, slots=True)
class RegionPairs:
    """Measured pairs.

    vectors: float32 (N, 29, 2), mean motion as a fraction of the inter-ocular distance, u right, v down
    moving: bool (N, 29), regions above the noise floor
    halves: int8 (N, 2, U), 1 where the unit acts on the subject's (left, right) half
    units: the U action units; identity, description: of each pair
    """

    vectors: NDArray[np.float32]
    moving: NDArray[np.bool_]
    halves: NDArray[np.int8]
    units: tuple[int, ...]
    identity: tuple[str, ...]
    description: tuple[str, ...]

    def save(self, path: str | Path) -> None:
        """Write as .npz."""
        np.savez_compressed(
            path,
            vectors=self.vectors,
            moving=self.moving,
            halves=self.halves,
            units=np.array(self.units),
            identity=np.array(self.identity),
            description=np.array(self.description),
        )


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
    )


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
) -> RegionPairs:
    """Make and measure the pairs `indices` of a split; the same arguments give the same numbers.

    Raises InputError where the faces or the scans are missing.
    """
    gallery = faces if isinstance(faces, Gallery) else Gallery(faces)
    portraits, scans = gallery.of(split), IctModel(ict)
    config = PairConfig(smallest=0.3, largest=6.0)
    vectors = np.zeros((len(indices), len(REGION_NAMES), 2), np.float32)
    moving = np.zeros((len(indices), len(REGION_NAMES)), np.bool_)
    coded, identity, description = [], [], []
    for row, index in enumerate(indices):
        rng = np.random.default_rng([seed, _BRANCH, SPLITS.index(split), index])
        portrait = portraits[int(rng.integers(len(portraits)))]
        crop = cut_scene(portrait, config, rng)
        kind = DESCRIPTIONS[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
        motion, shown = _draw(crop.scene, config, rng, scans, kind)
        moved = crop.scene.move(motion)
        onset, apex, _ = photograph_both(crop.scene.onset, moved, config, rng)
        landmarks = _jittered(Landmarks(crop.scene.mesh.copy()), rng)
        measured = measure_flow(estimator.estimate(onset, apex, landmarks), landmarks)
        for k, region in enumerate(measured.motion):
            share = region.relative / region.mean if region.mean > 0 else 0.0
            vectors[row, k] = region.u * share, region.v * share
            moving[row, k] = region.moving
        coded.append([ActionUnitCode(au, side) for au, side in shown])
        identity.append(portrait.identity)
        description.append(kind)
    halves = half_labels(coded, units).astype(np.int8)
    return RegionPairs(vectors, moving, halves, tuple(units), tuple(identity), tuple(description))


def _draw(
    scene: Scene, config: PairConfig, rng: np.random.Generator, scans: IctModel, kind: str
) -> tuple[Motion, list[tuple[int, Side]]]:
    """Draw what moves, and the units in it (closing eyes as AU 43)."""
    moved, bumps = np.zeros((468, 3), np.float32), None
    shown: list[tuple[int, Side]] = []
    peak = draw_peak(config, rng)
    chance = rng.random()
    if chance > 0.2:
        drawn = draw_action_units(rng) if rng.random() < 0.5 else _evenly(rng)
        if rng.random() < 0.12:
            drawn = [*(d for d in drawn if d[0] != _BLINK), (_BLINK, "both")]
        total = np.zeros((468, 3))
        blend = {"table": 0.0, "scans": 1.0, "mixed": float(rng.random())}[kind]
        for au, side in drawn:
            field = canonical_field(au, side, _VARIATION, rng)
            if blend > 0 and au in scans.action_units:
                there: Side = "both" if au in scans.two_sided else side
                field = (1 - blend) * field + blend * scans.canonical_field(au, there)
            total += np.exp(rng.normal(0, 0.4)) * field
            shown.append((43 if au == _BLINK else au, side))
        total = total @ canonical_to_mesh(scene.mesh).T
        moved = (total * peak / max(float(np.linalg.norm(total[:, :2], axis=1).max()), 1e-6)).astype(
            np.float32
        )
        if rng.random() < 0.15:
            bumps = peak * float(rng.uniform(0.1, 0.4)) * draw_bumps(scene, rng, int(rng.integers(1, 3)))
    elif chance > 0.16:
        bumps = peak * draw_bumps(scene, rng, int(rng.integers(1, 3)))
    pose, gaze, backdrop = draw_surroundings(config, rng)
    return Motion(moved, pose, gaze, backdrop, bumps), shown


def _evenly(rng: np.random.Generator) -> list[tuple[int, Side]]:
    """One to three units, every unit alike likely; a third of those that can be are one-sided."""
    names = sorted(set(TABLE) - {27})
    chosen = rng.choice(names, size=int(rng.choice((1, 2, 3), p=(0.4, 0.4, 0.2))), replace=False)
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
