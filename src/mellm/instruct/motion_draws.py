"""What a generated motion is made of: units that coders wrote together, from one origin, with errors on top.

A draw is numbers only (rows of a bank, weights, a face, errors), so that its map can be drawn again at any
time.
Knows no measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mellm.facs.codes import ActionUnitCode
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.prototype_emotion import EmotionEvidenceModel
from mellm.facs.taxonomies import FINE
from mellm.instruct.motion_fields import BLINK, FieldBank, Pattern, Unit, asked_unit, unit_codes
from mellm.instruct.truth import as_evidence
from mellm.language.motion.questions import UNITS
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, Side

SLOTS = 10
"""Fields of a draw at most."""

_SMALL = {5: 0.6, 7: 0.6, 38: 0.6}
_OTHER_SIDE: dict[Side, Side] = {"left": "right", "right": "left", "both": "both"}


@dataclass(frozen=True, slots=True)
class Draw:
    """One motion.

    rows, weights: fields of the bank and their strength, px of the 400x480 crop
    units, emotion: what coders would write; no units: no expression
    origin: of its fields; face: number of the face
    noise: two numbers of error fields; errors: their spread, px; head: six numbers of `head_residue`, px
    by_scale: whether its map has the fixed scale (else each picture its own)
    on_face: whether a face lies below
    """

    rows: tuple[int, ...]
    weights: tuple[float, ...]
    units: tuple[Unit, ...]
    emotion: str | None
    origin: str
    face: int
    noise: tuple[int, int]
    errors: tuple[float, float]
    head: tuple[float, ...]
    by_scale: bool
    on_face: bool


@dataclass
class MotionDraws:
    """Draws by index; the same arguments give the same draws.

    origins: those to draw from; split: of the bank's fields; faces, errors: how many there are
    """

    bank: FieldBank
    patterns: Sequence[Pattern]
    origins: Sequence[str]
    split: str
    faces: int
    errors: int
    seed: int = 0
    _by_emotion: dict[str, list[Pattern]] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the patterns by emotion, so that all are drawn alike often."""
        self._by_emotion = {e: [p for p in self.patterns if p.emotion == e] for e in FINE}
        self._by_emotion = {e: found for e, found in self._by_emotion.items() if found}

    def draw(self, index: int) -> Draw:
        """Return one draw."""
        rng = np.random.default_rng([self.seed, 29, index])
        peak = float(np.exp(rng.uniform(np.log(0.5), np.log(6.0))))
        origin = self.origins[int(rng.integers(len(self.origins)))]
        rows: list[int] = []
        weights: list[float] = []
        units: tuple[Unit, ...] = ()
        emotion = None
        kind = rng.random()
        if kind > 0.16:
            units, emotion = self._expression(rng)
            for unit in units:
                self._add(unit, origin, peak * float(np.exp(rng.normal(0, 0.35))), rng, rows, weights)
        elif kind > 0.10:
            self._add_other(peak, rng, rows, weights)
        if rng.random() < (0.12 if units else 0.5):
            side: Side = "both" if rng.random() < 0.8 else ("left" if rng.random() < 0.5 else "right")
            self._add((BLINK, side), origin, float(np.exp(rng.normal(0.6, 0.7))), rng, rows, weights)
        error = float(np.exp(rng.uniform(np.log(0.012), np.log(0.13))))
        head = rng.normal(0, 0.05, 6) * (3.0 if rng.random() < 0.2 else 1.0)
        return Draw(
            tuple(rows[:SLOTS]),
            tuple(weights[:SLOTS]),
            units,
            emotion,
            origin,
            int(rng.integers(self.faces)),
            (int(rng.integers(self.errors)), int(rng.integers(self.errors))),
            (error, (0.05 * peak if rows else 0.0) * float(rng.uniform(0.2, 1.5))),
            tuple(float(h) for h in head),
            bool(rng.random() < 0.65),
            bool(rng.random() < 0.75),
        )

    def _expression(self, rng: np.random.Generator) -> tuple[tuple[Unit, ...], str]:
        if rng.random() < 0.7:
            names = list(self._by_emotion)
            emotion = names[int(rng.integers(len(names)))]
            alike = self._by_emotion[emotion]
            units = alike[int(rng.integers(len(alike)))].units
        else:
            units = evenly(rng)
            shares = shares_of(unit_codes(units))
            emotion = str(rng.choice(list(shares), p=np.array(list(shares.values()))))
        if rng.random() < 0.5:
            units = tuple((au, _OTHER_SIDE[side]) for au, side in units)
        return units, emotion

    def _add(
        self,
        unit: Unit,
        origin: str,
        weight: float,
        rng: np.random.Generator,
        rows: list[int],
        weights: list[float],
    ) -> None:
        """Add a unit; both halves of some are of unlike strength."""
        au, side = unit
        weight *= _SMALL.get(au, 1.0)
        halves = [(au, side)]
        uneven = 1.0
        if side == "both" and au in CAN_BE_ONE_SIDED and rng.random() < 0.3:
            first: Side = "left" if rng.random() < 0.5 else "right"
            halves, uneven = [(au, first), (au, _OTHER_SIDE[first])], float(rng.uniform(0.55, 1.0))
        for k, half in enumerate(halves):
            found = self.bank.of(origin, self.split, half)
            if not found:
                others = [r for o in self.origins for r in self.bank.of(o, self.split, half)]
                found = others or [
                    r for o in self.bank.unit_origins for r in self.bank.of(o, self.split, half)
                ]
            if found:
                rows.append(found[int(rng.integers(len(found)))])
                weights.append(weight * (uneven if k else 1.0))

    def _add_other(
        self, peak: float, rng: np.random.Generator, rows: list[int], weights: list[float]
    ) -> None:
        """Motion that is no unit's: a field without units, where the bank has some."""
        found = self.bank.without_units(self.split)
        for _ in range(int(rng.integers(1, 3)) if found else 0):
            rows.append(found[int(rng.integers(len(found)))])
            weights.append(peak * float(rng.uniform(0.3, 1.0)))


