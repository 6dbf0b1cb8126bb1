"""From a case to its records: both routes, both languages, MEU, MER and ME-VQA.

The annotator writes MEU answers; MER and VQA answers follow from the labels. Knows nothing about files.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from mellm.facs.taxonomies import emotion_name
from mellm.instruct.records import (
    LANGUAGES,
    ROUTES,
    TASKS,
    Case,
    Form,
    Provenance,
    Record,
    Route,
    Target,
    Task,
)
from mellm.instruct.rules_annotator import NAME, VERSION, write_answer
from mellm.instruct.task_prompts import ask, mer_prompt, meu_prompt
from mellm.instruct.truth import COARSE, is_seen, reasoned_label, taxonomies_of
from mellm.instruct.vqa_dialogues import questions
from mellm.version import __version__
from mellm.wording.languages import OwnLanguage


@dataclass(frozen=True, slots=True)
class Draft:
    """An annotator's answer to one MEU task, and who wrote it."""

    answer: str
    by: Provenance


@dataclass(frozen=True, slots=True)
class Job:
    """One MEU answer to write; the label is one of `taxonomy`."""

    case: Case
    route: Route
    language: OwnLanguage
    taxonomy: str
    prompt: str


class Annotator(Protocol):
    """Writes MEU answers from the measured motion and the true labels."""

    @property
    def name(self) -> str:
        """`rules`, `openai` ..."""
        ...

    def prepare(self, jobs: Iterable[Job]) -> None:
        """Draft many of the answers that will be asked for next, where that is faster."""
        ...

    def draft(self, job: Job) -> Draft:
        """Return the answer to a job. Raises MellmError where none could be had."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """The grammar as an annotator."""

    seed: int = 0
    name: str = NAME

    def prepare(self, jobs: Iterable[Job]) -> None:
        """Nothing to prepare: writing takes less than a millisecond."""

    def draft(self, job: Job) -> Draft:
        """Write the answer; never fails."""
        answer = write_answer(job.case, job.route, job.language, job.taxonomy, self.seed)
        return Draft(answer.text(job.language), {"annotator": NAME, "version": VERSION, "seed": self.seed})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are wanted of each case.

    unseen: also reasoned answers where the motion bears out none of the labelled units, and labels where no
    region moves at all. Off by default: a model that learns from them learns to say what it cannot see.
    form: of prompts and answers; `compact` is for the flow route in English, whatever else is asked for.
    evidence: compact prompts tell what the FACS stage found; without, they tell the motion alone.
    """

    tasks: tuple[Task, ...] = TASKS
    routes: tuple[Route, ...] = ROUTES
    languages: tuple[OwnLanguage, ...] = LANGUAGES
    seed: int = 0
    unseen: bool = False
    form: Form = "full"
    evidence: bool = True

    def recipe(self) -> Mapping[str, object]:
        """Return what decides the content."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What kind of dialogue a record is; its text is the second half of the record's id.

    taxonomy, question: where several dialogues differ in them only (question: its form, ME-VQA)
    """

    task: Task
    route: Route = "flow"
    language: OwnLanguage = "en"
    taxonomy: str = ""
    question: str = ""
    form: Form = "full"

    def __str__(self) -> str:
        """Return `task.route.language[.taxonomy][.question][.compact]`."""
        form = "" if self.form == "full" else self.form
        parts = (self.task, self.route, self.language, self.taxonomy, self.question, form)
        return ".".join(filter(None, parts))


def record_of(
    case: Case, dialogue: Dialogue, prompt: str, answer: str, target: Target, by: Provenance
) -> Record:
    """Return one record of a case; `by` says who wrote the answer."""
    return Record(
        id=f"{case.key}/{dialogue}",
        case=case.key,
        task=dialogue.task,
        route=dialogue.route,
        language=dialogue.language,
        split=case.split,
        question=dialogue.question,
        prompt=prompt,
        answer=answer,
        images=(case.picture,) if dialogue.route == "vision" and case.picture else (),
        target=target,
        provenance={
            "mellm": __version__,
            "dataset": case.dataset,
            "subject": case.subject,
            "sample": case.name,
            "label_origin": case.truth.origin,
            "coarse": case.truth.labels.get(COARSE),
            **by,
        },
        form=dialogue.form,
    )


