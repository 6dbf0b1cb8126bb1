"""The figures every label evaluation reports: pooled, with intervals over people, and per data set."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.classification import LabelScores
from mellm.evaluate.figures import Interval, LabelFigures
from mellm.evaluate.runs import SampleResult
from mellm.evaluate.uncertainty import Figure, bootstrap_interval, confusion_by_person, uar_of, uf1_of
from mellm.facs.unit_figures import calibration_error


def label_figures(
    truth: Sequence[str],
    probabilities: NDArray[np.float64],
    people: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
) -> LabelFigures:
    """Return accuracy, UF1 and UAR with 95% intervals over people, ECE, per class, and the confusion.

    `probabilities` is (N, C) in the order of `labels`; the largest is the answer.
    """
    called = [labels[i] for i in probabilities.argmax(axis=1)]
    scores = LabelScores(tuple(labels))
    scores.update(truth, called)
    found = scores.compute()
    by_person = confusion_by_person(truth, called, people, labels)

    def interval(figure: Figure) -> Interval:
        low, high = bootstrap_interval(by_person, figure, seed)
        return float(low), float(high)

    found.samples, found.people = len(truth), len(by_person)
    found.uf1_interval, found.uar_interval = interval(uf1_of), interval(uar_of)
    right = np.array([t == c for t, c in zip(truth, called, strict=True)], bool)
    found.ece = calibration_error(probabilities.max(axis=1), right)
    return found


def figures_by_set(
    truth: Sequence[str],
    probabilities: NDArray[np.float64],
    people: Sequence[str],
    sets: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
) -> LabelFigures:
    """Return `label_figures` of all samples, and beside them those of each set where there are several."""

    def of(chosen: NDArray[np.intp]) -> LabelFigures:
        true, who = ([column[i] for i in chosen] for column in (truth, people))
        return label_figures(true, probabilities[chosen], who, labels, seed)

    found = of(np.arange(len(truth)))
    names = list(dict.fromkeys(sets))
    if len(names) > 1:
        found.per_dataset = {name: of(np.flatnonzero(np.asarray(sets) == name)) for name in names}
    return found


def label_sample(
    key: str,
    dataset: str,
    subject: str,
    truth: str,
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
) -> SampleResult:
    """Return one sample's line of a run from its probabilities (C,) in the order of `labels`."""
    return SampleResult(
        key=key,
        dataset=dataset,
        subject=subject,
        truth=truth,
        prediction=labels[int(probabilities.argmax())],
        probabilities={c: round(float(p), 6) for c, p in zip(labels, probabilities, strict=True)},
    )
