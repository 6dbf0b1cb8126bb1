"""A report's events as one list in time: the micro-expressions that were read, and everything else."""

from dataclasses import dataclass, replace
from typing import Literal

from mellm.analysis.asking.questions import Scope
from mellm.render.numbers import numbered
from mellm.report import MicroExpression, OtherEvent, Report
from mellm.wording.message import Message

Kind = Literal["micro", "macro", "blink", "closure", "speech", "head"]

_NAMES: dict[Scope, Message] = {
    "micro": Message("ask.micro"),
    "macro": Message("ask.macro"),
    "any": Message("ask.any"),
    "blink": Message("ask.blink"),
    "closure": Message("ask.closure"),
    "speech": Message("ask.speech_run"),
    "head": Message("ask.head_movement"),
    "all": Message("ask.event"),
}


def named(scope: Scope) -> Message:
    """Return what an event of a kind is called."""
    return _NAMES[scope]


def many(scope: Scope, count: int) -> Message:
    """Return a number of events of a kind, in words."""
    fields = {"count": count}
    return {
        "micro": Message("ask.many_micro", fields),
        "macro": Message("ask.many_macro", fields),
        "any": Message("ask.many_any", fields),
        "blink": Message("ask.many_blink", fields),
        "closure": Message("ask.many_closure", fields),
        "speech": Message("ask.many_speech", fields),
        "head": Message("ask.many_head", fields),
        "all": Message("ask.many_event", fields),
    }[scope]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event.

    onset, offset, apex: seconds; frames: onset, apex, offset; timed: False where frames have no times
    number: of the micro-expression in the report, from 1; None for what was not read; me: itself
    kind, person: what it is, and whose; unsure: too uncertain to be reported, and so not read
    """

    onset: float
    apex: float
    offset: float
    frames: tuple[int, int, int]
    kind: Kind
    person: int
    number: int | None = None
    me: MicroExpression | None = None
    unsure: bool = False
    timed: bool = True

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.offset - self.onset

    @property
    def micro(self) -> bool:
        """Whether it is a micro-expression."""
        return self.kind == "micro"

    @property
    def what(self) -> Message:
        """What it is called."""
        return named(self.kind)

    @property
    def span(self) -> Message:
        """When it is, in words."""
        first, apex, last = self.frames
        if not self.timed:
            return Message("ask.span_of_frames", {"first": first, "frame": apex})
        when: dict[str, float] = {"onset": self.onset, "offset": self.offset}
        if self.kind in ("micro", "macro"):
            return Message("ask.span", {**when, "frame": apex})
        return Message("ask.span_of_event", {**when, "first": first, "last": last})


def happenings(report: Report, scope: Scope = "any") -> list[Happening]:
    """Return the events of a kind that the report names, by onset."""
    found: list[Happening] = []
    if scope in ("micro", "any", "all"):
        for number, me in numbered(report):
            found.append(_of_micro(report, number, me))
    found += [_of_event(e) for e in report.other_events if _is(e.kind, scope)]
    return sorted(found, key=lambda h: (h.onset, h.offset))


def counted(report: Report, scope: Scope = "any") -> tuple[list[Happening], list[Happening]]:
    """Return what counts as events of a kind, and those of them that are too unsure to be reported.

    A micro-expression within a longer expression of the same person is a part of it and counts with it.
    """
    unsure = [e for e in report.uncertain_events if _is(e.kind, scope)]
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


def _is(kind: Kind, scope: Scope) -> bool:
    return scope in (kind, "all") or (scope == "any" and kind in ("micro", "macro"))


def _of_event(e: OtherEvent) -> Happening:
    frames = (e.onset_frame, e.apex_frame, e.offset_frame)
    return Happening(e.onset_time, e.apex_time, e.offset_time, frames, e.kind, e.person)


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
    timed = when.onset_time is not None or has_times(report)
    return Happening(onset, apex, offset, frames, "micro", me.person, number, me, timed=timed)


def has_times(report: Report) -> bool:
    """Return whether frames have times; those of a pair of pictures have none."""
    return bool(report.source.fps or report.source.frame_times)


def surest(found: list[Happening]) -> Happening | None:
    """Return the micro-expression that was spotted most surely; None where there is none."""
    read = [h for h in found if h.me is not None]
    return max(read, key=lambda h: h.me.interval.confidence if h.me else 0.0, default=None)
