"""Action units as contractions of the muscles that make them, described from anatomy.

A muscle is a line from where it holds to the bone to where it ends in the skin. The skin over its end is
drawn along the line, most at the end, less towards the bone and less beyond; the belly thickens to the
sides, the skin behind the end is stretched thin, a wider sheet of skin slides along. Rings of muscle close
towards their middle. Attachments after Gray's Anatomy and the muscular basis in the FACS manual (Ekman,
Friesen & Hager 2002); the mechanics after Waters (SIGGRAPH 1987). Written without the push table of
`unit_fields` and without any scan. Lengths in face widths, canonical axes; the subject's RIGHT half unless
said otherwise. The module knows nothing about pictures or time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import IMAGE_LEFT_EYE, MOUTH, canonical_points, mirror_index
from mellm.simulate.lattice import smoothstep
from mellm.simulate.mesh_surface import normals, same_skin
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, Side

Field = NDArray[np.float64]
_MIRROR = (-1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Muscle:
    """Straight fibres: mesh points over the bone and at the end in the skin, width, drag beyond it."""

    bone: tuple[int, ...]
    skin: tuple[int, ...]
    width: float
    drag: float = 0.06


MUSCLES: dict[str, Muscle] = {
    "frontalis, medial": Muscle((109, 10), (107, 55), 0.070, 0.06),
    "frontalis, lateral": Muscle((103, 67, 103), (63, 105, 53), 0.065, 0.06),
    "corrugator supercilii": Muscle((193, 8), (66, 65, 52), 0.050, 0.07),
    "depressor supercilii": Muscle((190, 244), (107, 55), 0.040, 0.06),
    "procerus": Muscle((197,), (9, 8), 0.050, 0.07),
    "levator labii alaeque nasi, wing": Muscle((193, 244), (129, 64), 0.032, 0.03),
    "levator labii alaeque nasi, lip": Muscle((193, 244), (165, 39), 0.038, 0.04),
    "levator labii superioris": Muscle((230, 120), (39, 40, 165), 0.050, 0.04),
    "zygomaticus minor": Muscle((117, 118), (40, 92), 0.042, 0.04),
    "zygomaticus major": Muscle((116, 117), (61, 57), 0.055, 0.07),
    "levator anguli oris": Muscle((101, 100), (61, 185), 0.045, 0.05),
    "risorius": Muscle((177, 213), (61, 57), 0.055, 0.08),
    "platysma": Muscle((172, 136), (43, 146), 0.080, 0.06),
    "buccinator": Muscle((215, 213), (61, 76), 0.035, 0.05),
    "depressor anguli oris": Muscle((169, 150), (61, 146), 0.050, 0.06),
    "depressor labii inferioris": Muscle((32, 170, 208), (181, 91, 84), 0.050, 0.04),
    "mentalis": Muscle((18, 83), (199, 208), 0.080, 0.06),
    "nasalis, wing": Muscle((206,), (129, 64), 0.028, 0.03),
    "nasalis, transverse": Muscle((195, 5), (129, 49), 0.032, 0.03),
}


class _Body:
    """One person's muscles in one occurrence: every draw about them, by one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.points = canonical_points().astype(np.float64)
        self.rng = rng
        self.converge = float(rng.uniform(0.2, 0.9))
        self.thicken = float(rng.uniform(0.0, 0.35))
        self.thin = float(rng.uniform(0.0, 0.25))
        self.slide = float(rng.uniform(0.0, 0.7))
        self.breadth = float(np.exp(0.45 + 0.25 * rng.standard_normal()))

    def strength(self, spread: float = 0.3) -> float:
        """A factor about 1."""
        return float(np.exp(spread * self.rng.standard_normal()))

    def pull(self, name: str) -> Field:
        """The displacement that one contracting muscle makes, (468, 3), about 1 at its end in the skin."""
        rng, muscle, points = self.rng, MUSCLES[name], self.points
        bone = points[list(muscle.bone)].mean(0) + rng.normal(0, (0.02, 0.02, 0.005))
        skin = points[list(muscle.skin)].mean(0) + rng.normal(0, (0.012, 0.012, 0.003))
        line = bone - skin
        length = float(np.linalg.norm(line))
        axis = line / length
        width, drag = muscle.width * self.breadth * self.strength(0.2), muscle.drag * self.strength(0.3)
        away = points - skin
        along = away @ axis
        across = away - along[:, None] * axis
        aside = np.linalg.norm(across, axis=1)
        s = along / length
        taut = np.cos(np.pi / 2 * np.clip(s, 0, 1)) ** float(rng.uniform(0.9, 1.8))
        profile = np.where(s < 0, np.exp(-0.5 * (along / drag) ** 2), taut)
        near = np.exp(-0.5 * (aside / width) ** 2)
        to_bone = bone - points
        to_bone /= np.maximum(np.linalg.norm(to_bone, axis=1, keepdims=True), 0.02)
        heading = self.converge * to_bone + (1 - self.converge) * axis
        field = (profile * near)[:, None] * heading
        belly = np.exp(-0.5 * ((s - 0.45) / 0.25) ** 2) * near
        field += self.thicken * belly[:, None] * (across / width + 0.5 * normals())
        behind = np.exp(-0.5 * ((along + drag) / drag) ** 2) * near
        field -= self.thin * behind[:, None] * across / width
        wide = np.exp(-0.5 * (np.linalg.norm(away, axis=1) / (2.2 * width + 0.03)) ** 2) * (s < 1)
        field += self.slide * (wide * smoothstep(0, 0.4, 1 - s))[:, None] * axis
        nearest = int(np.argmin(np.linalg.norm(away, axis=1)))
        # Skin moves along itself; what is left across it is small.
        field -= 0.7 * (field * normals()).sum(1, keepdims=True) * normals()
        return np.asarray(field * same_skin()[nearest][:, None])

    def eye(self, ring: float, spread: float, below: float, above: float, aside: float) -> Field:
        """The ring around the eye closes: `ring` times the lids' own ellipse, unequal around the eye.

        below, above, aside: strength under, over and outside of the eye.
        """
        points = self.points
        outer, inner = points[33], points[133]
        centre = (outer + inner) / 2
        away = points - centre
        rho = np.hypot(away[:, 0] / 0.105, away[:, 1] / 0.065)
        weight = np.exp(-0.5 * ((rho - ring * self.strength(0.1)) / (spread * self.strength(0.2))) ** 2)
        angle = np.arctan2(away[:, 1] / 0.065, -away[:, 0] / 0.105)  # 0: outside, pi/2: above
        where = below * np.clip(-np.sin(angle), 0, 1) + above * np.clip(np.sin(angle), 0, 1)
        where += aside * np.clip(np.cos(angle), 0, 1) ** 2
        middle = centre + float(self.rng.uniform(0.2, 0.9)) * (inner - centre)
        # The cheek hangs from the ring and rides up more than it goes in.
        heading = (middle - points) * (float(self.rng.uniform(0.3, 0.7)), 1.0, 1.0)
        heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 0.05)
        return np.asarray((weight * where)[:, None] * heading)

    def lid(self, upper: bool, towards: tuple[float, float, float]) -> Field:
        """One lid is drawn along `towards`; the skin behind its rim follows less and less."""
        side, height, tied = _slit(self.points, IMAGE_LEFT_EYE)
        reach = float(self.rng.uniform(0.02, 0.045))
        rim = np.exp(-0.5 * (np.maximum(height, 0) / reach) ** 2)
        return np.asarray((rim * tied * (side > 0 if upper else side < 0))[:, None] * np.array(towards))

    def lips(self, inward: float, close: float, out: float) -> Field:
        """The ring around the mouth (both halves): corners go `inward`, lips `close` and go `out`."""
        points = self.points
        centre = points[[13, 14]].mean(0)
        away = points - centre
        rho = np.hypot(away[:, 0] / 0.19, away[:, 1] / 0.085)
        weight = np.exp(
            -0.5 * (np.maximum(rho - 0.8 * self.strength(0.1), 0) / (0.5 * self.strength(0.2))) ** 2
        )
        side, _, tied = _slit(points, MOUTH)
        field = np.zeros((468, 3))
        field[:, 0] = -inward * weight * np.tanh(away[:, 0] / 0.12)
        field[:, 1] = -close * weight * side * (0.3 + 0.7 * tied) * np.exp(-0.5 * (away[:, 1] / 0.08) ** 2)
        field[:, 1] -= 0.25 * inward * weight * np.tanh(away[:, 1] / 0.08) * (side == 0)
        field[:, 2] = out * weight * np.exp(-0.5 * (away[:, 0] / 0.15) ** 2)
        return field

    def jaw(self) -> Field:
        """The lower jaw turns about its joints before the ears (both halves)."""
        points = self.points
        hinge = np.array([0.0, -0.10, -0.42]) + self.rng.normal(0, 0.03, 3)
        hinge[0] = 0.0
        turn = np.zeros((468, 3))
        turn[:, 1], turn[:, 2] = -(points[:, 2] - hinge[2]), points[:, 1] - hinge[1]
        side, _, tied = _slit(points, MOUTH)
        line = float(points[[61, 291], 1].mean())
        below = smoothstep(-0.02, float(self.rng.uniform(0.10, 0.2)), line - points[:, 1])
        share = np.where(side > 0, 0.0, np.maximum(below, (side < 0) * tied))
        return np.asarray(share[:, None] * turn / 0.6)

    def dimple(self) -> Field:
        """Skin around a place beside the mouth's corner is drawn into it."""
        at = self.points[[57, 212]].mean(0) + self.rng.normal(0, (0.012, 0.012, 0.0))
        away = self.points - at
        distance = np.linalg.norm(away, axis=1)
        reach = float(self.rng.uniform(0.03, 0.055))
        weight = np.exp(0.5 - 0.5 * (distance / reach) ** 2) / reach
        field = -weight[:, None] * away
        field[:, 2] = -0.6 * np.exp(-0.5 * (distance / reach) ** 2)
        return np.asarray(field)

    def chin(self) -> Field:
        """The lower lip rides up and forwards on the raised chin (both halves)."""
        points = self.points
        side, height, tied = _slit(points, MOUTH)
        weight = np.where(side < 0, tied * np.exp(-0.5 * (height / 0.07) ** 2), 0.0)
        return np.asarray(weight[:, None] * np.array([0.0, 1.0, 0.4]))


