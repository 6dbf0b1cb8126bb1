"""Samples for the motion encoders: generated motion, measured, with the answers to every question about it.

Two kinds: motion on faces in the aligned crop, px known; and 28x28 flow without scale, as the composite set's
folder stores it. Knows no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.alignment import CROP_SIZE
from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks
from mellm.face.regions import regions_of
from mellm.facs.codes import ActionUnitCode
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.flow.measure import measure
from mellm.flow.normalised import recover_flow, regional_motion
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.motion_draws import SLOTS, Draw, MotionDraws, asked_units, drawn_field
from mellm.instruct.motion_faces import CropFace, field_of, head_residue, spread_over
from mellm.instruct.motion_fields import Pattern, unit_codes
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, NOTHING, UNITS
from mellm.language.motion.region_tokens import region_numbers
from mellm.simulate.generated_flow import Pattern as FlowPattern
from mellm.simulate.generated_flow import generate

GRID = (200, 240)
"""Size of the fields that are measured: half the crop's."""

COARSE = (100, 120)
"""Size of the fields as they are drawn; flow is smoother than that."""

ERRORS = (24, 20)
"""Rows and columns of an error field."""

_SIDE_NUMBERS = {"both": 1, "left": 2, "right": 3}


@dataclass(frozen=True, slots=True)
class MotionSamples:
    """N samples.

    numbers: float32 (N, 29, 3), moving: bool (N, 29), known: bool (N,) (`region_tokens`)
    units: uint8 (N, 22) of `SIDES`; fine, coarse: uint8 (N,) of the labels
    origin: of each, `stored` for the 28x28 kind
    rows, weights: (N, SLOTS), -1 where empty; face, noise (N, 2), errors (N, 2), head (N, 6), on_face,
    by_scale
    stored_at: int32 (N, 2): seed and place among `STORED_CHUNK` of the 28x28 kind, -1 for the other
    """

    numbers: NDArray[np.float32]
    moving: NDArray[np.bool_]
    known: NDArray[np.bool_]
    units: NDArray[np.uint8]
    fine: NDArray[np.uint8]
    coarse: NDArray[np.uint8]
    origin: NDArray[np.str_]
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    face: NDArray[np.int32]
    noise: NDArray[np.int32]
    errors: NDArray[np.float32]
    head: NDArray[np.float32]
    on_face: NDArray[np.bool_]
    by_scale: NDArray[np.bool_]
    stored_at: NDArray[np.int32]

    def __len__(self) -> int:
        """Return N."""
        return len(self.fine)

    def save(self, path: Path) -> None:
        """Write as .npz."""
        partial = path.with_name(f"{path.stem}.partial.npz")
        np.savez_compressed(partial, **{name: getattr(self, name) for name in self.__slots__})
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> "MotionSamples":
        """Read what `save` wrote."""
        with np.load(path) as data:
            return cls(**{name: data[name] for name in cls.__slots__})

    @classmethod
    def join(cls, parts: Sequence["MotionSamples"]) -> "MotionSamples":
        """Put samples behind each other."""
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in cls.__slots__})


class CropMotion:
    """Measures draws on faces in the crop."""

    def __init__(self, draws: MotionDraws, faces: Sequence[CropFace], errors: NDArray[np.float32]) -> None:
        """Prepare the faces."""
        self._draws, self._bank, self._errors = draws, draws.bank, errors
        self._faces = faces
        scale = np.array([GRID[0] / CROP_SIZE[0]] * 3, np.float32)
        self._landmarks = [Landmarks(face.mesh * scale) for face in faces]
        self._spread = [spread_over(face.mesh, COARSE) for face in faces]
        self._regions = [regions_of(landmarks) for landmarks in self._landmarks]

    def field(self, draw: Draw) -> NDArray[np.float32]:
        """Return a draw's flow, float32 (240, 200, 2), px of the 400x480 crop."""
        face = self._faces[draw.face]
        flow = field_of(drawn_field(draw, self._bank, face.to_crop), self._spread[draw.face], COARSE)
        flow = np.asarray(cv2.GaussianBlur(flow, (0, 0), blur_of(draw.face) * COARSE[0]), np.float32)
        for number, spread in zip(draw.noise, draw.errors, strict=True):
            flow += spread * cv2.resize(self._errors[number], COARSE, interpolation=cv2.INTER_CUBIC)
        flow += head_residue(draw.head, COARSE)
        return np.asarray(cv2.resize(flow, GRID, interpolation=cv2.INTER_LINEAR), np.float32)

    def motion(self, draw: Draw) -> list[RegionMotion]:
        """Return a draw's 29 regions, px of the crop."""
        half = GRID[0] / CROP_SIZE[0]
        return measure(
            self.field(draw) * np.float32(half),
            self._regions[draw.face],
            inter_ocular=inter_ocular(self._landmarks[draw.face]),
            scale=1 / half,
        )

    def samples(self, indices: range) -> MotionSamples:
        """Return the samples of draws."""
        rows = []
        for index in indices:
            draw = self._draws.draw(index)
            answered = _answered(self.motion(draw), unit_codes(asked_units(draw)), draw.emotion, True)
            rows.append(answered | _drawn(draw))
        return _gathered(rows)


