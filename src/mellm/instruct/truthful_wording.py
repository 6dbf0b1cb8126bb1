"""What both languages' truthful answers share: varied choice of words, and which parts bear a unit out.

Builds on the grammar of `mellm.language`; adds wordings to its slots. Knows no sentences of its own.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from mellm.flow.colour import DIRECTION_COLOURS
from mellm.language.reading_evidence import Evidence, PartMotion
from mellm.wording.names import region_part, region_side
from mellm.wording.variation import Voice, Wording

MEMORY = 2
"""A wording is not used again before this many others of its slot (where the slot has that many)."""


@dataclass(slots=True)
class RichVoice(Voice):
    """Chooses at random by seed among a slot's own wordings and `more` of them, without quick repeats."""

    more: Mapping[str, Sequence[object]] = field(default_factory=dict)
    _random: random.Random = field(init=False)
    _last: dict[str, list[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Seed the choice; a string seeds it the same on every machine."""
        self._random = random.Random(self.seed)

    def pick(self, slot: str, variants: Sequence[Wording]) -> Wording:
        """Return one of the variants."""
        choice = [*variants, *cast(Sequence[Wording], self.more.get(slot, ()))]
        last = self._last.setdefault(slot, [])
        fresh = [v for v in choice if v not in last] or choice
        chosen = self._random.choice(fresh)
        last.append(chosen)
        del last[: -min(MEMORY, len(choice) - 1) or None]
        return chosen

    def chance(self, share: float) -> bool:
        """True in a share of the answers."""
        return self._random.random() < share


@dataclass(frozen=True, slots=True)
class Ink:
    """How strongly a part shows: what sizes are said in.

    unit: `px`, `relative` (times the average) or `colour`
    full: the mean motion (in the case's unit) that counts as full brightness
    """

    unit: str
    full: float

    def share(self, moved: PartMotion) -> float:
        """Brightness of a part in the map, 0..1."""
        return min(1.0, moved.mean / self.full) if self.full > 0 else 0.0


def colour_of(moved: PartMotion) -> str | None:
    """Return the map's colour for a part's direction, None where it has none."""
    return None if moved.octant is None else DIRECTION_COLOURS[moved.octant]


@dataclass(frozen=True, slots=True)
class Place:
    """Regions said together: a part of the face on both image sides, one side, or the midline (empty)."""

    part: str
    side: str

    @classmethod
    def group(cls, names: Sequence[str]) -> list["Place"]:
        """Put region names (strongest first) together by part: `both` where both sides are among them."""
        sides: dict[str, set[str]] = {}
        for name in names:
            sides.setdefault(region_part(name), set()).add(region_side(name))
        return [cls(part, "both" if len(found) > 1 else found.pop()) for part, found in sides.items()]


def one_image_side(names: Sequence[str]) -> str:
    """Return the only image side paired regions lie on; empty where both or neither is meant."""
    sides = {region_side(name) for name in names} - {""}
    return sides.pop() if len(sides) == 1 else ""


def strongest_area(evidence: Evidence) -> str:
    """Return the area with the strongest part motion."""
    sizes = {a.area: max(m.mean for f in a.findings for m in f.motions) for a in evidence.areas if a.findings}
    return max(sizes, key=lambda name: sizes[name])
