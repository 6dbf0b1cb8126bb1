"""Analyzer: composes the stages into one report.

The only module that knows the whole way: media -> face -> spot -> flow -> facs -> language -> report.
`watch` follows a clip, `moment` reads one onset-apex pair; this module adds the order and the bookkeeping.
"""

import copy
import datetime
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from mellm.analysis.clip import (
    Around,
    ImportedLandmarks,
    Watched,
    events_as_they_come,
    images_of,
    imported_faces,
    watch,
)
from mellm.analysis.doubtful_moments import small_faces
from mellm.analysis.listeners import (
    EventListener,
    Listeners,
    PartsListener,
    Progress,
    WordsListener,
    ignore_events,
    ignore_progress,
    ignore_words,
)
from mellm.analysis.moment import MomentReader
from mellm.analysis.named_frames import (
    NamedFrames,
    file_names,
    indices_of,
    named_frames,
    named_interval,
    read_named,
)
from mellm.analysis.plausibility import clip_doubts, landmark_doubts, pair_doubts, same_pictures
from mellm.analysis.readings import Readings
from mellm.analysis.report_entries import (
    clip_source,
    face_models,
    interval_entry,
    message_records,
    other_entries,
    pair_source,
    person_entry,
    trace_entry,
    uncertain_entries,
    verdict,
    watched_entry,
)
from mellm.analysis.settings import Settings
from mellm.analysis.stage_clock import StageClock
from mellm.errors import InputError
from mellm.face import find_faces, load_landmarks
from mellm.face.people import Landmarks
from mellm.face.refinding import landmarks_at, place_of
from mellm.flow.frames_around import windows
from mellm.media import Media, open_media, read_image
from mellm.media.frame import Frame, Image
from mellm.render.pictures import KINDS
from mellm.report import Interval, Provenance, Report, Source
from mellm.spot import Event, SpotSettings
from mellm.version import __version__
from mellm.wording.message import Message, word
from mellm.wording.shown import shown


