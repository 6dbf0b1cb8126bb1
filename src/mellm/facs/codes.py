"""Action-unit codes as coders write them: parsed into units with side and intensity, printed back unchanged.

A cell such as `R2+R1`, `L12A or 14`, `A(4B/C)`, `ref(10)`, `4(k)` becomes `AUCodes`: its units, and the text
between them. Nothing is normalised away: `format_codes(parse_codes(text)) == text` for every text. What is no
code is kept as a remark. Also here, and only here: image sides become the subject's (`subject_side`).

Knows nothing about which units mean what (`emotion_units`) or what they are called (`unit_lookup`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.facs.coded_units import (
    PREFIXES,
    SIDES,
    ActionUnitCode,
    AUCodes,
    CodeSide,
    Family,
    SubjectSide,
    format_codes,
)
from mellm.facs.findings import Intensity

__all__ = [
    "AUCodes",
    "ActionUnitCode",
    "CodeSide",
    "SubjectSide",
    "code_of",
    "format_codes",
    "half_labels",
    "is_date",
    "parse_code",
    "parse_codes",
    "parse_units",
    "side_letter",
    "sides_by_unit",
    "subject_side",
]

_PREFIX = r"A\s*/?\s*[LR]|[LR]\s*/?\s*A|[LRTBUA]"  # a side, or A: both, unequal
_GRADES = r"[A-E](?:\s*(?:/|-|or)\s*[A-E])?"  # an intensity, or from one to another
_START = rf"(?:(?:AU|AD|M|GS)?\s*(?:{_PREFIX})?\s*[0-9]{{1,2}}(?![0-9]))"
_UNIT = re.compile(
    rf"""
    (?P<family>AU|AD|M|GS)?\s*
    (?P<prefix>{_PREFIX})?\s*
    (?P<au>[0-9]{{1,2}})(?![0-9])(?:\.0+(?![0-9]))?   # spreadsheets write 12.0
    (?:(?P<side_first>[LRTU])(?![0-9]))?            # 12L, 12LB
    (?:(?P<grades>{_GRADES})(?=[LRTU]?(?![A-Z0-9]))|(?P<grade>[A-E])(?=[0-9])|\s*\(\s*(?P<bracketed>{_GRADES})\s*\))?
    (?:(?P<side_last>[LRTU])(?![A-Z0-9]))?          # 12BL
    (?:(?![^\W_])|(?=or|and|或|{_START}))           # nothing else is attached
    (?P<excluded>\s*\(\s*k\s*\))?
    (?P<reference>\s*\(\s*ref(?:erence)?\.?\s*\))?
    (?P<uncertain>\s*\?)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GAP = re.compile(
    r"(?:\(\s*k\s*\)|[\s\u200b\ufeff+＋,;/&|.、，；\"')\]）】?-]|(?:or|and)(?![^\W\d_])|或"
    r"|(?:none|nan|n/?a)(?![^\W_]))*",
    re.IGNORECASE,
)
_OR = re.compile(r"or|\||/|或", re.IGNORECASE)
_REFERENCE = re.compile(r"ref(?:erence)?(?![^\W\d_])[\s.:]*", re.IGNORECASE)
_BRACKET = re.compile(rf"(?P<prefix>(?:{_PREFIX})?)\s*[(\[（【]", re.IGNORECASE)
_OPEN, _CLOSE = "([（【", ")]）】"
_ENDS_REMARK = "+＋,;、，；\n"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = re.compile(
    rf"""
    (?:
        \d{{1,4}}[\s./-]*{_MONTH}(?:[\s,./-]*\d{{1,4}})?            # 7-Apr, 7 April 2024
        | {_MONTH}[\s./-]*\d{{1,4}}(?:\s*,?[\s./-]*\d{{2,4}})?       # Apr-24, April 7, 2024
        | \d{{1,2}}([./-])\s?\d{{1,2}}\1\s?\d{{4}}                   # 7/4/2024, 07.04.2024
        | 0\d([./-])\d\d\2\d\d | \d\d([./-])0\d\3\d\d              # 07/04/24: codes have no leading zero
        | \d{{4}}([./-])\d{{1,2}}\4\d{{1,2}}                         # 2024-04-07
        | (?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日
    )
    (?:[\sT]\s*\d{{1,2}}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*[ap]m)?)?     # and a time
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DAYS = range(10959, 73051)
"""Days from 1930 to 2099 as spreadsheets number them: years of two digits become no others."""


def parse_codes(text: str) -> AUCodes:
    """Read one cell of action units; an empty cell or `?` has none. Never refuses: see `AUCodes.remarks`.

    A cell that is a date (`is_date`) is a remark as a whole.

    >>> [(u.au, u.side, u.intensity) for u in parse_codes("1+L2+r12a").units]
    [(1, 'both', None), (2, 'left', None), (12, 'right', 'A')]
    >>> parse_codes("A4B+ref(10)+soft focus").remarks
    ('soft focus',)
    """
    if is_date(text):
        return AUCodes((), (text,), (text.strip(),))
    return _Reader(text).cell()


def is_date(text: str) -> bool:
    """Whether a cell is a date, as a spreadsheet makes one of codes: `7-Apr`, `7/4/2024`, `2024-04-07`.

    A number of five digits is a day as spreadsheets count them.

    >>> [is_date(text) for text in ("7-Apr", "45389", "4/7", "12")]
    [True, True, False, False]
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]{5}(\.0+)?", text):
        return int(text[:5]) in _DAYS
    return _DATE.fullmatch(text) is not None


