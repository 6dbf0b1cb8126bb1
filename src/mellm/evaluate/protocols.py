"""Who is trained on and who is tested: leave one person out, leave one data set out, grouped folds, nobody.

A split is decided by people and data sets alone, before anything is fitted. No protocol shares a person
between training and test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError

Protocol = Literal["zero-shot", "loso", "cross-dataset", "folds"]
PROTOCOLS: tuple[Protocol, ...] = ("zero-shot", "loso", "cross-dataset", "folds")


@dataclass(frozen=True, slots=True)
class Split:
    """One fold: its name and the sample indices to train on (none for zero-shot) and to test."""

    name: str
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def splits(
    protocol: Protocol, people: Sequence[str], datasets: Sequence[str], seed: int = 0, folds: int = 10
) -> Iterator[Split]:
    """Yield the folds of a protocol; every sample is tested exactly once.

    `people` must tell people of different data sets apart. Raises InputError where the protocol needs more
    people or data sets than there are.
    """
    everyone = np.arange(len(people))
    if protocol == "zero-shot":
        yield Split("all", everyone[:0], everyone)
        return
    keys = {"loso": people, "cross-dataset": datasets}.get(protocol)
    if keys is None:
        keys = grouped_folds(people, folds, seed)
    groups = np.asarray(keys)
    names = list(dict.fromkeys(keys))
    if len(names) < 2:
        what = "data sets" if protocol == "cross-dataset" else "people"
        raise InputError(
            f"The protocol '{protocol}' needs samples of at least two {what}, to train on some and test the "
            f"others; there is {'one' if names else 'none'}. Add some, or use --protocol zero-shot."
        )
    for name in names:
        held = groups == name
        yield Split(str(name), everyone[~held], everyone[held])


def grouped_folds(people: Sequence[str], folds: int, seed: int) -> list[str]:
    """Return each sample's fold name; a person is in one fold, folds are filled evenly by samples."""
    counts: dict[str, int] = {}
    for person in people:
        counts[person] = counts.get(person, 0) + 1
    rng = np.random.default_rng(seed)
    order = sorted(rng.permutation(sorted(counts)).tolist(), key=lambda p: -counts[p])
    filled = [0] * min(folds, len(counts))
    where: dict[str, int] = {}
    for person in order:
        where[person] = int(np.argmin(filled))
        filled[where[person]] += counts[person]
    return [f"fold {where[person] + 1}" for person in people]


def spread(count: int, limit: int | None) -> list[int]:
    """Return the indices of `limit` of `count` samples, evenly spread; all of them without a limit."""
    if limit is None or limit >= count:
        return list(range(count))
    return sorted({int(i) for i in np.linspace(0, count - 1, limit).round()})
