"""A clip watched once: who is in it, how their regions moved, and what events that makes.

media -> face -> spot for one clip, one frame in memory at a time. Knows nothing about action units,
emotions or reports; `moment` reads the events this finds.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import numpy as np

from mellm.analysis.ahead import ahead
from mellm.analysis.counting import uncertain_events
from mellm.analysis.listeners import EventListener, PartsListener, Progress
from mellm.face import FaceTracker
from mellm.face.people import FaceObservation, Landmarks
from mellm.face.refinding import place_of
from mellm.face.roi import Roi
from mellm.media import Media
from mellm.media.frame import Frame, Image
from mellm.spot import SpotSettings, StreamingSpotter, explain_none, spot
from mellm.spot.events import Event, RegionalMotion
from mellm.spot.trace import MotionTracer
from mellm.wording.message import Message

Clock = Callable[[str], AbstractContextManager[None]]
"""`with clock("flow"):` adds the time of the block to that stage."""
ImportedLandmarks = dict[int, Landmarks]
Around = tuple[list[Image], list[Image]]
"""The frames about an onset and about an apex, in order."""
PIECE = 4.0
"""Seconds of trace that are handed to the spotter at a time where events are given out as they come."""


@dataclass(slots=True)
class Watched:
    """One person of a clip: where the face was in each frame, and (once spotted) what it did.

    uncertain: what counts and is too unsure to be reported (`mellm.analysis.counting`)
    `reason` says why no micro-expression was found; None where one was.
    """

    first: FaceObservation
    places: dict[int, Roi | None] = field(default_factory=dict)
    motion: RegionalMotion | None = None
    events: list[Event] = field(default_factory=list)
    uncertain: list[Event] = field(default_factory=list)
    reason: Message | None = None

    @property
    def person(self) -> int:
        """The person's number."""
        return self.first.person


def watch(
    media: Media,
    *,
    max_people: int,
    landmarks: ImportedLandmarks | None,
    progress: Progress,
    clock: Clock,
    spotting: SpotSettings | None = None,
    tell: EventListener | None = None,
    parts: PartsListener | None = None,
) -> tuple[list[Watched], int]:
    """Follow everyone through the clip and spot their events; return the people and the frames decoded.

    `tell` hears of each event while the clip is still being watched; what it heard may differ by a frame from
    what is found once the whole clip is known. `parts` hears of each frame's faces.
    """
    people: dict[int, Watched] = {}
    tracers: dict[int, MotionTracer] = {}
    heard = None if tell is None else _Heard(media, spotting, tell)
    count = 0
    for frame, faces in _followed(media, max_people, landmarks, clock):
        if parts is not None:
            parts.faces(frame.index, faces)
        with clock("motion"):
            for face in faces:
                if face.person not in people:
                    people[face.person] = Watched(face)
                    tracers[face.person] = MotionTracer()
                people[face.person].places[frame.index] = place_of(face.landmarks)
                tracers[face.person].update(frame, face)
        if heard is not None:
            with clock("spotting"):
                heard.look(tracers)
        count += 1
        progress("faces", count, media.info.frames)
    for done, number in enumerate(sorted(people), start=1):
        with clock("spotting"):
            people[number].motion = tracers[number].finish()
            find_events(people[number], media, spotting)
        progress("spotting", done, len(people))
    return [people[number] for number in sorted(people)], count


def find_events(person: Watched, media: Media, spotting: SpotSettings | None = None) -> None:
    """Spot the events of a person whose motion is known, and say why where nothing brief was found."""
    if person.motion is None:
        return
    times = media.frame_times()
    fps = frame_rate(media, person.motion)
    events = spot(person.motion, fps=fps, settings=spotting)
    uncertain = uncertain_events(person.motion, fps, events, spotting)
    person.events = [_at_frames(event, times) for event in events]
    person.uncertain = [_at_frames(event, times) for event in uncertain]
    found = any(e.kind == "micro" for e in person.events)
    person.reason = None if found else explain_none(person.motion, person.events)


