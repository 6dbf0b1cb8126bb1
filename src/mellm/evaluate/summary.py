"""The figures every label evaluation reports: pooled, with intervals over people, and per data set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.calibration import CalibrationError
from mellm.evaluate.classification import LabelScores
from mellm.evaluate.uncertainty import bootstrap_interval, confusion_by_person, uar_of, uf1_of


def label_figures(
    truth: Sequence[str],
    probabilities: NDArray[np.float64],
    people: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
) -> dict[str, Any]:
    """Return accuracy, UF1 and UAR with 95% intervals over people, ECE, per class, and the confusion.

    `probabilities` is (N, C) in the order of `labels`; the largest is the answer.
    """
    called = [labels[i] for i in probabilities.argmax(axis=1)]
    scores = LabelScores(tuple(labels))
    scores.update(truth, called)
    found = scores.compute()
    sure = CalibrationError()
    sure.update(probabilities.max(axis=1), np.array([t == c for t, c in zip(truth, called, strict=True)]))
    by_person = confusion_by_person(truth, called, people, labels)
    return {
        "samples": len(truth),
        "people": len(by_person),
        "accuracy": found.accuracy,
        "uf1": found.uf1,
        "uar": found.uar,
        "uf1_interval": [float(end) for end in bootstrap_interval(by_person, uf1_of, seed)],
        "uar_interval": [float(end) for end in bootstrap_interval(by_person, uar_of, seed)],
        "ece": sure.compute(),
        "per_class": {
            label: {"f1": c.f1, "precision": c.precision, "recall": c.recall, "support": c.support}
            for label, c in found.per_class.items()
        },
        "labels": list(labels),
        "confusion": found.confusion.tolist(),
    }


def label_line(
    key: str,
    dataset: str,
    subject: str,
    truth: str,
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> dict[str, Any]:
    """Return one sample's line of a run: key, data set, subject, truth, prediction, probabilities."""
    return {
        "key": key,
        "dataset": dataset,
        "subject": subject,
        "truth": truth,
        "prediction": labels[int(probabilities.argmax())],
        "probabilities": {c: round(float(p), 6) for c, p in zip(labels, probabilities, strict=True)},
    }
