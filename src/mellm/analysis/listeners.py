"""What a caller may hear of an analysis: its progress, and a language model's text as it is written."""

from collections.abc import Callable
from dataclasses import dataclass

from mellm.spot.events import Event

Progress = Callable[[str, int, int | None], None]
"""Called as progress(stage, done, total); total is None while it is not known."""
WordsListener = Callable[[int, str], None]
"""Called as words(moment, piece) while a language model writes; moments count from 0."""


EventListener = Callable[[int, Event], None]
"""Called as events(person, event) for each event that is certain while a clip is still being watched."""


def ignore_progress(stage: str, done: int, total: int | None) -> None:
    """Ignore how far a stage is."""


def ignore_words(moment: int, piece: str) -> None:
    """Ignore a language model's text."""


def ignore_events(person: int, event: Event) -> None:
    """Ignore an event."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """What is called while a clip is analysed."""

    progress: Progress = ignore_progress
    words: WordsListener = ignore_words
    events: EventListener = ignore_events
