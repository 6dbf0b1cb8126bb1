"""What the stages found, as entries of the report. Plain conversions; nothing is computed twice.

Knows the report's types and the stages' values, not how either was made.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mellm.analysis.clip import Watched
from mellm.analysis.doubtful_moments import too_long
from mellm.analysis.listeners import WatchedClip
from mellm.face import inter_ocular
from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS
from mellm.flow.region_motion import RegionMotion
from mellm.media import Media
from mellm.media.frame import Image
from mellm.report import (
    Interval,
    MessageRecord,
    MicroExpression,
    ModelUsed,
    OtherEvent,
    Person,
    RegionReading,
    Source,
    Trace,
)
from mellm.spot.events import Event, RegionalMotion
from mellm.weights import MODELS
from mellm.wording.languages import Language
from mellm.wording.message import Message

_EVEN = 1e-6
"""Seconds a frame may be off k / fps in an even clip."""


def person_entry(person: Watched) -> Person:
    """Who was seen, and where first."""
    return Person(
        person=person.person,
        frames_seen=len(person.places),
        first_frame=min(person.places),
        last_frame=max(person.places),
        seen=_runs(sorted(person.places)),
        box=person.first.box,
        inter_ocular_px=inter_ocular(person.first.landmarks),
    )


def _runs(frames: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of frames that follow one another."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and frame == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], frame
        else:
            runs.append((frame, frame))
    return runs


def pair_source(onset: Path, apex: Path, picture: Image) -> Source:
    """What was read: two pictures of the size of `picture`."""
    return Source(
        path=str(onset),
        apex_path=str(apex),
        kind="pair",
        sha256=hashlib.sha256(onset.read_bytes() + apex.read_bytes()).hexdigest(),
        width=picture.shape[1],
        height=picture.shape[0],
        frames=2,
    )


def clip_source(path: Path, media: Media, frames: int) -> Source:
    """What was read: a clip of so many frames."""
    return Source(
        path=str(path),
        kind=media.info.kind,
        sha256=media.sha256(),
        width=media.info.width,
        height=media.info.height,
        fps=None if media.info.fps is None else float(media.info.fps),
        frames=frames,
        duration=media.info.duration,
        frame_times=_uneven_times(media, frames),
    )


def _uneven_times(media: Media, frames: int) -> list[float]:
    """Seconds of each frame; empty where frame k is shown at k / fps, or not all times are known."""
    times, rate = media.frame_times(), media.info.fps
    if len(times) < frames:
        return []
    if (
        rate is not None
        and len(times) == frames
        and all(abs(time - index / rate) <= _EVEN for index, time in enumerate(times))
    ):
        return []
    return [round(time, 6) for time in times]


def interval_entry(event: Event) -> Interval:
    """When a spotted event happened."""
    return Interval(
        onset_frame=event.onset,
        apex_frame=event.apex,
        offset_frame=event.offset,
        onset_time=event.onset_time,
        apex_time=event.apex_time,
        offset_time=event.offset_time,
        duration=event.offset_time - event.onset_time,
        confidence=event.confidence,
        origin="spotted",
    )


def other_entries(people: Sequence[Watched]) -> list[OtherEvent]:
    """Return what is no micro-expression, person by person."""
    return [other_entry(p.person, e) for p in people for e in p.events if e.kind != "micro"]


def uncertain_entries(people: Sequence[Watched]) -> list[OtherEvent]:
    """Return what counts and is too unsure to be reported, person by person."""
    return [other_entry(p.person, e) for p in people for e in p.uncertain]


def other_entry(person: int, event: Event) -> OtherEvent:
    """An event that nothing is read from."""
    return OtherEvent(
        person=person,
        kind=event.kind,
        onset_frame=event.onset,
        apex_frame=event.apex,
        offset_frame=event.offset,
        onset_time=event.onset_time,
        apex_time=event.apex_time,
        offset_time=event.offset_time,
        note=str(event.note or ""),
    )


def trace_entry(person: int, motion: RegionalMotion) -> Trace:
    """Mean displacement per face area over time, for the timeline."""
    index = {name: i for i, name in enumerate(motion.regions)}
    size = np.linalg.norm(motion.displacement, axis=2)
    areas: dict[str, list[float | None]] = {}
    for area, names in AREAS.items():
        values = size[:, [index[name] for name in names]].mean(axis=1)
        areas[area] = [None if np.isnan(v) else round(float(v), 4) for v in values]
    return Trace(
        person=person,
        frames=[int(f) for f in motion.frames],
        times=[round(float(t), 6) for t in motion.times],
        areas=areas,
    )


def watched_entry(
    source: Source, people: list[Watched], moments: list[tuple[Watched, Interval]]
) -> WatchedClip:
    """What is known of a clip before its moments are read."""
    return WatchedClip(
        source=source,
        people=[person_entry(person) for person in people],
        moments=[(person.person, interval) for person, interval in moments],
        other_events=[other_entry(p.person, e) for p in people for e in p.events if e.kind != "micro"],
        traces=[trace_entry(p.person, p.motion) for p in people if p.motion is not None],
        motions={p.person: p.motion for p in people if p.motion is not None},
    )


def face_models() -> dict[str, ModelUsed]:
    """The models that find and follow faces, as a report's provenance lists them."""
    return {
        model.name.replace("-", "_"): ModelUsed(name=model.file, sha256=model.sha256)
        for model in MODELS
        if model.group == "face"
    }


def region_motion(reading: RegionReading) -> RegionMotion:
    """A region's entry as the measurement it came from, for prompts."""
    return RegionMotion(
        name=RegionId(reading.name),
        u=reading.u_px,
        v=reading.v_px,
        mean=reading.mean_px,
        max=reading.max_px,
        relative=reading.relative,
        angle=reading.angle_deg,
        octant=reading.octant,
        concentration=reading.concentration,
        moving=reading.moving,
    )


def verdict(readings: list[MicroExpression], people: list[Watched], *, doubted: int = 0) -> Message:
    """Return what was found, or why nothing was; `doubted` moments have parts that cannot belong together."""
    if not people:
        return Message("verdict.nobody")
    found = [me for me in readings if me.emotion.label]
    if found:
        said = tuple(map(suggestion, found))
        if all(too_long(me.interval) for me in found):
            return Message("verdict.found_longer", {"count": len(found), "people": said})
        return Message("verdict.found", {"count": len(found), "people": said})
    if doubted:
        return Message("verdict.doubted")
    if readings:
        return Message("verdict.no_evidence")
    reasons = {str(p.reason): (p.person, p.reason) for p in people if p.reason}
    if len(reasons) > 1:
        parts = (Message("verdict.reason", {"person": n, "why": why}) for n, why in reasons.values())
        return Message("verdict.reasons", {"people": tuple(parts)})
    return next((why for _, why in reasons.values()), Message("verdict.unread"))


def suggestion(me: MicroExpression) -> Message:
    """Return what a person's micro-expression suggests, as verdicts list it."""
    if me.emotion.label is None:
        return Message("verdict.suggests_none", {"person": me.person})
    return Message("verdict.suggests", {"person": me.person, "label": me.emotion.label})


def message_records(verdict: Message, others: Iterable[Message], language: Language) -> list[MessageRecord]:
    """Return code and fields of a verdict in a language and of English sentences, each sentence once."""
    records = [MessageRecord.of(verdict, language), *map(MessageRecord.of, others)]
    return list({record.text: record for record in records if record.code != "text"}.values())
