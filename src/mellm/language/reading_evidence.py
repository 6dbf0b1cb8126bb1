"""What a reading may say, worked out from the measurements once and without words.

Groups the 29 regions into parts of the face (both mouth corners, the image-left upper eyelid ...), finds
out how each part moved, which action units lean on it, and what speaks for and against the emotion.
Knows nothing about English or Chinese.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mellm.face.region_id import ImageSide, RegionId
from mellm.face.regions import AREAS
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.findings import AUEvidence
from mellm.facs.taxonomies import TAXONOMIES
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.flow.measure import octant_of
from mellm.flow.region_motion import RegionMotion
from mellm.language.places import FacePart, Place

POSSIBLE = 0.3
"""From here to the presence threshold an action unit is mentioned as too weak to count."""

_COMPONENT = 0.385
"""A direction is said of a motion from this share of its vector on, just over cos 67.5 degrees."""


@dataclass(frozen=True, slots=True)
class PartMotion:
    """How one part on one image side moved: the mean over its moving patches, px, u right, v down.

    `octant` is None where the patches share no clear direction; `regions` are the moving patches and
    `patches` how many the part has.
    """

    place: Place
    u: float
    v: float
    mean: float
    relative: float
    octant: str | None
    regions: tuple[RegionId, ...]
    patches: int

    @property
    def part(self) -> FacePart:
        """The part of the face."""
        return self.place.part

    @property
    def side(self) -> ImageSide | None:
        """The image side; None for lips and chin."""
        return self.place.side

    @property
    def outward(self) -> float:
        """Horizontal motion away from the middle of the face, px (paired parts)."""
        return -self.u if self.side is ImageSide.LEFT else self.u


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the face, the image sides of it that moved, and how they moved together.

    `joint` is the shared anatomical direction of two sides (`up`, `up-outward`, `inward` ...) or `shift`
    when both go the same way in the picture; None when they differ or only one side moved.
    """

    part: FacePart
    motions: tuple[PartMotion, ...]
    joint: str | None


@dataclass(frozen=True, slots=True)
class AreaFinding:
    """One area (brows, eyes, nose, cheeks, mouth, chin): its moving parts and the units that lean on it.

    `shared`: units told with another area that rest on this one too.
    """

    area: str
    findings: tuple[Finding, ...]
    aus: tuple[AUEvidence, ...]
    shared: tuple[AUEvidence, ...]


@dataclass(frozen=True, slots=True)
class Weighing:
    """What speaks for and against the leading emotion.

    `for_aus`, `other_aus`: present units that do / do not belong to it; `missing`: groups of which
    one would look for at least one unit, none of them seen;
    `rivals`: other labels with real probability; `one_sided`: lip-corner units seen on one side only;
    `speech`: all units are such as talking brings; `slow`: seconds from onset to apex, where that is long.
    """

    label: str
    probability: float
    for_aus: tuple[AUEvidence, ...]
    other_aus: tuple[AUEvidence, ...]
    missing: tuple[tuple[int, ...], ...]
    rivals: tuple[tuple[str, float], ...]
    one_sided: tuple[AUEvidence, ...]
    faint: bool
    speech: bool = False
    slow: float | None = None


SPEECH_UNITS = frozenset({16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28})
"""Units of lips and jaw that speech brings too."""

SLOW_SECONDS = 0.25
"""A rise from onset to apex that takes longer than this is slow for a micro-expression, which lasts less than
half a second from onset to offset."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a reading is made from."""

    areas: tuple[AreaFinding, ...]
    still: tuple[str, ...]
    present: tuple[AUEvidence, ...]
    possible: tuple[AUEvidence, ...]
    eye_closure: bool
    weighing: Weighing | None


def part_motions(motion: Sequence[RegionMotion], area: str) -> Iterator[PartMotion]:
    """Yield the moving parts of an area, patches averaged; patches that disagree make no direction."""
    groups: dict[Place, list[RegionMotion]] = {}
    for region in motion:
        if region.name in AREAS[area]:
            groups.setdefault(Place.of(region.name), []).append(region)
    for place, patches in groups.items():
        moving = [patch for patch in patches if patch.moving]
        if not moving:
            continue
        n = len(moving)
        u, v = sum(p.u for p in moving) / n, sum(p.v for p in moving) / n
        directed = sum(math.hypot(p.u, p.v) for p in moving) / n
        clear = any(p.octant for p in moving) and math.hypot(u, v) > 0.5 * directed
        yield PartMotion(
            place,
            u,
            v,
            sum(p.mean for p in moving) / n,
            sum(p.relative for p in moving) / n,
            octant_of(math.degrees(math.atan2(-v, u)) % 360) if clear else None,
            tuple(p.name for p in moving),
            len(patches),
        )


