"""Clips of known motion: a photograph set into a micro-expression over time, or motion added to a real clip.

Every event is put on whole frames, so onset, apex and offset are exact. Knows nothing about spotting.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from mellm.errors import InputError
from mellm.face.people import Landmarks
from mellm.face.tracker import find_faces
from mellm.media import read_image
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import Points
from mellm.simulate.clip_events import (
    ClipEvent,
    ClipTruth,
    EventTruth,
    HeadPath,
    event_field,
    expression_at,
    head_poses,
    pulse,
    put_on_frames,
)
from mellm.simulate.scene import Motion, Pose, Scene
from mellm.simulate.sensor import Camera, photograph
from mellm.simulate.unit_fields import Variation
from mellm.simulate.video_writer import write_video

__all__ = [
    "ClipEvent",
    "ClipPlan",
    "ClipTruth",
    "EventTruth",
    "HeadPath",
    "demo_clip",
    "inject",
    "make_clip",
    "pulse",
    "write_video",
]

_VARIATION = Variation(reach=0.15, wider=0.15, weight=0.2, turn=0.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPlan:
    """What is to be seen in a clip, and how it is filmed.

    events, macro: movements to put in (macro-expressions are longer and larger); blinks: times of the
        closed eye, s (a blink takes 0.1 s to close, 0.2 s to open)
    head: slow head motion; noise: the camera, independent noise in every frame (None: no noise)
    mesh: float32 (468, 3) px of the photo; found by the face model where not given
    frame: (left, top, zoom): the cut-out's corner in photo px and photo px per frame px; default the whole
        picture. size: (width, height) of the frames, even numbers.
    """

    fps: float = 30.0
    seconds: float = 2.0
    events: Sequence[ClipEvent] = ()
    blinks: Sequence[float] = ()
    macro: Sequence[ClipEvent] = ()
    head: HeadPath | None = None
    noise: Camera | None = None
    seed: int = 0
    mesh: Points | None = None
    frame: tuple[float, float, float] | None = None
    size: tuple[int, int] | None = None

    def truths(self) -> tuple[EventTruth, ...]:
        """Put all movements on frames, in order of their onsets."""
        blinks = (ClipEvent("45", 0.0, t - 0.1, t, t + 0.2, "blink") for t in self.blinks)
        macro = (replace(event, kind="macro") for event in self.macro)
        count = round(self.fps * self.seconds)
        placed = (put_on_frames(e, self.fps, count) for e in (*self.events, *macro, *blinks))
        return tuple(sorted(placed, key=lambda event: event.onset))


def make_clip(
    photo: Image | str | Path, plan: ClipPlan | None = None, **changes: Any
) -> tuple[Iterator[Image], ClipTruth]:
    """Set a still photograph into known motion over time; return its frames (made lazily) and the truth.

    `changes` are fields of the plan: `make_clip(photo, fps=60)` is `make_clip(photo, ClipPlan(fps=60))`.
    Raises InputError where no face is found or an event does not fit into the clip.
    """
    plan = replace(plan or ClipPlan(), **changes)
    picture = photo if isinstance(photo, np.ndarray) else read_image(Path(photo))
    mesh = plan.mesh
    if mesh is None:
        faces = find_faces(picture, max_people=1)
        if not faces:
            raise InputError("No face was found in the photograph; use a frontal portrait.")
        mesh = faces[0].landmarks.points
    left, top, zoom = plan.frame or (0.0, 0.0, 1.0)
    size = plan.size or (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)
    truths, count = plan.truths(), round(plan.fps * plan.seconds)
    rng = np.random.default_rng(plan.seed)
    poses = head_poses(plan.head or HeadPath(), count, plan.fps, rng)
    scene = Scene(picture, mesh, np.array([[zoom, 0, left], [0, zoom, top]]), size)
    fields = [event_field(e, scene.mesh, _VARIATION, plan.seed + k) for k, e in enumerate(truths)]

    def frames() -> Iterator[Image]:
        for index, pose in enumerate(poses):
            image = scene.draw(Motion(expression_at(truths, fields, index), pose))
            yield image if plan.noise is None else photograph(image, plan.noise, rng)

    return frames(), ClipTruth(plan.fps, count, size, truths, poses, plan.seed)


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
    truths = sorted((put_on_frames(e, fps, len(landmarks)) for e in events), key=lambda e: e.onset)
    first = next((m for m in landmarks if m is not None), None)
    if first is None or first.points.shape != (468, 3):
        raise InputError("Motion can be added only to a clip with 468-point face meshes; find faces first.")

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
        fields = [event_field(e, scene.mesh, _VARIATION, seed + k) for k, e in enumerate(truths)]
        out = image.copy()
        out[y0:y1, x0:x1] = scene.draw(Motion(expression_at(truths, fields, index)))
        return out

    return moved(), ClipTruth(fps, len(landmarks), None, tuple(truths), (), seed)


def demo_clip(out_path: str | Path, *, seed: int = 0) -> ClipTruth:
    """Write the demonstration clip and return what was put in.

    The shipped portrait (astronaut Eileen Collins, NASA, public domain, as distributed by scikit-image),
    2.4 s at 30 fps, with sensor noise, a small head turn and one micro-expression: cheeks and mouth corners
    raised on both sides (AU 6+12) for 0.37 s.
    """
    photo = read_image(Path(str(files("mellm.data") / "portrait.jpg")))
    plan = ClipPlan(
        fps=30.0,
        seconds=2.4,
        events=[ClipEvent("6+12", 2.5, 1.1, 1.1 + 4 / 30, 1.1 + 11 / 30)],
        head=HeadPath(Pose(yaw=2.5, pitch=0.5, shift=(2.0, 0.5)), sway=0.15),
        noise=Camera(read=0.8, shot=1.5, chroma=0.3),
        seed=seed,
        frame=(122.0, 10.0, 0.45),
        size=(480, 480),
    )
    frames, truth = make_clip(photo, plan)
    write_video(out_path, frames, truth.fps)
    return truth
