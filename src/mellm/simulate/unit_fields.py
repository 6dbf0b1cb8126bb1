"""Action units as displacement fields on the face mesh, described from FACS.

Each unit is a short list of soft pushes: where (a mesh point on the subject's right half, or the middle),
which way, how far it reaches, and whether only one lid or one lip takes part. The table was written from
the FACS descriptions of what moves (Ekman, Friesen & Hager 2002), not fitted to data. The module knows
nothing about pictures or time.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mellm.facs.codes import CodeSide
from mellm.simulate.canonical_mesh import (
    MOUTH,
    SLITS,
    Points,
    canonical_points,
    canonical_to_mesh,
    mirror_index,
)
from mellm.simulate.lattice import smoothstep

Sheet = Literal["skin", "upper lid", "lower lid", "upper lip", "lower lip"]
Side = Literal["both", "left", "right"]


def half_of(side: CodeSide) -> Side:
    """Return the subject's half that a coded side names; any other side stands for both halves."""
    return side if side in ("left", "right") else "both"


@dataclass(frozen=True, slots=True)
class Push:
    """One soft push: Gaussian of `reach` (x, y; face widths) about a mesh point, along `direction`.

    direction is (x, y, z) in canonical axes for the subject's RIGHT half: +x towards the middle of the
    face, +y up, +z towards the viewer; its length is the push's weight. `sheet` restricts it to one lid or
    lip. `middle` pushes sit on the midline and exist once.
    """

    at: int
    direction: tuple[float, float, float]
    reach: tuple[float, float]
    sheet: Sheet = "skin"
    middle: bool = False


