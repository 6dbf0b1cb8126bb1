"""Regional motion with known units, without pictures: units' fields on the mean face, and flow's errors.

Measuring a pair takes a fifth of a second; this takes a millisecond. The 29 regions of the mean face move as
an origin says, and what a flow estimator got wrong on measured pairs (measured minus true motion of all
regions together) is laid on top, from pairs whose motion is about as strong. So training sees many
combinations and sides, each with errors as they are.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks
from mellm.face.regions import regions_of
from mellm.facs.codes import ActionUnitCode, half_labels
from mellm.facs.learned import Vectors, motion_scale
from mellm.facs.unit_rules import NOISE_FLOOR
from mellm.simulate.canonical_mesh import canonical_points
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin, draw_face_motion
from mellm.train.facs.region_pairs import RegionPairs, draw_units

_SAMPLES = 7
"""Places along each side of a region at which the mesh's motion is read."""

_PX = 1000.0
_PEAKS = (0.003, 0.06)
"""Range of the strongest motion, inter-ocular distances, drawn log-uniformly."""

_NEIGHBOURS = 30
"""Errors come from one of so many pairs with the most similar strength."""


def describe(
    origins: Sequence[Origin],
    units: Sequence[int],
    count: int,
    scans: IctModel | None,
    rng: np.random.Generator,
) -> RegionPairs:
    """Draw the regions' true motion (N, 29, 2) for `count` motions, evenly among these origins."""
    weights = _region_weights()
    vectors, coded, kinds = np.zeros((count, len(weights), 2), np.float32), [], []
    for row in range(count):
        origin = origins[int(rng.integers(len(origins)))]
        drawn = draw_units(origin, rng, scans, rng.random() < 0.5)
        field = draw_face_motion(origin, rng, shapes=scans, units=drawn).displacement
        peak = float(np.exp(rng.uniform(*np.log(_PEAKS))))
        vectors[row] = peak * (weights @ (field[:, :2] * (1, -1)))
        coded.append([ActionUnitCode(au, side) for au, side in drawn])
        kinds.append(str(origin))
    halves = half_labels(coded, units).astype(np.int8)
    moving = np.linalg.norm(vectors, axis=-1) > NOISE_FLOOR
    return RegionPairs(vectors, moving, halves, tuple(units), ("",) * count, tuple(kinds), vectors.copy())


def with_errors(vectors: Vectors, measured: RegionPairs, rng: np.random.Generator) -> Vectors:
    """Lay on true motion (N, 29, 2) what was measured wrongly on pairs of similar strength."""
    assert measured.truth is not None
    errors = measured.vectors - measured.truth
    strength = motion_scale(measured.truth)
    order = np.argsort(strength)
    place = np.searchsorted(strength[order], motion_scale(vectors))
    near = np.clip(place + rng.integers(-_NEIGHBOURS // 2, _NEIGHBOURS // 2, len(vectors)), 0, len(order) - 1)
    return np.asarray(vectors + errors[order[near]], np.float32)


@cache
def _region_weights() -> NDArray[np.float64]:
    """How the mesh's points make up the mean motion of each region, (29, 468), rows with sum 1."""
    points = canonical_points().astype(np.float64)
    flat = points[:, :2] * (_PX, -_PX)
    face = Landmarks(np.concatenate([flat, np.zeros((len(flat), 1))], axis=1).astype(np.float32))
    eyes = inter_ocular(face)
    rows = []
    for region in regions_of(face):
        steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
        at = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2) * region.size + region.center
        away = ((at[:, None] - flat[None]) ** 2).sum(axis=-1)
        # Each place moves as its nearest points do.
        share = np.exp(-(away - away.min(axis=1, keepdims=True)) / (2 * (0.03 * eyes) ** 2))
        rows.append((share / share.sum(axis=1, keepdims=True)).mean(axis=0))
    return np.stack(rows)
