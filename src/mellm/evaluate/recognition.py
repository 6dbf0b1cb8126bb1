"""Recognition on the MEGC 2019 composite: one model, one protocol, every sample predicted once.

Where the flow was measured twice, a model is trained on both measurements of the training fold, answers for
each, and the probabilities are averaged.
Confusions are pooled over all folds before any figure is formed. Intervals resample people.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from mellm.datasets.megc2019 import FlowSet, Sample, flow_set_files, read_flow_set
from mellm.errors import InputError
from mellm.evaluate.facs_learner import Untrained
from mellm.evaluate.figures import LabelFigures
from mellm.evaluate.learner import Learner, Training, create_learner
from mellm.evaluate.protocols import PROTOCOLS, Protocol, Split, splits
from mellm.evaluate.runs import LabelRun, SampleResult, provenance
from mellm.evaluate.summary import figures_by_set, label_sample
from mellm.facs.stored_flow import COARSE

Progress = Callable[[str, int, int], None]
"""Called with the fold's name, its number from 1, and how many there are."""


def evaluate_recognition(
    folder: str | Path,
    protocol: Protocol = "loso",
    model: str = "evidence",
    seed: int = 0,
    progress: Progress | None = None,
    also: str | Path | None = None,
) -> LabelRun:
    """Evaluate a model by name on a folder of flow; `also` holds a second measurement of the same samples.

    Raises InputError for a folder, model or protocol that cannot be used.
    """
    started = time.perf_counter()
    if protocol not in PROTOCOLS:
        raise InputError(f"There is no protocol '{protocol}'; choose {', '.join(PROTOCOLS)}.")
    data = read_flow_set(folder, also)
    learner = create_learner(model)
    if protocol == "zero-shot" and learner.trains:
        raise InputError(
            f"The model '{model}' has to be trained, zero-shot trains on nothing; use --protocol loso."
        )
    answers = predict_each(data, learner, protocol, seed, progress)
    probabilities = answers.mean(axis=0)
    figures = figures_of(data.samples, probabilities, seed)
    if len(answers) > 1:
        figures.per_measurement = [figures_of(data.samples, alone, seed) for alone in answers]
    settings: dict[str, JsonValue] = {"model": learner.name, "protocol": protocol, "classes": list(COARSE)}
    return LabelRun(
        figures=figures,
        samples=results_of(data.samples, probabilities),
        provenance=provenance(flow_set_files(folder, also), settings, seed, started),
    )


def predict(
    data: FlowSet, learner: Learner, protocol: Protocol, seed: int = 0, progress: Progress | None = None
) -> NDArray[np.float64]:
    """Return class probabilities (N, 3), each row from a model that never saw its person (or data set)."""
    return np.asarray(predict_each(data, learner, protocol, seed, progress).mean(axis=0))


def predict_each(
    data: FlowSet, learner: Learner, protocol: Protocol, seed: int = 0, progress: Progress | None = None
) -> NDArray[np.float64]:
    """Return class probabilities (M, N, 3) from each of M measurements, by a model that learned from all."""
    prepared = [np.stack([learner.prepare(stored) for stored in flows]) for flows in data.measurements]
    people = [s.group for s in data.samples]
    truth = np.array([_class_number(s) for s in data.samples])
    answers = np.zeros((len(prepared), len(people), len(COARSE)))
    folds = list(splits(protocol, people, [s.dataset for s in data.samples], seed))
    for number, split in enumerate(folds, 1):
        if split.train.size and not isinstance(learner, Untrained):
            _need_two_labels(split, [data.samples[i].label for i in split.train])
        training = Training(
            x=np.concatenate([x[split.train] for x in prepared]),
            y=np.tile(truth[split.train], len(prepared)),
            people=tuple(people[i] for i in split.train) * len(prepared),
        )
        fitted = learner.fit(training, seed)
        for measured, x in enumerate(prepared):
            answers[measured, split.test] = fitted(x[split.test])
        if progress:
            progress(split.name, number, len(folds))
    return answers


def _need_two_labels(split: Split, labels: Sequence[str]) -> None:
    if len(set(labels)) < 2:
        raise InputError(
            f"Without '{split.name}', who is tested, all samples are {labels[0]}, and nothing can be learned "
            "from one class: add people with other labels, or use --protocol zero-shot."
        )


def figures_of(samples: Sequence[Sample], probabilities: NDArray[np.float64], seed: int = 0) -> LabelFigures:
    """Return pooled figures with 95% intervals over people, and the same per data set."""
    truth, people, sets = ([getattr(s, name) for s in samples] for name in ("label", "group", "dataset"))
    return figures_by_set(truth, probabilities, people, sets, COARSE, seed)


def results_of(samples: Sequence[Sample], probabilities: NDArray[np.float64]) -> list[SampleResult]:
    """Return one line per sample from the probabilities (N, 3)."""
    return [
        label_sample(s.key, s.dataset, s.subject, s.label, p, COARSE)
        for s, p in zip(samples, probabilities, strict=True)
    ]


def _class_number(sample: Sample) -> int:
    if sample.label not in COARSE:
        raise InputError(
            f"Sample '{sample.key}' has the label '{sample.label}', not one of {', '.join(COARSE)}."
        )
    return COARSE.index(sample.label)
