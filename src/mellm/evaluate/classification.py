"""Figures for labels: accuracy, UF1, UAR, per class, confusion; pooled over everything updated.

UF1 and UAR after MEGC 2019: true and false positives and false negatives are pooled over *all* folds first,
then F1_c = 2 TP / (2 TP + FP + FN) and recall_c, then their plain mean over *all* classes. A class without
samples counts as 0 and is not skipped: leaving it out, or averaging over subjects, inflates the figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.evaluate.figures import ClassFigures, LabelFigures, UnitClassFigures, UnitFigures
from mellm.facs.codes import sides_by_unit

Counts = NDArray[np.int64]
AnyCounts = Counts | NDArray[np.float64]


@dataclass(slots=True)
class LabelScores:
    """Accuracy, UF1 and UAR over everything updated so far.

    >>> scores = LabelScores(("a", "b"))
    >>> scores.update(["a", "a", "b"], ["a", "b", "b"])
    >>> round(scores.compute().uf1, 3)
    0.667
    """

    labels: tuple[str, ...]
    confusion: Counts = field(init=False)

    def __post_init__(self) -> None:
        """Start from zero."""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.confusion = np.zeros((len(self.labels), len(self.labels)), np.int64)

    def update(self, truth: Sequence[str], prediction: Sequence[str]) -> None:
        """Count pairs of labels; raises InputError for a label outside the taxonomy."""
        np.add.at(self.confusion, (self._numbers(truth), self._numbers(prediction)), 1)

    def compute(self) -> LabelFigures:
        """Return the figures of all pairs so far; a class never met scores 0."""
        f1, precision, recall = f1_precision_recall(self.confusion)
        support = self.confusion.sum(axis=1)
        total = int(support.sum())
        return LabelFigures(
            accuracy=float(np.trace(self.confusion) / total) if total else 0.0,
            uf1=float(f1.mean()),
            uar=float(recall.mean()),
            per_class={
                label: ClassFigures(
                    f1=float(f1[i]),
                    precision=float(precision[i]),
                    recall=float(recall[i]),
                    support=int(support[i]),
                )
                for i, label in enumerate(self.labels)
            },
            labels=list(self.labels),
            confusion=self.confusion.tolist(),
        )

    def _numbers(self, labels: Sequence[str]) -> list[int]:
        known = {label: number for number, label in enumerate(self.labels)}
        for label in labels:
            if label not in known:
                raise InputError(f"The label '{label}' is not one of {', '.join(self.labels)}.")
        return [known[label] for label in labels]


def f1_precision_recall(confusion: AnyCounts) -> tuple[NDArray[np.float64], ...]:
    """Return F1, precision and recall per class of confusion counts (..., C, C); 0 where undefined."""
    hit = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    called, true = confusion.sum(axis=-2), confusion.sum(axis=-1)
    return _ratio(2 * hit, called + true), _ratio(hit, called), _ratio(hit, true)


def _ratio(part: NDArray[np.float64], whole: AnyCounts) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


@dataclass(slots=True)
class UnitScores:
    """Per-AU F1 and balanced accuracy from sets of units, and how often the side is right.

    `units` are the AU numbers that are scored. Codes are strings such as `1` or `L2`.
    """

    units: tuple[int, ...]
    counts: Counts = field(init=False)
    sides: Counts = field(init=False)

    def __post_init__(self) -> None:
        """Start from zero."""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.counts = np.zeros((len(self.units), 2, 2), np.int64)
        self.sides = np.zeros(2, np.int64)

    def update(self, truth: Sequence[Sequence[str]], prediction: Sequence[Sequence[str]]) -> None:
        """Count one list of codes per sample."""
        for true_codes, called_codes in zip(truth, prediction, strict=True):
            true, called = sides_by_unit(true_codes), sides_by_unit(called_codes)
            for i, unit in enumerate(self.units):
                self.counts[i, int(unit in true), int(unit in called)] += 1
            for unit, side in true.items():
                if side in ("left", "right") and unit in called:
                    self.sides += (1, int(called[unit] == side))

    def compute(self, least: int = 10) -> UnitFigures:
        """Return the figures; `macro_f1_frequent` averages only units with at least `least` samples."""
        f1, precision, recall = f1_precision_recall(self.counts)
        balanced = recall.mean(axis=-1)
        asked, right = (int(n) for n in self.sides)
        frequent = self.counts[:, 1].sum(axis=-1) >= least
        return UnitFigures(
            macro_f1=float(f1[:, 1].mean()) if self.units else 0.0,
            macro_f1_frequent=float(f1[frequent, 1].mean()) if frequent.any() else 0.0,
            frequent_units=int(frequent.sum()),
            macro_balanced_accuracy=float(balanced.mean()) if self.units else 0.0,
            side_accuracy=right / asked if asked else None,
            side_asked=asked,
            per_unit={
                str(unit): UnitClassFigures(
                    f1=float(f1[i, 1]),
                    precision=float(precision[i, 1]),
                    recall=float(recall[i, 1]),
                    balanced_accuracy=float(balanced[i]),
                    support=int(self.counts[i, 1].sum()),
                )
                for i, unit in enumerate(self.units)
            },
        )
