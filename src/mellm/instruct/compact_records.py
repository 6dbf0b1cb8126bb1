"""From a case to compact records: what a small model is asked and what it is to answer (flow route, English).

One MEU task and one label alone in each taxonomy, and for half of the cases one or two ME-VQA questions, all
on the compact prompt. Units that do not show are neither asked for nor answered. Knows nothing about files.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mellm.datasets.vqa_questions import QuestionKind, asked_unit
from mellm.errors import InputError
from mellm.facs import PRESENT
from mellm.facs.findings import AUEvidence
from mellm.facs.prototype_emotion import EmotionEvidenceModel
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.compact_answers import NAME, VERSION, write_compact
from mellm.instruct.facs_findings import stage_of_motion
from mellm.instruct.records import Case, Provenance, Record, Stage, Target
from mellm.instruct.tasks import Dialogue, Wanted, record_of
from mellm.instruct.truth import COARSE, as_evidence, reasoned_label, shown_truth, taxonomies_of
from mellm.instruct.vqa_dialogues import Question, questions
from mellm.language.compact_prompt import (
    MER_QUESTION,
    MEU_QUESTION,
    CompactQuestion,
    Findings,
    compact_prompt,
)
from mellm.language.prompt import Scale

MOST_ASKED = 6
"""ME-VQA questions of a case at most, each of another kind."""


def stage_of(case: Case) -> Stage:
    """Return the FACS stage of a case; worked out again for px data measured before it was kept.

    Raises InputError where that cannot be: flow without scale is not kept.
    """
    if case.stage is not None:
        return case.stage
    if case.scale != "px":
        raise InputError("These measurements lack the FACS stage; measure them again, without --measured.")
    return stage_of_motion(case.motion)


def reading_prompt(
    motion: Sequence[RegionMotion],
    stage: Stage | None,
    question: str,
    taxonomy: str,
    *,
    scale: Scale = "px",
) -> str:
    """Return the compact prompt of an MEU or MER task: the stage's emotion is told in the asked taxonomy.

    `stage` None leaves out what the FACS stage found.
    """
    found = _found(motion, stage, stage.emotion(taxonomy) if stage else None, scale)
    return compact_prompt(found, CompactQuestion(question), taxonomy=taxonomy)


def vqa_prompt(
    motion: Sequence[RegionMotion],
    stage: Stage | None,
    question: str,
    kind: QuestionKind,
    *,
    scale: Scale = "px",
) -> str:
    """Return the compact prompt of an ME-VQA question; `stage` None leaves out what the FACS stage found."""
    found = _found(motion, stage, _told_emotion(stage, kind) if stage else None, scale)
    return compact_prompt(found, CompactQuestion(question, kind.names_units, asked_unit(question)))


def _found(
    motion: Sequence[RegionMotion], stage: Stage | None, emotion: Mapping[str, float] | None, scale: Scale
) -> Findings:
    return Findings(motion, scale, stage.evidence if stage else None, emotion)


def _told_emotion(stage: Stage, kind: QuestionKind) -> Mapping[str, float] | None:
    """Return the emotions told beside an ME-VQA question: those it asks for, none where it asks for units."""
    if kind is QuestionKind.COARSE:
        return stage.emotion(COARSE)
    if kind not in (QuestionKind.FINE, QuestionKind.SPOKEN):
        return None
    coarse = stage.emotion(COARSE)
    present = [au for au in stage.evidence if au.probability >= PRESENT]
    told = {"happiness": coarse["positive"], "surprise": coarse["surprise"]}
    return told | {name: coarse["negative"] * share for name, share in _two_words(present).items()}


def _two_words(aus: Sequence[AUEvidence]) -> dict[str, float]:
    """Share a negative expression out between ME-VQA's two words for it, equally common before the units.

    No annotation sheet at hand knows the word repression, so this is the prototypes'.
    """
    model = EmotionEvidenceModel()
    found, prior = model.fine(aus), model.fine([])
    odds = {name: found[name] / prior[name] for name in ("disgust", "repression")}
    return {name: value / sum(odds.values()) for name, value in odds.items()}


def compact_records(case: Case, wanted: Wanted) -> Iterator[Record]:
    """Yield the compact records of a case, unchecked."""
    if case.truth.expression and not any(m.moving for m in case.motion):
        return
    stage = stage_of(case) if wanted.evidence else None
    chance = random.Random(f"{wanted.seed}|{case.key}|compact")
    # A face without expression is asked in one of the taxonomies, another in all that have a word for it.
    for taxonomy in taxonomies_of(case.dataset, case.truth) or (chance.choice(("7", COARSE)),):
        if "meu" in wanted.tasks and _has_shown(case, stage):
            yield _meu(case, stage, taxonomy, wanted.seed)
        if "mer" in wanted.tasks and taxonomy in case.truth.labels:
            yield _mer(case, stage, taxonomy)
    if "vqa" in wanted.tasks:
        for question in _drawn(case, stage, wanted, chance):
            yield _vqa(case, stage, question)


def _meu(case: Case, stage: Stage | None, taxonomy: str, seed: int) -> Record:
    prompt = reading_prompt(case.motion, stage, MEU_QUESTION, taxonomy, scale=case.scale)
    shown = shown_truth(case.truth, case.motion, stage)
    label = reasoned_label(shown, taxonomy)
    target: Target = {"action_units": list(shown.action_units or ()), "taxonomy": taxonomy, "label": label}
    by: Provenance = {"annotator": NAME, "version": VERSION, "seed": seed, "evidence": stage is not None}
    answer = write_compact(case, stage, taxonomy, seed).render()
    return record_of(case, Dialogue("meu", taxonomy=taxonomy, form="compact"), prompt, answer, target, by)


def _mer(case: Case, stage: Stage | None, taxonomy: str) -> Record:
    prompt = reading_prompt(case.motion, stage, MER_QUESTION, taxonomy, scale=case.scale)
    label = case.truth.labels[taxonomy]
    target: Target = {"taxonomy": taxonomy, "label": label}
    by = _labels(stage)
    return record_of(case, Dialogue("mer", taxonomy=taxonomy, form="compact"), prompt, label, target, by)


def _vqa(case: Case, stage: Stage | None, question: Question) -> Record:
    form = question.form
    prompt = vqa_prompt(case.motion, stage, question.question, form.kind, scale=case.scale)
    target: Target = {"answer": question.answer}
    if form.kind is QuestionKind.COARSE:
        target["label"] = case.truth.labels[COARSE]
    elif form.kind in (QuestionKind.FINE, QuestionKind.SPOKEN):
        target["label"] = vqa_emotion(case, stage)
    dialogue = Dialogue("vqa", question=str(form), form="compact")
    return record_of(case, dialogue, prompt, question.answer, target, _labels(stage))


def _labels(stage: Stage | None) -> Provenance:
    return {"annotator": "labels", "evidence": stage is not None}


def vqa_emotion(case: Case, stage: Stage | None) -> str | None:
    """Return the emotion ME-VQA would know a case by: it has one word for joy, one for surprise, two else.

    Every negative case is one of the two, drawn by its key from P(emotion | units), both words taken as
    equally common; None where the motion shows none of the units.
    """
    coarse = case.truth.labels.get(COARSE)
    if coarse != "negative":
        return {"positive": "happiness", "surprise": "surprise"}.get(coarse or "")
    units = shown_truth(case.truth, case.motion, stage).units
    if not units:
        return None
    shares = _two_words(as_evidence(units))
    return random.Random(f"{case.key}|vqa").choices(list(shares), list(shares.values()))[0]


def _has_shown(case: Case, stage: Stage | None) -> bool:
    """Whether there is something to conclude: a unit that shows, with a label, or no expression."""
    if not case.truth.expression:
        return True
    return bool(case.truth.labels and shown_truth(case.truth, case.motion, stage).action_units)


def _drawn(case: Case, stage: Stage | None, wanted: Wanted, chance: random.Random) -> list[Question]:
    """Draw a question of each kind."""
    by_kind: dict[QuestionKind, list[Question]] = {}
    for question in compact_questions(case, stage, f"{wanted.seed}|{case.key}"):
        by_kind.setdefault(question.form.kind, []).append(question)
    kinds = chance.sample(sorted(by_kind), k=min(len(by_kind), MOST_ASKED))
    return [chance.choice(by_kind[kind]) for kind in kinds]


def compact_questions(case: Case, stage: Stage | None, seed: str) -> list[Question]:
    """Return the ME-VQA questions a case can answer from what its motion shows."""
    shown = shown_truth(case.truth, case.motion, stage)
    hidden = {unit.au for unit in case.truth.units} - {unit.au for unit in shown.units}
    asked = questions(replace(shown, emotion=vqa_emotion(case, stage)), "en", seed)
    return [q for q in asked if not (q.form.kind is QuestionKind.SHOWN and q.form.unit in hidden)]
