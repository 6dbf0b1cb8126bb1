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
from mellm.face.regions import REGION_NAMES, regions_of
from mellm.facs.codes import ActionUnitCode, half_labels, subject_side
from mellm.facs.learned import Vectors, motion_scale
from mellm.facs.unit_rules import NOISE_FLOOR, UNITS, ImageSide
from mellm.simulate.canonical_mesh import canonical_points
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import Origin, draw_face_motion
from mellm.simulate.unit_fields import Side
from mellm.train.facs.region_pairs import RegionPairs, draw_units

_SAMPLES = 7
"""Places along each side of a region at which the mesh's motion is read."""

_PX = 1000.0
_PEAKS = (0.003, 0.06)
"""Range of the strongest motion, inter-ocular distances, drawn log-uniformly."""

_RULED = 0.25
"""Share that follows the hand-made rules instead of an origin."""

_IMAGE_SIDES: tuple[ImageSide, ...] = ("left", "right")
_ROWS = {unit.au: unit for unit in UNITS}

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
        peak = float(np.exp(rng.uniform(*np.log(_PEAKS))))
        if rng.random() < _RULED:
            origin, drawn = Origin.TABLE, draw_units(Origin.TABLE, rng, scans, True)
            vectors[row] = peak * _as_the_rules_say(drawn, rng)
            kinds.append("rules")
        else:
            origin = origins[int(rng.integers(len(origins)))]
            drawn = draw_units(origin, rng, scans, rng.random() < 0.5)
            field = draw_face_motion(origin, rng, shapes=scans, units=drawn).displacement
            vectors[row] = peak * (weights @ (field[:, :2] * (1, -1)))
            kinds.append(str(origin))
        coded.append([ActionUnitCode(au, side) for au, side in drawn])
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


def _as_the_rules_say(drawn: Sequence[tuple[int, Side]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Motion (29, 2) of only the regions that the hand-made rules name, along their directions give or take.

    One more description beside the origins': it moves no company, so that a network does not need any.
    """
    total = np.zeros((len(REGION_NAMES), 2))
    for au, side in drawn:
        strength = float(np.exp(rng.normal(0, 0.3)))
        shows = _ROWS[au].shows if au in _ROWS else ()
        for term, image_side in ((t, i) for t in shows for i in _IMAGE_SIDES):
            if side in ("both", subject_side(image_side)):
                region = term.on(image_side)
                # The regions of the middle are met twice where both halves act.
                share = 0.5 if region == region.mirrored and side == "both" else 1.0
                out = -term.out if image_side == "left" else term.out
                step = strength * share * term.weight * np.array([out, -term.up])
                total[REGION_NAMES.index(region)] += step
    angle = rng.normal(0, 0.2, len(total))
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([c * total[:, 0] - s * total[:, 1], s * total[:, 0] + c * total[:, 1]], axis=-1)
    return np.asarray(turned * np.exp(rng.normal(0, 0.2, (len(total), 1))))


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