def blur_of(face: int) -> float:
    """Return how far an estimator smooths motion on a face, a share of the crop's width: .006 to .03."""
    return 0.006 + 0.024 * (face * 0.618 % 1.0)


STORED_CHUNK = 250
"""Stored flow is made so many at a time, from one seed."""


def stored_flow_chunk(
    patterns: Sequence[Pattern], seed: int
) -> tuple[list[FlowPattern], NDArray[np.float32]]:
    """Return a chunk of generated flow, recovered: patterns and fields float32 (STORED_CHUNK, 28, 28, 2)."""
    labelled = [FlowPattern(p.units, FINE.index(p.emotion), p.emotion) for p in patterns]
    made = generate([*labelled, FlowPattern((), len(FINE), "")], STORED_CHUNK, seed)
    return list(made.patterns), np.stack([recover_flow(flow) for flow in made.flows])


def stored_samples(patterns: Sequence[Pattern], seed: int) -> MotionSamples:
    """Return a chunk of samples of 28x28 flow, whose scale is unknown."""
    drawn, fields = stored_flow_chunk(patterns, seed)
    rows = []
    for number, (pattern, field) in enumerate(zip(drawn, fields, strict=True)):
        answered = _answered(
            regional_motion(field), unit_codes(pattern.units), pattern.emotion or None, False
        )
        rows.append(answered | {"origin": "stored", "stored_at": (seed, number)} | _EMPTY)
    return _gathered(rows)


_Row = dict[str, object]
_EMPTY: _Row = {
    "rows": [-1] * SLOTS, "weights": [0.0] * SLOTS, "face": -1, "noise": (0, 0), "errors": (0.0, 0.0),
    "head": [0.0] * 6, "on_face": False, "by_scale": False,
}  # fmt: skip


def _drawn(draw: Draw) -> _Row:
    empty = SLOTS - len(draw.rows)
    return {
        "rows": [*draw.rows, *([-1] * empty)], "weights": [*draw.weights, *([0.0] * empty)],
        "face": draw.face, "noise": draw.noise, "errors": draw.errors, "head": draw.head,
        "on_face": draw.on_face, "by_scale": draw.by_scale, "origin": draw.origin, "stored_at": (-1, -1),
    }  # fmt: skip


def _answered(
    motion: Sequence[RegionMotion],
    units: Sequence[ActionUnitCode],
    emotion: str | None,
    known: bool,
) -> _Row:
    """What is measured of a motion, and the answers; nothing where no moving region bears out a unit."""
    numbers, moving = region_numbers(motion)
    seen = any(supporting_regions(unit, motion) for unit in units)
    if not seen:
        units, emotion = (), None
    sides = np.zeros(len(UNITS), np.uint8)
    for unit in units:
        sides[UNITS.index(unit.au)] = _SIDE_NUMBERS[unit.side]
    fine = emotion or NOTHING
    coarse = (get_taxonomy("3").label_of(fine) or NOTHING) if emotion else NOTHING
    return {
        "numbers": numbers, "moving": moving, "known": known, "units": sides,
        "fine": FINE_LABELS.index(fine), "coarse": COARSE_LABELS.index(coarse),
    }  # fmt: skip


_TYPES = {
    "numbers": np.float32, "moving": np.bool_, "known": np.bool_, "units": np.uint8, "fine": np.uint8,
    "coarse": np.uint8, "origin": np.str_, "rows": np.int32, "weights": np.float32,
    "face": np.int32, "noise": np.int32, "errors": np.float32, "head": np.float32, "on_face": np.bool_,
    "by_scale": np.bool_, "stored_at": np.int32,
}  # fmt: skip


def _gathered(rows: Sequence[_Row]) -> MotionSamples:
    return MotionSamples(
        **{name: np.array([row[name] for row in rows], kind) for name, kind in _TYPES.items()}
    )
