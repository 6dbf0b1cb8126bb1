"""What an analysis process tells while it works: progress, words, events, moments; and the faces it saw.

Pictures of a moment are written into the job's draft folder before the moment is told of. Knows no HTTP.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from mellm.analysis.listeners import PartsListener, WatchedClip
from mellm.face.people import FaceObservation
from mellm.report import MicroExpression
from mellm.spot import Event
from mellm.web.child_process import ParentPipe
from mellm.web.clip_parts import Partial, Spotted
from mellm.web.face_tracks import FaceTracks

PROGRESS_EVERY = 0.1
"""Seconds between two progress messages."""


class ToldParts(PartsListener):
    """Passes on what is known, but not every single frame of the progress."""

    def __init__(self, parent: ParentPipe, folder: Path) -> None:
        """Tell the parent; write pictures and tracks into a folder."""
        self._parent, self._folder, self._stage, self._told = parent, folder, "", 0.0
        self._tracks = FaceTracks()

    def progress(self, stage: str, done: int, total: int | None) -> None:
        """How far the analysis is."""
        now = time.monotonic()
        if stage != self._stage or now - self._told >= PROGRESS_EVERY or done == total:
            self._stage, self._told = stage, now
            self._parent.send({"progress": {"stage": stage, "done": done, "total": total}})

    def words(self, moment: int, piece: str) -> None:
        """What a language model has just written about a moment, counted from 0."""
        if self._stage != "reading":
            self.progress("reading", 0, None)
        self._parent.send({"words": [moment, piece]})

    def events(self, person: int, event: Event) -> None:
        """What was just spotted, while the clip is still being watched."""
        row = {"person": person, **asdict(event), "note": str(event.note or "")}
        self._parent.send({"event": row})

    def faces(self, frame: int, faces: Sequence[FaceObservation]) -> None:
        """Keep where the faces are in one frame."""
        self._tracks.add(frame, faces)

    def watched(self, clip: WatchedClip) -> None:
        """Tell of all moments that were spotted, of the people and the motion over time."""
        self._tracks.motions = clip.motions
        known = Partial(
            source=clip.source,
            people=clip.people,
            moments=[Spotted.of(n, person, when) for n, (person, when) in enumerate(clip.moments, 1)],
            other_events=clip.other_events,
            traces=clip.traces,
        )
        self._parent.send({"watched": known.model_dump(mode="json")})

    def measured(self, number: int, me: MicroExpression) -> None:
        """Tell of a moment with the rules' reading."""
        self._parent.send({"moment": {**me.model_dump(mode="json"), "number": number}})

    def read(self, number: int, me: MicroExpression, pictures: Callable[[], dict[str, bytes]]) -> None:
        """Tell of a moment as it will stand in the report, once its pictures can be asked for."""
        for name, data in pictures().items():
            (self._folder / name).write_bytes(data)
        self._parent.send({"moment": me.model_dump(mode="json")})

    def save_tracks(self) -> None:
        """Write where the faces were, and how their regions moved."""
        self._tracks.save(self._folder)
