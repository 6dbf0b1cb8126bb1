"""Presentation times of a stream's frames, rising strictly: what is wrong with one stamp stays with that one.

Knows numbers only, no packets and no pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FINE = 64
"""Times are kept in 1/64 of a tick, so that there is room between two stamps that follow each other."""


@dataclass(frozen=True, slots=True)
class StampTable:
    """Stamps as the file gives them and as they are used, in order of presentation.

    raw: int64 (N,) ticks, as written
    times: int64 (N,) in 1 / FINE of a tick, strictly rising
    """

    raw: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    times: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def mended(self) -> NDArray[np.bool_]:
        """Which frames have another time than the file says; bool (N,)."""
        return np.asarray(self.raw * FINE != self.times)

    def place(self, stamp: int, start: int) -> int | None:
        """The first frame from `start` on that the file gives this stamp, in ticks; None without one."""
        if start < len(self.raw) and self.raw[start] == stamp:
            return start
        found = np.flatnonzero(self.raw[start:] == stamp)
        return start + int(found[0]) if found.size else None


def stamp_table(stamps: Sequence[int] | NDArray[np.int64], step: int) -> StampTable:
    """Mend stamps that do not rise; all others keep their own time.

    A stamp that is doubled, falls back or leaps ahead of those after it is put between its neighbours, at
    most a usual `step` (ticks) after the one before it. Where the clock itself starts anew, time
    goes on evenly.

    >>> (stamp_table([0, 10, 10, 30, 40], 10).times / FINE).tolist()
    [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    raw = np.asarray(stamps, np.int64)
    good = _trusted(raw)
    times = raw * FINE
    if good.all():
        return StampTable(raw, times)
    kept = np.flatnonzero(good)
    times[: kept[0]] = times[kept[0]] - step * FINE * np.arange(kept[0], 0, -1)
    for before, after in zip(kept, [*kept[1:], len(raw)], strict=True):
        missing = after - before - 1
        if missing:
            room = step * FINE if after == len(raw) else (times[after] - times[before]) // (missing + 1)
            times[before + 1 : after] = times[before] + min(step * FINE, max(int(room), 1)) * np.arange(
                1, missing + 1
            )
    return StampTable(raw, times)


def _trusted(raw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which stamps rise above all trusted ones before them, single ones that leap ahead left aside."""
    good = np.ones(len(raw), np.bool_)
    if len(raw) > 2:
        # Above the next two: with only the next below it, it is that one which falls back.
        two_on = np.append(raw[3:], raw[-1])
        good[1:-1] = ~((raw[1:-1] > raw[2:]) & (raw[1:-1] > two_on) & (raw[2:] > raw[:-2]))
        good[0] = not raw[0] > raw[2] > raw[1]
    highest = np.maximum.accumulate(np.where(good, raw, np.iinfo(np.int64).min))
    good[1:] &= raw[1:] > highest[:-1]
    return good