class Analyzer:
    """Analyses clips and pairs; models are loaded once, at first use, and kept for the next call.

    Several threads may share one: each call has its own clock and listeners, and calls take turns at a model.

    >>> from mellm import Analyzer
    >>> Analyzer().settings.estimator
    'meflownet'
    """

    def __init__(self, settings: Settings | None = None) -> None:
        """Choose the settings; raises InputError for a name that does not exist."""
        self.settings = settings or Settings()
        self._reader = MomentReader(self.settings)
        self._landmarks: ImportedLandmarks | None = None
        if self.settings.landmarks is not None:
            self._landmarks = load_landmarks(self.settings.landmarks)
        self._clock = StageClock()
        self._listeners = Listeners()

    def analyze(
        self,
        source: str | Path | None = None,
        *,
        onset: str | Path | None = None,
        apex: str | Path | None = None,
        onset_frame: int | None = None,
        apex_frame: int | None = None,
        offset_frame: int | None = None,
        by_file_number: bool = False,
        progress: Progress | None = None,
        words: WordsListener | None = None,
        events: EventListener | None = None,
        parts: PartsListener | None = None,
        command: str | None = None,
    ) -> Report:
        """Analyse a clip, or the pair of pictures `onset` and `apex`.

        With `onset_frame` and `apex_frame` (indices from 0; `offset_frame` may follow) nothing is spotted:
        the given moment is read. With `by_file_number` they are the numbers in a folder's file names, as
        annotation sheets give them. `progress(stage, done, total)` is called along the way, and
        `words(moment, piece)` with a language model's text as it is written (`moment` is its number - 1), and
        `events(person, event)` with what is spotted while the clip is still being watched; `parts` hears of
        parts of the result; `command` is kept in the provenance. Raises InputError for an unusable input.
        """
        call = self._call(
            Listeners(
                progress or ignore_progress,
                words or ignore_words,
                events or ignore_events,
                parts or PartsListener(),
            )
        )
        given = named_frames(onset_frame, apex_frame, offset_frame)
        with call._clock("total"):
            if source is not None and onset is None and apex is None:
                report = call._clip(Path(source), given, by_file_number)
            elif source is None and onset is not None and apex is not None and given is None:
                report = call._pair(Path(onset), Path(apex))
            else:
                raise InputError(
                    "Give one clip (frames may be named with it), or both an onset and an apex picture: "
                    "mellm analyze CLIP, or mellm analyze --onset A --apex B."
                )
        report.provenance.seconds = {stage: round(s, 4) for stage, s in call._clock.seconds.items()}
        report.provenance.command = None if command is None else shown(command)
        return report

    def spot(self, source: str | Path, *, progress: Progress | None = None) -> list[Watched]:
        """Find the people of a clip and when each of them moved, without reading what it was."""
        with self._open(Path(source)) as media:
            return self._call(Listeners())._watch(media, progress or ignore_progress)[0]

    def spot_as_they_come(self, source: str | Path) -> Iterator[tuple[int, Event]]:
        """Person and event for every event of a clip as soon as it is certain, whatever the clip's length.

        Some ten seconds of clip after an event nothing can change it any more; memory does not grow.
        """
        with self._open(Path(source)) as media:
            yield from events_as_they_come(
                media,
                max_people=self.settings.max_people,
                clock=StageClock(),
                spotting=self._spotting(),
            )

    def _spotting(self) -> SpotSettings:
        return SpotSettings(false_alarms_per_minute=self.settings.spotting_dial())

    def _call(self, listeners: Listeners) -> "Analyzer":
        """This analyzer for one call: the same models, a clock and listeners of its own."""
        call = copy.copy(self)
        call._clock, call._listeners = StageClock(), listeners
        return call

    def _pair(self, onset_path: Path, apex_path: Path) -> Report:
        with self._clock("media"):
            onset, apex = (read_image(p, limits=self.settings.limits) for p in (onset_path, apex_path))
        if onset.shape != apex.shape:
            sizes = {"onset": _size(onset), "apex": _size(apex)}
            raise InputError(Message("analysis.sizes_differ", sizes))
        found = Readings(warnings=same_pictures(onset, apex))
        people = self._people(Frame(0, 0.0, onset))
        interval = Interval(onset_frame=0, apex_frame=1, confidence=1.0, origin="given")
        for number, person in enumerate(people, start=1):
            self._read(number, person, Frame(0, 0.0, onset), Frame(1, 0.0, apex), interval, found)
        source = pair_source(onset_path, apex_path, onset)
        return self._report(source, people, found)

    def _clip(self, path: Path, given: NamedFrames | None, by_file_number: bool) -> Report:
        found = Readings()
        with self._open(path) as media:
            if media.info.kind == "image":
                raise InputError(
                    f"{path.name} is one picture, and motion takes two: mellm analyze --onset A --apex B."
                )
            if given:
                if by_file_number:
                    given = indices_of(media, given)
                people, interval = self._look(media, given)
                intervals = {person.person: [interval] for person in people}
                frames = media.info.frames or max(i for i in given if i is not None) + 1
            else:
                people, frames = self._watch(media, self._listeners.progress)
                if self._landmarks is not None:
                    first = people[0].first.frame if people else None
                    with self._clock("faces"):
                        found.warnings += clip_doubts(media, self._landmarks, first, frames)
                intervals = {
                    p.person: [interval_entry(e) for e in p.events if e.kind == "micro"] for p in people
                }
            found.warnings += small_faces(person for person in people if not intervals[person.person])
            for interval in chain.from_iterable(intervals.values()):
                interval.files = file_names(media, interval)
            moments = [(person, interval) for person in people for interval in intervals[person.person]]
            with self._clock("media"):
                source = clip_source(path, media, frames)
            self._listeners.parts.watched(watched_entry(source, people, moments))
            found.spotted = len(moments)
            for number, (person, interval) in enumerate(moments, start=1):
                with self._clock("media"):
                    around = windows(interval.onset_frame, interval.apex_frame, frames)
                    read = media.read(sorted({*around[0], *around[1]}))
                onset, apex = read.get(interval.onset_frame), read.get(interval.apex_frame)
                if onset is not None and apex is not None:
                    self._read(number, person, onset, apex, interval, found, images_of(read, around))
                self._listeners.progress("reading", number, len(moments))
            found.warnings[:0] = media.warnings
        return self._report(source, people, found)

    def _open(self, path: Path) -> Media:
        chosen = self.settings
        return open_media(path, limits=chosen.limits, fps=chosen.fps, overrule=chosen.fps_of == "all")

    def _watch(self, media: Media, progress: Progress) -> tuple[list[Watched], int]:
        return watch(
            media,
            max_people=self.settings.max_people,
            landmarks=self._landmarks,
            progress=progress,
            clock=self._clock,
            spotting=self._spotting(),
            tell=None if self._listeners.events is ignore_events else self._listeners.events,
            parts=self._listeners.parts,
        )

    def _look(self, media: Media, given: NamedFrames) -> tuple[list[Watched], Interval]:
        """Find the people at the onset frame a person named; nothing is spotted."""
        with self._clock("media"):
            frames = read_named(media, given)
        return self._people(frames[given.onset]), named_interval(given, frames)

    def _people(self, frame: Frame) -> list[Watched]:
        """Everyone in one frame."""
        with self._clock("faces"):
            if self._landmarks is not None:
                faces = imported_faces(frame, self._landmarks)
            else:
                faces = find_faces(frame.image, self.settings.max_people)
        return [Watched(face, {frame.index: place_of(face.landmarks)}) for face in faces]

    def _points(self, person: Watched, frame: Frame) -> Landmarks | None:
        """The person's landmarks in one frame; None where the face is not seen."""
        if self._landmarks is not None:
            return self._landmarks.get(frame.index)
        place = person.places.get(frame.index) or place_of(person.first.landmarks)
        with self._clock("faces"):
            return landmarks_at(frame.image, place)

    def _doubts(self, onset: Frame, apex: Frame, points: tuple[Landmarks, Landmarks]) -> list[Message]:
        """Return why a pair cannot be one face's, or given landmarks not its own; mostly nothing."""
        with self._clock("faces"):
            if self._landmarks is not None:
                doubts = [
                    d for f, p in zip((onset, apex), points, strict=True) for d in landmark_doubts(f, p)
                ]
                if doubts:
                    return doubts
            return pair_doubts(onset.image, apex.image, points)

    def _read(
        self,
        number: int,
        person: Watched,
        onset: Frame,
        apex: Frame,
        interval: Interval,
        found: Readings,
        around: Around | None = None,
    ) -> None:
        """Read one interval of one person; its number is from its spotting, what is not read leaves a gap."""
        first, second = self._points(person, onset), self._points(person, apex)
        if first is None or second is None:
            lost = onset if first is None else apex
            where = {"person": person.person, "frame": lost.index}
            found.warnings.append(Message("analysis.face_lost", where))
            return
        doubts = self._doubts(onset, apex, (first, second))
        found.doubted += bool(doubts)
        moment = self._reader.read(
            onset.image,
            apex.image,
            (first, second),
            doubts=doubts,
            person=person.person,
            interval=interval,
            clock=self._clock,
            tell=partial(self._listeners.words, number - 1),
            around=around,
            measured=partial(self._listeners.parts.measured, number),
        )
        moment.reading.number = number
        moment.reading.pictures = {kind: f"me{number}_{kind}.png" for kind in self._kinds()}
        found.add(moment.reading, moment.draw, moment.warnings)
        self._listeners.parts.read(number, moment.reading, partial(found.drawn_of, len(found.draw) - 1))

    def _kinds(self) -> list[str]:
        """The pictures that are drawn of each moment."""
        return [kind for kind in KINDS if kind != "magnified" or self.settings.magnify is not None]

    def _report(self, source: Source, people: list[Watched], found: Readings) -> Report:
        language = self._reader.language
        said = verdict(found.readings, people, doubted=found.doubted)
        notes = [e.note for p in people for e in p.events if e.note is not None and e.kind != "micro"]
        report = Report(
            source=source,
            people=[person_entry(person) for person in people],
            micro_expressions=found.readings,
            spotted=found.spotted,
            other_events=other_entries(people),
            uncertain_events=uncertain_entries(people),
            traces=[trace_entry(p.person, p.motion) for p in people if p.motion is not None],
            verdict=word(said, language),
            warnings=[str(warning) for warning in found.warnings],
            provenance=Provenance(
                mellm_version=__version__,
                created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                models=self._reader.models() | ({} if self._landmarks is not None else face_models()),
                settings=self.settings.recorded(),
                seconds={},
                messages=message_records(said, [*found.warnings, *found.moment_warnings, *notes], language),
            ),
        )
        return report.with_pictures(found.drawn)


def analyze(
    source: str | Path | None = None, *, onset: str | Path | None = None, apex: str | Path | None = None
) -> Report:
    """Analyse a clip or a pair with the default settings; see `Analyzer.analyze`."""
    return Analyzer().analyze(source, onset=onset, apex=apex)


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
