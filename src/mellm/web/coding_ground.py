"""What a person's word is held against: the finished report, or what is known before an analysis has ended.

Knows reports and annotations, no storage and no HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mellm.render.numbers import numbered
from mellm.report import ActionUnitReading, Interval, MicroExpression, Report
from mellm.web.clip_parts import Partial
from mellm.web.contract import Frames

_Phases = tuple[int, int, int | None]


@dataclass(frozen=True, slots=True)
class KnownMoment:
    """A micro-expression of the program's: onset, apex and offset; `units` is None until it is measured."""

    person: int
    phases: _Phases
    units: list[ActionUnitReading] | None

    @classmethod
    def of(cls, me: MicroExpression) -> "KnownMoment":
        """One that is measured."""
        return cls(me.person, phases_of(me.interval), me.action_units)


@dataclass(frozen=True, slots=True)
class Ground:
    """A clip as far as it is known: its number of frames, its people, the program's moments by number.

    Not `complete`: the analysis still runs, so that there may be more people and moments.
    """

    frames: int
    people: frozenset[int]
    moments: Mapping[int, KnownMoment] = field(default_factory=dict)
    complete: bool = True
    highest: int = 0
    """The highest number the program has given, to a moment that could not be read too."""


def ground_of(report: Report) -> Ground:
    """A finished analysis."""
    return Ground(
        frames=report.source.frames,
        people=frozenset(person.person for person in report.people) or frozenset((1,)),
        moments={number: KnownMoment.of(me) for number, me in numbered(report)},
        highest=max([report.spotted or 0, *(number for number, _ in numbered(report))]),
    )


def early_ground(partial: Partial, frames: int) -> Ground:
    """An analysis that still runs, of a clip of so many frames."""
    moments = {
        one.number: KnownMoment(one.person, (one.onset, one.apex, one.offset), None)
        for one in partial.moments
    }
    moments |= {me.number: KnownMoment.of(me) for me in partial.micro_expressions if me.number is not None}
    return Ground(frames, frozenset(person.person for person in partial.people), moments, complete=False)


def phases_of(when: Interval | Frames) -> _Phases:
    """Onset, apex and offset of the program's interval or of a person's."""
    if isinstance(when, Frames):
        return when.onset, when.apex, when.offset
    return when.onset_frame, when.apex_frame, when.offset_frame
