"""Clips of known motion: a photograph set into a micro-expression over time, or motion added to a real clip.

Times are seconds from the first frame; every event is put on whole frames, so onset, apex and offset are
exact. Sides are the subject's. Knows nothing about spotting.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from mellm.data.meflow.action_units import Side, Variation, au_field, lid_closure
from mellm.data.meflow.canonical import Points
from mellm.data.meflow.gallery import read_picture
from mellm.data.meflow.scene import Motion, Pose, Scene
from mellm.data.meflow.sensor import Camera, photograph
from mellm.data.meflow.types import ActionUnitTruth
from mellm.errors import InputError
from mellm.face.tracker import find_faces
from mellm.face.types import Landmarks
from mellm.facs.codes import parse_codes
from mellm.media.types import Image

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
    """Everything that was put into a clip. `poses` is the head's pose in each frame since frame 0."""

    fps: float
    frames: int
    size: tuple[int, int]
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


def _put_on_frames(event: ClipEvent, fps: float, frames: int) -> EventTruth:
    onset, apex, offset = (round(t * fps) for t in (event.onset, event.apex, event.offset))
    if not 0 <= onset < apex < offset < frames:
        raise InputError(
            f"The event {event.codes or event.kind} at {event.onset:.2f} s must have onset < apex < offset "
            f"on different frames inside the clip's {frames} frames; change its times or the frame rate."
        )
    units = () if event.kind == "blink" else tuple(_units(event.codes, event.amplitude))
    return EventTruth(event.kind, onset, apex, offset, onset / fps, apex / fps, offset / fps, units)


def _units(codes: str, amplitude: float) -> Iterator[ActionUnitTruth]:
    for unit in parse_codes(codes).units:
        side = unit.side if unit.side in ("left", "right") else "both"
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
        side: Side = "left" if unit.side == "left" else "right" if unit.side == "right" else "both"
        total += au_field(unit.au, side, mesh, variation, rng)
    peak = float(np.linalg.norm(total[:, :2], axis=1).max())
    return np.asarray(total * (event.action_units[0].amplitude / max(peak, 1e-6)), np.float32)


def _poses(path: HeadPath, frames: int, fps: float, rng: np.random.Generator) -> tuple[Pose, ...]:
    """The head's pose in each frame; frame 0 is at rest."""
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


