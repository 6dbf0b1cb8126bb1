"""Recognition on the MEGC 2019 composite: one model, one protocol, every sample predicted once.

Confusions are pooled over all folds before any figure is formed. Intervals resample people.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.data.megc2019 import FlowSet, Sample, read_flow_set
from mellm.errors import InputError
from mellm.evaluate.calibration import CalibrationError
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.learner import CLASSES, Learner, Training, create_learner
from mellm.evaluate.output import provenance
from mellm.evaluate.protocols import PROTOCOLS, Protocol, splits
from mellm.evaluate.uncertainty import bootstrap_interval, confusion_by_person, uar_of, uf1_of

Progress = Callable[[str, int, int], None]
"""Called with the fold's name, its number from 1, and how many there are."""


def evaluate_recognition(
    folder: str | Path,
    protocol: Protocol = "loso",
    model: str = "evidence",
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Evaluate a model by name on a folder of flow; returns figures, samples and provenance.

    Raises InputError for a folder, model or protocol that cannot be used.
    """
    started = time.perf_counter()
    if protocol not in PROTOCOLS:
        raise InputError(f"There is no protocol '{protocol}'; choose {', '.join(PROTOCOLS)}.")
    data = read_flow_set(folder)
    learner = create_learner(model)
    if protocol == "zero-shot" and learner.trains:
        raise InputError(
            f"The model '{model}' has to be trained, zero-shot trains on nothing; use --protocol loso."
        )
    probabilities = predict(data, learner, protocol, seed, progress)
    settings = {"model": learner.name, "protocol": protocol, "classes": list(CLASSES)}
    root = Path(folder)
    return {
        "figures": figures_of(data.samples, probabilities, seed),
        "samples": [_line(s, p) for s, p in zip(data.samples, probabilities, strict=True)],
        "provenance": provenance([root / "samples.csv", root / "flows.npz"], settings, seed, started),
    }


def predict(
    data: FlowSet, learner: Learner, protocol: Protocol, seed: int = 0, progress: Progress | None = None
) -> NDArray[np.float64]:
    """Return class probabilities (N, 3), each row from a model that never saw its person (or data set)."""
    prepared = np.stack([learner.prepare(stored) for stored in data.flows])
    people = [s.group for s in data.samples]
    truth = np.array([_class_number(s) for s in data.samples])
    answers = np.zeros((len(people), len(CLASSES)))
    folds = list(splits(protocol, people, [s.dataset for s in data.samples], seed))
    for number, split in enumerate(folds, 1):
        training = Training(
            x=prepared[split.train],
            y=truth[split.train],
            people=tuple(people[i] for i in split.train),
            codes=tuple(data.samples[i].action_units for i in split.train),
        )
        answers[split.test] = learner.fit(training, seed)(prepared[split.test])
        if progress:
            progress(split.name, number, len(folds))
    return answers


def figures_of(
    samples: Sequence[Sample], probabilities: NDArray[np.float64], seed: int = 0
) -> dict[str, Any]:
    """Return pooled figures with 95% intervals over people, and the same per data set."""
    figures = _figures(samples, probabilities, seed)
    names = list(dict.fromkeys(s.dataset for s in samples))
    if len(names) > 1:
        figures["per_dataset"] = {}
        for name in names:
            here = np.array([s.dataset == name for s in samples])
            chosen = [s for s in samples if s.dataset == name]
            figures["per_dataset"][name] = _figures(chosen, probabilities[here], seed)
    return figures


def _figures(samples: Sequence[Sample], probabilities: NDArray[np.float64], seed: int) -> dict[str, Any]:
    truth = [s.label for s in samples]
    called = [CLASSES[i] for i in probabilities.argmax(axis=1)]
    scores = LabelScores(CLASSES)
    scores.update(truth, called)
    found = scores.compute()
    sure = CalibrationError()
    sure.update(probabilities.max(axis=1), np.array([t == c for t, c in zip(truth, called, strict=True)]))
    by_person = confusion_by_person(truth, called, [s.group for s in samples], CLASSES)
    return {
        "samples": len(samples),
        "people": len(by_person),
        "accuracy": found.accuracy,
        "uf1": found.uf1,
        "uar": found.uar,
        "uf1_interval": bootstrap_interval(by_person, uf1_of, seed),
        "uar_interval": bootstrap_interval(by_person, uar_of, seed),
        "ece": sure.compute(),
        "per_class": {
            label: {"f1": c.f1, "precision": c.precision, "recall": c.recall, "support": c.support}
            for label, c in found.per_class.items()
        },
        "confusion": found.confusion.tolist(),
    }


def _class_number(sample: Sample) -> int:
    if sample.label not in CLASSES:
        raise InputError(
            f"Sample '{sample.key}' has the label '{sample.label}', not one of {', '.join(CLASSES)}."
        )
    return CLASSES.index(sample.label)


def _line(sample: Sample, probabilities: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "key": sample.key,
        "dataset": sample.dataset,
        "subject": sample.subject,
        "truth": sample.label,
        "prediction": CLASSES[int(probabilities.argmax())],
        "probabilities": {c: round(float(p), 6) for c, p in zip(CLASSES, probabilities, strict=True)},
    }