class _Heard:
    """Tells a listener of events while traces grow."""

    def __init__(self, media: Media, spotting: SpotSettings | None, tell: EventListener) -> None:
        self._media, self._spotting, self._tell = media, spotting, tell
        self._spotters: dict[int, StreamingSpotter] = {}
        self._rows: dict[int, int] = {}

    def look(self, tracers: dict[int, MotionTracer]) -> None:
        for person, tracer in tracers.items():
            first = self._rows.get(person, 0)
            if not tracer.waits(PIECE, first):
                continue
            piece = tracer.since(first)
            self._rows[person] = first + len(piece.times)
            if person not in self._spotters:
                self._spotters[person] = StreamingSpotter(frame_rate(self._media, piece), self._spotting)
            for event in self._spotters[person].feed(piece):
                self._tell(person, event)


def events_as_they_come(
    media: Media, *, max_people: int, clock: Clock, spotting: SpotSettings | None = None
) -> Iterator[tuple[int, Event]]:
    """Person and event for each event, once it is certain: some ten seconds of clip after it.

    Memory does not grow with the length of the clip. Times are those of the trace.
    """
    tracers: dict[int, MotionTracer] = {}
    spotters: dict[int, StreamingSpotter] = {}
    for frame, faces in _followed(media, max_people, None, clock):
        for face in faces:
            tracer = tracers.setdefault(face.person, MotionTracer())
            with clock("motion"):
                tracer.update(frame, face)
        for person, tracer in tracers.items():
            if not tracer.waits(PIECE):
                continue
            piece = tracer.take()
            if person not in spotters:
                spotters[person] = StreamingSpotter(frame_rate(media, piece), spotting)
            with clock("spotting"):
                certain = spotters[person].feed(piece)
            yield from ((person, event) for event in certain)
    for person, tracer in sorted(tracers.items()):
        piece = tracer.take()
        spotter = spotters.get(person) or StreamingSpotter(frame_rate(media, piece), spotting)
        yield from ((person, event) for event in spotter.feed(piece))
        yield from ((person, event) for event in spotter.close())


def _followed(
    media: Media, max_people: int, landmarks: ImportedLandmarks | None, clock: Clock
) -> Iterator[tuple[Frame, list[FaceObservation]]]:
    """Every frame with the faces in it; decoding and faces run ahead of whoever takes them, in a thread."""
    tracker = FaceTracker(max_people)

    def look() -> Iterator[tuple[Frame, list[FaceObservation]]]:
        frames = media.frames()
        while True:
            with clock("media"):
                frame = next(frames, None)
            if frame is None:
                return
            with clock("faces"):
                faces = tracker.update(frame) if landmarks is None else imported_faces(frame, landmarks)
            yield frame, faces

    return ahead(look())


def _at_frames(event: Event, times: Sequence[float]) -> Event:
    """The event with the times at which its frames are shown, traced or not."""
    if event.offset >= len(times):
        return event
    return replace(
        event,
        onset_time=times[event.onset],
        apex_time=times[event.apex],
        offset_time=times[event.offset],
    )


def imported_faces(frame: Frame, landmarks: ImportedLandmarks) -> list[FaceObservation]:
    """The one face that imported landmarks describe in this frame, as person 1; empty in a gap."""
    points = landmarks.get(frame.index)
    if points is None:
        return []
    (left, top), (right, bottom) = points.xy.min(axis=0), points.xy.max(axis=0)
    box = (float(left), float(top), float(right - left), float(bottom - top))
    return [FaceObservation(frame.index, frame.time, 1, box, points, 1.0)]


def frame_rate(media: Media, motion: RegionalMotion) -> float:
    """Frames per second: what the file says, else what the times say, else 25."""
    if media.info.fps:
        return float(media.info.fps)
    steps = np.diff(motion.times)
    return float(1 / np.median(steps)) if len(steps) and np.median(steps) > 0 else 25.0


def images_of(read: dict[int, Frame], numbers: tuple[range, range]) -> Around | None:
    """Return the pictures of two windows of frames, or None where one of them could not be read."""
    if any(k not in read for window in numbers for k in window):
        return None
    first, second = ([read[k].image for k in window] for window in numbers)
    return first, second