def make_clip(
    photo: Image | str | Path,
    *,
    fps: float = 30.0,
    seconds: float = 2.0,
    events: Sequence[ClipEvent] = (),
    blinks: Sequence[float] = (),
    macro: Sequence[ClipEvent] = (),
    head: HeadPath | None = None,
    noise: Camera | None = None,
    seed: int = 0,
    mesh: Points | None = None,
    frame: tuple[float, float, float] | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[Iterator[Image], ClipTruth]:
    """Set a still photograph into known motion over time; return its frames (made lazily) and the truth.

    events, macro: movements to put in (macro-expressions are longer and larger); blinks: times of the
        closed eye, s (a blink takes 0.1 s to close, 0.2 s to open)
    head: slow head motion; noise: the camera, independent noise in every frame (None: no noise)
    mesh: float32 (468, 3) px of the photo; found by the face model where not given
    frame: (left, top, zoom): the cut-out's corner in photo px and photo px per frame px; default the whole
        picture. size: (width, height) of the frames, even numbers.

    Raises InputError where no face is found or an event does not fit into the clip.
    """
    picture = photo if isinstance(photo, np.ndarray) else read_picture(Path(photo))
    if mesh is None:
        faces = find_faces(picture, max_people=1)
        if not faces:
            raise InputError("No face was found in the photograph; use a frontal portrait.")
        mesh = faces[0].landmarks.points
    left, top, zoom = frame or (0.0, 0.0, 1.0)
    width, height = size or (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)
    count = round(fps * seconds)
    blink_events = [ClipEvent("45", 0.0, t - 0.1, t, t + 0.2, "blink") for t in blinks]
    macro_events = [ClipEvent(e.codes, e.amplitude, e.onset, e.apex, e.offset, "macro") for e in macro]
    truths = sorted(
        (_put_on_frames(e, fps, count) for e in (*events, *macro_events, *blink_events)),
        key=lambda e: e.onset,
    )
    rng = np.random.default_rng(seed)
    poses = _poses(head or HeadPath(), count, fps, rng)
    truth = ClipTruth(fps, count, (width, height), tuple(truths), poses, seed)
    scene = Scene(picture, mesh, np.array([[zoom, 0, left], [0, zoom, top]]), (width, height))
    variation = Variation(reach=0.15, wider=0.15, weight=0.2, turn=0.15)
    fields = [event_field(e, scene.mesh, variation, seed + k) for k, e in enumerate(truths)]

    def frames() -> Iterator[Image]:
        for index, pose in enumerate(poses):
            image = scene.draw(Motion(_expression(truths, fields, index), pose))
            yield image if noise is None else photograph(image, noise, rng)

    return frames(), truth


def _expression(truths: Sequence[EventTruth], fields: Sequence[Points], index: int) -> Points:
    """The mesh displacement of all events in one frame."""
    total = np.zeros((468, 3), np.float32)
    for event, displacement in zip(truths, fields, strict=True):
        share = pulse(index, event.onset, event.apex, event.offset)
        if share > 0:
            total += np.float32(share) * displacement
    return total


def inject(
    frames: Iterable[Image],
    landmarks: Sequence[Landmarks | None],
    events: Sequence[ClipEvent],
    *,
    fps: float,
    seed: int = 0,
) -> tuple[Iterator[Image], ClipTruth]:
    """Add known movements to a real clip: every frame is warped by the events placed on its own mesh.

    landmarks: 468-point mesh with depth for each frame (None: no face; the frame is passed on as it is).
    All frames with a face are resampled alike, moving or not, so resampling betrays nothing. Amplitudes are
    px of the clip's frames. Returns the frames (lazily) and the truth.
    """
    truths = sorted((_put_on_frames(e, fps, len(landmarks)) for e in events), key=lambda e: e.onset)
    first = next((m for m in landmarks if m is not None), None)
    if first is None or first.points.shape != (468, 3):
        raise InputError("Motion can be added only to a clip with 468-point face meshes; find faces first.")
    variation = Variation(reach=0.15, wider=0.15, weight=0.2, turn=0.15)

    def moved() -> Iterator[Image]:
        for index, (image, marks) in enumerate(zip(frames, landmarks, strict=True)):
            yield image if marks is None else _inject_one(image, marks.points, index)

    def _inject_one(image: Image, mesh: Points, index: int) -> Image:
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        reach = 0.6 * (high - low)
        limit = np.array([image.shape[1], image.shape[0]])
        x0, y0 = np.clip(np.floor(low - reach), 0, limit - 2).astype(int)
        x1, y1 = np.clip(np.ceil(high + reach), 2, limit).astype(int)
        cut = np.array([[1.0, 0, x0], [0, 1.0, y0]])
        scene = Scene(image, mesh, cut, (int(x1 - x0), int(y1 - y0)))
        fields = [event_field(e, scene.mesh, variation, seed + k) for k, e in enumerate(truths)]
        out = image.copy()
        out[y0:y1, x0:x1] = scene.draw(Motion(_expression(truths, fields, index)))
        return out

    size = (0, 0)
    return moved(), ClipTruth(fps, len(landmarks), size, tuple(truths), (), seed)


def write_video(
    path: str | Path, frames: Iterable[Image], fps: float, *, crf: int = 12, pixel_format: str = "yuv420p"
) -> None:
    """Write frames, uint8 (H, W, 3) RGB of even size, as H.264 (crf 12: visually lossless).

    `yuv420p` plays everywhere; `yuv444p` keeps the colour's full resolution.
    """
    with av.open(str(path), "w") as container:
        stream = None
        for image in frames:
            if stream is None:
                height, width = image.shape[:2]
                if (width % 2 or height % 2) and pixel_format == "yuv420p":
                    raise InputError(f"A video's size must be even, not {width}x{height}; crop a pixel.")
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100_000))
                stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
                stream.options = {"crf": str(crf), "preset": "medium"}
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        if stream is None:
            raise InputError("A video needs at least one frame.")
        for packet in stream.encode(None):
            container.mux(packet)


def demo_clip(out_path: str | Path, *, seed: int = 0) -> ClipTruth:
    """Write the demonstration clip and return what was put in.

    The shipped portrait (astronaut Eileen Collins, NASA, public domain, as distributed by scikit-image),
    2.4 s at 30 fps, with sensor noise, a small head turn and one micro-expression: cheeks and mouth corners
    raised on both sides (AU 6+12) for 0.37 s.
    """
    photo = read_picture(Path(str(files("mellm.data") / "portrait.jpg")))
    frames, truth = make_clip(
        photo,
        fps=30.0,
        seconds=2.4,
        events=[ClipEvent("6+12", 2.5, 1.1, 1.1 + 4 / 30, 1.1 + 11 / 30)],
        head=HeadPath(Pose(yaw=2.5, pitch=0.5, shift=(2.0, 0.5)), sway=0.15),
        noise=Camera(read=0.8, shot=1.5, chroma=0.3),
        seed=seed,
        frame=(122.0, 10.0, 0.45),
        size=(480, 480),
    )
    write_video(out_path, frames, truth.fps)
    return truth