TABLE: dict[int, tuple[Push, ...]] = {
    1: (
        Push(107, (0.05, 1.0, 0.0), (0.085, 0.10)),
        Push(108, (0.0, 0.45, 0.0), (0.10, 0.09)),
    ),
    2: (
        Push(63, (-0.08, 1.0, 0.0), (0.085, 0.09)),
        Push(104, (0.0, 0.40, 0.0), (0.10, 0.09)),
        Push(159, (0.0, 0.15, 0.0), (0.08, 0.03), "upper lid"),
    ),
    4: (
        Push(107, (0.45, -0.80, 0.0), (0.09, 0.075)),
        Push(105, (0.25, -0.60, 0.0), (0.08, 0.07)),
        Push(9, (0.0, -0.45, 0.0), (0.07, 0.07), middle=True),
        Push(159, (0.0, -0.15, 0.0), (0.09, 0.035), "upper lid"),
    ),
    5: (Push(159, (0.0, 1.0, -0.2), (0.10, 0.035), "upper lid"),),
    6: (
        Push(117, (0.12, 0.85, 0.1), (0.11, 0.085)),
        Push(145, (0.08, 0.55, 0.0), (0.10, 0.04), "lower lid"),
        Push(35, (0.30, 0.25, 0.0), (0.06, 0.06)),
    ),
    7: (
        Push(145, (0.12, 0.85, 0.0), (0.10, 0.035), "lower lid"),
        Push(159, (0.0, -0.55, 0.0), (0.10, 0.03), "upper lid"),
    ),
    9: (
        Push(129, (0.05, 0.90, 0.0), (0.05, 0.06)),
        Push(198, (0.0, 0.60, 0.0), (0.05, 0.07)),
        Push(55, (0.15, -0.50, 0.0), (0.08, 0.06)),
        Push(39, (0.0, 0.45, 0.0), (0.08, 0.05), "upper lip"),
    ),
    10: (
        Push(39, (-0.05, 1.0, 0.0), (0.07, 0.06), "upper lip"),
        Push(206, (-0.10, 0.55, 0.0), (0.07, 0.07)),
        Push(129, (-0.05, 0.30, 0.0), (0.045, 0.05)),
    ),
    11: (
        Push(203, (-0.30, 0.80, 0.0), (0.06, 0.06)),
        Push(206, (-0.15, 0.45, 0.0), (0.06, 0.06)),
    ),
    12: (
        Push(61, (-0.70, 0.75, -0.25), (0.10, 0.08)),
        Push(205, (-0.15, 0.50, 0.1), (0.11, 0.09)),
        Push(145, (0.0, 0.12, 0.0), (0.09, 0.04), "lower lid"),
    ),
    13: (
        Push(61, (-0.12, 0.95, 0.0), (0.07, 0.06)),
        Push(205, (0.0, 0.40, 0.2), (0.08, 0.07)),
    ),
    14: (
        Push(61, (-0.75, 0.12, -0.45), (0.075, 0.055)),
        Push(212, (0.40, 0.10, -0.2), (0.06, 0.06)),
    ),
    15: (
        Push(61, (-0.18, -0.95, 0.0), (0.08, 0.07)),
        Push(210, (-0.05, -0.40, 0.0), (0.08, 0.08)),
        Push(84, (0.0, -0.20, 0.0), (0.09, 0.04), "lower lip"),
    ),
    16: (
        Push(181, (-0.10, -0.95, 0.0), (0.08, 0.055), "lower lip"),
        Push(182, (0.0, -0.35, 0.0), (0.09, 0.07), "lower lip"),
    ),
    17: (
        Push(199, (0.0, 0.95, 0.1), (0.13, 0.10), middle=True),
        Push(17, (0.0, 0.70, 0.2), (0.12, 0.055), "lower lip", middle=True),
        Push(61, (0.0, -0.15, 0.0), (0.07, 0.05)),
    ),
    18: (
        Push(61, (0.95, 0.05, 0.4), (0.09, 0.075)),
        Push(40, (0.30, 0.05, 0.3), (0.07, 0.05), "upper lip"),
        Push(91, (0.30, 0.05, 0.3), (0.07, 0.05), "lower lip"),
    ),
    20: (
        Push(61, (-1.0, -0.15, -0.2), (0.11, 0.08)),
        Push(210, (-0.30, -0.10, 0.0), (0.09, 0.08)),
    ),
    22: (
        Push(61, (0.60, 0.0, 0.5), (0.09, 0.07)),
        Push(0, (0.0, 0.60, 0.5), (0.12, 0.045), "upper lip", middle=True),
        Push(17, (0.0, -0.65, 0.5), (0.12, 0.05), "lower lip", middle=True),
    ),
    23: (
        Push(61, (0.45, 0.0, -0.1), (0.07, 0.055)),
        Push(37, (0.0, -0.40, -0.2), (0.09, 0.035), "upper lip"),
        Push(84, (0.0, 0.45, -0.2), (0.09, 0.035), "lower lip"),
    ),
    24: (
        Push(37, (0.0, -0.55, -0.1), (0.10, 0.045), "upper lip"),
        Push(84, (0.0, 0.70, -0.1), (0.10, 0.045), "lower lip"),
        Push(199, (0.0, 0.25, 0.0), (0.12, 0.08), middle=True),
    ),
    25: (
        Push(84, (0.0, -0.80, 0.0), (0.10, 0.06), "lower lip"),
        Push(37, (0.0, 0.25, 0.0), (0.10, 0.04), "upper lip"),
    ),
    26: (
        Push(152, (0.0, -1.0, -0.2), (0.26, 0.17), middle=True),
        Push(17, (0.0, -0.75, 0.0), (0.15, 0.07), "lower lip", middle=True),
        Push(61, (0.10, -0.30, 0.0), (0.07, 0.06)),
    ),
    27: (
        Push(152, (0.0, -1.0, -0.3), (0.28, 0.20), middle=True),
        Push(17, (0.0, -0.85, 0.0), (0.15, 0.08), "lower lip", middle=True),
        Push(61, (0.20, -0.40, 0.0), (0.08, 0.07)),
        Push(0, (0.0, 0.10, 0.0), (0.12, 0.04), "upper lip", middle=True),
    ),
    28: (
        Push(37, (0.0, -0.75, -0.5), (0.11, 0.045), "upper lip"),
        Push(84, (0.0, 0.80, -0.5), (0.11, 0.045), "lower lip"),
        Push(61, (0.20, 0.0, -0.1), (0.06, 0.05)),
        Push(199, (0.0, 0.25, 0.0), (0.12, 0.08), middle=True),
    ),
    38: (
        Push(129, (-0.90, 0.10, 0.0), (0.04, 0.04)),
        Push(98, (-0.50, 0.10, 0.0), (0.04, 0.04)),
    ),
    39: (
        Push(129, (0.90, 0.0, 0.0), (0.04, 0.04)),
        Push(98, (0.50, 0.0, 0.0), (0.04, 0.04)),
    ),
    45: (
        Push(159, (0.0, -1.0, 0.1), (0.12, 0.032), "upper lid"),
        Push(145, (0.12, 0.12, 0.0), (0.10, 0.03), "lower lid"),
    ),
}
"""Every unit the generator knows: FACS number -> pushes on the subject's right half."""

