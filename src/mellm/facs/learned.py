"""Action units from regional motion, learned: a small network over 29 mean vectors, calibrated.

The network reads one half of the face: the picture's left, which is the subject's right. The other half is
read from the mirrored motion by the same weights, so a mirrored face swaps sides and changes nothing else.
Input of one view:

    d / s               mean motion of every region, s = sqrt(strongest^2 + floor^2) as in the hand-made model
    score / s           the hand-made model's score of every unit on either half
    log(s / floor)      how strong the motion is at all

One hidden layer gives a logit per unit. Probabilities come from logits by one slope and offset, fitted on
people the network never saw. Trained on generated pairs that a real estimator measured; knows nothing about
emotions, nor about where the motion was measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.face.regions import OUTSIDE_EYES, REGION_NAMES
from mellm.facs.blinks import FEIGNED, OUTDOES
from mellm.facs.codes import subject_side
from mellm.facs.findings import AUEvidence, Intensity, Side
from mellm.facs.unit_rules import (
    BLINK_NOISE,
    JAW_STRETCH,
    NOISE_FLOOR,
    PRESENT,
    UNITS,
    UPPER_LID,
    ImageSide,
    Term,
    grade_of,
    lid_spill,
    relative_vectors,
    unit_score,
)
from mellm.facs.weight_files import load_weights, save_weights, shipped_weights
from mellm.flow.region_motion import RegionMotion

SHIPPED = "facs_regions.safetensors"
"""File name of the shipped weights."""

TYPICAL = 0.02
"""Strongest motion, inter-ocular distances, that is assumed where only ratios are known."""

LIMIT = np.float32(2.0)
"""Ratios to the strongest motion saturate here."""

SHARE = 0.2
"""A region is named as evidence from this share of the strongest contribution."""

UNSUPPORTED = 0.4
"""Highest probability of a unit that no moving region speaks for, or that a blink draws along."""

_CENTRAL = {unit.au: unit.central for unit in UNITS}
_ROWS = {unit.au: unit for unit in UNITS}
_CHIN = REGION_NAMES.index("chin")
_MIRROR = [REGION_NAMES.index(name.mirrored) for name in REGION_NAMES]

_LIDS = [
    [REGION_NAMES.index(lid) for lid in lids] for lids in (UPPER_LID, [lid.mirrored for lid in UPPER_LID])
]
_SPREAD = np.array(
    [[lid_spill(name, side) for name in REGION_NAMES] for side in ("left", "right")], np.float32
)
"""(2, 29): what a closing lid on either side of the picture spreads to each region."""

Vectors = NDArray[np.float32]


def mirrored_motion(vectors: Vectors) -> Vectors:
    """Mirror motion (N, 29, 2) left to right: regions change sides, u its sign."""
    return np.asarray(vectors[:, _MIRROR] * np.array([-1, 1], np.float32))


def at_typical_scale(vectors: Vectors) -> Vectors:
    """Return motion (N, 29, 2) of which only ratios are known, its strongest motion set to `TYPICAL`."""
    strongest = np.maximum(motion_scale(vectors), np.float32(1e-12))
    return np.asarray(vectors * (np.float32(TYPICAL) / strongest)[:, None, None])


def quiet_about_lids(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Return motion (N, 29, 2) without what closing lids spread around them, and the noise floor (N,) then.

    The same as the hand-made model does (`mellm.facs.unit_rules.without_lid_spill`), for many at once.
    """
    closing = np.maximum(0, vectors[:, _LIDS, 1].max(axis=-1))
    spread = np.max(closing[:, :, None] * _SPREAD, axis=1)
    length = np.linalg.norm(vectors, axis=-1)
    kept = np.where(spread > 0, np.maximum(0, 1 - spread / np.maximum(length, np.float32(1e-12))), 1)
    floor = NOISE_FLOOR + BLINK_NOISE * closing.max(axis=1)
    return np.asarray(vectors * kept[..., None], np.float32), np.asarray(floor, np.float32)


def blink_alone(vectors: Vectors) -> NDArray[np.bool_]:
    """Return (N,) where closing lids outdo all else, and the rest of the face is within their noise."""
    quiet, floor = quiet_about_lids(vectors)
    closing, rest = (floor - np.float32(NOISE_FLOOR)) / BLINK_NOISE, motion_scale(quiet)
    return np.asarray((closing > OUTDOES * rest) & (rest < floor), np.bool_)