def evenly(rng: np.random.Generator) -> tuple[Unit, ...]:
    """Return one to three units, every unit alike likely; a third of those that can be are one-sided."""
    count = int(rng.choice((1, 2, 3), p=(0.45, 0.35, 0.2)))
    chosen = rng.choice(UNITS, size=count, replace=False)
    side: Side = "left" if rng.random() < 0.5 else "right"
    return tuple(
        (int(au), side if int(au) in CAN_BE_ONE_SIDED and rng.random() < 0.35 else "both")
        for au in sorted(chosen)
    )


def drawn_field(draw: Draw, bank: FieldBank, to_crop: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a draw's displacement of the mesh, float32 (468, 2), px of the crop; `to_crop` of its face."""
    turn = to_crop / np.sqrt(abs(float(np.linalg.det(to_crop))))
    total = np.zeros((bank.fields.shape[1], 2), np.float32)
    for row, weight in zip(draw.rows, draw.weights, strict=True):
        total += np.float32(weight) * bank.fields[row]
    return np.asarray(total @ turn.T, np.float32)


def asked_units(draw: Draw) -> tuple[Unit, ...]:
    """Return the draw's units that the reader is asked for."""
    return tuple(found for unit in draw.units if (found := asked_unit(unit)) is not None)


def shares_of(units: Sequence[ActionUnitCode]) -> dict[str, float]:
    """Return fine emotion -> probability given units by the prototypes, all emotions taken as equally common.

    Not by the emotion model that ships: it saw annotations of a set that readers are tested on.
    """
    found = EmotionEvidenceModel().fine(as_evidence(units))
    odds = {name: found[name] / EMOTION_UNITS[name].prior for name in FINE}
    total = sum(odds.values())
    return {name: value / total for name, value in odds.items()}
