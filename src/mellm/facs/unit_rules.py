"""Hand-made action-unit evidence: FACS descriptions of motion, compared with the measured regions.

Each unit is a row of `UNITS`: which regions move which way at its apex (after the FACS manual), and which
motion speaks against it. Nothing here is fitted to data. For one side of the face, the unit's score is the
weighted mean of the regions' motion along the expected directions, minus the motion against it:

    score = (sum_i w_i <d_i, e_i> - sum_j c_j max(0, <d_j, e_j>)) / sum_i w_i

with d the mean motion of a region as a fraction of the inter-ocular distance. Scores are compared with the
face's own strongest motion and with the noise floor, so that the same rules read a clip of known scale and
a flow field that was normalised:

    z = score / sqrt(strongest^2 + floor^2),     p = 1 / (1 + exp(-GAIN (z - threshold)))

Knows nothing about emotions, nor about where the motion was measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mellm.face.region_id import RegionId
from mellm.facs.codes import subject_side
from mellm.facs.findings import AUEvidence, Intensity, Side
from mellm.flow.measure import strongest_motion
from mellm.flow.region_motion import RegionMotion
from mellm.wording.languages import Language
from mellm.wording.page_words import page_word

GAIN = 7.0
"""Steepness of the logistic."""

THRESHOLD = 0.42
"""Score, as a fraction of the face's strongest motion, at which a unit is as likely as not."""

RARE = frozenset({11, 13, 16, 18, 22, 28, 38, 39})
"""Units that coders of micro-expressions hardly ever score (each under 1% of annotations)."""

RARE_THRESHOLD = 0.7
"""Their threshold: mean vectors alone rarely tell them from their common neighbours."""

PRESENT = 0.5
"""Probability from which a unit is called present."""

NOISE_FLOOR = 0.0035
"""Regional motion that estimators report on still faces, as a fraction of the inter-ocular distance."""

ONE_SIDED_RATIO = 0.5
"""A unit is one-sided where the weaker side scores less than this share of the stronger."""

INTENSITY_STEPS: tuple[tuple[float, Intensity], ...] = ((0.10, "A"), (0.25, "B"), (0.55, "C"), (0.85, "D"))
"""Upper bounds, as shares of a unit's full range, of the grades A to D; above is E."""


def intensity_scale(language: Language) -> str:
    """Return what the letters mean, for the report."""
    steps = [f"{grade} < {limit:.0%}" for limit, grade in INTENSITY_STEPS]
    return page_word("intensity_scale", language, steps=("，" if language == "zh" else ", ").join(steps))


INTENSITY_SCALE = intensity_scale("en")
"""What the letters mean, for the report."""


