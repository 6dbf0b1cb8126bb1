"""What a running job has told so far: its progress, and the parts of its result. Knows no process."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from mellm.web.child_process import Header
from mellm.web.clip_parts import Partial
from mellm.web.contract import Progress


@dataclass
class RunningJob:
    """Filled by the thread that waits for the job's process, read by those that answer requests."""

    progress: Progress = field(default_factory=lambda: Progress(stage="starting", done=0, total=None))
    draft: Path | None = None
    cancelled: bool = False
    _words: list[tuple[int, str]] = field(default_factory=list)
    _events: list[Header] = field(default_factory=list)
    _watched: Header | None = None
    _moments: list[Header] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, draft: Path) -> None:
        """Forget a former attempt; parts of the result will lie in `draft`."""
        with self._lock:
            self.draft, self._watched = draft, None
            self._words, self._events, self._moments = [], [], []

    def hear(self, answer: Header) -> bool:
        """Keep what a process tells on its way; False for its last answer."""
        with self._lock:
            match answer:
                case {"progress": told}:
                    self.progress = Progress(**told)
                case {"words": (moment, piece)}:
                    self._words.append((moment, piece))
                case {"event": event}:
                    self._events.append(event)
                case {"watched": clip}:
                    self._watched = clip
                case {"moment": moment}:
                    self._moments.append(moment)
                case _:
                    return False
        return True

    def words(self, heard: int) -> list[tuple[int, str]]:
        """What a language model has written, from piece `heard` on: (moment, text)."""
        with self._lock:
            return self._words[heard:]

    def events(self, heard: int) -> list[Header]:
        """What was spotted while the clip was watched, from event `heard` on."""
        with self._lock:
            return self._events[heard:]

    def moments(self, heard: int) -> list[Header]:
        """Moments as they were measured and read, from entry `heard` on; one may come twice."""
        with self._lock:
            return self._moments[heard:]

    def partial(self) -> Partial | None:
        """What is known of the clip; None while it is being watched."""
        with self._lock:
            if self._watched is None:
                return None
            newest = {moment["number"]: moment for moment in self._moments}
            parts = self._watched
            return Partial.model_validate(
                {**parts, "complete": False, "micro_expressions": [newest[n] for n in sorted(newest)]}
            )
