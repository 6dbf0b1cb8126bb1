"""ME-VQA (MEGC 2025): questions about a micro-expression, answered by template from the FACS models.

Coarse and fine expression by UF1 and UAR, action units by F1 over the named units, yes/no and side by
accuracy, open answers by BLEU and ROUGE. Nothing is trained here; a language model's answers can be scored
by the same functions (`score_answers`).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mellm.datasets.megc2019 import read_flow_set
from mellm.datasets.vqa_questions import FINE_LABELS, VQAQuestion, asked_unit, read_questions
from mellm.errors import InputError
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.learner import create_learner
from mellm.evaluate.recognition import predict
from mellm.evaluate.run_files import provenance
from mellm.evaluate.text_overlap import TextScores
from mellm.facs import AU_NAMES, AUEvidence, au_number, untrained_emotion_model
from mellm.facs.codes import ActionUnitCode, SubjectSide
from mellm.facs.stored_flow import COARSE
from mellm.facs.stored_flow_units import called_units, read_units, stronger_half
from mellm.facs.unit_rules import EXPRESSIVE

KINDS = ("coarse", "fine", "units", "shown", "side", "spoken")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model found in one sample: coarse and fine label, units, and which half each unit leans to."""

    coarse: str
    fine: str
    units: tuple[ActionUnitCode, ...]
    leaning: Mapping[int, SubjectSide]


Answerer = Callable[[VQAQuestion, Seen], str]


def kind_of(question: str) -> str:
    """Return which of `KINDS` a question is. Raises InputError for a form that is not known."""
    text = question.lower()
    if "based on" in text:
        return "spoken"
    if "coarse expression" in text:
        return "coarse"
    if "fine-grained expression" in text:
        return "fine"
    if "left or right" in text:
        return "side"
    if "shown on the face" in text:
        return "shown"
    if "action unit" in text:
        return "units"
    raise InputError(f"'{question}' is none of ME-VQA's questions.")


def answer(question: VQAQuestion, seen: Seen) -> str:
    """Answer one question by template, in ME-VQA's wording."""
    units = {unit.au for unit in seen.units}
    names = ", ".join(AU_NAMES[unit] for unit in sorted(units))
    kind = kind_of(question.question)
    if kind == "coarse":
        return seen.coarse
    if kind == "fine":
        return seen.fine
    if kind == "units":
        return names
    if kind == "shown":
        return "yes" if asked_unit(question.question) in units else "no"
    if kind == "side":
        unit = asked_unit(question.question)
        named = next((code for code in seen.units if code.au == unit), None)
        return named.side if named and named.one_sided else seen.leaning.get(unit or 0, "left")
    one = len(units) == 1
    return (
        f"The action unit{'' if one else 's'} present {'is' if one else 'are'}: {names}. Therefore, the "
        f"fine-grained expression class is {seen.fine}, and the coarse expression class is {seen.coarse}."
    )


def evaluate_vqa(folder: str | Path, questions: str | Path, seed: int = 0) -> dict[str, Any]:
    """Answer every question about the folder's samples, zero-shot; returns figures, samples, provenance.

    Raises InputError where no question is about a sample of the folder.
    """
    started = time.perf_counter()
    asked = read_questions(questions)
    seen = look(folder, seed)
    known = [q for q in asked if q.image_id in seen]
    if not known:
        raise InputError(f"None of the questions in {Path(questions).name} is about a sample in {folder}.")
    answers = [answer(q, seen[q.image_id]) for q in known]
    settings = {"model": "facs", "protocol": "zero-shot", "fine_labels": list(FINE_LABELS)}
    unanswered = len(asked) - len(known)
    return vqa_run(folder, questions, known, answers, unanswered, settings, seed, started)


def vqa_run(
    folder: str | Path,
    questions: str | Path,
    known: Sequence[VQAQuestion],
    answers: Sequence[str],
    unanswered: int,
    settings: dict[str, Any],
    seed: int,
    started: float,
) -> dict[str, Any]:
    """Return a run's figures, samples and provenance from its answers, whoever gave them."""
    root = Path(folder)
    return {
        "figures": {"unanswered": unanswered, **score_answers(known, answers)},
        "samples": [
            {
                "key": q.id,
                "dataset": q.dataset,
                "subject": q.subject,
                "question": q.question,
                "truth": q.answer,
                "prediction": a,
                "probabilities": {},
            }
            for q, a in zip(known, answers, strict=True)
        ],
        "provenance": provenance(
            [root / "samples.csv", root / "flows.npz", Path(questions)], settings, seed, started
        ),
    }