ImageSide = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Term:
    """One region's expected motion: `out` away from the face's midline, `up` towards the brow.

    `region` lies on the picture's left half or on the midline; `(out, up)` is a unit vector or near it.
    """

    region: RegionId
    out: float
    up: float
    weight: float = 1.0

    def on(self, side: ImageSide) -> RegionId:
        """Return the region on one side of the picture."""
        return self.region if side == "left" else self.region.mirrored


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of the table: what a unit shows, what speaks against it, how far it can go.

    `full_range` is the displacement at intensity E as a fraction of the inter-ocular distance.
    `central` units act on the midline and are never one-sided.
    """

    au: int
    full_range: float
    shows: tuple[Term, ...]
    against: tuple[Term, ...] = ()
    central: bool = False


_INNER, _OUTER = RegionId.LEFT_INNER_BROW, RegionId.LEFT_OUTER_BROW
_UPPER, _LOWER = RegionId.LEFT_UPPER_EYELID_CENTRE, RegionId.LEFT_LOWER_EYELID_CENTRE
_NOSTRIL, _CORNER = RegionId.LEFT_NOSTRIL_WING, RegionId.LEFT_MOUTH_CORNER
_CHEEK, _CHIN = RegionId.LEFT_CHEEK, RegionId.CHIN
_UPLIP, _LOWLIP = RegionId.UPPER_LIP_LEFT, RegionId.LOWER_LIP_LEFT
_UPLIP_C, _LOWLIP_C = RegionId.UPPER_LIP_CENTRE, RegionId.LOWER_LIP_CENTRE
_D = math.sqrt(0.5)

UNITS: tuple[Unit, ...] = (
    Unit(1, 0.12, (Term(_INNER, 0, 1),), (Term(_INNER, -1, 0, 0.3),)),
    Unit(2, 0.12, (Term(_OUTER, 0, 1),)),
    Unit(4, 0.12, (Term(_INNER, -_D, -_D), Term(_OUTER, -0.3, -0.9, 0.3)), (Term(_INNER, 0, 1, 0.5),)),
    Unit(5, 0.05, (Term(_UPPER, 0, 1),), (Term(_INNER, 0, 1, 0.5), Term(_LOWER, 0, 1, 0.5))),
    Unit(6, 0.08, (Term(_CHEEK, 0, 1), Term(_LOWER, 0, 1, 0.5)), (Term(_LOWER, 0, -1, 0.5),)),
    Unit(7, 0.05, (Term(_LOWER, 0, 1),), (Term(_CHEEK, 0, 1, 0.5), Term(_UPPER, 0, -1, 0.3))),
    Unit(9, 0.06, (Term(_NOSTRIL, 0, 1), Term(_INNER, -0.2, -1, 0.5)), (Term(_INNER, 0, 1, 0.5),)),
    # The wing rises furthest in 9, the lip in 10.
    Unit(10, 0.10, (Term(_UPLIP, 0, 1), Term(_NOSTRIL, 0.2, 1, 0.5)),
         (Term(_CORNER, _D, _D, 0.4), Term(_NOSTRIL, 0, 1, 0.5), Term(_INNER, -0.2, -1, 0.5))),
    Unit(11, 0.06, (Term(_NOSTRIL, _D, _D), Term(_UPLIP, 0, 1, 0.3)),
         (Term(_CORNER, _D, _D, 0.5), Term(_NOSTRIL, -_D, _D, 0.5), Term(_INNER, -0.2, -1, 0.5))),
    # A corner that goes out without going up is a dimpler's (14) or a stretcher's (20).
    Unit(12, 0.18, (Term(_CORNER, 0.6, 0.8), Term(_CHEEK, 0, 1, 0.3)),
         (Term(_CORNER, 0, -1, 0.5), Term(_CORNER, 0.8, -0.6, 0.5))),
    Unit(13, 0.15, (Term(_CORNER, 0, 1),), (Term(_CORNER, 1, 0), Term(_CORNER, -1, 0, 0.5))),
    # The buccinator draws the corner back, in the picture outwards, and the lips hardly with it.
    Unit(14, 0.08, (Term(_CORNER, 1, 0),),
         (Term(_CORNER, 0, 1, 0.8), Term(_CORNER, 0, -1, 0.5), Term(_LOWLIP, 1, 0, 0.6))),
    Unit(15, 0.10, (Term(_CORNER, 0, -1), Term(_LOWLIP, 0, -1, 0.2)), (Term(_CHIN, 0, -1, 0.7),)),
    Unit(16, 0.12, (Term(_LOWLIP, 0, -1),), (Term(_CHIN, 0, -1), Term(_UPLIP, 0, -1, 0.5))),
    Unit(17, 0.10, (Term(_CHIN, 0, 1), Term(_LOWLIP_C, 0, 1)), (Term(_UPLIP_C, 0, -1, 0.8),), central=True),
    Unit(18, 0.15, (Term(_CORNER, -1, 0), Term(_UPLIP, -1, 0, 0.5), Term(_LOWLIP, -1, 0, 0.5)),
         central=True),
    # The risorius draws the lip along; a corner that goes alone is a dimpler's.
    Unit(20, 0.15, (Term(_LOWLIP, 1, 0), Term(_CORNER, 1, 0, 0.3)),
         (Term(_CORNER, 0, 1, 0.7), Term(_CHIN, 0, 1, 0.4))),
    Unit(22, 0.10, (Term(_CORNER, -1, 0), Term(_UPLIP_C, 0, 1), Term(_LOWLIP_C, 0, -1)), central=True),
    Unit(23, 0.06, (Term(_UPLIP, -0.7, -0.7), Term(_LOWLIP, -0.7, 0.7), Term(_CORNER, -1, 0, 0.5)),
         central=True),
    Unit(24, 0.08, (Term(_UPLIP_C, 0, -1), Term(_LOWLIP_C, 0, 1)), (Term(_CHIN, 0, 1, 0.4),), central=True),
    Unit(25, 0.10, (Term(_UPLIP_C, 0, 1, 0.5), Term(_LOWLIP_C, 0, -1)), central=True),
    Unit(26, 0.20, (Term(_CHIN, 0, -1), Term(_LOWLIP_C, 0, -1, 0.7)), central=True),
    Unit(28, 0.10, (Term(_UPLIP_C, 0, -1), Term(_LOWLIP_C, 0, 1), Term(_CHIN, 0, 1, 0.5),
                    Term(_CORNER, -1, 0, 0.5)), central=True),
    Unit(38, 0.03, (Term(_NOSTRIL, 1, 0),), (Term(_NOSTRIL, 0, 1, 0.7), Term(_CORNER, 1, 0, 0.5))),
    Unit(39, 0.03, (Term(_NOSTRIL, -1, 0),), (Term(_NOSTRIL, 0, 1, 0.7), Term(_CORNER, -1, 0, 0.5))),
    Unit(43, 0.12, (Term(_UPPER, 0, -1),), (Term(_INNER, 0, -1), Term(_LOWER, 0, 1, 0.5))),
)  # fmt: skip
"""The table, one row per unit. Jaw openings beyond AU26's range are reported as AU27."""

