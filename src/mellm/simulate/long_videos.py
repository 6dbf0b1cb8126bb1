"""Long videos of generated faces whose expressions and blinks follow a real schedule, with the truth beside.

Every event is at its scheduled time and shows its coded units; between events the face rests, the head sways
slowly, and each frame has its own noise. Frames in which the face rests are not drawn anew. The truth is a
table (`truth.csv`) that the evaluation of long videos reads for any video.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.geometry import inter_ocular
from mellm.face.people import Landmarks
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.facs.codes import parse_codes
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import Points, canonical_to_mesh
from mellm.simulate.clip_events import HeadPath, head_poses, pulse
from mellm.simulate.gallery import Gallery, Portrait
from mellm.simulate.origins import Origin, draw_face_motion, known_units
from mellm.simulate.scene import Motion, Pose, Scene
from mellm.simulate.schedules import FPS, Scheduled, Stretch
from mellm.simulate.unit_fields import Side, half_of, lid_closure
from mellm.simulate.video_writer import write_video

TRUTH = "truth.csv"
SIZE = (320, 360)
"""Width and height of the frames."""
PEAKS = {"micro": (1.0, 3.5), "macro": (3.0, 9.0)}
"""Smallest and largest peak, px at 200 px between the outer eye corners."""
_NOISE = 1.3
"""Grey levels of noise, each frame its own."""
_FIELDS = 24
"""Different pictures of noise; each frame takes one, turned and shifted by chance."""
_UNMOVED = frozenset({43, 45, 46})


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One row of a truth table: frames from 0, inclusive; `units` in codes; `emotion` may lack."""

    video: str
    person: str
    kind: str
    onset: int
    apex: int
    offset: int
    units: str = ""
    emotion: str = ""


def write_truth(folder: Path, rows: Sequence[TrueEvent]) -> None:
    """Write the table of what is in the videos of a folder."""
    with (folder / TRUTH).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(TrueEvent)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def make_long_videos(
    stretches: Sequence[Stretch],
    faces: Path,
    out: Path,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[TrueEvent]:
    """Render each stretch on a face of the test split; videos that are there already are kept.

    The table of truth is written after each video. Raises InputError where no face is usable.
    """
    gallery = Gallery(faces)
    portraits = gallery.of("test") or gallery.portraits
    order = np.random.default_rng(seed).permutation(len(portraits))
    out.mkdir(parents=True, exist_ok=True)
    rows: list[TrueEvent] = []
    for number, stretch in enumerate(stretches):
        name = f"long{number + 1:02d}.mp4"
        digest = hashlib.sha256(f"{seed}/{name}/{stretch.name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        film = _Film(stretch, portraits[int(order[number % len(order)])], rng)
        rows += film.truth(name) or [TrueEvent(name, film.person, "none", 0, 0, 0)]
        if not (out / name).is_file():
            told = (lambda k, n=name, f=film: progress(n, k, f.count)) if progress else None
            partial = out / f".{name}.partial.mp4"
            write_video(partial, film.frames(told), FPS, crf=16)
            partial.rename(out / name)
        write_truth(out, rows)
    return rows


@dataclass(frozen=True, slots=True)
class _Acted:
    """An event on its frames, with its displacement at the apex, float32 (468, 3) px."""

    event: Scheduled
    frames: tuple[int, int, int]
    units: str
    field: Points


class _Film:
    """One video in the making."""

    def __init__(self, stretch: Stretch, portrait: Portrait, rng: np.random.Generator) -> None:
        self._rng, self.person, self.count = rng, stretch.person, round(stretch.seconds * FPS)
        low, high = portrait.mesh[:, :2].min(axis=0), portrait.mesh[:, :2].max(axis=0)
        zoom = float(high[1] - low[1]) * 1.45 / SIZE[1]
        corner = (low + high) / 2 - zoom * np.array(SIZE) * (0.5, 0.53)
        place: NDArray[np.float64] = np.array([[zoom, 0, corner[0]], [0, zoom, corner[1]]])
        self._scene = Scene(portrait.read(), portrait.mesh, place, SIZE)
        self._origin = (Origin.TABLE, Origin.MUSCLE)[int(rng.integers(2))]
        acted = (self._act(event) for event in stretch.events)
        self._acted = [one for one in acted if one is not None]

    def truth(self, name: str) -> list[TrueEvent]:
        return [
            TrueEvent(name, self.person, a.event.kind, *a.frames, a.units, a.event.emotion)
            for a in self._acted
        ]

    def frames(self, told: Callable[[int], None] | None) -> Iterator[Image]:
        poses = head_poses(HeadPath(Pose(), sway=0.8), self.count, FPS, self._rng)
        shape = (SIZE[1], SIZE[0], 3)
        noise = self._rng.normal(0, _NOISE, (_FIELDS, *shape)).astype(np.float32)
        rest = self._scene.draw(Motion(np.zeros((468, 3), np.float32))).astype(np.float32)
        for index, pose in enumerate(poses):
            field = self._field(index)
            picture = rest if field is None else self._scene.draw(Motion(field)).astype(np.float32)
            turned = cv2.getRotationMatrix2D((SIZE[0] / 2, SIZE[1] * 0.7), -pose.roll - 0.3 * pose.yaw, 1.0)
            turned[:, 2] += np.asarray(pose.shift)
            moved = cv2.warpAffine(
                picture, turned, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            grain = noise[int(self._rng.integers(_FIELDS))][:: int(self._rng.choice((-1, 1)))]
            grain = np.roll(grain, int(self._rng.integers(SIZE[0])), axis=1)
            yield np.clip(np.rint(moved + grain), 0, 255).astype(np.uint8)
            if told and index % 30 == 0:
                told(index)

    def _field(self, index: int) -> Points | None:
        total = None
        for acted in self._acted:
            share = _course(index, acted)
            if share > 0:
                part = np.float32(share) * acted.field
                total = part if total is None else total + part
        return total

    def _act(self, event: Scheduled) -> _Acted | None:
        onset, apex, offset = (round(t * FPS) for t in (event.onset, event.apex, event.offset))
        if not 0 <= onset < apex < offset < self.count:
            return None
        mesh = self._scene.mesh
        if event.kind == "blink":
            return _Acted(event, (onset, apex, offset), "45", lid_closure(mesh))
        known = known_units(self._origin) - _UNMOVED
        units: list[tuple[int, Side]] = [
            (u.au, half_of(u.side)) for u in parse_codes(event.units).present if u.au in known
        ]
        if not units:
            return None
        motion = draw_face_motion(self._origin, self._rng, split="test", units=units)
        vector = motion.displacement @ canonical_to_mesh(mesh).T
        peak = float(np.exp(self._rng.uniform(*np.log(PEAKS[event.kind]))))
        px = peak * inter_ocular(Landmarks(mesh)) / REFERENCE_INTER_OCULAR
        scale = px / max(float(np.linalg.norm(vector[:, :2], axis=1).max()), 1e-9)
        codes = "+".join(f"{'' if side == 'both' else side[0].upper()}{au}" for au, side in units)
        return _Acted(event, (onset, apex, offset), codes, (scale * vector).astype(np.float32))


def _course(index: int, acted: _Acted) -> float:
    """Share of the peak: a rise and a fall; longer expressions stay near their apex for a while."""
    onset, apex, offset = acted.frames
    if acted.event.kind != "macro":
        return pulse(index, onset, apex, offset)
    fall = min(offset - apex, max(8, (offset - apex) // 2))
    if index >= apex:
        return 1.0 if index < offset - fall else pulse(index, offset - 2 * fall, offset - fall, offset)
    return pulse(index, onset, apex, offset)