CAN_BE_ONE_SIDED = frozenset({1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 20, 38, 39, 45})
"""Units FACS scores on one side alone; the others are made on both sides only."""

# Mesh points along the lower edge of each brow, from the picture's left; and from where to where, in shares
# of the way from the lid's rim up to them, the skin follows a closing lid less and less: the lid goes as one
# piece up to its crease, the skin above unfolds, the brow stays.
_BROWS = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))
_UNFOLDS = (0.2, 0.65)
# How much further than the rim the lid is drawn, because spreading the mesh's motion over the picture rounds
# off its peak.
_OVERSHOOT = 1.2


def _slit_height(
    points: NDArray[np.float64], rims: tuple[tuple[int, ...], tuple[int, ...]]
) -> NDArray[np.float64]:
    """Signed height of every point above the middle line of an opening; 0 beyond its corners."""
    upper, lower = points[list(rims[0])], points[list(rims[1])]
    middle = (upper + lower) / 2
    line = np.interp(points[:, 0], middle[:, 0], middle[:, 1])
    inside = (points[:, 0] > middle[0, 0] + 1e-6) & (points[:, 0] < middle[-1, 0] - 1e-6)
    return np.where(inside, points[:, 1] - line, 0.0)


def _sheet_weight(points: NDArray[np.float64], sheet: Sheet, image_left: bool) -> NDArray[np.float64]:
    """How far each canonical point (468,) belongs to a lid or lip: 0 on the other side of the slit."""
    if sheet == "skin":
        return np.ones(len(points))
    rims = MOUTH if sheet.endswith("lip") else SLITS[0 if image_left else 1]
    height = _slit_height(points, rims) * (1 if sheet.startswith("upper") else -1)
    left, right = points[rims[0][0], 0], points[rims[0][-1], 0]
    along = np.clip((points[:, 0] - left) / (right - left), 0, 1)
    # A lid is tied down at both corners; so is a lip.
    return np.asarray((height > 0) * np.sqrt(4 * along * (1 - along)))


@dataclass(frozen=True, slots=True)
class Variation:
    """How one person (or one occurrence) differs from the table; all zeros is the table itself.

    reach: log-spread of the pushes' reach (together, and each on its own)
    wider: log of the mean factor on the reach
    weight: log-spread of their strength
    turn: spread of their direction; radians
    shift: spread of their place, face widths
    """

    reach: float = 0.0
    wider: float = 0.0
    weight: float = 0.0
    turn: float = 0.0
    shift: float = 0.0