_SPILL: dict[RegionId, float] = {
    _INNER: 0.8, _OUTER: 0.15, _NOSTRIL: 0.1, _CHEEK: 0.1,
    RegionId.LEFT_LOWER_EYELID_OUTER: 0.15, _LOWER: 0.15, RegionId.LEFT_LOWER_EYELID_INNER: 0.2,
    _CORNER: 0.05, _UPLIP: 0.05, _LOWLIP: 0.05, _UPLIP_C: 0.05, _LOWLIP_C: 0.05, _CHIN: 0.05,
}  # fmt: skip
"""Region on the closing lid's side -> share of the lid's motion that its fold makes there, or flow spreads.

As measured on blinks: the fold draws the skin below the inner brow along, while flow loses half of the lid's
own way."""

UPPER_LID = (RegionId.LEFT_UPPER_EYELID_OUTER, _UPPER, RegionId.LEFT_UPPER_EYELID_INNER)
"""The regions of the upper lid on the picture's left."""

BLINK_NOISE = 0.15
"""What a closing lid adds to the noise floor, as a share of its own motion."""

EYE_CLOSURE = frozenset({43, 45, 46})
"""Units that close the eyes: no evidence of a micro-expression on their own."""

EXPRESSIVE: tuple[int, ...] = tuple(sorted({unit.au for unit in UNITS} - EYE_CLOSURE))
"""AU numbers of the table, the units that close the eyes left out."""

READ_AS = {45: 43, 46: 43, 27: 26}
"""Units the table has no row for -> the unit whose motion they share: closing eyes, a wide jaw drop."""

JAW_STRETCH = 0.25
"""Chin displacement (inter-ocular distances) from which a jaw drop is a mouth stretch, AU27."""