def _slit(points: Field, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Field, Field, Field]:
    """Of an opening: each point's side (+1 above, -1 below, 0 away), distance beyond the rim, freedom.

    The freedom is 0 at the corners, where both sides are tied, and 1 in the middle.
    """
    upper, lower = points[list(rims[0])], points[list(rims[1])]
    x, y = points[:, 0], points[:, 1]
    middle = (upper + lower) / 2
    share = (x - middle[0, 0]) / (middle[-1, 0] - middle[0, 0])
    inside = (share > 1e-6) & (share < 1 - 1e-6)
    top = np.interp(x, upper[:, 0], upper[:, 1])
    bottom = np.interp(x, lower[:, 0], lower[:, 1])
    side = np.where(y > (top + bottom) / 2, 1.0, -1.0) * inside * (np.abs(y - (top + bottom) / 2) < 0.11)
    beyond = np.where(side > 0, y - top, bottom - y)
    tied = np.sin(np.pi * np.clip(share, 0, 1)) ** 0.7
    return side, beyond, np.asarray(tied)


Recipe = Callable[[_Body], Field]


def _pulls(*parts: tuple[str, float]) -> Recipe:
    """Several muscles together, each of a drawn strength about its own."""
    return lambda body: sum((w * body.strength() * body.pull(name) for name, w in parts), np.zeros((468, 3)))


