"""What a caller may hear of an analysis before it has ended: progress, words, events, parts of the result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mellm.report import Interval, MicroExpression, OtherEvent, Person, Source, Trace

if TYPE_CHECKING:
    from mellm.face.people import FaceObservation
    from mellm.spot.events import Event, RegionalMotion

Progress = Callable[[str, int, int | None], None]
"""Called as progress(stage, done, total); total is None while it is not known."""
WordsListener = Callable[[int, str], None]
"""Called as words(moment, piece) while a language model writes; `moment` is its number - 1."""


EventListener = Callable[[int, "Event"], None]
"""Called as events(person, event) for each event that is certain while a clip is still being watched."""


@dataclass(frozen=True, slots=True)
class WatchedClip:
    """All of a clip's result but what its moments are: known once everything is spotted.

    `moments` are those that will be read, each with its person; `motions` is the motion by person.
    """

    source: Source
    people: list[Person]
    moments: list[tuple[int, Interval]]
    other_events: list[OtherEvent]
    traces: list[Trace]
    motions: "dict[int, RegionalMotion]"


class PartsListener:
    """Hears of parts of a result as they come; what is not overridden is ignored."""

    def faces(self, frame: int, faces: "Sequence[FaceObservation]") -> None:
        """Who was seen in one frame."""

    def watched(self, clip: WatchedClip) -> None:
        """What the clip holds, once it was watched to its end."""

    def measured(self, number: int, me: MicroExpression) -> None:
        """A moment, counted from 1, with the rules' reading; a language model may write another."""

    def read(self, number: int, me: MicroExpression, pictures: Callable[[], dict[str, bytes]]) -> None:
        """A moment as it will stand in the report, and what draws its pictures (file name -> PNG)."""


def ignore_progress(stage: str, done: int, total: int | None) -> None:
    """Ignore how far a stage is."""


def ignore_words(moment: int, piece: str) -> None:
    """Ignore a language model's text."""


def ignore_events(person: int, event: "Event") -> None:
    """Ignore an event."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """What is called while a clip is analysed."""

    progress: Progress = ignore_progress
    words: WordsListener = ignore_words
    events: EventListener = ignore_events
    parts: PartsListener = field(default_factory=PartsListener)
