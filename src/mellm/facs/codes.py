"""Action-unit codes as coders write them: parsed into units with side and intensity, printed back unchanged.

A cell such as `R2+R1`, `4+7`, `L12A or 14`, `4(k)` becomes `AUCodes`: its units, and the text between them.
Nothing is normalised away, so `format_codes(parse_codes(text)) == text` for every text that parses.
Also here, and only here: image sides become the subject's sides (`subject_side`).

Knows nothing about which units mean what (`emotion`) or what they are called (`names`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.facs.findings import Intensity, Side

SubjectSide = Literal["left", "right"]
"""A half of the subject's face."""

CodeSide = Side | Literal["unilateral"]
"""Sides a coder can write; `U` (one side, not said which) has no place in measured evidence."""

_SIDES: dict[str, CodeSide] = {
    "": "both",
    "L": "left",
    "R": "right",
    "T": "top",
    "B": "bottom",
    "U": "unilateral",
}
_PREFIXES = {side: prefix for prefix, side in _SIDES.items()}

_UNIT = re.compile(
    r"""
    (?P<family>AU|AD|M|GS)?\s*          # action unit, action descriptor, movement code, gross shape
    (?P<side>[LRTBU])?\s*
    (?P<au>\d{1,2})(?!\d)
    (?P<intensity>[A-E](?![A-Z]))?
    (?P<excluded>\s*\(\s*k\s*\))?
    (?P<uncertain>\s*\?)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GAP = re.compile(
    r"(?:\(\s*k\s*\)|[\s+,;/&|.、，；\"'()\[\]?-]|\bor\b|\band\b|\bnone\b|\bn/?a\b)*", re.IGNORECASE
)
_OR = re.compile(r"\bor\b|\||/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ActionUnitCode:
    """One coded unit: its number, the subject's side, the intensity.

    `spelling` is the exact text it was read from (canonical where it was made, not read). `family` is AU,
    AD (action descriptor) or M (head movement). `excluded` is 4DME's `(k)`; `uncertain` a trailing `?`.
    """

    au: int
    side: CodeSide = "both"
    intensity: Intensity | None = None
    family: Literal["AU", "AD", "M", "GS"] = "AU"
    excluded: bool = False
    uncertain: bool = False
    spelling: str = ""

    def __str__(self) -> str:
        """Return the text it was read from, else the canonical code such as `L12B`."""
        return self.spelling or self.code

    @property
    def code(self) -> str:
        """The canonical code: laterality prefix, number, intensity suffix (`4`, `L12B`, `AD38`)."""
        family = "" if self.family == "AU" else self.family
        return f"{family}{_PREFIXES[self.side]}{self.au}{self.intensity or ''}"

    @property
    def sided(self) -> str:
        """The code without intensity, as evaluations compare it (`1`, `L2`)."""
        family = "" if self.family == "AU" else self.family
        return f"{family}{_PREFIXES[self.side]}{self.au}"

    @property
    def one_sided(self) -> bool:
        """Whether the code names the subject's left or right half."""
        return self.side in ("left", "right")

    @property
    def halves(self) -> tuple[bool, bool]:
        """Whether the unit acts on the subject's left and right half; any other side stands for both."""
        return self.side != "right", self.side != "left"


@dataclass(frozen=True, slots=True)
class AUCodes:
    """A coded cell: the units in the coder's order and the text around them (one more gap than units)."""

    units: tuple[ActionUnitCode, ...]
    gaps: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """Return the cell exactly as it was written."""
        return format_codes(self)

    @property
    def present(self) -> tuple[ActionUnitCode, ...]:
        """The units that count: not excluded with `(k)`."""
        return tuple(u for u in self.units if not u.excluded)

    @property
    def alternatives(self) -> tuple[tuple[ActionUnitCode, ...], ...]:
        """Units grouped by `or`: (4,), (12, 14) for `4+12 or 14`."""
        groups: list[tuple[ActionUnitCode, ...]] = []
        for unit, before in zip(self.units, self.gaps, strict=False):
            joined = groups and _OR.search(before)
            groups[-1:] = [(*groups[-1], unit)] if joined else [*groups[-1:], (unit,)]
        return tuple(groups)


def parse_codes(text: str) -> AUCodes:
    """Read one cell of action units; an empty cell or `?` has none.

    >>> [(u.au, u.side, u.intensity) for u in parse_codes("1+L2+r12a").units]
    [(1, 'both', None), (2, 'left', None), (12, 'right', 'A')]

    Raises InputError where something is neither a code nor a separator.
    """
    units: list[ActionUnitCode] = []
    gaps: list[str] = []
    at = 0
    while True:
        gap = cast(re.Match[str], _GAP.match(text, at))
        gaps.append(gap.group())
        at = gap.end()
        if at == len(text):
            return AUCodes(tuple(units), tuple(gaps))
        found = _UNIT.match(text, at)
        if found is None:
            raise InputError(
                f"'{text}' is not a list of action units: '{text[at:]}' cannot be read; write codes such as "
                "4+7, L12B or AD38, joined by '+', ',' or 'or'."
            )
        units.append(_unit(found, excluded_before=gap.group().lower().rstrip().endswith("(k)")))
        at = found.end()


def _unit(found: re.Match[str], excluded_before: bool) -> ActionUnitCode:
    part = found.groupdict(default="")
    return ActionUnitCode(
        au=int(part["au"]),
        side=_SIDES[part["side"].upper()],
        intensity=cast(Intensity | None, part["intensity"].upper() or None),
        family=cast(Literal["AU", "AD", "M", "GS"], part["family"].upper() or "AU"),
        excluded=bool(part["excluded"]) or excluded_before,
        uncertain=bool(part["uncertain"]),
        spelling=found.group(),
    )


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


def parse_code(text: str) -> ActionUnitCode:
    """Read exactly one code, such as `L12`.

    >>> parse_code("L12").side
    'left'

    Raises InputError where the text holds no code, or several.
    """
    units = parse_codes(text).units
    if len(units) != 1:
        raise InputError(f"'{text}' is not one action unit; write a code such as 4 or L12.")
    return units[0]


def sides_by_unit(codes: Iterable[str]) -> dict[int, CodeSide]:
    """Return AU -> side of codes such as `L2`; a unit that is coded with two different sides is on both.

    >>> sides_by_unit(["L2", "R2", "L12"])
    {2: 'both', 12: 'left'}
    """
    sides: dict[int, CodeSide] = {}
    for unit in map(parse_code, codes):
        sides[unit.au] = unit.side if sides.get(unit.au, unit.side) == unit.side else "both"
    return sides


def half_labels(coded: Sequence[Iterable[ActionUnitCode]], units: Sequence[int]) -> NDArray[np.bool_]:
    """Return bool (N, 2, U): whether sample n's codes put a unit on the subject's left and right half.

    Only facial action units (family `AU`) of `units` count.
    """
    labels = np.zeros((len(coded), 2, len(units)), bool)
    column = {au: u for u, au in enumerate(units)}
    for row, codes in zip(labels, coded, strict=True):
        for code in codes:
            if code.family == "AU" and code.au in column:
                row[:, column[code.au]] |= code.halves
    return labels


def side_letter(side: CodeSide) -> str:
    """Return the letter codes write for a side: `L`, `R`, `T`, `B`, `U`, or nothing for both."""
    return _PREFIXES[side]


def code_of(au: int, side: CodeSide = "both", intensity: Intensity | None = None) -> str:
    """Return the canonical FACS code, such as `L12B` for the subject's left lip corner at intensity B."""
    return ActionUnitCode(au, side, intensity).code


def subject_side(image_side: Literal["left", "right"], mirrored: bool = False) -> SubjectSide:
    """Turn a side of the picture into the subject's: opposite, unless the picture is mirrored.

    The only place in the package where this is decided.
    """
    if mirrored:
        return image_side
    return "right" if image_side == "left" else "left"
