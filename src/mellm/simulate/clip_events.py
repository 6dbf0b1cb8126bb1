"""What happens in a clip and when: events put on whole frames, their course in time, the head's path.

Times are seconds from the first frame; sides are the subject's. The module knows nothing about pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.facs.codes import parse_units
from mellm.simulate.canonical_mesh import Points
from mellm.simulate.pair import ActionUnitTruth
from mellm.simulate.scene_motion import Pose
from mellm.simulate.unit_fields import CAN_BE_ONE_SIDED, TABLE, Variation, au_field, half_of, lid_closure

EventKind = Literal["micro", "macro", "blink"]


@dataclass(frozen=True, slots=True)
class ClipEvent:
    """One movement to put in: FACS codes (`6+12`, `L12`), the peak in px of the clip's frames, three times.

    The motion rises smoothly from onset to apex and falls smoothly to the offset; all in seconds.
    """

    codes: str
    amplitude: float
    onset: float
    apex: float
    offset: float
    kind: EventKind = "micro"


@dataclass(frozen=True, slots=True)
class EventTruth:
    """What was put in: frames from 0 (onset: last still frame before; offset: first still one after)."""

    kind: EventKind
    onset: int
    apex: int
    offset: int
    onset_time: float
    apex_time: float
    offset_time: float
    action_units: tuple[ActionUnitTruth, ...]


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """Everything that was put into a clip.

    size: (width, height) of the frames; None where motion was added to frames that exist
    poses: the head's pose in each frame since frame 0; empty where it is not known
    """

    fps: float
    frames: int
    size: tuple[int, int] | None
    events: tuple[EventTruth, ...]
    poses: tuple[Pose, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class HeadPath:
    """Slow head motion: from rest to `turn` over the clip (smoothly), and a natural sway.

    sway: spread of the sway, px; its rotation is 0.06 degrees per px, its pace about one second.
    """

    turn: Pose = field(default_factory=Pose)
    sway: float = 0.0


def pulse(time: float, onset: float, apex: float, offset: float) -> float:
    """Return the share of the peak at a time: 0 outside onset..offset, 1 at the apex.

    Both flanks are minimum-jerk (Flash & Hogan 1985, eq. 3), at rest at onset, apex and offset; the apex is
    thus held shortly.
    """
    if not onset < time < offset:
        return 0.0
    t = (time - onset) / (apex - onset) if time <= apex else (offset - time) / (offset - apex)
    return t**3 * (10 - 15 * t + 6 * t**2)


def put_on_frames(event: ClipEvent, fps: float, frames: int) -> EventTruth:
    """Put an event on whole frames. Raises InputError where it does not fit into the clip."""
    onset, apex, offset = (round(t * fps) for t in (event.onset, event.apex, event.offset))
    if not 0 <= onset < apex < offset < frames:
        raise InputError(
            f"The event {event.codes or event.kind} at {event.onset:.2f} s must have onset < apex < offset "
            f"on different frames inside the clip's {frames} frames; change its times or the frame rate."
        )
    units = () if event.kind == "blink" else tuple(_units(event.codes, event.amplitude))
    return EventTruth(event.kind, onset, apex, offset, onset / fps, apex / fps, offset / fps, units)


def _units(codes: str, amplitude: float) -> Iterator[ActionUnitTruth]:
    for unit in parse_units(codes):
        side = half_of(unit.side)
        if unit.au not in TABLE or (side != "both" and unit.au not in CAN_BE_ONE_SIDED):
            known = ", ".join(map(str, TABLE))
            raise InputError(
                f"No motion is known for {unit.sided}; use {known}; one side only where FACS has it."
            )
        yield ActionUnitTruth(unit.au, side, amplitude)


def event_field(event: EventTruth, mesh: Points, variation: Variation | None, seed: int) -> Points:
    """Return an event's displacement of the mesh points at its apex, float32 (468, 3), px.

    The units of one event are added up with equal weight and scaled to the event's peak; the truth's
    amplitude is that peak. A blink closes both lids whatever its amplitude.
    """
    if event.kind == "blink":
        return lid_closure(mesh)
    rng = np.random.default_rng(seed)
    total = np.zeros((468, 3), np.float32)
    for unit in event.action_units:
        total += au_field(unit.au, unit.side, mesh, variation, rng)
    peak = float(np.linalg.norm(total[:, :2], axis=1).max())
    return np.asarray(total * (event.action_units[0].amplitude / max(peak, 1e-6)), np.float32)


def head_poses(path: HeadPath, frames: int, fps: float, rng: np.random.Generator) -> tuple[Pose, ...]:
    """Return the head's pose in each frame; frame 0 is at rest."""
    steps = max(3, int(frames / fps) + 3)
    knots = rng.standard_normal((steps, 4))
    where = np.linspace(0, steps - 1, frames)
    sway = np.stack([_smooth(where, knots[:, k]) for k in range(4)], 1) * path.sway
    sway -= sway[0]
    t = np.linspace(0, 1, frames)
    share = t**3 * (10 - 15 * t + 6 * t**2)
    turn = path.turn
    return tuple(
        Pose(
            turn.pitch * s + 0.06 * j[2],
            turn.yaw * s + 0.06 * j[3],
            turn.roll * s,
            (turn.shift[0] * s + j[0], turn.shift[1] * s + j[1]),
            turn.approach * s,
        )
        for s, j in ((float(s), [float(v) for v in row]) for s, row in zip(share, sway, strict=True))
    )


def _smooth(where: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate knots with smooth steps between neighbours."""
    low = np.minimum(where.astype(int), len(knots) - 2)
    t = where - low
    t = t * t * (3 - 2 * t)
    return np.asarray(knots[low] * (1 - t) + knots[low + 1] * t)


def expression_at(truths: Sequence[EventTruth], fields: Sequence[Points], index: int) -> Points:
    """Return the mesh displacement of all events in one frame."""
    total = np.zeros((468, 3), np.float32)
    for event, displacement in zip(truths, fields, strict=True):
        share = pulse(index, event.onset, event.apex, event.offset)
        if share > 0:
            total += np.float32(share) * displacement
    return total
