"""The papers' experiment on frames: indexed sets -> onset, apex -> flow -> a model -> its label.

An answer without a label counts as wrong, whatever the truth; so does a sample that cannot be measured.
F1 and recall of the classes are pooled over all samples, intervals resample people. Nothing is trained: every
sample is read zero-shot, and no sheet of its own set answers for it.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.classification import LabelScores, UnitScores, f1_precision_recall
from mellm.evaluate.figures import CostFigures, Interval, LabelFigures, TextFigures, UnitFigures
from mellm.evaluate.frame_measurement import HowMeasured, Measured, measure_all
from mellm.evaluate.frame_models import FrameAnswer, FrameModel, TextSoundness
from mellm.evaluate.frame_samples import FrameSample, FrameSet, read_samples
from mellm.evaluate.kept_answers import keep, read_kept
from mellm.evaluate.recognition import Progress
from mellm.evaluate.runs import LabelRun, SampleResult, provenance
from mellm.evaluate.uncertainty import bootstrap_interval, confusion_by_person
from mellm.evaluate.unit_recognition import LEAST
from mellm.facs.codes import parse_codes
from mellm.facs.taxonomies import get_taxonomy
from mellm.facs.unit_figures import calibration_error

NO_LABEL = "none"
"""The prediction where an answer names no label."""
PER_TOKEN = 4
"""Characters counted as one token where a price is told."""
_COMMONEST = 12
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class FramesPlan:
    """What is evaluated.

    sets: their folders; taxonomy: the classes; limit: samples of each set
    how: the measurement; workers: processes that measure, and threads that ask a server
    prices: for a million tokens in, and out; kept: file of the answers so far
    """

    sets: Sequence[FrameSet]
    taxonomy: str
    how: HowMeasured
    workers: int = 1
    limit: int | None = None
    prices: tuple[float, float] | None = None
    kept: Path | None = None
    seed: int = 0


def evaluate_frames(
    plan: FramesPlan,
    model: FrameModel,
    settings: dict[str, str | int | None],
    progress: Progress | None = None,
) -> LabelRun:
    """Evaluate a model; `settings` are what its provenance says of it beside the plan.

    Raises InputError where no sample can be used, MellmError where the model fails.
    """
    started = time.perf_counter()
    samples, left_out = read_samples(plan.sets, plan.taxonomy, plan.limit)
    rows: list[SampleResult] = []
    soundness: list[TextSoundness] = []
    answers: list[FrameAnswer] = []
    for number, (sample, measured, answer) in enumerate(_answered(samples, plan, model), 1):
        rows.append(_row(sample, measured, answer))
        answers.append(answer)
        if answer.soundness is not None:
            soundness.append(answer.soundness)
        if progress:
            progress(sample.key, number, len(samples))
    figures = figures_of_frames(samples, rows, plan.taxonomy, plan.seed)
    figures.left_out = left_out
    figures.unmeasured = sum(bool(row.note) for row in rows)
    figures.cost = _cost(rows, answers, plan.prices)
    if soundness:
        figures.text = _text(soundness, [answer.seconds for answer in answers])
    told = {
        "model": model.name,
        "protocol": "zero-shot",
        "classes": list(get_taxonomy(plan.taxonomy).labels),
        "estimator": plan.how.estimator,
        "moment": plan.how.moment,
        "limit": plan.limit,
        **settings,
    }
    made = provenance([one.sheet for one in plan.sets], told, plan.seed, started)  # type: ignore[arg-type]
    return LabelRun(figures=figures, samples=rows, provenance=made)


def _answered(
    samples: Sequence[FrameSample], plan: FramesPlan, model: FrameModel
) -> Iterator[tuple[FrameSample, Measured | str, FrameAnswer]]:
    """Measure and ask; answers in `plan.kept` stay as they are, the others are added to it."""
    known = read_kept(plan.kept, FrameAnswer.model_validate_json)
    measuring = measure_all(samples, plan.how, plan.workers)

    def ask(sample: FrameSample, measured: Measured | str) -> FrameAnswer:
        key = f"{sample.dataset.label}/{sample.key}"
        if key not in known:
            if isinstance(measured, str):
                return FrameAnswer(label=None)
            known[key] = model.read(measured, sample.dataset.convention)
            keep(plan.kept, key, known[key].model_dump_json())
        return known[key]

    if plan.workers == 1 or not getattr(model, "asks_a_server", False):
        for sample, measured in zip(samples, measuring, strict=True):
            yield sample, measured, ask(sample, measured)
        return
    with ThreadPoolExecutor(plan.workers) as threads:
        # A few at a time, so that no more pictures are held than are being asked about.
        step = plan.workers * _AHEAD
        pairs = zip(samples, measuring, strict=True)
        while batch := [pair for _, pair in zip(range(step), pairs, strict=False)]:
            for (sample, measured), answer in zip(batch, threads.map(lambda p: ask(*p), batch), strict=True):
                yield sample, measured, answer


def _row(sample: FrameSample, measured: Measured | str, answer: FrameAnswer) -> SampleResult:
    found = measured if isinstance(measured, Measured) else None
    return SampleResult(
        key=sample.key,
        dataset=sample.dataset.label,
        subject=sample.sample.subject,
        truth=sample.label,
        prediction=answer.label or NO_LABEL,
        probabilities={name: round(p, 6) for name, p in answer.probabilities.items()},
        action_units=answer.action_units,
        text=answer.text,
        seconds=round(answer.seconds, 3),
        measuring=found.seconds if found else 0.0,
        frames=list(found.frames) if found else [],
        note="" if found else str(measured),
    )


def figures_of_frames(
    samples: Sequence[FrameSample], rows: Sequence[SampleResult], taxonomy: str, seed: int = 0
) -> LabelFigures:
    """Return the figures of all samples, of each set, and of the units."""
    labels = get_taxonomy(taxonomy).labels
    found = label_figures_of_answers(rows, labels, seed)
    names = list(dict.fromkeys(row.dataset for row in rows))
    if len(names) > 1:
        found.per_dataset = {
            name: label_figures_of_answers([row for row in rows if row.dataset == name], labels, seed)
            for name in names
        }
    found.units = _unit_figures(samples, rows)
    return found


def label_figures_of_answers(
    rows: Sequence[SampleResult], labels: Sequence[str], seed: int = 0
) -> LabelFigures:
    """Return accuracy, UF1 and UAR with intervals over people; an answer without a label is wrong."""
    truth = [str(row.truth) for row in rows]
    called = [str(row.prediction) if row.prediction in labels else NO_LABEL for row in rows]
    columns = (*labels, NO_LABEL)
    scores = LabelScores(columns)
    scores.update(truth, called)
    whole = scores.compute()
    people = [row.person for row in rows]
    by_person = confusion_by_person(truth, called, people, columns)

    def interval(which: int) -> Interval:
        def figure(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(f1_precision_recall(confusion)[which][..., :-1].mean(axis=-1))

        low, high = bootstrap_interval(by_person, figure, seed)
        return float(low), float(high)

    per_class = {label: whole.per_class[label] for label in labels}
    sure = np.array([max(row.probabilities.values(), default=0.0) for row in rows])
    right = np.array([t == c for t, c in zip(truth, called, strict=True)], bool)
    return LabelFigures(
        samples=len(rows),
        people=len(by_person),
        accuracy=float(right.mean()) if len(rows) else 0.0,
        uf1=sum(c.f1 for c in per_class.values()) / len(labels),
        uar=sum(c.recall for c in per_class.values()) / len(labels),
        uf1_interval=interval(0),
        uar_interval=interval(2),
        ece=calibration_error(sure, right),
        per_class=per_class,
        labels=list(columns),
        confusion=whole.confusion,
        unanswered=called.count(NO_LABEL),
    )


def _unit_figures(samples: Sequence[FrameSample], rows: Sequence[SampleResult]) -> UnitFigures | None:
    """F1 of the sheet's commonest units over the samples that have codes."""
    coded = [(sample, row) for sample, row in zip(samples, rows, strict=True) if sample.units]
    if not coded:
        return None
    counts = Counter(
        unit
        for sample, _ in coded
        for unit in {u.au for u in parse_codes("+".join(sample.units)).present if u.family == "AU"}
    )
    commonest = sorted(counts, key=lambda unit: (-counts[unit], unit))[:_COMMONEST]
    table = UnitScores(tuple(commonest))
    table.update([list(sample.units) for sample, _ in coded], [row.action_units for _, row in coded])
    figures = table.compute(least=LEAST)
    figures.samples = len(coded)
    return figures


def _text(found: Sequence[TextSoundness], seconds: Sequence[float]) -> TextFigures:
    claims, total = sum(text.claims for text in found), len(found)
    return TextFigures(
        readings=total,
        well_formed=sum(text.well_formed for text in found) / total,
        as_written=sum(text.as_written for text in found) / total,
        consistent=sum(text.consistent for text in found) / total,
        claims=claims,
        claims_supported=1 - sum(text.false for text in found) / max(claims, 1),
        median_seconds=float(np.median(seconds)),
    )


def _cost(
    rows: Sequence[SampleResult], answers: Sequence[FrameAnswer], prices: tuple[float, float] | None
) -> CostFigures:
    measured = [row.measuring for row in rows if not row.note] or [0.0]
    sent, written = (sum(answer.characters[k] for answer in answers) for k in (0, 1))
    price = None
    if prices is not None:
        price = (sent * prices[0] + written * prices[1]) / PER_TOKEN / 1e6
    count = max(len(answers), 1)
    return CostFigures(
        measuring_seconds=float(np.median(measured)),
        reading_seconds=float(np.median([answer.seconds for answer in answers])),
        characters_sent=sent / count,
        characters_written=written / count,
        pictures=sum(answer.pictures for answer in answers) / count,
        price=price,
    )
