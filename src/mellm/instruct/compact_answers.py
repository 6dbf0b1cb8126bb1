"""Terse answers for small models: the MEU task in about a hundred tokens, from a compact prompt's own words.

Three headed parts, one line each:

    Analysis: what each part of the prompt does, with its size, and the units it bears out (`no unit`: none)
    Reasoning: which labels coders give these units, all classes taken as equally common
    Conclusion: `AU 6 + R12. Label: happiness.`, or `no micro-expression.`

All of it follows from the motion and the units it bears out; the label is the coder's or, for generated
cases, the likeliest of these units. Labelled units that neither a part nor the FACS stage shows are left out
everywhere; those that only the stage shows are said to be. English only; knows nothing about prompts but
their parts.
"""

import random

from mellm.facs.region_support import supporting_regions
from mellm.instruct.records import Case, Stage, Truth
from mellm.instruct.rules_annotator import Answer
from mellm.instruct.truth import reasoned_label, shown_truth, suggested, true_evidence
from mellm.language.prompt import moving_parts
from mellm.language.reading_evidence import EYE_CLOSURE, gather
from mellm.language.sentence_check import NO_EXPRESSION, NO_SIGN, STAGE_ALONE, VERBS, part_clauses
from mellm.wording.unit_names import au_name

NAME = "terse"
VERSION = "1"

MOST_BORNE, MOST_NOTED = 5, 2
"""Parts told because they bear out a unit (more where a unit would go untold), and parts told without one."""

CLEAR, NEAR = 0.6, 0.5
"""A label from this probability on stands alone; the next one is named from this share of the first's on."""

_ALONE = ("{units} {fit} {first}.", "{units} {point} to {first}.")
_BEST = ("{units} {fit} {first} best.", "{units} {point} to {first} above all.")
_TWO = ("{units} {fit} {first} best, {second} next.", "{units} {point} to {first}, or to {second}.")
_MISSING = (" AU {} is not seen.", " No AU {} is seen.")
_NOTHING = ("Nothing moves.", "No part moves.")


def write_terse(case: Case, stage: Stage | None, taxonomy: str, seed: int) -> Answer:
    """Write the answer to a case's MEU task; the label is one of `taxonomy`, or none."""
    truth = shown_truth(case.truth, case.motion, stage)
    chance = random.Random(f"{seed}|{case.key}|terse|{taxonomy}")
    label = reasoned_label(truth, taxonomy) if truth.units else None
    analysis = _analysis(case, truth, chance)
    if label is None:
        return Answer(analysis, chance.choice(NO_SIGN), NO_EXPRESSION)
    units = " + ".join(truth.action_units or ())
    reasoning = _reasoning(case, truth, taxonomy, chance)
    return Answer(analysis, reasoning, f"AU {units}. Label: {label}.")


def terse_text(answer: Answer) -> str:
    """Return the three lines."""
    return f"Analysis: {answer.analysis}\nReasoning: {answer.reasoning}\nConclusion: {answer.conclusion}"


def _analysis(case: Case, truth: Truth, chance: random.Random) -> str:
    bears = {unit: set(supporting_regions(unit, case.motion)) for unit in truth.units}
    untold, verbs = set(bears), chance.choice(VERBS)
    blink = any(unit.au in EYE_CLOSURE for unit in case.truth.units)
    told: list[str] = []
    borne = noted = 0
    for sides in moving_parts(case.motion):
        regions = {name for side in sides for name in side.regions}
        units = [unit for unit, names in bears.items() if names & regions]
        if units and (borne < MOST_BORNE or untold & set(units)):
            borne += 1
            codes = ", ".join(
                f"AU {u.code} ({au_name(u.au)})" if u in untold else f"AU {u.code}" for u in units
            )
            untold -= set(units)
            told.append(f"{part_clauses(sides, case.scale, verbs)}: {codes}.")
        elif not units and noted < MOST_NOTED:
            noted += 1
            lids = blink and sides[0].part == "upper eyelid"
            told.append(f"{part_clauses(sides, case.scale, verbs)}: {'blink, ' if lids else ''}no unit.")
    if not told:
        told.append(chance.choice(_NOTHING))
    if untold:
        named = (f"AU {u.code} ({au_name(u.au)})" for u in truth.units if u in untold)
        told.append(f"{chance.choice(STAGE_ALONE)}: {', '.join(named)}.")
    return " ".join(told)


def _reasoning(case: Case, truth: Truth, taxonomy: str, chance: random.Random) -> str:
    ranked = sorted(suggested(truth.units, taxonomy).items(), key=lambda item: (-item[1], item[0]))
    (first, p), (second, q) = ranked[0], ranked[1]
    forms = _ALONE if p >= CLEAR else _TWO if q >= NEAR * p else _BEST
    one = len(truth.units) == 1
    text = chance.choice(forms).format(
        units=f"AU {' + '.join(truth.action_units or ())}",
        first=first,
        second=second,
        fit="fits" if one else "fit",
        point="points" if one else "point",
    )
    weighing = gather(case.motion, true_evidence(truth, case.motion), {first: 1.0}, 0.5).weighing
    wanted = [group[0] for group in (weighing.missing if weighing else ()) if len(group) == 1]
    return text + (chance.choice(_MISSING).format(wanted[0]) if wanted else "")
