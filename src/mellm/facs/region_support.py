"""Which regions bear an action unit out: those that move the way FACS describes for it.

Knows measured motion and the rules' table of motions; decides nothing about what is present.
"""

import math
from collections.abc import Sequence
from typing import Literal

from mellm.facs.codes import ActionUnitCode, subject_side
from mellm.facs.unit_rules import READ_AS, UNITS, Term, Unit
from mellm.flow.region_motion import RegionMotion

WITHIN = math.cos(math.radians(67.5))
"""A region bears a unit out when it moves within 67.5 degrees of what FACS describes, as the
checker reads words."""

_ROWS: dict[int, Unit] = {unit.au: unit for unit in UNITS}
_ROWS |= {au: _ROWS[like] for au, like in READ_AS.items()}
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def knows_motion(au: int) -> bool:
    """True where the 29 regions could show the unit at all."""
    return au in _ROWS


def sided_motion(au: int) -> bool:
    """True where the two halves of the face show a unit apart from each other."""
    return au in _ROWS and not _ROWS[au].central


def supporting_regions(unit: ActionUnitCode, motion: Sequence[RegionMotion]) -> tuple[str, ...]:
    """Return the moving regions (image sides) that go the way FACS describes for a unit, strongest first.

    One-sided units are looked for on their own side of the subject only. Empty where nothing bears it out.
    """
    row = _ROWS.get(unit.au)
    if row is None:
        return ()
    moved: dict[str, RegionMotion] = {m.name: m for m in motion if m.moving}
    found: dict[str, float] = {}
    for side in _SIDES:
        if unit.side in _SIDES and subject_side(side) != unit.side and not row.central:
            continue
        for term in row.shows:
            name = term.on(side)
            share = _share(term, side, moved.get(name))
            if share > 0:
                found[name] = max(share, found.get(name, 0.0))
    return tuple(sorted(found, key=lambda name: -found[name]))


def _share(term: Term, side: str, region: RegionMotion | None) -> float:
    if region is None or region.octant is None or term.weight < 0.3:
        return 0.0
    along = (-region.u if side == "left" else region.u) * term.out - region.v * term.up
    length = math.hypot(region.u, region.v) * math.hypot(term.out, term.up)
    return term.weight * along if length > 0 and along / length >= WITHIN else 0.0