def records_of(case: Case, wanted: Wanted, annotator: Annotator) -> Iterator[Record]:
    """Yield all records of a case in the full form, in a fixed order, unchecked."""
    routes = tuple(r for r in wanted.routes if r == "flow" or case.picture)
    if case.truth.expression and not any(m.moving for m in case.motion) and not wanted.unseen:
        return
    for language in wanted.languages:
        if "meu" in wanted.tasks:
            yield from _meu(case, routes, language, wanted, annotator)
        if "mer" in wanted.tasks:
            yield from _mer(case, routes, language, wanted)
        if "vqa" in wanted.tasks and routes:
            yield from _vqa(case, routes, language, wanted)


def meu_taxonomy(case: Case, route: Route, seed: int) -> str | None:
    """Return the taxonomy of a case's MEU task, None where it has none.

    The vision route asks in the finest; the flow route in the finest or the coarse one, by turns. A face
    without expression is asked in the finest one too, and concludes that there is no evidence.
    """
    truth = case.truth
    if truth.action_units is None or (truth.expression and not truth.labels):
        return None
    known = taxonomies_of(case.dataset, truth) or ("7", COARSE)
    turn = random.Random(f"{seed}|{case.key}|taxonomy").random() < 0.5
    return known[-1] if route == "flow" and turn else known[0]


def meu_jobs(case: Case, wanted: Wanted) -> Iterator[Job]:
    """Yield what an annotator will be asked for a case, so that it can prepare."""
    routes = tuple(r for r in wanted.routes if r == "flow" or case.picture)
    if "meu" in wanted.tasks:
        for language in wanted.languages:
            yield from _jobs(case, routes, language, wanted)


def _jobs(case: Case, routes: tuple[Route, ...], language: OwnLanguage, wanted: Wanted) -> Iterator[Job]:
    if not wanted.unseen and not is_seen(case.truth, case.motion):
        return
    for route in routes:
        taxonomy = meu_taxonomy(case, route, wanted.seed)
        if taxonomy is not None:
            yield Job(case, route, language, taxonomy, meu_prompt(case, route, language, taxonomy))


def _meu(
    case: Case, routes: tuple[Route, ...], language: OwnLanguage, wanted: Wanted, annotator: Annotator
) -> Iterator[Record]:
    for job in _jobs(case, routes, language, wanted):
        draft = annotator.draft(job)
        units, label = list(case.truth.action_units or ()), reasoned_label(case.truth, job.taxonomy)
        target: Target = {"action_units": units, "taxonomy": job.taxonomy, "label": label}
        yield record_of(
            case, Dialogue("meu", job.route, language), job.prompt, draft.answer, target, draft.by
        )


def _mer(case: Case, routes: tuple[Route, ...], language: OwnLanguage, wanted: Wanted) -> Iterator[Record]:
    for route in routes:
        for taxonomy in taxonomies_of(case.dataset, case.truth):
            label = case.truth.labels[taxonomy]
            form = random.Random(f"{wanted.seed}|{case.key}|{route}|{language}|{taxonomy}").randrange(1000)
            prompt = mer_prompt(case, route, language, taxonomy, form)
            yield record_of(
                case,
                Dialogue("mer", route, language, taxonomy),
                prompt,
                emotion_name(label, language),
                {"taxonomy": taxonomy, "label": label},
                {"annotator": "labels"},
            )


def _vqa(case: Case, routes: tuple[Route, ...], language: OwnLanguage, wanted: Wanted) -> Iterator[Record]:
    for question in questions(case.truth, language, f"{wanted.seed}|{case.key}"):
        turn = random.Random(f"{wanted.seed}|{case.key}|{language}|{question.form}")
        route = turn.choice(routes)
        prompt = ask(case, route, language, question.question)
        yield record_of(
            case,
            Dialogue("vqa", route, language, question=str(question.form)),
            prompt,
            question.answer,
            {"answer": question.answer},
            {"annotator": "labels"},
        )
