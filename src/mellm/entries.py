"""What the stages found, as entries of the report. Plain conversions; nothing is computed twice.

Knows the report's types and the stages' values, not how either was made.
"""

import numpy as np

from mellm.face import inter_ocular
from mellm.face.regions import AREAS
from mellm.flow.motion import RegionMotion
from mellm.report import Interval, MicroExpression, OtherEvent, Person, RegionReading, Trace
from mellm.spot.types import Event, RegionalMotion
from mellm.watch import Watched


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
        name=reading.name,
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


def verdict(readings: list[MicroExpression], people: list[Watched]) -> str:
    """One sentence: what was found, or why nothing was."""
    if not people:
        return "No micro-expression found: no face was seen in any frame."
    found = [r for r in readings if r.emotion.label]
    if found:
        parts = "; ".join(f"person {r.person}: suggests {r.emotion.label}" for r in found)
        return f"{len(found)} micro-expression{'s' if len(found) > 1 else ''} found ({parts})."
    if readings:
        return "No evidence of a micro-expression: no region moved as an action unit would move it."
    reasons = {p.reason: p.person for p in people if p.reason}
    if len(reasons) > 1:
        return " ".join(f"Person {person}: {reason}" for reason, person in reasons.items())
    return next(iter(reasons), "No micro-expression found: no face could be read at the frames given.")
