"""The `rules` annotator: measured motion and true labels in, a three-part answer out (FGMU, 2505.07007v1).

A grammar, no model: it cannot say what was not measured. The same seed writes the same words. Knows nothing
about prompts, files or checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mellm.facs.codes import subject_side
from mellm.facs.findings import AUEvidence
from mellm.facs.recognisers import untrained_emotion_model
from mellm.facs.taxonomies import emotion_name, get_taxonomy
from mellm.instruct.records import Case, Route
from mellm.instruct.truth import reasoned_label, true_evidence
from mellm.instruct.truthful_chinese import TrueChinese
from mellm.instruct.truthful_english import TrueEnglish
from mellm.instruct.truthful_wording import Ink, RichVoice
from mellm.instruct.truthful_writer import TrueWriter
from mellm.language.answer_text import HEADINGS
from mellm.language.reading_evidence import EYE_CLOSURE, SIGNS, gather
from mellm.wording.names import Language
from mellm.wording.unit_names import au_name

NAME = "rules"
VERSION = "1"

RIVAL = 0.2
"""The prototypes' favourite is mentioned as a rival from this much more probability than the label's own."""

WRITERS: dict[Language, type[TrueWriter]] = {"en": TrueEnglish, "zh": TrueChinese}

_NUMBERS = frozenset().union(*SIGNS.values())


@dataclass(frozen=True, slots=True)
class Answer:
    """The three parts of an answer."""

    analysis: str
    reasoning: str
    conclusion: str

    def text(self, language: Language) -> str:
        """Return the parts under their headings."""
        colon = "：" if language == "zh" else ":"
        parts = (self.analysis, self.reasoning, self.conclusion)
        return "\n\n".join(f"{h}{colon}\n{p}" for h, p in zip(headings(language), parts, strict=True))


def headings(language: Language) -> tuple[str, str, str]:
    """Return the headings of the three parts."""
    return HEADINGS[language]


def write_answer(case: Case, route: Route, language: Language, taxonomy: str, seed: int) -> Answer:
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
    kind = WRITERS[language]
    names = {au: au_name(au, language) for au in {u.au for u in units} | _NUMBERS}
    phrases = {
        name: kind.true.phrases.get(name, emotion_name(name, language))
        for name in get_taxonomy(taxonomy).labels
    }
    rival = _rival(units, label, taxonomy)
    writer = kind(
        RichVoice(f"{seed}|{case.key}|{route}|{language}|{taxonomy}", more=kind.true.more),
        names,
        phrases,
        _codes(case),
        {"left": subject_side("left"), "right": subject_side("right")},
        taxonomy,
        ink=ink_of(case, route),
        label=emotion_name(label, language) if label else "",
        rival=phrases[rival] if rival else "",
    )
    return Answer(
        writer.analysis(evidence, mirrored=False), writer.reasoning(evidence), writer.conclusion(evidence)
    )


def ink_of(case: Case, route: Route) -> Ink:
    """Return what sizes are said in: colours on the vision route, else the case's own unit."""
    scale = case.made.get("map_scale_px")
    strongest = max((m.mean for m in case.motion if m.moving), default=1.0)
    full = float(scale) if scale is not None else strongest
    return Ink("colour" if route == "vision" else case.scale, full)


def _codes(case: Case) -> dict[int, str]:
    """AU number -> its codes as they stand in the conclusion (`R2 + L2` where both were coded)."""
    codes: dict[int, list[str]] = {}
    for unit in case.truth.units:
        codes.setdefault(unit.au, []).append(unit.code)
    return {au: " + ".join(found) for au, found in codes.items()}


def _rival(units: Sequence[AUEvidence], label: str | None, taxonomy: str) -> str:
    """The label the units alone would rather suggest, if clearly another than the true one."""
    if label is None:
        return ""
    ranked = untrained_emotion_model().predict(units, taxonomy)
    best = max(ranked, key=lambda name: ranked[name])
    return best if best != label and ranked[best] - ranked[label] >= RIVAL else ""
