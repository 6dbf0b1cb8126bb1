"""From labels to what may be learned: coded units, taxonomies, and the regions that bear a unit out.

Knows labels and measured motion; writes no words.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from mellm.facs.codes import ActionUnitCode, CodeSide, parse_codes
from mellm.facs.findings import AUEvidence, Side
from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.prototype_emotion import abstains
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import FINE, TAXONOMIES, canonical, get_taxonomy
from mellm.facs.unit_rules import EYE_CLOSURE, PRESENT
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.records import Stage, Truth

FINE_TAXONOMY = {"casme2": "5", "casme3": "6", "dfme": "7"}
"""Data set -> the taxonomy its makers use; other sets are asked in `DEFAULT_TAXONOMY`."""

DEFAULT_TAXONOMY, COARSE = "7", "3"


def coded_truth(codes: str, emotion: str, label: str | None = None) -> Truth:
    """Return what a sheet says of one sample: `codes` and `emotion` as written, `label` the coarse class.

    Units are unknown (None) where the cell is empty, holds a remark, or leaves a choice (`12 or 14`, `4?`);
    head movements (M codes), excluded units and references are left out. Of a range of intensity (`12B/C`)
    the lower end is kept, and of an asymmetric unit that it is on both sides.
    """
    word = canonical(emotion)
    labels = labels_of(word)
    if label and COARSE not in labels:
        labels[COARSE] = canonical(label)
    return Truth(_coded(codes), word if word in FINE else None, labels)


def _coded(text: str) -> tuple[str, ...] | None:
    cell = parse_codes(text)
    units = [u for u in cell.present if u.family in ("AU", "AD")]
    choices = [[u for u in group if u in cell.present] for group in cell.alternatives]
    if not units or cell.remarks or any(u.uncertain for u in units) or any(len(g) > 1 for g in choices):
        return None
    return tuple(dict.fromkeys(u.plain.code for u in units))


def generated_truth(units: Sequence[tuple[int, Side]], moved: bool, key: str) -> Truth:
    """Return the truth of a generated pair: its units, and an emotion drawn from what the sheets say of them.

    Coders do not always give the same units the same emotion. So the emotion is drawn from P(emotion | units)
    of annotation sheets (`mellm.facs`, the learned emotion model), by `key`: a model that learns from many
    such cases learns those probabilities, not a table's favourite. The coarse class follows from the emotion.
    `moved`: anything was put in at all. Closing eyes, motion without units and stillness are no expression.
    """
    codes = tuple(ActionUnitCode(au, side).code for au, side in units)
    seen = [AUEvidence(au, side, 1.0, None, ()) for au, side in units]
    if not moved or not units or abstains(seen):
        return Truth(codes, None, {}, expression=False, origin="none")
    fine = shipped_emotion_model().fine(seen)
    emotion = random.Random(f"{key}|emotion").choices(list(fine), list(fine.values()))[0]
    return Truth(codes, emotion, labels_of(emotion), origin="sheets")


def labels_of(emotion: str) -> dict[str, str]:
    """Return taxonomy -> label of an emotion word, where the taxonomy has one."""
    return {name: label for name, taxonomy in TAXONOMIES.items() if (label := taxonomy.label_of(emotion))}


def as_evidence(units: Sequence[ActionUnitCode]) -> list[AUEvidence]:
    """Return coded units as evidence that is certain and rests on no region."""
    sides: list[Side] = ["both" if unit.side == "unilateral" else unit.side for unit in units]
    return [AUEvidence(unit.au, side, 1.0, None, ()) for unit, side in zip(units, sides, strict=True)]


def suggested(units: Sequence[ActionUnitCode], taxonomy: str) -> dict[str, float]:
    """Return label -> probability given these units alone, after the annotation sheets.

    The coarse classes count as equally common (as the records are balanced, and as UF1 and UAR weigh them);
    finer taxonomies keep the emotion model's own shares, which are nearly even.
    """
    model, labels = shipped_emotion_model(), get_taxonomy(taxonomy)
    found = labels.marginal(model.fine(as_evidence(units)))
    if taxonomy != COARSE:
        return found
    common = labels.marginal(dict(zip(FINE, model.prior.tolist(), strict=True)))
    total = sum(found[name] / common[name] for name in found)
    return {name: found[name] / common[name] / total for name in found}


def reasoned_label(truth: Truth, taxonomy: str) -> str | None:
    """Return the label a reasoned answer concludes, None without one.

    What the sample's coder said; where the label was drawn from the sheets, the likeliest one of the truth's
    units instead, so that reasoning and label agree (drawn labels are for answers without reasoning).
    """
    if truth.origin != "sheets":
        return truth.labels.get(taxonomy)
    if not truth.units or taxonomy not in truth.labels:
        return None
    found = suggested(truth.units, taxonomy)
    return max(sorted(found), key=lambda name: found[name])


def taxonomies_of(dataset: str, truth: Truth) -> tuple[str, ...]:
    """Return the taxonomies a case is asked in, the finest first."""
    wanted = (FINE_TAXONOMY.get(dataset.split("/")[0], DEFAULT_TAXONOMY), COARSE)
    return tuple(name for name in wanted if name in truth.labels)


def is_seen(truth: Truth, motion: Sequence[RegionMotion]) -> bool:
    """True where the motion bears out at least one labelled unit (closing eyes aside), or there is none."""
    units = [unit for unit in truth.units if unit.au not in EYE_CLOSURE]
    return not units or any(supporting_regions(unit, motion) for unit in units)


def shown_truth(truth: Truth, motion: Sequence[RegionMotion], stage: Stage | None) -> Truth:
    """Return the truth with only the units that can be told from a compact prompt, in ascending order.

    These are the units that a moving region bears out, and those the FACS stage finds (from .5 on; `stage` is
    None where the prompt does not tell it). A model must not learn to name what it cannot see. Closing eyes
    are no unit of an expression.
    """
    found = {au for au, _, p in stage.units if p >= PRESENT} if stage else set()
    sides: dict[int, set[CodeSide]] = {}
    for unit in truth.units:
        if unit.family != "AU" or unit.au in EYE_CLOSURE:
            continue
        if unit.au in found or supporting_regions(unit, motion):
            sides.setdefault(unit.au, set()).add(unit.side)
    codes = (
        ActionUnitCode(au, seen.pop() if len(seen) == 1 else "both").code
        for au, seen in sorted(sides.items())
    )
    return replace(truth, action_units=tuple(codes))


def true_evidence(truth: Truth, motion: Sequence[RegionMotion]) -> list[AUEvidence]:
    """Return the labelled units as evidence: probability 1, with the regions that bear each out."""
    found: dict[int, AUEvidence] = {}
    for unit in truth.units:
        regions = supporting_regions(unit, motion)
        side: Side = "both" if unit.side == "unilateral" else unit.side
        if unit.au in found:  # R2+L2: both sides, coded one by one
            before = found[unit.au]
            regions, side = tuple(dict.fromkeys((*before.evidence, *regions))), "both"
        found[unit.au] = AUEvidence(unit.au, side, 1.0, unit.intensity, regions)
    return list(found.values())
