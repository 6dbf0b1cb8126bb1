"""Sentences of a compact reading, held against the measurements while they are written.

A sentence such as `Mouth corners go up (1.9 px): AU 12 (lip corner puller).` makes a claim about motion and
one about units. Where either is not borne out, `unsound` returns the place and the ways it could truly go on,
and the model chooses. Knows the form of compact answers (English); asks no model itself.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from mellm.facs import PRESENT
from mellm.facs.codes import ActionUnitCode, parse_codes
from mellm.facs.findings import AUEvidence
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.flow.region_motion import OCTANTS, RegionMotion
from mellm.language.answer_text import concluded_codes
from mellm.language.claim_check import unsupported_claims
from mellm.language.prompt import LEAST_UNIT, Scale, direction_word, moving_parts, size_text
from mellm.language.reading_evidence import EYE_CLOSURE, PartMotion, joint_direction
from mellm.language.reading_writer import capital
from mellm.wording.unit_names import AU_NAMES

NO_SIGN = ("No part shows an action unit.", "There is no action unit to reason from.")
"""What compact answers reason where there is nothing to reason from."""

NO_EXPRESSION = "no micro-expression."
"""What compact answers conclude then."""

STAGE_ALONE = ("Not in the parts, only in the units found", "Found, but not by any of these parts")
"""How compact answers speak of units that only the FACS stage finds."""

DIRECTIONS = (
    "up", "down", "leftward", "rightward", "up-left", "up-right", "down-left", "down-right", "outward",
    "inward", "up and outward", "up and inward", "down and outward", "down and inward", "mixed ways",
)  # fmt: skip
"""How compact answers say directions."""

_SENTENCE = re.compile(r"(?P<motion>[^:]*): (?P<units>AU .*|(?:blink, )?no unit)\.\s*$", re.DOTALL)
_MOVES = re.compile(rf"\b(?:goe?s?|moves?) (?P<way>{'|'.join(sorted(DIRECTIONS, key=len, reverse=True))})\b")
_CLAUSE = rf"(?:goe?s?|moves?) (?:{'|'.join(sorted(DIRECTIONS, key=len, reverse=True))}) \([^)]*\)"
_MOTION = re.compile(rf"\s*(?:Analysis:\s*)?[A-Z][a-z ]+ {_CLAUSE}(?:, [a-z ]+ {_CLAUSE})*")
_HEADED = re.compile(r"\s*(?P<part>Reasoning|Conclusion):")
_CODE = re.compile(r"AU ([LRTB]?\d{1,2})")


VERBS = (("goes", "go"), ("moves", "move"))
"""The verbs of compact answers, of one part and of two."""

_SIZES: dict[Scale, str] = {"px": "px", "relative": "times the average"}


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a sentence stops being true: its sound beginning, and how it may truly go on from there."""

    kept: str
    options: tuple[str, ...]


def sentence_end(text: str) -> int | None:
    """Return where the first sentence of a text ends (after its stop), None where it is not there yet."""
    found = re.search(r"\.(?=\s*\n|\s+[A-Z])", text)
    return found.end() if found else None


def unsound(
    sentence: str, spoken: Sequence[str], motion: Sequence[RegionMotion], aus: Sequence[AUEvidence]
) -> Turn | None:
    """Return where a sentence is not borne out, None where all of it is (or nothing can be told).

    Named units must be borne out by the part; and a unit of the FACS stage that the part bears out must be
    named, here or before: `no unit` is said only of parts that bear out none.

    spoken: codes named before (`spoken_codes`); motion: the 29 regions; aus: what the FACS stage found
    """
    form = _SENTENCE.search(sentence)
    if form is None:
        return None
    told_motion = _MOTION.match(sentence)
    if told_motion and told_motion.end() < form.end("motion"):
        return Turn(told_motion.group(), (":",))  # what does not belong to the form is left out
    if unsupported_claims(form["motion"], motion, "en"):
        return _true_ways(sentence, form, motion)
    regions = _regions(form["motion"], motion)
    if not regions:
        return None
    told = [unit for code in _CODE.findall(form["units"]) for unit in parse_codes(code).units]
    likely, present = _borne_out(regions, motion, aus)
    named = _numbers(spoken)
    owed = [unit for unit in present if not told or unit.au not in named]
    if all(_borne(unit, regions, motion) for unit in told) and {u.au for u in owed} <= {u.au for u in told}:
        return None
    lists = [
        [*owed, *(unit for unit in also if unit not in owed)]
        for also in ([], present, *([u] for u in likely))
    ]
    ways = dict.fromkeys(_listed(units, named) for units in lists)
    return Turn(sentence[: form.start("units")].rstrip(), tuple(f" {way}." for way in ways))


def disagreeing(sentence: str, spoken: Sequence[str], label: str | None = None) -> Turn | None:
    """Return where reasoning or conclusion names other units than the analysis, or reasons to another label.

    spoken: the analysis's codes (`spoken_codes`); label: the one to reason to, None: any
    """
    head = _HEADED.match(sentence)
    if head is None:
        return None
    body, concludes = sentence[head.end() :], head["part"] == "Conclusion"
    same = concluded_codes(body) == tuple(spoken)
    if same and (concludes or not spoken or label is None or _first_word(body, label)):
        return None
    if spoken:
        listed, s = f" AU {' + '.join(spoken)}", "s" if len(spoken) == 1 else ""
        to = f" {label}." if label else ""
        ends = (".",) if concludes else (f" fit{s}{to}", f" point{s} to{to}")
        return Turn(sentence[: head.end()], tuple(listed + end for end in ends))
    nothing = (NO_EXPRESSION,) if concludes else NO_SIGN
    return Turn(sentence[: head.end()], tuple(f" {text}" for text in nothing))


