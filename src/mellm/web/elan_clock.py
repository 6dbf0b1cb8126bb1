"""Frames and the whole milliseconds that ELAN keeps: from one to the other and back. Knows times only."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """One annotation: begin and end in ms, and its text."""

    begin: int
    end: int
    text: str


class Clock:
    """When frames begin. An annotation ends where its last frame ends, which is where the next one begins."""

    def __init__(self, times: Sequence[float], fps: float | None) -> None:
        """Take the seconds of each frame; `fps` says how long the last one stays."""
        step = 1 / fps if fps else 0.04
        last = times[-1] + step if times else 0.0
        self._step = step
        self._begins = [round(time * 1000) for time in [*times, last]]

    def begin(self, frame: int) -> int:
        """When a frame begins, ms."""
        if frame < len(self._begins):
            return self._begins[frame]
        beyond = frame - len(self._begins) + 1
        return round(self._begins[-1] + 1000 * self._step * beyond)

    def span(self, first: int, last: int, text: str) -> Span:
        """From the begin of the first frame to the end of the last."""
        begin = self.begin(first)
        return Span(begin, max(self.begin(last + 1), begin + 1), text)

    def frame(self, begin: int) -> int:
        """The frame that begins nearest to a time, ms; of an end, the frame after the last one."""
        k = bisect_left(self._begins, begin)
        if k == 0:
            return 0
        if k == len(self._begins):
            return k - 1
        return k if self._begins[k] - begin < begin - self._begins[k - 1] else k - 1


def apart(spans: Sequence[Span]) -> list[Span]:
    """Spans in order that do not overlap, as one tier needs them: those that would are joined."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.begin, s.end)):
        if result and span.begin < result[-1].end:
            former = result.pop()
            span = Span(former.begin, max(former.end, span.end), f"{former.text} | {span.text}")
        result.append(span)
    return result
