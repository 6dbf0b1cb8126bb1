"""Language models on the MEGC 2019 composite and on ME-VQA, zero-shot: labels, units, and the text itself.

Every sample is read once; readings are kept beside the output while a run lasts, so that one that was
interrupted goes on. Knows the questions' form; answers are scored by `vqa` and `recognition`.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mellm.datasets.megc2019 import FlowSet, read_flow_set
from mellm.datasets.vqa_questions import FINE_LABELS, QuestionKind, VQAQuestion, read_questions
from mellm.errors import InputError
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.recognition import Progress, figures_of
from mellm.evaluate.run_files import provenance
from mellm.evaluate.summary import label_line
from mellm.evaluate.unit_recognition import LEAST, commonest_units
from mellm.evaluate.vqa_answers import kind_of, vqa_run
from mellm.facs import PRESENT
from mellm.facs.codes import ActionUnitCode
from mellm.facs.stored_flow import COARSE
from mellm.instruct.compact_records import reading_prompt, vqa_prompt
from mellm.instruct.records import Case, Route, Stage
from mellm.instruct.sources import measure_stored_flow
from mellm.instruct.task_prompts import IMAGE, ask, meu_prompt
from mellm.language.answer import labels_in
from mellm.language.backends import Decoding, LanguageBackend, Message
from mellm.language.claim_check import claims_in, false_claims
from mellm.language.compact_prompt import MEU_QUESTION
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.unit_mentions import coded_mentions
from mellm.media.frame import Image
from mellm.report import Reading

_TAXONOMY = "3"
_OPEN_TOKENS = 80
_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Asked:
    """One model and how it is asked: `form` `compact` or `full`, `route` `flow` or `vision`."""

    backend: LanguageBackend
    form: str = "compact"
    route: Route = "flow"

    @property
    def settings(self) -> dict[str, str]:
        """For the provenance of a run."""
        return {"model": "language", "backend": self.backend.name, "prompt": self.form, "route": self.route}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of stored flow as a language model meets it."""

    case: Case
    stage: Stage
    picture: Image