def _first_word(body: str, label: str) -> bool:
    """Whether a label is what units fit or point to first."""
    found = re.search(r"\b(?:fits?|points? to) ([\w-]+)", body)
    return found is not None and found.group(1).lower() == label.lower()


def unaccounted(
    sentence: str,
    analysis: str,
    motion: Sequence[RegionMotion],
    aus: Sequence[AUEvidence],
    scale: Scale = "px",
) -> Turn | None:
    """Return a turn where reasoning begins before every unit of the FACS stage was spoken of, else None.

    The analysis goes on with the strongest moving part that bears such a unit out, where one was not told
    yet; otherwise it says that only the FACS stage finds them.
    """
    if not sentence.lstrip().startswith("Reasoning:"):
        return None
    told = _numbers(spoken_codes(analysis))
    left = [
        ActionUnitCode(au.au, au.side)
        for au in sorted(aus, key=lambda au: au.au)
        if au.probability >= PRESENT and au.au not in told and au.au not in EYE_CLOSURE
    ]
    for sides in moving_parts(motion):
        regions = frozenset(name for side in sides for name in side.regions)
        if sides[0].part in analysis.lower():
            continue
        if borne := [unit for unit in left if knows_motion(unit.au) and _borne(unit, regions, motion)]:
            units = _listed(borne, told)
            return Turn("", tuple(f" {part_clauses(sides, scale, verbs)}: {units}." for verbs in VERBS))
    return Turn("", tuple(f" {way}: {_listed(left, told)}." for way in STAGE_ALONE)) if left else None


def part_clauses(sides: Sequence[PartMotion], scale: Scale, verbs: tuple[str, str]) -> str:
    """Return how a part moves: `Mouth corners go up and outward (1.9 px)`, or each side by itself."""
    part = sides[0].part
    if len(sides) == 2:
        joint = joint_direction(sides[0], sides[1])
        if joint == "shift":
            joint = direction_word(sides[0].octant)
        if joint:
            size = max(side.mean for side in sides)
            words = joint if joint in OCTANTS else joint.replace("-", " and ")
            return capital(f"{part}s {verbs[1]} {words} ({_size(size, scale)})")
    each = [
        f"{side.side} {part} {verbs[0]} {direction_word(side.octant)} ({_size(side.mean, scale)})".strip()
        for side in sides
    ]
    return capital(", ".join(each))


def _size(size: float, scale: Scale) -> str:
    return f"{size_text(size)} {_SIZES[scale]}"


def spoken_codes(analysis: str) -> tuple[str, ...]:
    """Return the codes an analysis speaks of, by number."""
    codes = dict.fromkeys(_CODE.findall(analysis))
    return tuple(sorted(codes, key=lambda code: (int(code.lstrip("LRTB")), code)))


def _numbers(codes: Sequence[str]) -> frozenset[int]:
    return frozenset(int(code.lstrip("LRTB")) for code in codes)


def _true_ways(sentence: str, form: re.Match[str], motion: Sequence[RegionMotion]) -> Turn | None:
    """The first clause whose motion is not measured, and every direction that makes it true."""
    said = form["motion"]
    for clause in _MOVES.finditer(said):
        start, end = clause.span("way")
        before = said.rfind("), ", 0, start)
        begin, until = (before + 3 if before >= 0 else 0), (said.find(")", end) + 1) or len(said)
        if unsupported_claims(said[begin:until], motion, "en"):
            rests = [f"{way}{said[end:until]}" for way in DIRECTIONS]
            true = [rest for rest in rests if not unsupported_claims(said[begin:start] + rest, motion, "en")]
            kept = sentence[: form.start("motion") + start].rstrip()
            return Turn(kept, tuple(f" {rest}" for rest in true)) if true else None
    return None


def _regions(said: str, motion: Sequence[RegionMotion]) -> frozenset[str]:
    """The moving regions of the parts a text names."""
    lower = said.lower()
    found: set[str] = set()
    for sides in moving_parts(motion):
        both = len(sides) > 1 and f"{sides[0].part}s" in lower
        for side in sides:
            name = f"{side.side} {side.part}".strip()
            if both or name in lower or (not side.side and side.part in lower):
                found.update(side.regions)
    return frozenset(found)


def _borne(unit: ActionUnitCode, regions: frozenset[str], motion: Sequence[RegionMotion]) -> bool:
    return not knows_motion(unit.au) or bool(regions & set(supporting_regions(unit, motion)))


def _borne_out(
    regions: frozenset[str], motion: Sequence[RegionMotion], aus: Sequence[AUEvidence]
) -> tuple[list[ActionUnitCode], list[ActionUnitCode]]:
    """The likely units these regions bear out, and those of them that the FACS stage holds present."""
    found = [
        (au.probability, unit)
        for au in aus
        if au.probability >= LEAST_UNIT and au.au not in EYE_CLOSURE and knows_motion(au.au)
        if _borne(unit := ActionUnitCode(au.au, au.side), regions, motion)
    ]
    return [unit for _, unit in found], [unit for p, unit in found if p >= PRESENT]


def _listed(units: Sequence[ActionUnitCode], named: Container[int]) -> str:
    """Units as compact answers list them: by number, with the name where it was not told before."""
    told = (
        f"AU {u.code}" + ("" if u.au in named else f" ({AU_NAMES[u.au]})")
        for u in sorted(units, key=lambda u: u.au)
    )
    return ", ".join(told) or "no unit"
