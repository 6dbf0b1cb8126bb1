"""What the stages found, as entries of the report. Plain conversions; nothing is computed twice.

Knows the report's types and the stages' values, not how either was made.
"""

import hashlib
from pathlib import Path

import numpy as np

from mellm.analysis.clip import Watched
from mellm.face import inter_ocular
from mellm.face.region_id import RegionId
from mellm.face.regions import AREAS
from mellm.facs import emotion_name
from mellm.flow.region_motion import RegionMotion
from mellm.media import Media
from mellm.media.frame import Image
from mellm.report import Interval, MicroExpression, OtherEvent, Person, RegionReading, Source, Trace
from mellm.spot.events import Event, RegionalMotion
from mellm.wording.names import Language


def person_entry(person: Watched) -> Person:
    """Who was seen, and where first."""
    return Person(
        person=person.person,
        frames_seen=len(person.places),
        first_frame=min(person.places),
        last_frame=max(person.places),
        box=person.first.box,
        inter_ocular_px=inter_ocular(person.first.landmarks),
    )


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
    )


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


def other_entry(person: int, event: Event) -> OtherEvent:
    """An event that is not a micro-expression."""
    assert event.kind != "micro"
    return OtherEvent(
        person=person,
        kind=event.kind,
        onset_frame=event.onset,
        apex_frame=event.apex,
        offset_frame=event.offset,
        onset_time=event.onset_time,
        apex_time=event.apex_time,
        offset_time=event.offset_time,
        note=event.note,
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


def verdict(readings: list[MicroExpression], people: list[Watched], language: Language) -> str:
    """One sentence: what was found, or why nothing was."""
    which = ("en", "zh").index(language)
    if not people:
        return VERDICTS["nobody"][which]
    found = [r for r in readings if r.emotion.label]
    if found:
        who = VERDICTS["who"][which]
        parts = [who.format(r.person, emotion_name(r.emotion.label or "", language)) for r in found]
        joined = VERDICTS["joint"][which].join(parts)
        return VERDICTS["found" if len(found) == 1 else "several"][which].format(len(found), joined)
    if readings:
        return VERDICTS["no evidence"][which]
    reasons = {p.reason: p.person for p in people if p.reason}
    if len(reasons) > 1:
        person = VERDICTS["person"][which]
        return " ".join(person.format(number, reason) for reason, number in reasons.items())
    return next(iter(reasons), VERDICTS["unread"][which])


VERDICTS = {
    "nobody": (
        "No micro-expression found: no face was seen in any frame.",
        "未发现微表情：所有帧中都没有看到人脸。",
    ),
    "who": ("person {}: suggests {}", "人物 {}：提示{}"),
    "joint": ("; ", "；"),
    "found": ("{} micro-expression found ({}).", "发现 {} 个微表情（{}）。"),
    "several": ("{} micro-expressions found ({}).", "发现 {} 个微表情（{}）。"),
    "no evidence": (
        "No evidence of a micro-expression: no region moved as an action unit would move it.",
        "没有微表情的证据：没有区域出现动作单元应有的运动。",
    ),
    "person": ("Person {}: {}", "人物 {}：{}"),
    "unread": (
        "No micro-expression found: no face could be read at the frames given.",
        "未发现微表情：在给定的帧中无法读取人脸。",
    ),
}
"""Verdicts and their parts, English and Chinese."""
