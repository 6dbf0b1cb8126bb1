"""The compact answer to a case's MEU task: what its motion and its labels give.

All of it follows from the motion and the units it bears out; the label is the coder's or, for generated
cases, the likeliest of these units. Labelled units that neither a part nor the FACS stage shows are left out
everywhere; those that only the stage shows are said to be. Knows nothing about prompts but their parts.
"""

import random

from mellm.facs.codes import ActionUnitCode
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.instruct.records import Case, Stage, Truth
from mellm.instruct.truth import reasoned_label, shown_truth, suggested, true_evidence
from mellm.language.compact_answer import (
    ALONE,
    BEST,
    MISSING,
    NO_SIGN,
    STAGE_ALONE,
    STILL,
    TWO,
    CompactAnswer,
    PartSentence,
    Reasoning,
    StageSentence,
    ToldUnit,
    Verb,
    clauses_of,
)
from mellm.language.compact_draft import units_of_parts
from mellm.language.places import FacePart
from mellm.language.reading_evidence import gather

NAME = "terse"
VERSION = "1"

MOST_BORNE, MOST_NOTED = 5, 2
"""Parts told because they bear out a unit (more where a unit would go untold), and parts told without one."""

CLEAR, NEAR = 0.6, 0.5
"""A label from this probability on stands alone; the next one is named from this share of the first's on."""


def write_compact(case: Case, stage: Stage | None, taxonomy: str, seed: int) -> CompactAnswer:
    """Write the answer to a case's MEU task; the label is one of `taxonomy`, or none."""
    truth = shown_truth(case.truth, case.motion, stage)
    chance = random.Random(f"{seed}|{case.key}|terse|{taxonomy}")
    label = reasoned_label(truth, taxonomy) if truth.units else None
    parts, untold = _parts(case, truth, chance)
    still = STILL[0] if parts else chance.choice(STILL)
    alone = None
    if untold:
        opening = chance.choice(STAGE_ALONE)
        alone = StageSentence(tuple(ToldUnit(u, named=True) for u in truth.units if u in untold), opening)
    if label is None:
        return CompactAnswer(parts, alone, None, None, still, chance.choice(NO_SIGN))
    return CompactAnswer(parts, alone, _reasoning(case, truth, taxonomy, chance), label, still)


def _parts(
    case: Case, truth: Truth, chance: random.Random
) -> tuple[tuple[PartSentence, ...], set[ActionUnitCode]]:
    """What is told of each part, and the units that no part bears out."""
    untold, verb = set(truth.units), chance.choice(tuple(Verb))
    blink = any(unit.au in EYE_CLOSURE for unit in case.truth.units)
    told: list[PartSentence] = []
    borne = noted = 0
    for sides, units in units_of_parts(case.motion, truth.units):
        clauses = clauses_of(sides, case.scale)
        if units and (borne < MOST_BORNE or untold & set(units)):
            borne += 1
            told.append(PartSentence(clauses, tuple(ToldUnit(u, u in untold) for u in units), verb))
            untold -= set(units)
        elif not units and noted < MOST_NOTED:
            noted += 1
            lids = blink and sides[0].part is FacePart.UPPER_EYELID
            told.append(PartSentence(clauses, (), verb, lids))
    return tuple(told), untold


def _reasoning(case: Case, truth: Truth, taxonomy: str, chance: random.Random) -> Reasoning:
    ranked = sorted(suggested(truth.units, taxonomy).items(), key=lambda item: (-item[1], item[0]))
    (first, p), (second, q) = ranked[0], ranked[1]
    forms = ALONE if p >= CLEAR else TWO if q >= NEAR * p else BEST
    form = chance.choice(forms)
    weighing = gather(case.motion, true_evidence(truth, case.motion), {first: 1.0}, 0.5).weighing
    missing = [group[0] for group in (weighing.missing if weighing else ()) if len(group) == 1]
    return Reasoning(
        truth.units,
        form,
        first,
        second if forms is TWO else "",
        missing[0] if missing else None,
        chance.choice(MISSING) if missing else MISSING[0],
    )
