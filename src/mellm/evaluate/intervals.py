"""Figures for spotting: interval F1 and STRS (spot-then-recognise score), pooled over videos.

A spotted interval is a true positive where its overlap with a true one, intersection over union of
inclusive frame intervals, is at least 0.5 (MEGC). Each true interval is matched once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

Interval = tuple[int, int]
"""First and last frame, both inside."""


def overlap(a: Interval, b: Interval) -> float:
    """Return intersection over union of two inclusive intervals.

    >>> overlap((0, 9), (5, 14))
    0.3333333333333333
    """
    shared = min(a[1], b[1]) - max(a[0], b[0]) + 1
    if shared <= 0:
        return 0.0
    return shared / ((a[1] - a[0] + 1) + (b[1] - b[0] + 1) - shared)


def match(
    truth: Sequence[Interval], spotted: Sequence[Interval], least: float = 0.5
) -> list[tuple[int, int]]:
    """Pair true with spotted intervals, best overlap first; each is used once."""
    pairs = sorted(
        ((overlap(t, s), i, j) for i, t in enumerate(truth) for j, s in enumerate(spotted)),
        key=lambda p: (-p[0], p[1], p[2]),
    )
    matched: list[tuple[int, int]] = []
    for share, i, j in pairs:
        if share >= least and all(i != a and j != b for a, b in matched):
            matched.append((i, j))
    return matched


@dataclass(frozen=True, slots=True)
class SpottingFigures:
    """Interval precision, recall and F1; `strs` is None without a recognition F1."""

    precision: float
    recall: float
    f1: float
    strs: float | None = None


@dataclass(slots=True)
class SpottingScores:
    """Interval precision, recall and F1 over all videos updated; with labels also STRS.

    STRS = F1 of spotting x F1 (UF1) of recognition on the true positives (MEGC 2022).
    """

    least: float = 0.5
    hits: int = field(default=0, init=False)
    true: int = field(default=0, init=False)
    called: int = field(default=0, init=False)

    def reset(self) -> None:
        """Forget everything."""
        self.hits = self.true = self.called = 0

    def update(self, truth: Sequence[Interval], spotted: Sequence[Interval]) -> list[tuple[int, int]]:
        """Count one video; return the matched (true, spotted) index pairs, for recognition on them."""
        matched = match(truth, spotted, self.least)
        self.hits += len(matched)
        self.true += len(truth)
        self.called += len(spotted)
        return matched

    def compute(self, recognition_f1: float | None = None) -> SpottingFigures:
        """Return the figures, with `strs` where the recognition F1 on true positives is given."""
        f1 = 2 * self.hits / (self.true + self.called) if self.true + self.called else 0.0
        return SpottingFigures(
            precision=self.hits / self.called if self.called else 0.0,
            recall=self.hits / self.true if self.true else 0.0,
            f1=f1,
            strs=None if recognition_f1 is None else f1 * recognition_f1,
        )
