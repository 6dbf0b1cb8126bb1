"""The motion reader's answers to generated motion: what is decided, what bears it out, and why.

More than one skeleton of reasoning: the likeliest label, competing labels, a label that the units alone do not
suggest, missing companions, one side only, a blink, weakness. Everything said follows from the measured motion,
the units it bears out and what annotation sheets say of them. Knows no pictures.
"""

import random
from collections.abc import Mapping, Sequence

from mellm.facs.codes import ActionUnitCode
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.prototype_emotion import EmotionEvidenceModel
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import FINE
from mellm.facs.unit_rules import NOISE_FLOOR
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.truth import as_evidence
from mellm.language.compact_answer import ALONE, BEST, MISSING, TWO, join_codes
from mellm.language.motion.answer import ANALYSIS, REASONING, STILL, decision, part_sentences
from mellm.language.motion.questions import NOTHING
from mellm.language.reading_evidence import gather

MOST_PARTS = 6
CLEAR, NEAR = 0.5, 0.6
WEAK = 2.5 * NOISE_FLOOR
"""Strongest mean motion of a region, inter-ocular distances, below which a motion is called weak."""

UNLIKELY = ("{units} alone would sooner fit {likely}.", "By {units} alone, {likely} is likelier.")
ONE_SIDE = "{units} {is_} on one side only."
BLINK = "The lids close, as in a blink."
WEAKNESS = "All of it is weak."
NO_SIGN = ("No part bears out an action unit.", "There is no action unit to reason from.")


def shares_of(units: Sequence[ActionUnitCode]) -> dict[str, float]:
    """Return fine emotion -> probability given units by the prototypes, all emotions taken as equally common.

    Not by the emotion model that ships: it saw annotations of a set that readers are tested on.
    """
    found = EmotionEvidenceModel().fine(as_evidence(units))
    odds = {name: found[name] / EMOTION_UNITS[name].prior for name in FINE}
    total = sum(odds.values())
    return {name: value / total for name, value in odds.items()}


def write_answer(
    motion: Sequence[RegionMotion], units: Sequence[ActionUnitCode], label: str, known: bool, key: str
) -> str:
    """Return the whole answer to a motion; units that no moving region bears out are left out.

    label: a fine emotion; where no unit is borne out the answer says that there is nothing. known: whether the
    motion's size is known, so that weakness can be told.
    """
    chance = random.Random(f"{key}|motion answer")
    shown = [unit for unit in units if supporting_regions(unit, motion)]
    if not shown:
        label = NOTHING
    sentences = _chosen_parts(part_sentences(motion, shown), chance)
    analysis = " ".join(sentences) or STILL
    reasoning = " ".join(_reasons(motion, shown, label, known, chance))
    return f"{decision(shown, label)}{ANALYSIS} {analysis}{REASONING} {reasoning}"


def _chosen_parts(
    parts: Sequence[tuple[str, tuple[ActionUnitCode, ...]]], chance: random.Random
) -> list[str]:
    """The parts told: those that bear units out, and at most two that do not."""
    told, others = [], chance.choice((1, 2))
    for sentence, borne in parts:
        if not borne:
            if others == 0:
                continue
            others -= 1
        told.append(sentence)
    return told[:MOST_PARTS]


def _reasons(
    motion: Sequence[RegionMotion],
    units: Sequence[ActionUnitCode],
    label: str,
    known: bool,
    chance: random.Random,
) -> list[str]:
    evidence = gather(motion, as_evidence(units), {label: 1.0} if units else None, 0.5)
    strongest = max((m.relative for m in motion if m.moving), default=0.0)
    weak = [WEAKNESS] if known and 0 < strongest < WEAK else []
    blink = [BLINK] if evidence.eye_closure else []
    if not units:
        return [*blink, *weak, chance.choice(NO_SIGN)]
    told = _weighed(units, label, shares_of(units), chance)
    missing = evidence.weighing.missing if evidence.weighing else ()
    absent = [group[0] for group in missing if len(group) == 1]
    others = [chance.choice(MISSING).strip().format(au=absent[0])] if absent else []
    halves = [unit for unit in units if unit.one_sided]
    if halves:
        others.append(
            ONE_SIDE.format(units=f"AU {join_codes(halves)}", is_="is" if len(halves) == 1 else "are")
        )
    return [*told, *chance.sample(others, min(len(others), 2)), *blink, *weak][:4]


def _weighed(
    units: Sequence[ActionUnitCode], label: str, shares: Mapping[str, float], chance: random.Random
) -> list[str]:
    """What the units say of the label."""
    ranked = sorted(shares, key=lambda name: (-shares[name], name))
    codes, one = f"AU {join_codes(units)}", len(units) == 1
    words = {"units": codes, "fit": "fits" if one else "fit", "point": "points" if one else "point"}
    if label == ranked[0]:
        forms = (
            ALONE if shares[label] >= CLEAR else TWO if shares[ranked[1]] >= NEAR * shares[label] else BEST
        )
        return [chance.choice(forms).format(first=label, second=ranked[1], **words)]
    if label == ranked[1]:
        return [chance.choice(TWO[1:]).format(first=ranked[0], second=label, **words)]
    first = chance.choice(ALONE).format(first=label, **words)
    return [first, chance.choice(UNLIKELY).format(units=codes, likely=ranked[0])]
