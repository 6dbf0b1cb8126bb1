"""Sentences of a compact reading, held against the measurements while they are written.

A sentence such as `Mouth corners go up (1.9 px): AU 12 (lip corner puller).` makes a claim about motion and
one about units. Where either is not borne out, `unsound` returns the place and the ways it could truly go on,
and the model chooses. Knows the form of compact answers (English); asks no model itself.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mellm.face.region_id import RegionId
from mellm.facs import PRESENT
from mellm.facs.codes import ActionUnitCode
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.flow.region_motion import RegionMotion
from mellm.language.answer import concluded_codes
from mellm.language.claim_check import false_claims
from mellm.language.compact_answer import (
    MOVES,
    NO_EXPRESSION,
    NO_SIGN,
    SENTENCE,
    STAGE_ALONE,
    WELL_FORMED,
    Direction,
    PartSentence,
    StageSentence,
    ToldUnit,
    Verb,
    clauses_of,
    join_codes,
    list_units,
    told_units,
)
from mellm.language.compact_prompt import LEAST_UNIT, Findings, moving_parts

_HEADED = re.compile(r"\s*(?P<part>Reasoning|Conclusion):")


@dataclass(frozen=True, slots=True)
class Correction:
    """Where a sentence stops being true: its sound beginning, and how it may truly go on from there."""

    kept: str
    options: tuple[str, ...]


def unsound(sentence: str, spoken: Collection[ActionUnitCode], found: Findings) -> Correction | None:
    """Return where a sentence is not borne out, None where all of it is (or nothing can be told).

    Named units must be borne out by the part; and a unit of the FACS stage that the part bears out must be
    named, here or before: `no unit` is said only of parts that bear out none.

    spoken: the units named before (`spoken_units`); found: what is measured
    """
    motion = found.motion
    form = SENTENCE.search(sentence)
    if form is None:
        return None
    told_motion = WELL_FORMED.match(sentence)
    if told_motion and told_motion.end() < form.end("motion"):
        return Correction(told_motion.group(), (":",))  # what does not belong to the form is left out
    if false_claims(form["motion"], motion, "en"):
        return _true_ways(sentence, form, motion)
    regions = _regions(form["motion"], motion)
    if not regions:
        return None
    told = [unit.unit for unit in told_units(form["units"])]
    likely, present = _borne_out(regions, found)
    named = {unit.au for unit in spoken}
    owed = [unit for unit in present if not told or unit.au not in named]
    if all(_borne(unit, regions, motion) for unit in told) and {u.au for u in owed} <= {u.au for u in told}:
        return None
    lists = [
        [*owed, *(unit for unit in also if unit not in owed)]
        for also in ([], present, *([u] for u in likely))
    ]
    ways = dict.fromkeys(list_units(_told(units, named)) for units in lists)
    return Correction(sentence[: form.start("units")].rstrip(), tuple(f" {way}." for way in ways))


def disagreeing(
    sentence: str, spoken: Collection[ActionUnitCode], label: str | None = None
) -> Correction | None:
    """Return where reasoning or conclusion names other units than the analysis, or reasons to another label.

    spoken: the analysis's units (`spoken_units`); label: the one to reason to, None: any
    """
    head = _HEADED.match(sentence)
    if head is None:
        return None
    body, concludes = sentence[head.end() :], head["part"] == "Conclusion"
    same = concluded_codes(body) == tuple(unit.code for unit in spoken)
    if same and (concludes or not spoken or label is None or _first_label(body) == label.lower()):
        return None
    if spoken:
        listed, s = f" AU {join_codes(spoken)}", "s" if len(spoken) == 1 else ""
        to = f" {label}." if label else ""
        ends = (".",) if concludes else (f" fit{s}{to}", f" point{s} to{to}")
        return Correction(sentence[: head.end()], tuple(listed + end for end in ends))
    nothing = (NO_EXPRESSION,) if concludes else NO_SIGN
    return Correction(sentence[: head.end()], tuple(f" {text}" for text in nothing))


def _first_label(reasoning: str) -> str | None:
    """The label that units are said to fit or point to first, in lower case."""
    found = re.search(r"\b(?:fits?|points? to) ([\w-]+)", reasoning)
    return found.group(1).lower() if found else None


def unaccounted(
    sentence: str, spoken: Collection[ActionUnitCode], analysis: str, found: Findings
) -> Correction | None:
    """Return a turn where reasoning begins before every unit of the FACS stage was spoken of, else None.

    The analysis goes on with the strongest moving part that bears such a unit out, where one was not told
    yet; otherwise it says that only the FACS stage finds them.
    """
    if not sentence.lstrip().startswith("Reasoning:"):
        return None
    named = {unit.au for unit in spoken}
    left = [
        ActionUnitCode(au.au, au.side)
        for au in sorted(found.aus or (), key=lambda au: au.au)
        if au.probability >= PRESENT and au.au not in named and au.au not in EYE_CLOSURE
    ]
    for sides in moving_parts(found.motion):
        regions = frozenset(name for side in sides for name in side.regions)
        if sides[0].part in analysis.lower():
            continue
        if borne := [u for u in left if knows_motion(u.au) and _borne(u, regions, found.motion)]:
            clauses, units = clauses_of(sides, found.scale), _told(borne, named)
            return Correction("", tuple(f" {PartSentence(clauses, units, verb).render()}" for verb in Verb))
    told = _told(left, named)
    return (
        Correction("", tuple(f" {StageSentence(told, way).render()}" for way in STAGE_ALONE))
        if left
        else None
    )


def spoken_units(analysis: str) -> tuple[ActionUnitCode, ...]:
    """Return the units an analysis speaks of, each once, by number."""
    units = dict.fromkeys(told.unit for told in told_units(analysis))
    return tuple(sorted(units, key=lambda unit: (unit.au, unit.code)))


def _true_ways(sentence: str, form: re.Match[str], motion: Sequence[RegionMotion]) -> Correction | None:
    """The first clause whose motion is not measured, and every direction that makes it true."""
    said = form["motion"]
    for clause in MOVES.finditer(said):
        start, end = clause.span("way")
        before = said.rfind("), ", 0, start)
        begin, until = (before + 3 if before >= 0 else 0), (said.find(")", end) + 1) or len(said)
        if false_claims(said[begin:until], motion, "en"):
            rests = [f"{way}{said[end:until]}" for way in Direction]
            true = [rest for rest in rests if not false_claims(said[begin:start] + rest, motion, "en")]
            kept = sentence[: form.start("motion") + start].rstrip()
            return Correction(kept, tuple(f" {rest}" for rest in true)) if true else None
    return None


def _regions(said: str, motion: Sequence[RegionMotion]) -> frozenset[RegionId]:
    """The moving regions of the parts a text names."""
    lower = said.lower()
    found: set[RegionId] = set()
    for sides in moving_parts(motion):
        both = len(sides) > 1 and f"{sides[0].part}s" in lower
        for side in sides:
            if both or side.place.name in lower:
                found.update(side.regions)
    return frozenset(found)


def _borne(unit: ActionUnitCode, regions: frozenset[RegionId], motion: Sequence[RegionMotion]) -> bool:
    return not knows_motion(unit.au) or not regions.isdisjoint(supporting_regions(unit, motion))


def _borne_out(
    regions: frozenset[RegionId], found: Findings
) -> tuple[list[ActionUnitCode], list[ActionUnitCode]]:
    """The likely units these regions bear out, and those of them that the FACS stage holds present."""
    likely = [
        (au.probability, unit)
        for au in found.aus or ()
        if au.probability >= LEAST_UNIT and au.au not in EYE_CLOSURE and knows_motion(au.au)
        if _borne(unit := ActionUnitCode(au.au, au.side), regions, found.motion)
    ]
    return [unit for _, unit in likely], [unit for p, unit in likely if p >= PRESENT]


def _told(units: Sequence[ActionUnitCode], named: Collection[int]) -> tuple[ToldUnit, ...]:
    """Units by number, with the name where it was not told before."""
    return tuple(ToldUnit(u, u.au not in named) for u in sorted(units, key=lambda u: u.au))
