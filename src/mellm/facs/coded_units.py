"""What a coded cell holds: units with side, intensity, asymmetry, and the text between them.

Knows nothing of how it is written; `codes` reads it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from mellm.facs.findings import Intensity, Side

SubjectSide = Literal["left", "right"]
"""A half of the subject's face."""

CodeSide = Side | Literal["unilateral"]
"""Sides a coder can write; `U` (one side, not said which) has no place in measured evidence."""

Family = Literal["AU", "AD", "M", "GS"]
"""Action unit, action descriptor, head or eye movement, gross shape."""

SIDES: dict[str, CodeSide] = {
    "": "both",
    "L": "left",
    "R": "right",
    "T": "top",
    "B": "bottom",
    "U": "unilateral",
}
"""Letter -> side."""

PREFIXES = {side: prefix for prefix, side in SIDES.items()}
"""Side -> the letter that codes write for it."""


@dataclass(frozen=True, slots=True)
class ActionUnitCode:
    """One coded unit: its number, the subject's side, the intensity.

    side: where the unit acts; an asymmetric unit acts on both halves
    intensity, intensity_to: the grade; where the coder gave a range (`12B/C`), its lower and upper end
    family: AU, AD (action descriptor), M (head movement) or GS (gross shape)
    excluded: 4DME's `(k)`; uncertain: a trailing `?`; reference: `ref(10)`, there only to compare with
    asymmetric: both halves, not equally (`A12`); stronger: the half that moves more (`L/A12`), where said
    spelling: the exact text it was read from; empty where it was made, not read
    """

    au: int
    side: CodeSide = "both"
    intensity: Intensity | None = None
    family: Family = "AU"
    excluded: bool = False
    uncertain: bool = False
    spelling: str = ""
    intensity_to: Intensity | None = None
    reference: bool = False
    asymmetric: bool = False
    stronger: SubjectSide | None = None

    def __str__(self) -> str:
        """Return the text it was read from, else the canonical code such as `L12B`."""
        return self.spelling or self.code

    @property
    def code(self) -> str:
        """The canonical code: side or asymmetry, number, intensity (`4`, `L12B`, `L/A4B`, `12B/C`)."""
        family = "" if self.family == "AU" else self.family
        side = PREFIXES[self.side]
        if self.asymmetric:
            side = f"{PREFIXES[self.stronger]}/A" if self.stronger else "A"
        upper = f"/{self.intensity_to}" if self.intensity_to else ""
        return f"{family}{side}{self.au}{self.intensity or ''}{upper}"

    @property
    def plain(self) -> "ActionUnitCode":
        """The unit as measurements can say it: number, side, (lower) intensity and family alone."""
        return ActionUnitCode(self.au, self.side, self.intensity, self.family)

    @property
    def sided(self) -> str:
        """The code without intensity and asymmetry, as evaluations compare it (`1`, `L2`)."""
        family = "" if self.family == "AU" else self.family
        return f"{family}{PREFIXES[self.side]}{self.au}"

    @property
    def one_sided(self) -> bool:
        """Whether the code names the subject's left or right half alone."""
        return self.side in ("left", "right")

    @property
    def halves(self) -> tuple[bool, bool]:
        """Whether the unit acts on the subject's left and right half; any other side stands for both."""
        return self.side != "right", self.side != "left"


@dataclass(frozen=True, slots=True)
class AUCodes:
    """A coded cell: the units in the coder's order and the text around them (one more gap than units).

    remarks: what is no code and no separator (`soft focus`), in order
    groups: for each unit, which of the cell's terms it belongs to; units of one term are joined by `or`
    """

    units: tuple[ActionUnitCode, ...]
    gaps: tuple[str, ...] = field(default=())
    remarks: tuple[str, ...] = field(default=())
    groups: tuple[int, ...] = field(default=())

    def __str__(self) -> str:
        """Return the cell exactly as it was written."""
        return format_codes(self)

    @property
    def present(self) -> tuple[ActionUnitCode, ...]:
        """The units that are scored: neither excluded with `(k)` nor there only as a reference.

        Every alternative counts, since the coder named it; so does what is uncertain. Remarks never do.
        """
        return tuple(u for u in self.units if not u.excluded and not u.reference)

    @property
    def alternatives(self) -> tuple[tuple[ActionUnitCode, ...], ...]:
        """Units grouped by `or`: (4,), (12, 14) for `4+12 or 14`; brackets around a part change nothing."""
        found: dict[int, list[ActionUnitCode]] = {}
        for number, unit in enumerate(self.units):
            found.setdefault(self.groups[number] if self.groups else number, []).append(unit)
        return tuple(map(tuple, found.values()))


def format_codes(codes: AUCodes | Iterable[ActionUnitCode]) -> str:
    """Print codes: a parsed cell exactly as it was written, a plain list of units joined by `+`."""
    if not isinstance(codes, AUCodes):
        return "+".join(str(unit) for unit in codes)
    if not codes.gaps:
        return "+".join(str(unit) for unit in codes.units)
    pieces = [codes.gaps[0]]
    for unit, gap in zip(codes.units, codes.gaps[1:], strict=True):
        pieces += [str(unit), gap]
    return "".join(pieces)
