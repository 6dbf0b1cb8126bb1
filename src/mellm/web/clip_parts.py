"""Parts of a clip and of its result over the wire: its frames, what is known so far, a face over time.

Frames count from 0, times are seconds. Knows no storage and no HTTP.
"""

from pydantic import Field

from mellm.report import Interval, MicroExpression, OtherEvent, Person, Source, Trace
from mellm.web.wire import WireModel


class FrameTable(WireModel):
    """The frames of a job's clip: `times[i]` is when frame i is shown, seconds."""

    width: int
    height: int
    fps: float | None
    times: list[float] = Field(description="Asked for compactly: empty where frame k is shown at k / fps")
    count: int
    names: list[str] = Field(default_factory=list, description="File of each frame, for a folder of frames")
    sound: bool = False

    def compact(self) -> "FrameTable":
        """The table without times that the rate says already."""
        rate = self.fps
        even = rate and all(abs(time - k / rate) < _EVEN for k, time in enumerate(self.times))
        return self.model_copy(update={"times": []}) if even else self


_EVEN = 1e-6
"""Seconds by which a frame may be off k / fps in an even clip."""


class Spotted(WireModel):
    """A moment that was spotted and is yet to be read; its reading has the same person and apex."""

    number: int
    person: int
    onset: int
    apex: int
    offset: int | None
    onset_time: float | None
    apex_time: float | None
    offset_time: float | None
    confidence: float

    @classmethod
    def of(cls, number: int, person: int, when: Interval) -> "Spotted":
        """A moment of the report, or one that will be."""
        return cls(
            number=number,
            person=person,
            onset=when.onset_frame,
            apex=when.apex_frame,
            offset=when.offset_frame,
            onset_time=when.onset_time,
            apex_time=when.apex_time,
            offset_time=when.offset_time,
            confidence=when.confidence,
        )


class Partial(WireModel):
    """What is known of a clip so far; `complete` once its job is done."""

    complete: bool = False
    source: Source | None = None
    people: list[Person] = Field(default_factory=list)
    moments: list[Spotted] = Field(default_factory=list)
    micro_expressions: list[MicroExpression] = Field(default_factory=list)
    other_events: list[OtherEvent] = Field(default_factory=list)
    traces: list[Trace] = Field(default_factory=list)


class FaceCourse(WireModel):
    """A face over some frames: `points` in px of the picture, one list a frame; `lines` joins them by place.

    `pose` is yaw, pitch and roll of the head, degrees (yaw > 0: the nose to the picture's right; pitch > 0:
    up; roll > 0: clockwise). `regions` is how far each region has moved, px of the 400x480 crop, head motion
    removed; null in frames that were not traced. All have an entry for each of `frames`, those with a face.
    """

    person: int
    frames: list[int]
    points: list[list[tuple[float, float]]]
    lines: list[tuple[int, int]]
    pose: list[tuple[float, float, float]]
    regions: dict[str, list[float | None]]
