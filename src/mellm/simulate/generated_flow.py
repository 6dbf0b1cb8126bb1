"""Generated 28x28 flow in the format of the MEGC 2019 folder, from action units with known labels.

Each sample draws one annotation (action units with sides, coarse emotion), adds up the units' fields on the
mean face (`mellm.simulate.origins`) with random strength, reach and sharpness, adds blinks, what is
left of head motion, and noise, lays it on the crop's grid, and stores it as the folder does: min-max
normalised per channel, with strain. No flow of a real face takes part. The ranges were set by comparing
label-free statistics (symmetry, peakedness, roughness) with real flow.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from mellm.datasets.annotation_sheets import read_sheet
from mellm.datasets.published_sets import EMOTION_COLUMNS, UNIT_COLUMNS
from mellm.datasets.sheet_warnings import log_remarks
from mellm.errors import InputError
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import get_taxonomy
from mellm.simulate.canonical_mesh import canonical_points
from mellm.simulate.ict import IctModel
from mellm.simulate.origins import (
    WITH_UNITS,
    Origin,
    OriginShares,
    draw_origin,
    known_units,
    unit_motion,
)
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, TABLE, Side, Variation, canonical_field, half_of

_log = logging.getLogger(__name__)

_SIZE = 28
_CENTRE = 13.5
_INTER_OCULAR = 20.0
_EYE_ROW, _MOUTH_ROW = 8.0, 20.0
_FACES = 40
_VARIATION = Variation(reach=0.2, weight=0.3, turn=0.3, shift=0.015)
_SMALL_UNITS = {5: 0.6, 7: 0.6, 38: 0.6, 39: 0.6}
_BLINK = 45


@dataclass(frozen=True, slots=True)
class Pattern:
    """One annotation to draw from: units with the subject's side, coarse class number, coder's word."""

    units: tuple[tuple[int, Side], ...]
    label: int
    emotion: str = ""


@dataclass(frozen=True, slots=True)
class GeneratedFlow:
    """Stored flow uint8 (N, 28, 28, 3), class numbers (N,), and the pattern of each."""

    flows: NDArray[np.uint8]
    labels: NDArray[np.int64]
    patterns: tuple[Pattern, ...]


def read_patterns(sheets: Sequence[Path]) -> list[Pattern]:
    """Read (units, coarse emotion) of sheets with AU (Action Units) and Emotion (Estimated Emotion).

    Rows without a coarse class (`others`) or without a unit the generator knows are left out.
    """
    coarse = get_taxonomy("3")
    patterns = []
    for sheet in sheets:
        rows = read_sheet(sheet, (UNIT_COLUMNS, EMOTION_COLUMNS))
        log_remarks(_log, sheet, rows, UNIT_COLUMNS)
        for row in rows:
            emotion = row.text(EMOTION_COLUMNS)
            label = coarse.label_of(emotion)
            codes = parse_codes(row.text(UNIT_COLUMNS)).present
            units = tuple((unit.au, half_of(unit.side)) for unit in codes if unit.au in TABLE)
            if label is not None and units:
                patterns.append(Pattern(units, coarse.labels.index(label), emotion))
    return patterns


@dataclass(frozen=True, slots=True)
class _UnitMotion:
    """Draws units of one sample, of one origin."""

    origin: Origin
    known: frozenset[int]
    shapes: IctModel | None

    def draw(self, unit: int, side: Side, sharpness: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """A unit's motion, float64 (468, 3), its strong places made stronger by the power `sharpness`."""
        if self.origin is Origin.TABLE or unit not in self.known:
            field = canonical_field(unit, side, _VARIATION, rng)
        else:
            field = unit_motion(self.origin, unit, side, rng, self.shapes)
        return np.asarray(field * np.linalg.norm(field[:, :2], axis=1, keepdims=True) ** sharpness)


def generate(
    patterns: Sequence[Pattern],
    count: int,
    seed: int,
    origins: OriginShares = ((Origin.TABLE, 1.0),),
    shapes: IctModel | None = None,
) -> GeneratedFlow:
    """Generate `count` samples, every coarse class as often as the others.

    origins: where the units' motion comes from, one origin a sample; the table helps out for unknown units
    shapes: ICT-FaceKit's, for the origin of that name. Raises InputError for an origin without units.
    """
    if any(origin not in WITH_UNITS for origin, share in origins if share > 0):
        raise InputError(f"Samples with action units come from {', '.join(WITH_UNITS)}.")
    rng = np.random.default_rng(seed)
    by_label = [[p for p in patterns if p.label == label] for label in sorted({p.label for p in patterns})]
    faces = [_face(rng) for _ in range(_FACES)]
    flows = np.empty((count, _SIZE, _SIZE, 3), np.uint8)
    drawn = []
    for i in range(count):
        alike = by_label[rng.integers(len(by_label))]
        pattern = alike[rng.integers(len(alike))]
        drawn.append(pattern)
        face = faces[rng.integers(_FACES)]
        origin = draw_origin(rng, dict(origins), shapes) if len(origins) > 1 else origins[0][0]
        made = _UnitMotion(origin, known_units(origin, shapes), shapes)
        flows[i] = stored_form(_sample(pattern, *face, made, rng))
    return GeneratedFlow(flows, np.array([p.label for p in drawn], np.int64), tuple(drawn))


