"""What two runs of one kind can be compared by: emotion labels, or action units."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mellm.evaluate.classification import f1_precision_recall
from mellm.evaluate.runs import Answer
from mellm.evaluate.uncertainty import Figure, accuracy_of, confusion_by_person, uar_of, uf1_of
from mellm.facs.codes import sides_by_unit

FREQUENT = 10
"""Units with at least this many samples make the second mean F1 of action units."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be said about runs of one kind: figures by name, and the F1 of every class.

    `count` turns (truth, prediction, people) into counts per person; `figures`, `per_class` and `support`
    read counts.
    """

    classes: tuple[str, ...]
    count: Callable[[Sequence[Answer], Sequence[Answer], Sequence[str]], Counts]
    figures: Mapping[str, Figure]
    per_class: Figure
    support: Figure


def label_kind(labels: tuple[str, ...]) -> Kind:
    """Runs of emotion labels."""

    def count(truth: Sequence[Answer], called: Sequence[Answer], people: Sequence[str]) -> Counts:
        return confusion_by_person(cast(list[str], truth), cast(list[str], called), people, labels)

    return Kind(
        labels,
        count,
        {"UF1": uf1_of, "UAR": uar_of, "accuracy": accuracy_of},
        lambda c: np.asarray(f1_precision_recall(c)[0]),
        lambda c: np.asarray(c.sum(axis=-1)),
    )


def unit_kind(units: tuple[str, ...], truth: Sequence[Answer]) -> Kind:
    """Runs of action units, of which `units` (AU numbers as text) are scored; `truth` are their codes."""
    numbers = [int(unit) for unit in units]
    often = np.array([sum(n in sides_by_unit(codes) for codes in truth) >= FREQUENT for n in numbers])

    def count(truth: Sequence[Answer], called: Sequence[Answer], people: Sequence[str]) -> Counts:
        person = {name: i for i, name in enumerate(dict.fromkeys(people))}
        counts = np.zeros((len(person), len(units), 2, 2))
        for t, c, name in zip(truth, called, people, strict=True):
            true, found = sides_by_unit(t), sides_by_unit(c)
            for u, number in enumerate(numbers):
                counts[person[name], u, int(number in true), int(number in found)] += 1
        return counts

    def f1(counts: Counts) -> Counts:
        return np.asarray(f1_precision_recall(counts)[0][..., 1])

    figures: dict[str, Figure] = {"macro F1": lambda c: np.asarray(f1(c).mean(axis=-1))}
    if often.any() and not often.all():
        figures[f"macro F1, {FREQUENT}+ samples"] = lambda c: np.asarray(f1(c)[..., often].mean(axis=-1))
    figures["balanced accuracy"] = lambda c: np.asarray(f1_precision_recall(c)[2].mean(axis=(-1, -2)))
    classes = tuple(f"AU {unit}" for unit in units)
    return Kind(classes, count, figures, f1, lambda c: np.asarray(c[..., 1, :].sum(axis=-1)))
