"""Language models on the MEGC 2019 composite and on ME-VQA, zero-shot: labels, units, and the text itself.

Every sample is read once; readings are kept beside the output while a run lasts, so that one that was
interrupted goes on. Knows the questions' form; answers are scored by `vqa` and `recognition`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from mellm.datasets.megc2019 import FlowSet, flow_set_files, read_flow_set
from mellm.datasets.vqa_questions import QuestionKind, VQAQuestion, kind_of
from mellm.errors import InputError
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.figures import TextFigures, UnitFigures
from mellm.evaluate.kept_answers import keep, read_kept
from mellm.evaluate.motion_learners import see_stored
from mellm.evaluate.protocols import spread
from mellm.evaluate.recognition import Progress, figures_of, results_of
from mellm.evaluate.runs import LabelRun, SampleResult, UnitRun, VQARun, provenance
from mellm.evaluate.unit_recognition import LEAST, commonest_units, has_units, true_codes
from mellm.evaluate.vqa_answers import VQATask
from mellm.facs import FINE, PRESENT
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.facs.stored_flow import COARSE
from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.compact_records import reading_prompt, vqa_prompt
from mellm.instruct.records import Case, Route, Stage
from mellm.instruct.sources import measure_stored_flow
from mellm.instruct.task_prompts import IMAGE, ask, meu_prompt
from mellm.language.answer import labels_in
from mellm.language.backends import Decoding, LanguageBackend, Message
from mellm.language.claim_check import claims_in, false_claims
from mellm.language.compact_prompt import MEU_QUESTION
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.opinion import borne_out
from mellm.language.motion.questions import NOTHING
from mellm.language.unit_claims import unit_claims
from mellm.language.unit_mentions import coded_mentions
from mellm.media.frame import Image
from mellm.report import Reading

_TAXONOMY = "3"
_OPEN_TOKENS = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """One model and how it is asked: `form` `compact` or `full`, `route` `flow` or `vision`.

    own_eyes: the built-in model is told what its own encoder of the route sees, and nothing of the FACS stage
    """

    backend: LanguageBackend
    form: str = "compact"
    route: Route = "flow"
    own_eyes: bool = False

    @property
    def settings(self) -> dict[str, JsonValue]:
        """For the provenance of a run."""
        told = "encoder" if self.own_eyes else "facs" if self.form == "compact" else "nothing"
        return {
            "model": "language", "backend": self.backend.name, "prompt": self.form, "route": self.route,
            "told": told,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of stored flow as a language model meets it."""

    case: Case
    stage: Stage
    picture: Image
    stored: NDArray[np.uint8]

    def told(self, asked: Asked) -> Stage:
        """Return what a model is told: the FACS stage's findings, or its own encoder's in their place."""
        if not asked.own_eyes:
            return self.stage
        opinion = see_stored(self.stored, asked.route)
        fine = {name: share for name, share in opinion.fine.items() if name != NOTHING}
        total = max(sum(fine.values()), 1e-9)
        coarse, shares = opinion.labels("3"), {name: value / total for name, value in fine.items()}
        # One distribution, whose coarse classes are those that were asked for.
        members = get_taxonomy("3").members
        whole = {c: max(sum(shares[m] for m in found), 1e-9) for c, found in members.items()}
        spread = {m: coarse[c] * shares[m] / whole[c] for c, found in members.items() for m in found}
        return Stage.of(
            borne_out(opinion.evidence(self.case.motion)), {name: spread.get(name, 0.0) for name in FINE}
        )


