"""The `rules` annotator: measured motion and true labels in, a three-part answer out (FGMU, 2505.07007v1).

A grammar, no model: it cannot say what was not measured. The same seed writes the same words. Chooses what is
told; `mellm.language.labelled_writer` writes it. Knows nothing about prompts, files or checks.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from mellm.facs.codes import ActionUnitCode
from mellm.facs.findings import AUEvidence
from mellm.facs.recognisers import untrained_emotion_model
from mellm.facs.region_support import sided_motion, supporting_regions
from mellm.facs.unit_rules import EYE_CLOSURE
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.records import Case, Route
from mellm.instruct.truth import reasoned_label, true_evidence
from mellm.language.answer import Answer
from mellm.language.labelled_writer import LABELLED_WORDS, LabelledWriter, RandomVoice, ShownSide, SizeUnit
from mellm.language.reading_evidence import gather
from mellm.wording.languages import OwnLanguage

NAME = "rules"
VERSION = "1"

RIVAL = 0.2
"""The prototypes' favourite is mentioned as a rival from this much more probability than the label's own."""


def write_answer(case: Case, route: Route, language: OwnLanguage, taxonomy: str, seed: int) -> Answer:
    """Write the answer to a case's MEU task.

    The units must be known (`case.truth.action_units` is not None); the label is the one to reason to in
    `taxonomy`, or none.
    """
    label = reasoned_label(case.truth, taxonomy)
    units = true_evidence(case.truth, case.motion)
    evidence = gather(case.motion, units, {label: 1.0} if label else None, 0.5)
    if any(u.au == 4 and u.evidence for u in units) and not any(u.au in EYE_CLOSURE for u in units):
        # Brows that come down push the lids along; that is no blink.
        evidence = replace(evidence, eye_closure=False)
    voice = RandomVoice(
        f"{seed}|{case.key}|{route}|{language}|{taxonomy}", more=LABELLED_WORDS[language].more
    )
    writer = LabelledWriter(
        language,
        voice,
        _codes(case),
        taxonomy,
        size_unit=size_unit_of(case, route),
        rival=_rival(units, label, taxonomy),
        shown=_shown_sides(units, case.motion),
    )
    return Answer(writer.analysis(evidence), writer.reasoning(evidence), writer.conclusion(evidence))


def size_unit_of(case: Case, route: Route) -> SizeUnit:
    """Return what sizes are said in: colours on the vision route, else the case's own unit."""
    scale = case.made.get("map_scale_px")
    strongest = max((m.mean for m in case.motion if m.moving), default=1.0)
    full = float(scale) if scale is not None else strongest
    return SizeUnit("colour" if route == "vision" else case.scale, full, case.scale == "px")


def _shown_sides(units: Sequence[AUEvidence], motion: Sequence[RegionMotion]) -> dict[int, ShownSide]:
    """Unit coded on one side -> what the motion shows instead, where it is not the coder's side alone."""
    found: dict[int, ShownSide] = {}
    for unit in units:
        other = _OTHER.get(unit.side)
        if other is None or not sided_motion(unit.au):
            continue
        there, here = supporting_regions(ActionUnitCode(unit.au, other), motion), unit.evidence
        if there and not here:
            found[unit.au] = "other"
        elif there and here and len(there) >= len(here):
            found[unit.au] = "both"
    return found


_OTHER: dict[str, Literal["left", "right"]] = {"left": "right", "right": "left"}


def _codes(case: Case) -> dict[int, str]:
    """AU number -> its codes as they stand in the conclusion (`R2 + L2` where both were coded)."""
    codes: dict[int, list[str]] = {}
    for unit in case.truth.units:
        codes.setdefault(unit.au, []).append(unit.code)
    return {au: " + ".join(found) for au, found in codes.items()}


def _rival(units: Sequence[AUEvidence], label: str | None, taxonomy: str) -> str | None:
    """The label the units alone would rather suggest, if clearly another than the true one."""
    if label is None:
        return None
    ranked = untrained_emotion_model().predict(units, taxonomy)
    best = max(ranked, key=lambda name: ranked[name])
    return best if best != label and ranked[best] - ranked[label] >= RIVAL else None
