"""Language models on the MEGC 2019 composite, zero-shot: labels, units, and the text itself.

Every sample is read once; readings are kept beside the output while a run lasts, so that one that was
interrupted goes on. Questions are put to them by `language_vqa`.
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
from mellm.errors import InputError
from mellm.evaluate.classification import UnitScores
from mellm.evaluate.figures import TextFigures, UnitFigures
from mellm.evaluate.kept_answers import keep, read_kept
from mellm.evaluate.motion_learners import see_stored
from mellm.evaluate.protocols import spread
from mellm.evaluate.recognition import Progress, figures_of, results_of
from mellm.evaluate.runs import LabelRun, SampleResult, UnitRun, provenance
from mellm.evaluate.unit_recognition import LEAST, commonest_units, has_units, true_codes
from mellm.facs import FINE, PRESENT
from mellm.facs.codes import ActionUnitCode, parse_code
from mellm.facs.region_support import knows_motion, supporting_regions
from mellm.facs.stored_flow import COARSE
from mellm.facs.taxonomies import get_taxonomy
from mellm.instruct.compact_records import reading_prompt
from mellm.instruct.records import Case, Route, Stage
from mellm.instruct.sources import measure_stored_flow
from mellm.instruct.task_prompts import IMAGE, meu_prompt
from mellm.language.answer import labels_in
from mellm.language.backends import LanguageBackend, Message
from mellm.language.claim_check import claims_in, false_claims
from mellm.language.compact_prompt import MEU_QUESTION
from mellm.language.model_reader import Asking, LanguageReader
from mellm.language.motion.opinion import Opinion, borne_out
from mellm.language.motion.questions import NOTHING
from mellm.language.shown_motion import shown_to
from mellm.language.unit_claims import unit_claims
from mellm.language.unit_mentions import coded_mentions
from mellm.media.frame import Image
from mellm.report import Reading

_TAXONOMY = "3"


@dataclass(frozen=True, slots=True)
class Asked:
    """One model and how it is asked: `form` `compact` or `full`, `route` `flow` or `vision`.

    own_eyes: the built-in model is told what its own encoder of the route sees, and nothing of the FACS stage
    read_motion: it is shown the motion itself instead, as embeddings
    brief: units and label alone, without a text
    """

    backend: LanguageBackend
    form: str = "compact"
    route: Route = "flow"
    own_eyes: bool = False
    read_motion: bool = False
    brief: bool = False

    @property
    def settings(self) -> dict[str, JsonValue]:
        """For the provenance of a run."""
        own = "motion" if self.read_motion else "encoder"
        told = own if self.own_eyes else "facs" if self.form == "compact" else "nothing"
        return {
            "model": "language", "backend": self.backend.name, "prompt": self.form, "route": self.route,
            "told": told, "brief": self.brief,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of stored flow as a language model meets it."""

    case: Case
    stage: Stage
    picture: Image
    stored: NDArray[np.uint8]

    def seen(self, asked: Asked) -> Opinion | None:
        """Return what the model's own encoder sees, None where it is not to tell."""
        return see_stored(self.stored, asked.route) if asked.own_eyes else None

    def told(self, opinion: Opinion | None) -> Stage:
        """Return what a model is told: the FACS stage's findings, or its own encoder's in their place."""
        if opinion is None:
            return self.stage
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
    samples = list(samples_of(data))
    readings = _readings(samples, asked, progress, kept)
    probabilities = np.array([_probabilities(reading) for reading in readings])
    stages = np.array([[s.stage.emotion(_TAXONOMY)[c] for c in COARSE] for s in samples])
    figures, stage = figures_of(data.samples, probabilities, seed), figures_of(data.samples, stages, seed)
    figures.units = _unit_figures(data, [reading.action_units for reading in readings])
    stage.units = _unit_figures(data, [_called(s.stage) for s in samples])
    figures.facs_stage = stage
    if not asked.brief:
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
    asking = Asking(form=asked.form, brief=asked.brief)
    reader = LanguageReader(asked.backend, taxonomy=_TAXONOMY, asking=asking)
    found = read_kept(kept, Reading.model_validate_json)
    for number, sample in enumerate(samples, 1):
        key = sample.case.name
        if key not in found:
            opinion = sample.seen(asked)
            told = sample.told(opinion)
            seen = shown_to(asked.backend, opinion) if opinion and asked.read_motion else None
            found[key] = reader.read(
                sample.case.motion,
                told.evidence,
                told.emotion(_TAXONOMY),
                scale="relative",
                messages=None if seen is not None else _reading_messages(sample, asked, told),
                seen=seen,
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
    codes = [reading.action_units for reading in _readings(list(samples_of(data)), asked, progress, kept)]
    pairs = zip(data.samples, codes, strict=True)
    lines = [
        SampleResult(key=s.key, dataset=s.dataset, subject=s.subject, truth=true_codes(s), prediction=list(c))
        for s, c in pairs
    ]
    settings = asked.settings | {"protocol": "zero-shot", "limit": limit}
    made = provenance(flow_set_files(folder), settings, seed, started)
    return UnitRun(figures=_unit_figures(data, codes), samples=lines, provenance=made)


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


def _reading_messages(sample: Sample, asked: Asked, told: Stage) -> list[Message]:
    if asked.own_eyes or (asked.form == "compact" and asked.route == "flow"):
        text = reading_prompt(sample.case.motion, told, MEU_QUESTION, _TAXONOMY, scale="relative")
        return [Message("user", text)]
    return with_picture(meu_prompt(sample.case, asked.route, "en", _TAXONOMY), sample, asked)


def with_picture(text: str, sample: Sample, asked: Asked) -> list[Message]:
    """Return a prompt as a message; on the vision route with the sample's map."""
    if asked.route == "flow":
        return [Message("user", text)]
    return [Message("user", text.replace(IMAGE, "").strip(), (sample.picture,))]


def samples_of(data: FlowSet) -> Iterator[Sample]:
    """Measure a folder's samples, one as it is asked for."""
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
