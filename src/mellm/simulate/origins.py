"""Where the motion of a generated face comes from: several origins that know nothing of each other.

What is learned on one description of the face and right on the others is likely to be right on faces. Only
some origins know the action units; every motion says which origin it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.simulate.gallery import Split
from mellm.simulate.ict import IctModel
from mellm.simulate.muscle_fields import UNITS, muscle_field
from mellm.simulate.replayed_motion import replayed_field
from mellm.simulate.smooth_fields import smooth_field
from mellm.simulate.unit_fields import TABLE, Side, Variation, canonical_field
from mellm.simulate.unit_statistics import draw_action_units

Field = NDArray[np.float64]


class Origin(StrEnum):
    """Origins of motion.

    TABLE: pushes written from the FACS descriptions (`unit_fields`)
    ICT: scanned shapes of ICT-FaceKit (`ict`; needs its file)
    REPLAYED: modes of motion of real people (`replayed_motion`; units unknown)
    MUSCLE: contracting muscles (`muscle_fields`)
    SMOOTH: smooth random motion of the skin (`smooth_fields`; no units)
    """

    TABLE = "table"
    ICT = "ict"
    REPLAYED = "replayed"
    MUSCLE = "muscle"
    SMOOTH = "smooth"


OriginShares = tuple[tuple[Origin, float], ...]
"""Origins with their shares; shares need not add up to 1."""

EVERY_ORIGIN: OriginShares = (
    (Origin.TABLE, 0.2),
    (Origin.ICT, 0.2),
    (Origin.REPLAYED, 0.25),
    (Origin.MUSCLE, 0.2),
    (Origin.SMOOTH, 0.15),
)
"""The usual mixture."""

WITH_UNITS = (Origin.TABLE, Origin.ICT, Origin.MUSCLE)
"""The origins that can be asked for action units."""

VARIATION = Variation(reach=0.25, wider=0.15, weight=0.4, turn=0.3, shift=0.02)
"""How a person differs from the table of units, and a little how an occurrence does."""


@dataclass(frozen=True, slots=True)
class UnitShare:
    """A unit in a motion.

    side: the subject's
    field: its own part of the displacement, float64 (468, 3)
    """

    au: int
    side: Side
    field: Field

    @property
    def share(self) -> float:
        """The peak of its own motion in the picture plane; the whole motion's is 1."""
        return peak_of(self.field)


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """A drawn motion of the face.

    displacement: float64 (468, 3), canonical axes, peak 1 in the picture plane
    units: the action units in it; None where they are not known
    """

    displacement: Field
    units: tuple[UnitShare, ...] | None
    origin: Origin


def known_units(origin: Origin, shapes: IctModel | None = None) -> frozenset[int]:
    """Return the action units an origin of `WITH_UNITS` can show; empty for the others."""
    if origin is Origin.TABLE:
        return frozenset(TABLE)
    if origin is Origin.MUSCLE:
        return UNITS
    return frozenset(_scans(shapes).action_units) if origin is Origin.ICT else frozenset()


def unit_motion(
    origin: Origin, au: int, side: Side, rng: np.random.Generator, shapes: IctModel | None = None
) -> Field:
    """Draw one unit as one person makes it, float64 (468, 3) in canonical axes, peak 1 in the picture.

    A side on which the origin has no version of its own becomes both. Raises ValueError for a unit the
    origin does not know, InputError where ICT is asked for without its file.
    """
    if origin is Origin.TABLE:
        return canonical_field(au, side, VARIATION, rng)
    if origin is Origin.MUSCLE:
        return muscle_field(au, side, rng)
    if origin is not Origin.ICT:
        raise ValueError(f"the origin '{origin}' knows no action units")
    scans = _scans(shapes)
    return scans.canonical_field(au, "both" if au in scans.two_sided else side)


def draw_face_motion(
    origin: Origin,
    rng: np.random.Generator,
    *,
    shapes: IctModel | None = None,
    split: Split = "train",
    units: Sequence[tuple[int, Side]] | None = None,
) -> FaceMotion:
    """Draw a motion of one origin.

    shapes: ICT-FaceKit's, for ICT
    split: whose people's motion REPLAYED draws from; the others do not depend on it
    units: the action units with the subject's sides (default: drawn as coders of micro-expressions write
        them); units the origin does not know are left out. REPLAYED and SMOOTH take none.
    """
    if origin is Origin.REPLAYED:
        return FaceMotion(replayed_field(rng, split), None, origin)
    if origin is Origin.SMOOTH:
        return FaceMotion(smooth_field(rng), None, origin)
    known = known_units(origin, shapes)
    wanted = [u for u in (draw_action_units(rng) if units is None else units) if u[0] in known]
    while not wanted:
        wanted = [u for u in draw_action_units(rng) if u[0] in known]
    fields = [
        float(np.exp(rng.normal(0, 0.4))) * unit_motion(origin, au, side, rng, shapes) for au, side in wanted
    ]
    total = np.sum(fields, axis=0)
    peak = max(peak_of(total), 1e-9)
    shares = tuple(UnitShare(au, s, f / peak) for (au, s), f in zip(wanted, fields, strict=True))
    return FaceMotion(total / peak, shares, origin)


def draw_origin(rng: np.random.Generator, shares: Mapping[Origin, float], shapes: IctModel | None) -> Origin:
    """Draw an origin by its share; ICT takes part only where its shapes are at hand."""
    names = [o for o, share in shares.items() if share > 0 and (o is not Origin.ICT or shapes is not None)]
    if not names:
        raise InputError("No origin of motion is left: ICT needs ICT-FaceKit's file; give it with --ict.")
    weights = np.array([shares[o] for o in names])
    return names[int(rng.choice(len(names), p=weights / weights.sum()))]


def read_origins(text: str) -> OriginShares:
    """Read origins with shares: `all`, `table,muscle` (alike likely), `table=2,muscle=1`.

    Raises InputError for anything else.

    >>> read_origins("muscle")
    ((<Origin.MUSCLE: 'muscle'>, 1.0),)
    """
    if text.strip().lower() == "all":
        return EVERY_ORIGIN
    found: dict[Origin, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            found[Origin(name.strip().lower())] = float(share) if share else 1.0
        except ValueError as error:
            raise InputError(
                f"'{part.strip()}' is no origin of motion with a share; give all, or some of "
                f"{', '.join(Origin)} as in table=2,muscle=1."
            ) from error
    if not all(0 <= share < float("inf") for share in found.values()) or not sum(found.values()) > 0:
        raise InputError("Shares of origins are numbers from 0 up, and not all 0.")
    return tuple(found.items())


def _scans(shapes: IctModel | None) -> IctModel:
    if shapes is None:
        raise InputError("The origin 'ict' needs ICT-FaceKit's compact .npz: give it with --ict.")
    return shapes


def peak_of(field: Field) -> float:
    """Return the greatest length of displacements (N, 3) in the picture plane."""
    return float(np.linalg.norm(field[:, :2], axis=1).max())
