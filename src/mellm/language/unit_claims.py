"""Claims on action units in a text, held against the measured regions.

A sentence that speaks of a unit as seen claims that some region moves as FACS describes for it. Units that
the 29 regions cannot show, and sentences that deny, doubt or only suppose, make no claim. Knows nothing about
emotions; claims on directions, stillness and sizes are `claim_check`'s.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mellm.errors import InputError
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.flow.region_motion import RegionMotion
from mellm.language.claim_check import unsupported_claims
from mellm.wording.languages import Language

_CODE = r"[LRTBU]?\d{1,2}[A-E]?(?![\dA-Za-z])"
_LISTED = re.compile(rf"\bAUs?\s?(?P<codes>{_CODE}(?:\s*(?:\+|,|、|和|与|and|&)\s*(?:AU\s?)?{_CODE})*)")
_LISTED_ZH = re.compile(_LISTED.pattern.replace(r"\b", "", 1))
_NAMES = re.compile(r"[（(][^（）()]*[）)]")
_SENTENCE = {"en": re.compile(r"(?<=[.!?;])\s+|\n"), "zh": re.compile(r"(?<=[。！？；])|\n")}
_SUPPOSED = {
    "en": re.compile(
        r"\b(?:no|not|nothing|none|cannot|without|never|neither|nor|would|could|should|might|may|if|whether"
        r"|typical\w*|usual\w*|often|common\w*|expect\w*|consider\w*|possibl\w*|possibility|missing|absent|lack\w*"
        r"|look for|rul\w+ out|too weak|instead|rather than|cod(?:ed|er|ers|ing)|only the FACS stage)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"没有|无法|未|不|若|如果|通常|往往|一般|常见|应当|应该|可能|缺少|缺乏|证据不足|考虑|编码中|排除"
    ),
}


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """One unit that a sentence speaks of as seen; `unit` has the subject's side where the code says it."""

    sentence: str
    unit: ActionUnitCode

    def holds(self, motion: Sequence[RegionMotion]) -> bool:
        """Return whether a moving region goes the way FACS describes for the unit, on its side."""
        return bool(supporting_regions(self.unit, motion))

    def __str__(self) -> str:
        """Return what is claimed."""
        return f"AU {self.unit.code}"


def unit_claims(text: str, language: Language, *, mirrored: bool = False) -> Iterator[UnitClaim]:
    """Yield every claim on a unit, borne out or not; a unit once per sentence.

    `mirrored` says that the picture is, so that the regions' sides are the subject's own.
    """
    listed = _LISTED if language == "en" else _LISTED_ZH
    for sentence in filter(str.strip, _SENTENCE[language].split(text)):
        plain = _NAMES.sub(" ", sentence)
        if _SUPPOSED[language].search(plain):
            continue
        said = {}
        for found in listed.finditer(plain):
            for code in re.findall(_CODE, re.sub(r"AU\s?", " ", found["codes"])):
                try:
                    unit = parse_code(code)
                except InputError:
                    continue
                if knows_motion(unit.au) and unit.au not in EYE_CLOSURE:
                    said[unit.code] = _turned(unit) if mirrored else unit
        for unit in said.values():
            yield UnitClaim(sentence.strip(), unit)


def _turned(unit: ActionUnitCode) -> ActionUnitCode:
    other = {"left": "right", "right": "left"}.get(unit.side)
    return replace(unit, side=other) if other else unit  # type: ignore[arg-type]


def unsupported_units(
    text: str, motion: Sequence[RegionMotion], language: Language, *, mirrored: bool = False
) -> list[str]:
    """Return the sentences whose units no region bears out, as reports list them: `sentence -> AU 12`."""
    return [
        f"{sentence} -> {what}" for sentence, what in _wrong_units(text, motion, language, mirrored).items()
    ]


def unsupported_statements(text: str, motion: Sequence[RegionMotion], language: Language) -> list[str]:
    """Return the sentences with any claim that is not borne out, on motion or on units, each once."""
    found: dict[str, list[str]] = {}
    for claim in unsupported_claims(text, motion, language):
        sentence, _, what = claim.rpartition(" -> ")
        found.setdefault(sentence, []).append(what)
    for sentence, what in _wrong_units(text, motion, language, False).items():
        found.setdefault(sentence, []).append(what)
    return [f"{sentence} -> {'; '.join(wrong)}" for sentence, wrong in found.items()]


def _wrong_units(
    text: str, motion: Sequence[RegionMotion], language: Language, mirrored: bool
) -> dict[str, str]:
    wrong: dict[str, list[str]] = {}
    for claim in unit_claims(text, language, mirrored=mirrored):
        if not claim.holds(motion):
            wrong.setdefault(claim.sentence, []).append(str(claim))
    return {sentence: f"{', '.join(units)}: no region moves so" for sentence, units in wrong.items()}
