"""ME-VQA (MEGC 2025): questions about a micro-expression, answered by template from the FACS models.

Coarse and fine expression by UF1 and UAR, action units by F1 over the named units, yes/no and side by
accuracy, open answers by BLEU and ROUGE. Nothing is trained here; a language model's answers can be scored
by the same functions (`score_answers`).
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from mellm.datasets.megc2019 import FlowSet, Sample, flow_set_files, read_flow_set
from mellm.datasets.sample_names import SampleNames, dataset_name
from mellm.datasets.vqa_questions import (
    QuestionKind,
    VQAQuestion,
    asked_unit,
    kind_of,
    read_questions,
)
from mellm.errors import InputError
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.figures import LabelSummary, TextOverlap, VQAFigures
from mellm.evaluate.learner import create_learner
from mellm.evaluate.protocols import spread
from mellm.evaluate.recognition import predict
from mellm.evaluate.runs import SampleResult, VQARun, provenance
from mellm.evaluate.text_overlap import TextScores
from mellm.evaluate.unit_models import create_unit_learner
from mellm.facs import AU_NAMES, au_number, get_taxonomy
from mellm.facs.codes import ActionUnitCode, SubjectSide
from mellm.facs.learned_emotion import UNKNOWN, clean_emotion_model, shipped_emotion_model
from mellm.facs.stored_flow import COARSE
from mellm.facs.stored_flow_units import called_units, evidence_of, stronger_half
from mellm.facs.unit_rules import EXPRESSIVE


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model found in one sample: coarse and fine label, units, and which half each unit leans to."""

    coarse: str
    fine: str
    units: tuple[ActionUnitCode, ...]
    leaning: Mapping[int, SubjectSide]


Pair = tuple[VQAQuestion, str]
"""A question and the answer that was given."""


def answer(question: VQAQuestion, seen: Seen) -> str:
    """Answer one question by template, in ME-VQA's wording."""
    units = {unit.au for unit in seen.units}
    names = ", ".join(AU_NAMES[unit] for unit in sorted(units))
    match kind_of(question.question):
        case QuestionKind.COARSE:
            return seen.coarse
        case QuestionKind.FINE:
            return seen.fine
        case QuestionKind.UNITS:
            return names
        case QuestionKind.SHOWN:
            return "yes" if asked_unit(question.question) in units else "no"
        case QuestionKind.SIDE:
            unit = asked_unit(question.question)
            coded = next((code for code in seen.units if code.au == unit), None)
            return coded.side if coded and coded.one_sided else seen.leaning.get(unit or 0, "left")
    one = len(units) == 1
    return (
        f"The action unit{'' if one else 's'} present {'is' if one else 'are'}: {names}. Therefore, the "
        f"fine-grained expression class is {seen.fine}, and the coarse expression class is {seen.coarse}."
    )


@dataclass(frozen=True, slots=True)
class VQATask:
    """The questions about a folder's samples; `unanswered` counts the others of the file."""

    folder: Path
    file: Path
    questions: tuple[VQAQuestion, ...]
    unanswered: int
    also: Path | None = None

    @classmethod
    def read(
        cls, folder: str | Path, file: str | Path, samples: Iterable[Sample], also: str | Path | None = None
    ) -> "VQATask":
        """Read a file of questions, for the samples of a folder of flow; `image_id` becomes the sample's key.

        A question is about the sample of its data set, subject and file name, however these are spelled.
        Raises InputError where no question is about one of them.
        """
        asked, names = read_questions(file), SampleNames(samples)
        keys = [names.find(q.dataset, q.subject, q.filename, q.image_id) for q in asked]
        known = tuple(replace(q, image_id=key) for q, key in zip(asked, keys, strict=True) if key is not None)
        if not known:
            raise InputError(f"None of the questions in {Path(file).name} is about a sample in {folder}.")
        return cls(
            Path(folder), Path(file), known, len(asked) - len(known), None if also is None else Path(also)
        )

    def part(self, limit: int | None) -> "VQATask":
        """Return the task with only `limit` of its questions, evenly spread; the others are unanswered."""
        chosen = tuple(self.questions[i] for i in spread(len(self.questions), limit))
        return replace(self, questions=chosen, unanswered=self.unanswered + len(self.questions) - len(chosen))

    def run(
        self, answers: Sequence[str], settings: Mapping[str, JsonValue], seed: int, started: float
    ) -> VQARun:
        """Return the run of the answers to all questions, whoever gave them."""
        figures = score_answers(self.questions, answers)
        figures.unanswered = self.unanswered
        return VQARun(
            figures=figures,
            samples=answered(self.questions, answers),
            provenance=provenance(
                [*flow_set_files(self.folder, self.also), self.file], settings, seed, started
            ),
        )