def _face(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One face's points in the crop (468, 3) and the weights (784, 468) that spread them over the grid."""
    points = canonical_points().astype(np.float64)
    points[:, :2] *= np.exp(rng.normal(0, 0.05, 2))
    points[:, :2] += rng.normal(0, (0.5, 0.6)) / _scale()
    return points, _grid_weights(points)


def _scale() -> NDArray[np.float64]:
    """Grid pixels per face width, horizontally and vertically (both positive)."""
    points = canonical_points()
    eyes, mouth = points[[33, 263]], points[[13, 14]]
    width = _INTER_OCULAR / (eyes[1, 0] - eyes[0, 0])
    return np.array([width, (_MOUTH_ROW - _EYE_ROW) / (eyes[:, 1].mean() - mouth[:, 1].mean())])


def _grid_weights(points: NDArray[np.float64]) -> NDArray[np.float64]:
    scale, eye = _scale(), canonical_points()[[33, 263], 1].mean()
    places = np.stack([_CENTRE + points[:, 0] * scale[0], _EYE_ROW - (points[:, 1] - eye) * scale[1]], axis=1)
    mesh = Delaunay(places)
    rows, columns = np.mgrid[:_SIZE, :_SIZE]
    cells = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)
    weights = np.zeros((len(cells), len(points)))
    found = mesh.find_simplex(cells)
    inside = np.flatnonzero(found >= 0)
    affine = mesh.transform[found[inside]]
    two = np.einsum("nij,nj->ni", affine[:, :2], cells[inside] - affine[:, 2])
    corners = np.c_[two, 1 - two.sum(axis=1)]
    weights[inside[:, None], mesh.simplices[found[inside]]] = corners
    # Beyond the mesh the motion of the nearest points fades over a few pixels.
    for cell in np.flatnonzero(found < 0):
        distance = np.linalg.norm(places - cells[cell], axis=1)
        near = np.argsort(distance)[:3]
        weights[cell, near] = np.exp(-distance[near[0]] / 6) / 3
    return weights


def _sample(
    pattern: Pattern,
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    made: _UnitMotion,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Flow (28, 28, 2) of one sample; its unit is the typical peak of an action unit."""
    sharpness = rng.uniform(0, 1.5)
    total = np.zeros((len(points), 3))
    for unit, side in pattern.units:
        strength = np.exp(rng.normal(0, 0.4)) * _SMALL_UNITS.get(unit, 1.0)
        total += strength * made.draw(unit, side if unit in CAN_BE_ONE_SIDED else "both", sharpness, rng)
    if rng.random() < 0.4:
        side = "both" if rng.random() < 0.7 else ("left" if rng.random() < 0.5 else "right")
        strength = np.exp(rng.normal(-0.2, 0.8)) * (1 if rng.random() < 0.75 else -1)
        total += strength * made.draw(_BLINK, side, sharpness, rng)
    ratio = _scale()[1] / _scale()[0]
    motion = total[:, :2] * (1.0, -ratio) + _head(points, rng)
    flow = (weights @ motion).reshape(_SIZE, _SIZE, 2)
    strength = rng.uniform(0.02, 0.25)
    for smoothness in (0.6, 3.0):
        noise = cv2.GaussianBlur(rng.normal(0, 1, flow.shape), (0, 0), smoothness)
        flow = flow + noise / noise.std() * strength * rng.uniform(0.2, 1)
    return np.asarray(cv2.GaussianBlur(flow, (0, 0), rng.uniform(0.2, 0.7)), np.float64)


def _head(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Left-over head motion in the picture plane (468, 2): shift, roll, yaw and pitch by depth, zoom."""
    spread = np.array([0.25, 0.25, 0.3, 0.45, 0.45, 0.15]) * rng.uniform(0, 0.4)
    right, down, roll, yaw, pitch, zoom = rng.normal(0, 1, 6) * spread
    x, y, z = points.T
    return np.stack([right + roll * y + yaw * z + zoom * x, down + roll * x + pitch * z - zoom * y], axis=1)


def stored_form(flow: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Store flow (28, 28, 2) as the folder does: u, v, strain, each stretched to 0..255 on its own."""
    u_y, u_x = np.gradient(flow[..., 0])
    v_y, v_x = np.gradient(flow[..., 1])
    strain = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    channels = np.concatenate([flow, strain[..., None]], axis=-1)
    low, high = channels.min(axis=(0, 1)), channels.max(axis=(0, 1))
    return np.asarray(np.round((channels - low) / (high - low + 1e-9) * 255), np.uint8)