def evaluate_language(
    folder: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Have every sample of a folder of flow read; returns figures, samples, provenance.

    Args:
        folder: samples.csv and flows.npz
        asked: the model
        progress: called with the sample's key, its number from 1, and how many there are
        kept: file of the readings so far; a run with the same file goes on where it stopped
        limit: only this many samples, evenly spread (for a quick look, and for services that cost)

    Raises InputError for a folder that cannot be used.
    """
    started = time.perf_counter()
    data = _part(read_flow_set(folder), limit)
    reader = LanguageReader(asked.backend, taxonomy=_TAXONOMY, asking=Asking(form=asked.form))
    found = _kept(kept, Reading.model_validate_json)
    samples = list(_samples(data))
    readings: dict[str, Reading] = {}
    for number, sample in enumerate(samples, 1):
        key = sample.case.name
        if key not in found:
            found[key] = reader.read(
                sample.case.motion,
                sample.stage.evidence,
                sample.stage.emotion(_TAXONOMY),
                scale="relative",
                messages=_reading_messages(sample, asked),
            )
            _keep(kept, key, found[key].model_dump_json())
        readings[key] = found[key]
        if progress:
            progress(key, number, len(data.samples))
    probabilities = np.array([_probabilities(readings[s.key]) for s in data.samples])
    stages = np.array([[s.stage.emotion(_TAXONOMY)[c] for c in COARSE] for s in samples])
    figures = figures_of(data.samples, probabilities, seed)
    figures["facs_stage"] = figures_of(data.samples, stages, seed)
    figures["units"] = _unit_figures(data, {k: r.action_units for k, r in readings.items()})
    figures["facs_stage"]["units"] = _unit_figures(data, {s.case.name: _called(s.stage) for s in samples})
    figures["text"] = text_figures([(readings[s.case.name], s.case) for s in samples])
    lines = []
    for sample_, p in zip(data.samples, probabilities, strict=True):
        line = label_line(sample_.key, sample_.dataset, sample_.subject, sample_.label, p, COARSE)
        reading = readings[sample_.key]
        lines.append({**line, "action_units": reading.action_units, "text": reading.raw})
    root = Path(folder)
    settings = {**asked.settings, "protocol": "zero-shot", "classes": list(COARSE), "limit": limit}
    return {
        "figures": figures,
        "samples": lines,
        "provenance": provenance([root / "samples.csv", root / "flows.npz"], settings, seed, started),
    }


def evaluate_language_vqa(
    folder: str | Path,
    questions: str | Path,
    asked: Asked,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Path | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Have a language model answer ME-VQA's questions about a folder's samples; arguments as above.

    Questions with a closed set of answers (coarse, fine, yes or no, side) are answered by the likeliest of
    them, open ones in the model's own words. Raises InputError where no question is about a sample.
    """
    started = time.perf_counter()
    data = read_flow_set(folder)
    samples = {s.case.name: s for s in _samples(data)}
    everything = read_questions(questions)
    known = [q for q in everything if q.image_id in samples]
    if not known:
        raise InputError(f"None of the questions in {Path(questions).name} is about a sample in {folder}.")
    known = [known[i] for i in _spread(len(known), limit)]
    found = _kept(kept, str)
    answers = []
    for number, question in enumerate(known, 1):
        if question.id not in found:
            found[question.id] = _answer(question, samples[question.image_id], asked)
            _keep(kept, question.id, found[question.id])
        answers.append(found[question.id])
        if progress:
            progress(question.id, number, len(known))
    settings = {**asked.settings, "protocol": "zero-shot", "fine_labels": list(FINE_LABELS), "limit": limit}
    unanswered = len(everything) - len(known)
    return vqa_run(folder, questions, known, answers, unanswered, settings, seed, started)


def text_figures(readings: Sequence[tuple[Reading, Case]]) -> dict[str, Any]:
    """Return shares of readings that are sound, over all of them.

    well_formed: three parts, known units with one label of the set, or the words that there is nothing
    as_written: the same of what the model wrote before its conclusion was made valid
    consistent: the units concluded are those spoken of as seen, and the label is one the reasoning names
    claims_supported: of all claims on regions, directions and sizes, those that are measured so
    """
    counts = {"well_formed": 0, "as_written": 0, "consistent": 0}
    claims = wrong = 0
    for reading, case in readings:
        parts = (reading.analysis, reading.reasoning, reading.conclusion)
        sound = all(parts) and (bool(reading.action_units) == (reading.label is not None))
        counts["well_formed"] += sound
        counts["as_written"] += sound and not reading.mended
        counts["consistent"] += sound and consistent(reading)
        text = f"{reading.analysis}\n{reading.reasoning}"
        claims += sum(1 for _ in claims_in(text, reading.language))
        wrong += len(false_claims(text, case.motion, reading.language))
    total = max(len(readings), 1)
    return {
        "readings": len(readings),
        **{name: count / total for name, count in counts.items()},
        "claims": claims,
        "claims_supported": 1 - wrong / max(claims, 1),
        "median_seconds": float(np.median([r.seconds or 0.0 for r, _ in readings])) if readings else 0.0,
    }


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
    if form == "compact":
        text = vqa_prompt(
            sample.case.motion, sample.stage, question.question, QuestionKind(kind), scale="relative"
        )
        messages = [Message("user", text)]
    else:
        messages = _with_picture(ask(sample.case, asked.route, "en", question.question), sample, asked)
    options = _CLOSED.get(kind)
    if options:
        return options[asked.backend.choose(messages, "", options).index]
    return "".join(asked.backend.generate(messages, Decoding(_OPEN_TOKENS))).strip()


_CLOSED: dict[str, tuple[str, ...]] = {
    "coarse": COARSE,
    "fine": FINE_LABELS,
    "shown": ("yes", "no"),
    "side": ("left", "right"),
}


def _reading_messages(sample: Sample, asked: Asked) -> list[Message]:
    if asked.form == "compact" and asked.route == "flow":
        text = reading_prompt(sample.case.motion, sample.stage, MEU_QUESTION, _TAXONOMY, scale="relative")
        return [Message("user", text)]
    return _with_picture(meu_prompt(sample.case, asked.route, "en", _TAXONOMY), sample, asked)


def _with_picture(text: str, sample: Sample, asked: Asked) -> list[Message]:
    if asked.route == "flow":
        return [Message("user", text)]
    return [Message("user", text.replace(IMAGE, "").strip(), (sample.picture,))]


def _samples(data: FlowSet) -> Iterator[Sample]:
    for sample, stored in zip(data.samples, data.flows, strict=True):
        measured = measure_stored_flow(sample, stored)
        yield Sample(measured.case, cast(Stage, measured.case.stage), measured.picture)


def _part(data: FlowSet, limit: int | None) -> FlowSet:
    chosen = np.zeros(len(data.samples), bool)
    chosen[_spread(len(data.samples), limit)] = True
    return data.select(chosen)


def _spread(count: int, limit: int | None) -> list[int]:
    """Indices of `limit` of `count` things, evenly spread; all of them without a limit."""
    if limit is None or limit >= count:
        return list(range(count))
    return sorted({int(i) for i in np.linspace(0, count - 1, limit).round()})


def _probabilities(reading: Reading) -> NDArray[np.float64]:
    """The model's own shares; equal ones where it finds no micro-expression."""
    if not reading.probabilities:
        return np.full(len(COARSE), 1 / len(COARSE))
    return np.array([reading.probabilities[name] for name in COARSE])


def _called(stage: Stage) -> list[str]:
    """The units the FACS stage calls, as codes."""
    return [ActionUnitCode(au, side).code for au, side, probability in stage.units if probability >= PRESENT]


def _unit_figures(data: FlowSet, codes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """F1 over the folder's commonest units, on the samples that have codes."""
    truth, called, coded = [], [], []
    for sample in data.samples:
        try:
            units = [u.sided for u in sample.action_units.present if u.family == "AU"]
        except InputError:
            continue
        if units:
            coded.append(sample)
            truth.append(units)
            called.append(list(codes[sample.key]))
    if not coded:
        return {"samples": 0}
    table = UnitScores(commonest_units(coded))
    table.update(truth, called)
    return {"samples": len(coded), **table.compute(least=LEAST)}


def _kept(path: Path | None, read: Callable[[str], _Kept]) -> dict[str, _Kept]:
    """Read what a run has kept so far; a line cut off by a kill is left out."""
    found: dict[str, _Kept] = {}
    if path is not None and path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                key, value = json.loads(line)
                found[key] = read(value)
            except ValueError:
                continue
    return found


def _keep(path: Path | None, key: str, value: str) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