def _with(recipe: Recipe, *others: tuple[float, Recipe]) -> Recipe:
    return lambda body: (
        recipe(body) + sum((w * body.strength() * r(body) for w, r in others), np.zeros((468, 3)))
    )


_HALVES: dict[int, Recipe] = {
    1: _pulls(("frontalis, medial", 1.0)),
    2: _pulls(("frontalis, lateral", 1.0)),
    4: _pulls(("corrugator supercilii", 1.0), ("depressor supercilii", 0.7)),
    5: lambda body: body.lid(True, (0.0, 1.0, -0.3)),
    6: lambda body: body.eye(2.0, 0.6, 1.0, 0.25, 0.7),
    7: lambda body: (
        body.lid(False, (0.2, 1.0, 0.0))
        + 0.6 * body.strength() * body.lid(True, (0.1, -1.0, 0.0))
        + 0.35 * body.strength() * body.eye(1.25, 0.35, 1.0, 0.3, 0.4)
    ),
    9: _pulls(
        ("levator labii alaeque nasi, wing", 1.0),
        ("levator labii alaeque nasi, lip", 0.5),
        ("depressor supercilii", 0.35),
    ),
    10: _pulls(("levator labii superioris", 1.0), ("levator labii alaeque nasi, wing", 0.2)),
    11: _pulls(("zygomaticus minor", 1.0)),
    12: _pulls(("zygomaticus major", 1.0), ("zygomaticus minor", 0.2)),
    13: _pulls(("levator anguli oris", 1.0)),
    14: _with(_pulls(("buccinator", 1.0)), (0.45, _Body.dimple)),
    15: _pulls(("depressor anguli oris", 1.0)),
    16: _pulls(("depressor labii inferioris", 1.0)),
    20: _pulls(("risorius", 1.0), ("platysma", 0.4)),
    38: _pulls(("nasalis, wing", 1.0)),
    39: _pulls(("nasalis, transverse", 1.0)),
    45: lambda body: body.lid(True, (0.0, -1.0, 0.1)) + 0.15 * body.lid(False, (0.6, 0.4, 0.0)),
}
"""What one half of the face does, by unit."""
_MIDDLE: dict[int, Recipe] = {
    4: lambda body: 0.35 * body.pull("procerus"),
    9: lambda body: 0.4 * body.pull("procerus"),
    17: lambda body: body.pull("mentalis") + 0.8 * body.strength() * body.chin(),
    18: lambda body: body.lips(1.0, 0.1, 0.6),
    22: lambda body: body.lips(0.6, -0.5, 0.7),
    23: lambda body: body.lips(0.45, 0.5, -0.2),
    24: lambda body: body.lips(0.1, 1.0, -0.1) + 0.3 * body.strength() * body.chin(),
    25: lambda body: body.lips(0.0, -0.5, 0.0) + 0.4 * body.strength() * body.jaw(),
    26: lambda body: body.jaw(),
    27: lambda body: body.jaw() + 0.2 * body.lips(0.4, 0.0, 0.0),
    28: lambda body: body.lips(0.15, 1.0, -0.8),
}
"""What belongs to no half, by unit."""