def motion_scale(vectors: Vectors) -> Vectors:
    """Return the strongest motion (N,): mean of the three strongest regions, eyelids left out."""
    lengths = np.linalg.norm(vectors[:, OUTSIDE_EYES], axis=-1)
    return np.asarray(np.sort(lengths, axis=1)[:, -3:].mean(axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class Rules:
    """The hand-made table as matrices, so that weights stay true to the table they were trained with.

    shows: (U, 58) weights of motion that speaks for a unit on the picture's left half
    against: (K, 58) weights of motion whose positive part speaks against; against_unit: (K,) its row
    """

    shows: NDArray[np.float32]
    against: NDArray[np.float32]
    against_unit: NDArray[np.float32]

    def scores(self, vectors: Vectors) -> Vectors:
        """Return scores (N, U) of motion (N, 29, 2) on the picture's left half."""
        flat = vectors.reshape(len(vectors), -1)
        score = flat @ self.shows.T
        denied = np.maximum(0, flat @ self.against.T)
        for column, unit in enumerate(self.against_unit.astype(int)):
            score[:, unit] -= denied[:, column]
        return np.asarray(score, np.float32)


def rules_of(units: Sequence[int]) -> Rules:
    """Return the rules of `UNITS` for the given action units."""
    shows, against, owner = [], [], []
    for row, au in enumerate(units):
        unit = _ROWS[au]
        total = sum(term.weight for term in unit.shows)
        terms = [(_along_left(t), t.weight / total) for t in unit.shows]
        shows.append(sum((w * row_ for row_, w in terms), np.zeros(2 * len(REGION_NAMES))))
        for term in unit.against:
            against.append(term.weight / total * _along_left(term))
            owner.append(row)
    return Rules(np.array(shows, np.float32), np.array(against, np.float32), np.array(owner, np.float32))


def _along_left(term: Term) -> NDArray[np.float64]:
    weights = np.zeros((len(REGION_NAMES), 2))
    weights[REGION_NAMES.index(term.region)] = -term.out, -term.up
    return weights.ravel()


def view_features(vectors: Vectors, rules: Rules, scale: Vectors | None = None) -> Vectors:
    """Return features (N, 58 + 2U + 1) of motion (N, 29, 2), as fractions of the inter-ocular distance.

    `scale` (N,) replaces the motion's own, so that single regions can be taken out on equal terms.
    """
    vectors, floor = quiet_about_lids(vectors)
    strong = motion_scale(vectors) if scale is None else scale
    s = np.hypot(strong, floor)[:, None]
    flat = vectors.reshape(len(vectors), -1)
    both = (rules.scores(vectors), rules.scores(mirrored_motion(vectors)))
    ratios = np.concatenate([flat / s, both[0] / s, both[1] / s], axis=1)
    # A blink moves lids many times further than anything else moves: beyond LIMIT it is just "far".
    limited = LIMIT * np.tanh(ratios / LIMIT)
    return np.asarray(np.concatenate([limited, np.log(s / np.float32(NOISE_FLOOR))], axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class LearnedAUModel:
    """The model behind `create_au_model("learned")`: an `AUModel`.

    mean, spread: (F,) of the features; hidden: (F, H); hidden_bias: (H,); output: (H, U); output_bias: (U,)
    slope, offset: (U,) from the stronger half's logit to the logit of "present"
    gap: (1,) difference of the halves' logits from which a unit is one-sided
    """

    units: tuple[int, ...]
    rules: Rules
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    output: NDArray[np.float32]
    output_bias: NDArray[np.float32]
    slope: NDArray[np.float32]
    offset: NDArray[np.float32]
    gap: NDArray[np.float32]
    known_scale: bool = field(default=True, kw_only=True)
    version: str = field(default="learned-3", kw_only=True)

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        return self.version if self.known_scale else f"{self.version} (relative)"

    def view_logits(self, vectors: Vectors, scale: Vectors | None = None) -> Vectors:
        """Return logits (N, U) that each unit is on the picture's left half (the subject's right)."""
        return np.asarray(self.view_hidden(vectors, scale) @ self.output + self.output_bias)

    def view_hidden(self, vectors: Vectors, scale: Vectors | None = None) -> Vectors:
        """Return the hidden layer (N, H), of which the logits are linear functions."""
        x = (view_features(vectors, self.rules, scale) - self.mean) / self.spread
        return np.asarray(np.maximum(0, x @ self.hidden + self.hidden_bias))

    def half_logits(self, vectors: Vectors) -> Vectors:
        """Return logits (N, 2, U) of both halves, the picture's left first; units of the midline alike."""
        both = np.stack([self.view_logits(vectors), self.view_logits(mirrored_motion(vectors))], axis=1)
        central = np.array([_CENTRAL[au] for au in self.units])
        return np.where(central, both.mean(axis=1, keepdims=True), both)

    def probabilities(self, vectors: Vectors) -> NDArray[np.float64]:
        """Return calibrated probabilities (N, U) that units are present, on whichever side."""
        logits = self.half_logits(vectors).max(axis=1) * self.slope + self.offset
        return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))))

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return all units, most probable first; regions that are missing count as still.

        Where no region moves every probability is 0.
        """
        named = relative_vectors(motion)
        moving: set[str] = {m.name for m in motion if m.moving}
        vectors = np.array([[named.get(name, (0.0, 0.0)) for name in REGION_NAMES]], np.float32)
        if not moving or not vectors.any():
            return [AUEvidence(au, "both", 0.0, None, ()) for au in self.units]
        if not self.known_scale:
            vectors = at_typical_scale(vectors)
        halves = self.half_logits(vectors)[0]
        probabilities = self.probabilities(vectors)[0]
        support = self._support(vectors)
        blinks = self.known_scale and bool(blink_alone(vectors)[0])
        found = []
        for row, au in enumerate(self.units):
            side, shown = self._side(halves[:, row])
            evidence = _named(support[list(shown), :, row].sum(axis=0), moving)
            p = float(probabilities[row])
            drawn_along = blinks and au in FEIGNED
            p = p if evidence and not drawn_along else min(p, UNSUPPORTED)
            grade = self._grade(au, shown, named) if p >= PRESENT else None
            if au == 26 and self.known_scale and vectors[0, _CHIN, 1] > JAW_STRETCH:
                au = 27
            found.append(AUEvidence(au, side, p, grade, evidence))
        return sorted(found, key=lambda e: -e.probability)

    def _side(self, logits: NDArray[np.float32]) -> tuple[Side, tuple[int, ...]]:
        """The subject's side of two halves' logits, and the numbers of the halves that show the unit."""
        if abs(float(logits[0] - logits[1])) <= float(self.gap[0]):
            return "both", (0, 1)
        half = int(logits.argmax())
        return subject_side(_HALVES[half]), (half,)

    def _support(self, vectors: Vectors) -> NDArray[np.float32]:
        """How much each half's logit falls when a region is held still: (2, 29, U), picture's regions."""
        taken = np.repeat(vectors, len(REGION_NAMES) + 1, axis=0)
        taken[np.arange(1, len(taken)), np.arange(len(REGION_NAMES))] = 0
        scale = np.repeat(motion_scale(quiet_about_lids(vectors)[0]), len(taken))
        both = [self.view_logits(view, scale) for view in (taken, mirrored_motion(taken))]
        return np.stack([logits[:1] - logits[1:] for logits in both])

    def _grade(
        self, au: int, shown: Sequence[int], named: Mapping[str, tuple[float, float]]
    ) -> Intensity | None:
        """The hand-made model's scale: displacement as a share of the unit's full range."""
        if not self.known_scale:
            return None
        row = _ROWS[au]
        moved = sum(unit_score(row, named, _HALVES[half]) for half in shown) / len(shown)
        return grade_of(max(0.0, moved) / row.full_range)


_HALVES: tuple[ImageSide, ImageSide] = ("left", "right")


def _named(support: NDArray[np.float32], moving: set[str]) -> tuple[str, ...]:
    """Moving regions that speak for a unit, strongest first."""
    shares = {n: float(s) for n, s in zip(REGION_NAMES, support, strict=True) if n in moving and s > 0}
    least = SHARE * max(shares.values(), default=math.inf)
    return tuple(sorted((n for n, s in shares.items() if s >= least), key=lambda n: -shares[n]))


_RULES = ("shows", "against", "against_unit")
# In the order of the model's own fields.
_FIELDS = (
    "mean", "spread", "hidden", "hidden_bias", "output", "output_bias", "slope", "offset", "gap",
)  # fmt: skip


def save_au_model(model: LearnedAUModel, path: Path, about: Mapping[str, str]) -> None:
    """Write the weights as safetensors, with `about` in the header's metadata."""
    arrays: dict[str, NDArray[np.generic]] = {name: getattr(model.rules, name) for name in _RULES}
    arrays |= {name: getattr(model, name) for name in _FIELDS}
    save_weights(arrays | {"units": np.array(model.units, np.float32)}, path, about)


def load_au_model(path: Path) -> LearnedAUModel:
    """Read weights `save_au_model` wrote; raises MellmError where the file is missing or damaged."""
    arrays = load_weights(path, (*_RULES, *_FIELDS, "units"))
    rules = Rules(**{name: arrays.pop(name) for name in _RULES})
    units = tuple(int(unit) for unit in arrays.pop("units"))
    return LearnedAUModel(units, rules, *(arrays[name] for name in _FIELDS))


@cache
def shipped_au_model(known_scale: bool = True) -> LearnedAUModel:
    """Return the weights that come with the package."""
    model = load_au_model(shipped_weights(SHIPPED))
    return model if known_scale else replace(model, known_scale=False)