def parse_units(text: str) -> tuple[ActionUnitCode, ...]:
    """Read a list of codes that must hold nothing else.

    Raises InputError where something is neither a code nor a separator.
    """
    codes = parse_codes(text)
    if codes.remarks:
        raise InputError(
            f"'{text}' is not a list of action units: '{codes.remarks[0]}' cannot be read; write codes such "
            "as 4+7, L12B or AD38, joined by '+', ',' or 'or'."
        )
    return codes.units


class _Reader:
    """Reads one cell from left to right: terms, and brackets within."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.units: list[tuple[int, ActionUnitCode]] = []
        self.remarks: list[str] = []
        self.groups: list[int] = []

    def cell(self) -> AUCodes:
        self._terms(len(self.text), ActionUnitCode(0))
        gaps, at = [], 0
        for start, unit in self.units:
            gaps.append(self.text[at:start])
            at = start + len(unit.spelling)
        units = tuple(unit for _, unit in self.units)
        return AUCodes(units, (*gaps, self.text[at:]), tuple(self.remarks), tuple(self.groups))

    def _terms(self, end: int, style: ActionUnitCode) -> None:
        """Read terms up to `end`; `style` holds what a bracket around them says."""
        last: int | None = None  # the first unit of the term before
        while True:
            gap = cast(re.Match[str], _GAP.match(self.text, self.at, end))
            self.at = gap.end()
            if self.at >= end:
                return
            before = len(self.units)
            excluded = gap.group().lower().rstrip().endswith("(k)")
            self._term(end, replace(style, excluded=True) if excluded else style)
            if last is not None and _OR.search(gap.group()):
                self.groups[last:] = [self.groups[last]] * (len(self.groups) - last)
            elif len(self.units) > before:
                last = before

    def _term(self, end: int, style: ActionUnitCode) -> None:
        if reference := _REFERENCE.match(self.text, self.at, end):
            self.at = reference.end()
            style = replace(style, reference=True)
            if self.at >= end:
                self.remarks.append(reference.group().strip())
                return
        if bracket := _BRACKET.match(self.text, self.at, end):
            self._bracket(bracket, end, style)
        elif found := _UNIT.match(self.text, self.at, end):
            self.units.append((self.at, _unit(found, style)))
            self.groups.append(len(self.units))
            self.at = found.end()
        else:
            self._remark(end)

    def _bracket(self, bracket: re.Match[str], end: int, style: ActionUnitCode) -> None:
        """Read what stands in brackets; one that holds words is a remark as a whole."""
        start, inside = self.at, bracket.end()
        close = _closing(self.text, inside, end)
        self.at = inside
        if close is None:
            if bracket["prefix"]:
                self.remarks.append(bracket["prefix"])
            return
        units, remarks = len(self.units), len(self.remarks)
        self._terms(close, _styled(style, bracket["prefix"]))
        if len(self.remarks) > remarks:
            del self.units[units:], self.groups[units:], self.remarks[remarks:]
            whole = self.text[start : close + 1] if bracket["prefix"] else self.text[inside:close]
            self.remarks.append(whole.strip())
        self.at = close + 1

    def _remark(self, end: int) -> None:
        """Keep everything up to the next separator that is not within brackets."""
        start, depth = self.at, 0
        while self.at < end and (depth or self.text[self.at] not in _ENDS_REMARK):
            depth += (self.text[self.at] in _OPEN) - (self.text[self.at] in _CLOSE and depth > 0)
            self.at += 1
        self.remarks.append(self.text[start : self.at].strip())


def _closing(text: str, at: int, end: int) -> int | None:
    """Where the bracket that was opened before `at` closes; None where it does not."""
    depth = 1
    for place in range(at, end):
        depth += (text[place] in _OPEN) - (text[place] in _CLOSE)
        if depth == 0:
            return place
    return None


def _styled(style: ActionUnitCode, prefix: str) -> ActionUnitCode:
    """What a prefix such as `L`, `A` or `A/L` adds to a unit."""
    letters = set(prefix.upper()) - set("/ ")
    if "A" in letters:
        other = (letters - {"A"} or {""}).pop()
        stronger = cast(SubjectSide, SIDES[other]) if other else style.stronger
        return replace(style, side="both", asymmetric=True, stronger=stronger)
    if not letters:
        return style
    side = SIDES[letters.pop()]
    if style.asymmetric and side in ("left", "right"):
        return replace(style, stronger=side)
    return replace(style, side=side, asymmetric=False, stronger=None)


def _unit(found: re.Match[str], style: ActionUnitCode) -> ActionUnitCode:
    part = found.groupdict(default="")
    for prefix in (part["prefix"], part["side_first"], part["side_last"]):
        style = _styled(style, "".join(prefix.split()))
    grades = re.findall("[A-E]", (part["grades"] or part["grade"] or part["bracketed"]).upper())
    return replace(
        style,
        au=int(part["au"]),
        intensity=cast(Intensity, grades[0]) if grades else None,
        intensity_to=cast(Intensity, grades[1]) if grades[1:] else None,
        family=cast(Family, part["family"].upper() or "AU"),
        excluded=style.excluded or bool(part["excluded"]),
        uncertain=bool(part["uncertain"]),
        reference=style.reference or bool(part["reference"]),
        spelling=found.group(),
    )


def parse_code(text: str) -> ActionUnitCode:
    """Read exactly one code, such as `L12`.

    >>> parse_code("L12").side
    'left'

    Raises InputError where the text holds no code, several, or one no measurement can say (`A12`, `12B/C`).
    """
    units = parse_units(text)
    if len(units) != 1 or units[0].code != units[0].plain.code or units[0].reference:
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
    return PREFIXES[side]


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