UNITS = frozenset(_HALVES) | frozenset(_MIDDLE)
"""Every unit with a muscular description."""


def muscle_field(au: int, side: Side, rng: np.random.Generator) -> Field:
    """Draw a unit's motion as one person makes it, float64 (468, 3) in canonical axes, peak 1 in the picture.

    `side` is the subject's. The halves of a two-sided unit differ a little in strength. Raises ValueError
    for a unit without a description, or a side FACS does not score alone.
    """
    if au not in UNITS:
        raise ValueError(
            f"no muscle is known for AU {au}; known units are {', '.join(map(str, sorted(UNITS)))}"
        )
    if side != "both" and au not in CAN_BE_ONE_SIDED:
        raise ValueError(f"AU {au} has no one-sided version in FACS; use side='both'")
    body = _Body(rng)
    total = np.zeros((468, 3))
    if au in _HALVES:
        right = _HALVES[au](body)
        left = right[mirror_index()] * _MIRROR
        lean = 0.12 * float(rng.standard_normal())
        total += {"right": right, "left": left, "both": np.exp(lean) * right + np.exp(-lean) * left}[side]
    if au in _MIDDLE:
        middle = _MIDDLE[au](body)
        middle = (middle + middle[mirror_index()] * _MIRROR) / 2
        if side != "both":
            middle = middle * _half(side)[:, None]
        total += middle
    return total / max(float(np.linalg.norm(total[:, :2], axis=1).max()), 1e-9)


def _half(side: Side) -> NDArray[np.float64]:
    """1 on the subject's named half, 0 on the other, soft over the midline, (468,)."""
    x = canonical_points()[:, 0] * (-1 if side == "right" else 1)
    return np.asarray(smoothstep(-0.06, 0.06, x), np.float64)