def evaluate_language(
    folder: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> LabelRun:
    """Have every sample of a folder of flow read.

    Args:
        folder: samples.csv and flows.npz
        asked: the model
        seed: of the intervals
        progress: called with the sample's key, its number from 1, and how many there are
        kept: file of the readings so far; a run with the same file goes on where it stopped
        limit: only this many samples, evenly spread (for a quick look, and for services that cost)

    Raises InputError for a folder that cannot be used.
    """
    started = time.perf_counter()
    data = _part(read_flow_set(folder), limit)
    samples = list(_samples(data))
    readings = _readings(samples, asked, progress, kept)
    probabilities = np.array([_probabilities(reading) for reading in readings])
    stages = np.array([[s.stage.emotion(_TAXONOMY)[c] for c in COARSE] for s in samples])
    figures, stage = figures_of(data.samples, probabilities, seed), figures_of(data.samples, stages, seed)
    figures.units = _unit_figures(data, [reading.action_units for reading in readings])
    stage.units = _unit_figures(data, [_called(s.stage) for s in samples])
    figures.facs_stage = stage
    figures.text = text_figures([(r, s.case) for r, s in zip(readings, samples, strict=True)])
    results = results_of(data.samples, probabilities)
    for result, reading in zip(results, readings, strict=True):
        result.action_units, result.text = reading.action_units, reading.raw
    settings = asked.settings | {"protocol": "zero-shot", "classes": list(COARSE), "limit": limit}
    made = provenance(flow_set_files(folder), settings, seed, started)
    return LabelRun(figures=figures, samples=results, provenance=made)


def _readings(
    samples: Sequence[Sample], asked: Asked, progress: Progress | None, kept: Path | None
) -> list[Reading]:
    """The reading of every sample, those in `kept` as they are."""
    reader = LanguageReader(asked.backend, taxonomy=_TAXONOMY, asking=Asking(form=asked.form))
    found = read_kept(kept, Reading.model_validate_json)
    for number, sample in enumerate(samples, 1):
        key = sample.case.name
        if key not in found:
            told = sample.told(asked)
            found[key] = reader.read(
                sample.case.motion,
                told.evidence,
                told.emotion(_TAXONOMY),
                scale="relative",
                messages=_reading_messages(sample, asked),
            )
            keep(kept, key, found[key].model_dump_json())
        if progress:
            progress(key, number, len(samples))
    return [found[sample.case.name] for sample in samples]


def evaluate_language_units(
    folder: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> UnitRun:
    """Have the samples that have codes read, and score the units concluded; arguments as above."""
    started = time.perf_counter()
    everything = read_flow_set(folder)
    data = _part(everything.select(np.array([has_units(s) is True for s in everything.samples])), limit)
    if not data.samples:
        raise InputError(f"No sample in '{folder}' has action units; the column action_units is empty.")
    codes = [reading.action_units for reading in _readings(list(_samples(data)), asked, progress, kept)]
    pairs = zip(data.samples, codes, strict=True)
    lines = [
        SampleResult(key=s.key, dataset=s.dataset, subject=s.subject, truth=true_codes(s), prediction=list(c))
        for s, c in pairs
    ]
    settings = asked.settings | {"protocol": "zero-shot", "limit": limit}
    made = provenance(flow_set_files(folder), settings, seed, started)
    return UnitRun(figures=_unit_figures(data, codes), samples=lines, provenance=made)


def evaluate_language_vqa(
    folder: str | Path,
    questions: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> VQARun:
    """Have a language model answer ME-VQA's questions about a folder's samples; arguments as above.

    Questions with a closed set of answers (coarse, fine, yes or no, side) are answered by the likeliest of
    them, open ones in the model's own words. Raises InputError where no question is about a sample.
    """
    started = time.perf_counter()
    data = read_flow_set(folder)
    samples = {s.case.name: s for s in _samples(data)}
    task = VQATask.read(folder, questions, data.samples).part(limit)
    found = read_kept(kept, str)
    for number, question in enumerate(task.questions, 1):
        if question.id not in found:
            found[question.id] = _answer(question, samples[question.image_id], asked)
            keep(kept, question.id, found[question.id])
        if progress:
            progress(question.id, number, len(task.questions))
    settings = asked.settings | {"protocol": "zero-shot", "fine_labels": list(FINE), "limit": limit}
    return task.run([found[q.id] for q in task.questions], settings, seed, started)


def text_figures(readings: Sequence[tuple[Reading, Case]]) -> TextFigures:
    """Return the shares of readings that are sound."""
    well_formed = as_written = agreeing = claims = wrong = units = unseen = 0
    for reading, case in readings:
        parts = (reading.analysis, reading.reasoning, reading.conclusion)
        sound = all(parts) and (bool(reading.action_units) == (reading.label is not None))
        well_formed += sound
        as_written += sound and not reading.mended
        agreeing += sound and consistent(reading)
        text = f"{reading.analysis}\n{reading.reasoning}"
        claims += sum(1 for _ in claims_in(text, reading.language))
        wrong += len(false_claims(text, case.motion, reading.language))
        named = list(unit_claims(text, reading.language))
        claims, wrong = claims + len(named), wrong + sum(not claim.holds(case.motion) for claim in named)
        concluded = [unit for unit in map(parse_code, reading.action_units) if knows_motion(unit.au)]
        units += len(concluded)
        unseen += sum(not supporting_regions(unit, case.motion) for unit in concluded)
    total = max(len(readings), 1)
    return TextFigures(
        readings=len(readings),
        well_formed=well_formed / total,
        as_written=as_written / total,
        consistent=agreeing / total,
        claims=claims,
        claims_supported=1 - wrong / max(claims, 1),
        units=units,
        units_without_evidence=unseen / max(units, 1),
        median_seconds=float(np.median([r.seconds or 0.0 for r, _ in readings])) if readings else 0.0,
    )


def consistent(reading: Reading) -> bool:
    """True where conclusion, analysis and reasoning speak of the same units and the same label."""
    spoken = coded_mentions(f"{reading.analysis}\n{reading.reasoning}")
    if spoken != frozenset(reading.action_units):
        return False
    named = labels_in(reading.reasoning, reading.language)
    return reading.label is None or not named or reading.label in named


def _answer(question: VQAQuestion, sample: Sample, asked: Asked) -> str:
    kind = kind_of(question.question)
    form = "compact" if asked.form == "compact" and asked.route == "flow" else "full"
    if form == "compact" or asked.own_eyes:
        text = vqa_prompt(sample.case.motion, sample.told(asked), question.question, kind, scale="relative")
        messages = [Message("user", text)]
    else:
        messages = _with_picture(ask(sample.case, asked.route, "en", question.question), sample, asked)
    options = _CLOSED.get(kind)
    if options:
        return options[asked.backend.choose(messages, "", options).index]
    return "".join(asked.backend.generate(messages, Decoding(_OPEN_TOKENS))).strip()


_CLOSED: dict[QuestionKind, tuple[str, ...]] = {
    QuestionKind.COARSE: COARSE,
    QuestionKind.FINE: FINE,
    QuestionKind.SHOWN: ("yes", "no"),
    QuestionKind.SIDE: ("left", "right"),
}


def _reading_messages(sample: Sample, asked: Asked) -> list[Message]:
    if asked.own_eyes or (asked.form == "compact" and asked.route == "flow"):
        told = sample.told(asked)
        text = reading_prompt(sample.case.motion, told, MEU_QUESTION, _TAXONOMY, scale="relative")
        return [Message("user", text)]
    return _with_picture(meu_prompt(sample.case, asked.route, "en", _TAXONOMY), sample, asked)


def _with_picture(text: str, sample: Sample, asked: Asked) -> list[Message]:
    if asked.route == "flow":
        return [Message("user", text)]
    return [Message("user", text.replace(IMAGE, "").strip(), (sample.picture,))]


def _samples(data: FlowSet) -> Iterator[Sample]:
    for sample, stored in zip(data.samples, data.flows, strict=True):
        measured = measure_stored_flow(sample, stored)
        yield Sample(measured.case, cast(Stage, measured.case.stage), measured.picture, stored)


def _part(data: FlowSet, limit: int | None) -> FlowSet:
    chosen = np.zeros(len(data.samples), bool)
    chosen[spread(len(data.samples), limit)] = True
    return data.select(chosen)


def _probabilities(reading: Reading) -> NDArray[np.float64]:
    """The model's own shares; equal ones where it finds no micro-expression."""
    if not reading.probabilities:
        return np.full(len(COARSE), 1 / len(COARSE))
    return np.array([reading.probabilities[name] for name in COARSE])


def _called(stage: Stage) -> list[str]:
    """The units the FACS stage calls, as codes."""
    return [ActionUnitCode(au, side).code for au, side, probability in stage.units if probability >= PRESENT]


def _unit_figures(data: FlowSet, codes: Sequence[Sequence[str]]) -> UnitFigures:
    """F1 of each sample's codes over the folder's commonest units, on the samples that have codes."""
    coded = [(s, found) for s, found in zip(data.samples, codes, strict=True) if has_units(s)]
    if not coded:
        return UnitFigures(samples=0)
    table = UnitScores(commonest_units([sample for sample, _ in coded]))
    table.update([true_codes(sample) for sample, _ in coded], [found for _, found in coded])
    figures = table.compute(least=LEAST)
    figures.samples = len(coded)
    return figures
