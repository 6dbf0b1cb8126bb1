"""Events as they come: a trace is fed piece by piece, and an event is given out once nothing can change it.

The last half minute of the trace is kept, whatever the length of the clip. Knows no pictures.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.spot.detector import Detector
from mellm.spot.events import Event, RegionalMotion
from mellm.spot.spotting import spot
from mellm.spot.thresholds import SpotSettings

KEPT = 40.0
"""Seconds of trace that are kept: decisions look at some 8 s to each side, the opening of the eyes at 15."""
SURE = 8.0
"""Seconds of trace after an event that it waits for."""
HOP = 4.0
"""Seconds of new trace after which the stretch is looked at again."""


class StreamingSpotter:
    """Spots one person's events while the trace grows; feed it in order, then call `close`."""

    def __init__(
        self, fps: float, settings: SpotSettings | None = None, detector: Detector | None = None
    ) -> None:
        """`fps` is the frame rate of the source."""
        self._fps, self._settings, self._detector = fps, settings, detector
        self._kept: RegionalMotion | None = None
        self._looked = self._decided = -np.inf
        self._begun: dict[str, Event] = {}

    def feed(self, motion: RegionalMotion) -> list[Event]:
        """Take the next piece of the trace; return the events that are certain now, by offset."""
        if not len(motion.times):
            return []
        self._kept = motion if self._kept is None else joined_traces(self._kept, motion)
        end = float(motion.times[-1])
        if self._looked == -np.inf:
            self._looked = float(motion.times[0])
        if end - self._looked < HOP:
            return []
        self._looked = end
        return self._certain(end - SURE)

    def close(self) -> list[Event]:
        """The events that were still open when the trace ended."""
        return [] if self._kept is None else self._certain(np.inf)

    def _certain(self, until: float) -> list[Event]:
        assert self._kept is not None
        events = spot(self._kept, fps=self._fps, settings=self._settings, detector=self._detector)
        certain: list[Event] = []
        for event in events:
            if event.offset_time <= self._decided:
                continue
            known = self._begun.get(event.kind)
            if known is not None and known.onset < event.onset <= known.offset + 1:
                # What began before the stretch that is still kept.
                event = replace(event, onset=known.onset, onset_time=known.onset_time)
            if event.offset_time <= until:
                certain.append(event)
                self._begun.pop(event.kind, None)
            elif event.onset_time <= until:
                self._begun[event.kind] = event
        self._decided = until
        first = int(np.searchsorted(self._kept.times, self._kept.times[-1] - KEPT))
        self._kept = part_of(self._kept, first)
        return sorted(certain, key=lambda event: event.offset)


def joined_traces(first: RegionalMotion, second: RegionalMotion) -> RegionalMotion:
    """Two pieces of one trace as one."""

    def both(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    return _with_rows(second, both)


def part_of(motion: RegionalMotion, first: int, last: int | None = None) -> RegionalMotion:
    """The trace from row `first` on, up to but without row `last`."""
    return _with_rows(motion, lambda name: getattr(motion, name)[first:last])


def _with_rows(motion: RegionalMotion, rows: Callable[[str], NDArray[Any]]) -> RegionalMotion:
    return replace(
        motion,
        frames=rows("frames"),
        times=rows("times"),
        displacement=rows("displacement"),
        head=rows("head"),
        eye_opening=rows("eye_opening"),
        mouth_opening=rows("mouth_opening"),
        pose=rows("pose"),
    )