def joint_direction(left: PartMotion, right: PartMotion) -> str | None:
    """Return how two sides move together, seen from the middle of the face; None if they do not."""
    if left.octant is None or right.octant is None:
        return None
    unit = [(m.outward / math.hypot(m.u, m.v), m.v / math.hypot(m.u, m.v)) for m in (left, right)]
    steps = [
        word
        for axis, sign, word in ((1, -1, "up"), (1, 1, "down"), (0, 1, "outward"), (0, -1, "inward"))
        if all(sign * vector[axis] > _COMPONENT for vector in unit)
    ]
    if steps:
        return "-".join(steps)
    if left.octant == right.octant:
        return "shift"
    return None


def _findings(motion: Sequence[RegionMotion], area: str) -> tuple[Finding, ...]:
    by_part: dict[FacePart, list[PartMotion]] = {}
    for moved in part_motions(motion, area):
        by_part.setdefault(moved.part, []).append(moved)
    found = (
        Finding(part, tuple(sides), joint_direction(sides[0], sides[1]) if len(sides) == 2 else None)
        for part, sides in by_part.items()
    )
    return tuple(sorted(found, key=lambda f: -max(m.mean for m in f.motions)))


def _home(au: AUEvidence, strength: Mapping[RegionId, float]) -> str:
    """The area an action unit is told with: where most of its evidence moved."""
    weight = {
        area: sum(1 + strength.get(RegionId(name), 0.0) for name in au.evidence if name in names)
        for area, names in AREAS.items()
    }
    return max(weight, key=lambda area: weight[area])


def _signs(label: str) -> frozenset[int]:
    """The units commonly described for a label: of the fine emotions that the coarse one covers."""
    fine = TAXONOMIES["3"].members.get(label, (label,))
    return frozenset().union(*(EMOTION_UNITS[name].signs for name in fine if name in EMOTION_UNITS))


def _core(label: str) -> tuple[frozenset[int], ...]:
    """The groups of units one would look for; none for a label that covers several emotions."""
    fine = TAXONOMIES["3"].members.get(label, (label,))
    return EMOTION_UNITS[fine[0]].core if len(fine) == 1 and fine[0] in EMOTION_UNITS else ()


def _weigh(
    present: tuple[AUEvidence, ...],
    emotion: Mapping[str, float],
    areas: Sequence[AreaFinding],
    rise: float | None,
) -> Weighing:
    ranked = sorted(emotion.items(), key=lambda item: -item[1])
    label, probability = ranked[0]
    signs = _signs(label)
    seen = {au.au for au in present}
    strongest = max((m.relative for a in areas for f in a.findings for m in f.motions), default=0.0)
    return Weighing(
        label,
        probability,
        tuple(au for au in present if au.au in signs),
        tuple(au for au in present if au.au not in signs and au.au not in EYE_CLOSURE),
        tuple(tuple(sorted(group)) for group in _core(label) if not group & seen),
        tuple((name, p) for name, p in ranked[1:3] if p >= max(0.12, 0.3 * probability)),
        tuple(au for au in present if au.au in {12, 14} and au.one_sided),
        strongest < 0.005,
        seen - EYE_CLOSURE <= SPEECH_UNITS,
        rise if rise is not None and rise > SLOW_SECONDS else None,
    )


def gather(
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    emotion: Mapping[str, float] | None,
    threshold: float,
    rise: float | None = None,
) -> Evidence:
    """Work out what may be said.

    `threshold` is the probability from which a unit counts as present, `rise` the seconds from onset to apex,
    where they are known.
    """
    strength = {region.name: region.relative for region in motion if region.moving}
    present = tuple(sorted((au for au in aus if au.probability >= threshold), key=lambda au: au.au))
    possible = tuple(au for au in aus if POSSIBLE <= au.probability < threshold and au.evidence)
    homes = {au.au: _home(au, strength) for au in present if au.evidence}
    areas = tuple(
        AreaFinding(
            area,
            _findings(motion, area),
            tuple(au for au in present if homes.get(au.au) == area),
            tuple(
                au
                for au in present
                if homes.get(au.au, area) != area and any(n in names and n in strength for n in au.evidence)
            ),
        )
        for area, names in AREAS.items()
    )
    told = {au.au for au in present} - EYE_CLOSURE
    lids = [f for a in areas for f in a.findings if f.part is FacePart.UPPER_EYELID and f.joint]
    closing = any((f.joint or "").startswith("down") for f in lids) and not told & {5, 6, 7}
    return Evidence(
        areas,
        tuple(a.area for a in areas if not a.findings),
        present,
        possible,
        closing or any(au.au in EYE_CLOSURE for au in present),
        _weigh(present, emotion, areas, rise) if emotion and told else None,
    )