def canonical_field(
    au: int, side: Side = "both", variation: Variation | None = None, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Return the unit's displacement in canonical axes, float64 (468, 3), peak 1 in the picture plane.

    Raises ValueError for a unit the table does not know, or a side FACS does not score alone.
    """
    if au not in TABLE:
        raise ValueError(f"no motion is known for AU {au}; known units are {', '.join(map(str, TABLE))}")
    if side != "both" and au not in CAN_BE_ONE_SIDED:
        raise ValueError(f"AU {au} has no one-sided version in FACS; use side='both'")
    points = canonical_points().astype(np.float64)
    right = np.zeros((468, 3))
    middle = np.zeros((468, 3))
    common = 1.0
    if variation is not None and rng is not None:
        common = float(np.exp(variation.wider + variation.reach * rng.standard_normal()))
    for push in TABLE[au]:
        anchor = points[push.at, :2].copy()
        reach = common * np.array(push.reach)
        direction = np.array(push.direction)
        if variation is not None and rng is not None:
            reach = reach * np.exp(variation.reach * rng.standard_normal(2))
            direction = direction * np.exp(variation.weight * rng.standard_normal())
            angle = variation.turn * rng.standard_normal()
            c, s = np.cos(angle), np.sin(angle)
            if not push.middle:
                direction[:2] = (c * direction[0] - s * direction[1], s * direction[0] + c * direction[1])
                anchor += variation.shift * rng.standard_normal(2)
        distance = (((points[:, :2] - anchor) / reach) ** 2).sum(1)
        bump = np.exp(-0.5 * distance) * _sheet_weight(points, push.sheet, image_left=True)
        target = middle if push.middle else right
        target += bump[:, None] * direction
    left = right[mirror_index()] * (-1.0, 1.0, 1.0)
    total = {"right": right, "left": left, "both": right + left}[side] + middle
    peak = float(np.linalg.norm(total[:, :2], axis=1).max())
    return total / max(peak, 1e-12)


def au_field(
    au: int,
    side: Side,
    mesh: Points,
    variation: Variation | None = None,
    rng: np.random.Generator | None = None,
) -> Points:
    """Return the unit's displacement on `mesh`, float32 (468, 3), mesh units (px), peak 1 in the picture.

    `side` is the SUBJECT's; `mesh` is (468, 3) in picture coordinates (v down). The field turns with the
    head. Multiply by the peak amplitude in pixels.
    """
    moved = canonical_field(au, side, variation, rng) @ canonical_to_mesh(mesh).T
    peak = float(np.linalg.norm(moved[:, :2], axis=1).max())
    return np.asarray(moved / max(peak, 1e-12), np.float32)


def lid_closure(mesh: Points, side: Side = "both") -> Points:
    """Return the displacement that closes the eyes (AU 43/45), float32 (468, 3), px of `mesh`.

    The upper lid comes down onto the lower one at every place along the slit, the skin between its crease and
    the brow follows less and less, and the brow stays. `side` is the subject's.
    """
    points = canonical_points().astype(np.float64)
    total = np.zeros((468, 3), np.float64)
    for eye in {"right": (0,), "left": (1,), "both": (0, 1)}[side]:
        rims, brow = SLITS[eye], list(_BROWS[eye])
        upper, lower = list(rims[0]), list(rims[1])
        gap = (mesh[lower] - mesh[upper]).astype(np.float64)
        x = points[:, 0]
        rim_x = points[upper, 0]
        inside = (x > rim_x[0]) & (x < rim_x[-1])
        rim_y = np.interp(x, rim_x, points[upper, 1])
        brow_y = np.interp(x, points[brow, 0], points[brow, 1])
        above = (points[:, 1] - rim_y) / (brow_y - rim_y)
        stays = smoothstep(*_UNFOLDS, above)
        follow = np.where(_slit_height(points, rims) > 0, 1 - stays, 0.0) * inside
        closing = np.stack([np.interp(x, rim_x, gap[:, k]) for k in range(3)], 1)
        total += _OVERSHOOT * follow[:, None] * closing
    return total.astype(np.float32)
