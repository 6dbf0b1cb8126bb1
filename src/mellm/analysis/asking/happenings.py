"""A report's expressions as one list in time: the micro-expressions that were read, and the longer ones."""

from dataclasses import dataclass, replace

from mellm.analysis.asking.questions import Scope
from mellm.render.numbers import numbered
from mellm.report import MicroExpression, OtherEvent, Report
from mellm.wording.message import Message


@dataclass(frozen=True, slots=True)
class Happening:
    """One expression.

    onset, offset, apex: seconds; frames: onset, apex, offset
    number: of the micro-expression in the report, from 1; None for what was not read; me: itself
    micro: whether it is a micro-expression; unsure: too uncertain to be reported, and so not read
    """

    onset: float
    apex: float
    offset: float
    frames: tuple[int, int, int]
    number: int | None = None
    me: MicroExpression | None = None
    micro: bool = False
    unsure: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.offset - self.onset

    @property
    def what(self) -> Message:
        """What it is called."""
        return Message("ask.micro") if self.micro else Message("ask.macro")

    @property
    def span(self) -> Message:
        """When it is, in words."""
        return Message("ask.span", {"onset": self.onset, "offset": self.offset, "frame": self.frames[1]})


def happenings(report: Report, scope: Scope = "any") -> list[Happening]:
    """Return the expressions of a kind, by onset."""
    found: list[Happening] = []
    if scope != "macro":
        for number, me in numbered(report):
            found.append(_of_micro(report, number, me))
    if scope != "micro":
        found += [_of_event(e) for e in report.other_events if e.kind == "macro"]
    return sorted(found, key=lambda h: (h.onset, h.offset))


def counted(report: Report, scope: Scope = "any") -> tuple[list[Happening], list[Happening]]:
    """Return what counts as expressions of a kind, and those of them that are too unsure to be reported.

    A micro-expression within a longer expression of the same person is a part of it and counts with it.
    """
    unsure = [e for e in report.uncertain_events if scope in ("any", e.kind)]
    longer = [e for e in (*report.other_events, *report.uncertain_events) if e.kind == "macro"]
    found = [
        h
        for h in happenings(report, scope)
        if h.me is None
        or not any(
            e.person == h.me.person and e.onset_frame <= h.frames[0] and h.frames[2] <= e.offset_frame
            for e in longer
        )
    ]
    faint = [replace(_of_event(e), unsure=True) for e in unsure]
    return sorted((*found, *faint), key=lambda h: (h.onset, h.offset)), faint


def _of_event(e: OtherEvent) -> Happening:
    frames = (e.onset_frame, e.apex_frame, e.offset_frame)
    return Happening(e.onset_time, e.apex_time, e.offset_time, frames, micro=e.kind == "micro")


def _of_micro(report: Report, number: int, me: MicroExpression) -> Happening:
    when = me.interval
    last = when.apex_frame if when.offset_frame is None else when.offset_frame
    frames = (when.onset_frame, when.apex_frame, last)
    times = report.source.times()
    told = (
        when.onset_time,
        when.apex_time,
        when.apex_time if when.offset_frame is None else when.offset_time,
    )
    onset, apex, offset = (
        (times[frame] if frame < len(times) else 0.0) if time is None else time
        for frame, time in zip(frames, told, strict=True)
    )
    return Happening(onset, apex, offset, frames, number, me, micro=True)


def surest(report: Report) -> Happening | None:
    """Return the micro-expression that was spotted most surely; None where there is none."""
    found = happenings(report, "micro")
    return max(found, key=lambda h: h.me.interval.confidence if h.me else 0.0, default=None)