_Vector = tuple[float, float]
_SIDES: tuple[ImageSide, ImageSide] = ("left", "right")


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """The hand-made model behind `create_au_model("evidence")`: an `AUModel`.

    `noise_floor` is a fraction of the inter-ocular distance. With `known_scale=False` only relative
    magnitudes are trusted (flow that was normalised): no floor, no intensities.
    """

    noise_floor: float = NOISE_FLOOR
    known_scale: bool = True

    @property
    def name(self) -> str:
        """Name and version, for the report's provenance."""
        return "evidence-2" if self.known_scale else "evidence-2 (relative)"

    def predict(self, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
        """Return all units of `UNITS`, most probable first; regions that are missing count as still."""
        vectors = relative_vectors(motion)
        floor = 0.0
        if self.known_scale:
            floor = self.noise_floor + BLINK_NOISE * max(closing_lids(vectors).values())
            vectors = without_lid_spill(vectors)
        scale = math.hypot(strongest_motion(vectors), floor)
        found = [self._judge(unit, vectors, scale) for unit in UNITS]
        return sorted(found, key=lambda e: -e.probability)

    def side_scores(self, motion: Sequence[RegionMotion]) -> dict[int, tuple[float, float]]:
        """Return AU -> score on the subject's (left, right) half, relative to the face's strongest motion."""
        vectors = relative_vectors(motion)
        scale = math.hypot(strongest_motion(vectors), self.noise_floor if self.known_scale else 0.0) or 1.0
        # The subject's left is the picture's right.
        return {
            unit.au: (unit_score(unit, vectors, "right") / scale, unit_score(unit, vectors, "left") / scale)
            for unit in UNITS
        }

    def _judge(self, unit: Unit, vectors: Mapping[str, _Vector], scale: float) -> AUEvidence:
        scores = {side: unit_score(unit, vectors, side) for side in _SIDES}
        score, side, shown = _sides(unit, scores)
        threshold = RARE_THRESHOLD if unit.au in RARE else THRESHOLD
        probability = _logistic(score / scale if scale > 0 else 0.0, threshold)
        grade = None
        if self.known_scale and probability >= PRESENT:
            grade = grade_of(score / unit.full_range)
        au = unit.au
        if au == 26 and self.known_scale and -vectors.get(_CHIN, (0.0, 0.0))[1] < -JAW_STRETCH:
            au = 27
        return AUEvidence(au, side, probability, grade, _evidence(unit, shown, vectors))


def relative_vectors(motion: Sequence[RegionMotion]) -> dict[str, _Vector]:
    """Return region -> mean motion (u, v) as a fraction of the inter-ocular distance."""
    return {
        m.name: (m.u * m.relative / m.mean, m.v * m.relative / m.mean) if m.mean > 0 else (0.0, 0.0)
        for m in motion
    }


def closing_lids(vectors: Mapping[str, _Vector]) -> dict[ImageSide, float]:
    """Return how far the upper lid of each side of the picture comes down at most, 0 where it does not."""
    return {
        side: max(
            0.0, *(vectors.get(lid if side == "left" else lid.mirrored, (0.0, 0.0))[1] for lid in UPPER_LID)
        )
        for side in _SIDES
    }


def without_lid_spill(vectors: Mapping[str, _Vector]) -> dict[str, _Vector]:
    """Shorten motion about a closing eye by what the lid's own motion spreads there.

    A lid goes ten times further in a blink than a brow in a micro-expression, and flow smooths. Without this
    a blink reads as lowered brows (AU 4) and a wrinkled nose (AU 9).
    """
    closing = closing_lids(vectors)
    found = dict(vectors)
    for name, (u, v) in vectors.items():
        length = math.hypot(u, v)
        spread = max(lid_spill(RegionId(name), side) * closing[side] for side in _SIDES)
        if length > 0 and spread > 0:
            kept = max(0.0, 1 - spread / length)
            found[name] = u * kept, v * kept
    return found


def lid_spill(region: RegionId, side: ImageSide) -> float:
    """Return the share of a closing lid's motion, on one side of the picture, that a region shows."""
    return _SPILL.get(region if side == "left" else region.mirrored, 0.0)


def along(term: Term, vectors: Mapping[str, _Vector], side: ImageSide) -> float:
    """Return a region's motion along the direction a term expects, on one side of the picture."""
    u, v = vectors.get(term.on(side), (0.0, 0.0))
    outwards = -u if side == "left" else u
    return outwards * term.out - v * term.up


def unit_score(unit: Unit, vectors: Mapping[str, _Vector], side: ImageSide) -> float:
    """Return a unit's score on one side of the picture: the formula in the module's docstring."""
    shown = sum(t.weight * along(t, vectors, side) for t in unit.shows)
    denied = sum(t.weight * max(0.0, along(t, vectors, side)) for t in unit.against)
    return (shown - denied) / sum(t.weight for t in unit.shows)


def _sides(unit: Unit, scores: Mapping[ImageSide, float]) -> tuple[float, Side, tuple[ImageSide, ...]]:
    """Combine both sides: (score, the subject's side, the image sides it is seen on)."""
    weak, strong = sorted(_SIDES, key=lambda s: scores[s])
    mean = (scores[weak] + scores[strong]) / 2
    if unit.central or scores[weak] >= ONE_SIDED_RATIO * scores[strong]:
        return mean, "both", _SIDES
    return scores[strong] * (1 + ONE_SIDED_RATIO) / 2, subject_side(strong), (strong,)


def _evidence(unit: Unit, sides: Sequence[ImageSide], vectors: Mapping[str, _Vector]) -> tuple[str, ...]:
    """Names of the regions that do move as the unit would move them, strongest share first."""
    shares: dict[str, float] = {}
    for side in sides:
        for term in unit.shows:
            share = term.weight * along(term, vectors, side)
            if share > 0:
                shares[term.on(side)] = share
    return tuple(sorted(shares, key=lambda name: -shares[name]))


def _logistic(z: float, threshold: float) -> float:
    return 1 / (1 + math.exp(-GAIN * (z - threshold)))


def grade_of(share: float) -> Intensity:
    """Return the FACS grade of a displacement, given as a share of the unit's full range."""
    return next((letter for bound, letter in INTENSITY_STEPS if share < bound), "E")