def answered(questions: Sequence[VQAQuestion], answers: Sequence[str]) -> list[SampleResult]:
    """Return the rows of a run: each question with what was right and what was said."""
    return [
        SampleResult(
            key=q.id,
            dataset=q.dataset,
            subject=q.subject,
            question=q.question,
            truth=q.answer,
            prediction=said,
        )
        for q, said in zip(questions, answers, strict=True)
    ]


def evaluate_vqa(
    folder: str | Path,
    questions: str | Path,
    seed: int = 0,
    also: str | Path | None = None,
    convention: str = UNKNOWN,
    model: str = "facs",
) -> VQARun:
    """Answer every question about the folder's samples, zero-shot; `also` holds a second measurement.

    The fine expression is one of all emotions, or of those that the coders of `convention` write. `model` is
    one of `mellm.evaluate.learner` that says units too.

    Raises InputError where no question is about a sample of the folder, and for another model.
    """
    started = time.perf_counter()
    data = read_flow_set(folder, also)
    task = VQATask.read(folder, questions, data.samples, also)
    seen = look(data, seed, convention, model)
    answers = [answer(q, seen[q.image_id]) for q in task.questions]
    settings: dict[str, JsonValue] = {
        "model": model,
        "protocol": "zero-shot",
        "convention": convention,
    }
    return task.run(answers, settings, seed, started)


def look(data: FlowSet, seed: int = 0, convention: str = UNKNOWN, model: str = "facs") -> dict[str, Seen]:
    """Return key -> what a zero-shot model sees in every sample of a folder of flow.

    The emotion model hears no sheet of the sample's own data set, whatever the convention; of a clean model,
    no sheet at all.
    """
    coarse = predict(data, create_learner(model), "zero-shot", seed)
    scores = create_unit_learner(model, data, EXPRESSIVE).zero_shot().mean(axis=0)
    clean = model.endswith("-clean")
    emotions = (clean_emotion_model() if clean else shipped_emotion_model()).under(convention)
    found = {}
    for sample, label, row in zip(data.samples, coarse, scores, strict=True):
        fine = emotions.without(dataset_name(sample.dataset)).fine(evidence_of(row, EXPRESSIVE))
        members = get_taxonomy("3").members[COARSE[int(label.argmax())]]
        found[sample.key] = Seen(
            coarse=COARSE[int(label.argmax())],
            fine=max(members, key=lambda name: fine[name]),
            units=tuple(called_units(row, EXPRESSIVE)),
            leaning={unit: stronger_half(row[:, i]) for i, unit in enumerate(EXPRESSIVE)},
        )
    return found


def score_answers(questions: Sequence[VQAQuestion], answers: Sequence[str]) -> VQAFigures:
    """Score answers against the questions' own, each kind by its measure."""
    by_kind: dict[QuestionKind, list[Pair]] = {kind: [] for kind in QuestionKind}
    for question, given in zip(questions, answers, strict=True):
        by_kind[kind_of(question.question)].append((question, given))
    figures = VQAFigures(questions={kind.value: len(rows) for kind, rows in by_kind.items()})
    if rows := by_kind[QuestionKind.COARSE]:
        figures.coarse = _labels(rows)
    if rows := by_kind[QuestionKind.FINE]:
        figures.fine = _labels(rows)
    if rows := by_kind[QuestionKind.UNITS]:
        figures.units_f1 = _units_f1(rows)
        figures.units_text = _text(rows)
    if rows := by_kind[QuestionKind.SHOWN]:
        figures.shown_accuracy = _accuracy(rows)
    if rows := by_kind[QuestionKind.SIDE]:
        figures.side_accuracy = _accuracy(rows)
    if rows := by_kind[QuestionKind.SPOKEN]:
        figures.spoken_text = _text(rows)
    return figures


def _accuracy(rows: Sequence[Pair]) -> float:
    return sum(given.strip().lower() == q.answer.strip().lower() for q, given in rows) / len(rows)


def _text(rows: Sequence[Pair]) -> TextOverlap:
    texts = TextScores()
    texts.update([q.answer for q, _ in rows], [given for _, given in rows])
    return texts.compute()


def label_set(truths: Iterable[str]) -> tuple[str, ...]:
    """Return the labels that questions ask for, and last one for whatever else is answered."""
    return (*sorted(set(truths)), OTHER)


OTHER = "(none of them)"
"""An answer outside the label set: wrong, whatever it is; it counts against the class that was asked."""


def _labels(rows: Sequence[Pair]) -> LabelSummary:
    labels = label_set(q.answer for q, _ in rows)
    scores = LabelScores(labels)
    scores.update([q.answer for q, _ in rows], [given if given in labels else OTHER for _, given in rows])
    per_class = scores.compute().per_class
    kept = [per_class[label] for label in labels[:-1]]
    return LabelSummary(
        accuracy=sum(q.answer == given for q, given in rows) / len(rows),
        uf1=sum(c.f1 for c in kept) / len(kept),
        uar=sum(c.recall for c in kept) / len(kept),
    )


def _units_f1(rows: Sequence[Pair]) -> float:
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