def look(folder: str | Path, seed: int = 0) -> dict[str, Seen]:
    """Return key -> what the zero-shot FACS models see in every sample of a folder of flow."""
    data = read_flow_set(folder)
    coarse = predict(data, create_learner("facs"), "zero-shot", seed)
    scores = read_units(data.flows, EXPRESSIVE).scores()
    emotions = untrained_emotion_model()
    found = {}
    for sample, label, row in zip(data.samples, coarse, scores, strict=True):
        units = called_units(row, EXPRESSIVE)
        evidence = [AUEvidence(unit.au, "both", 0.8, None, ()) for unit in units]
        name = COARSE[int(label.argmax())]
        found[sample.key] = Seen(
            coarse=name,
            fine=_fine(name, emotions.fine(evidence)),
            units=tuple(units),
            leaning={unit: stronger_half(row[:, i]) for i, unit in enumerate(EXPRESSIVE)},
        )
    return found


def score_answers(questions: Sequence[VQAQuestion], answers: Sequence[str]) -> dict[str, Any]:
    """Score answers against the questions' own, each kind by its measure; `mean` averages the kinds."""
    by_kind: dict[str, list[tuple[VQAQuestion, str]]] = {kind: [] for kind in KINDS}
    for question, given in zip(questions, answers, strict=True):
        by_kind[kind_of(question.question)].append((question, given))
    figures: dict[str, Any] = {"questions": {kind: len(rows) for kind, rows in by_kind.items()}}
    for kind in ("coarse", "fine"):
        if rows := by_kind[kind]:
            figures[kind] = _labels(rows)
    if rows := by_kind["units"]:
        figures["units_f1"] = _units_f1(rows)
    for kind in ("shown", "side"):
        if rows := by_kind[kind]:
            right = sum(given.strip().lower() == q.answer.strip().lower() for q, given in rows)
            figures[f"{kind}_accuracy"] = right / len(rows)
    for kind in ("units", "spoken"):
        if rows := by_kind[kind]:
            texts = TextScores()
            texts.update([q.answer for q, _ in rows], [given for _, given in rows])
            figures[f"{kind}_text"] = texts.compute()
    return figures


def _fine(coarse: str, fine: Mapping[str, float]) -> str:
    if coarse == "positive":
        return "happiness"
    if coarse == "surprise":
        return "surprise"
    return max(("disgust", "repression"), key=lambda label: fine[label])


def _labels(rows: Sequence[tuple[VQAQuestion, str]]) -> dict[str, float]:
    labels = tuple(sorted({q.answer for q, _ in rows}))
    # An answer outside the label set is wrong, whatever it is: it counts against the class that was asked.
    other = "(none of them)"
    scores = LabelScores((*labels, other))
    scores.update([q.answer for q, _ in rows], [given if given in labels else other for _, given in rows])
    per_class = scores.compute().per_class
    kept = [per_class[label] for label in labels]
    return {
        "accuracy": sum(q.answer == given for q, given in rows) / len(rows),
        "uf1": sum(c.f1 for c in kept) / len(kept),
        "uar": sum(c.recall for c in kept) / len(kept),
    }


def _units_f1(rows: Sequence[tuple[VQAQuestion, str]]) -> float:
    """Micro F1 over all named units."""
    hits = wrong = missed = 0
    for question, given in rows:
        truth, called = _named(question.answer), _named(given)
        hits += len(truth & called)
        wrong += len(called - truth)
        missed += len(truth - called)
    return 2 * hits / max(2 * hits + wrong + missed, 1)


def _named(text: str) -> set[str]:
    """Unit names in an answer, in one spelling each; names that are no action unit stay as they are."""
    names = set()
    for part in filter(None, (piece.strip().lower() for piece in text.split(","))):
        try:
            names.add(str(au_number(part)))
        except InputError:
            names.add(part)
    return names
