"""Brief movements put into the pictures of a real clip: frames warped on their own mesh, encoded anew.

The warp is smooth over the face, so it adds motion and nothing else. The frames about each movement are
encoded anew; the others stay as they are in the clip. Knows nothing about spotting.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import inter_ocular
from mellm.face.people import FaceObservation
from mellm.face.regions import REFERENCE_INTER_OCULAR
from mellm.media import open_media
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import canonical_to_mesh, face_width
from mellm.simulate.clip_events import pulse
from mellm.simulate.origins import Field, Origin, draw_face_motion
from mellm.simulate.video_writer import write_video

GRID = 4
"""The warp is evaluated on every fourth pixel around the face."""
REACH = 0.025
"""Face widths over which the motion of a mesh point spreads."""
CRF = 18
"""Quality of the encoding: what a careful publisher uses."""
MARGIN = 0.3
"""Seconds before and after a movement that are encoded and traced anew with it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A movement put in: frames of the clip; peak in px at 200 px between the outer eye corners.

    field: float64 (468, 3), canonical axes, peak 1 in the picture plane
    """

    onset: int
    apex: int
    offset: int
    peak: float
    origin: Origin
    field: Field


def plan(
    times: Sequence[float],
    peak: float,
    origins: Sequence[Origin],
    rng: np.random.Generator,
    *,
    gap: float = 2.0,
) -> list[Placed]:
    """Draw movements for a clip with these frame times, s: 0.2 to 0.5 s long, `gap` to `gap` + 1.5 s apart.

    ICT needs its file and is not drawn here. The replayed people are those of the test split.
    """
    at = np.asarray(times)
    placed: list[Placed] = []
    onset = at[0] + float(rng.uniform(0.4, 1.2))
    while True:
        lasts = float(rng.triangular(0.2, 0.38, 0.5))
        apex = onset + lasts * float(rng.uniform(0.33, 0.6))
        if onset + lasts > at[-1] - 0.3:
            return placed
        origin = origins[int(rng.integers(len(origins)))]
        field = draw_face_motion(origin, rng, split="test").displacement
        first, top, last = (int(np.abs(at - t).argmin()) for t in (onset, apex, onset + lasts))
        if first < top < last:
            placed.append(Placed(first, top, last, peak, origin, field))
        onset += lasts + gap + float(rng.uniform(0, 1.5))


def stretches(placed: Sequence[Placed], times: Sequence[float]) -> list[tuple[int, int]]:
    """First and last frame about each movement, `MARGIN` to both sides."""
    at = np.asarray(times)
    return [
        (
            int(np.searchsorted(at, at[event.onset] - MARGIN)),
            int(np.searchsorted(at, at[event.offset] + MARGIN, side="right")) - 1,
        )
        for event in placed
    ]


def write_injected(
    clip: Path,
    out: Path,
    faces: Sequence[FaceObservation | None],
    placed: Sequence[Placed],
    spans: Sequence[tuple[int, int]],
    fps: float,
) -> None:
    """Write the frames of these spans with the movements put in, one span after another, as H.264.

    faces: the face in each frame of the clip, or None. Sizes are cut to even numbers.
    """
    write_video(out, _frames(clip, faces, placed, spans), fps, crf=CRF)


def _frames(
    clip: Path,
    faces: Sequence[FaceObservation | None],
    placed: Sequence[Placed],
    spans: Sequence[tuple[int, int]],
) -> Iterator[Image]:
    with open_media(clip) as media:
        for frame, face in zip(media.frames(), faces, strict=False):
            if not any(first <= frame.index <= last for first, last in spans):
                continue
            height, width = (side // 2 * 2 for side in frame.image.shape[:2])
            image = frame.image[:height, :width]
            yield image if face is None else moved(image, face, placed, frame.index)


def moved(image: Image, face: FaceObservation, placed: Sequence[Placed], index: int) -> Image:
    """The frame with all movements as far as they are at this frame; `image` itself where none is."""
    mesh = face.landmarks.points
    total = np.zeros((len(mesh), 2))
    for event in placed:
        if (share := pulse(index, event.onset, event.apex, event.offset)) > 0:
            vector = event.field @ canonical_to_mesh(mesh).T
            size = event.peak * inter_ocular(face.landmarks) / REFERENCE_INTER_OCULAR
            largest = float(np.linalg.norm(vector[:, :2], axis=1).max())
            total += share * size / max(largest, 1e-9) * vector[:, :2]
    return warped(image, mesh, total) if np.any(total) else image


def warped(image: Image, mesh: NDArray[np.floating], motion: NDArray[np.float64]) -> Image:
    """The picture with the mesh points (N, 3) moved by `motion` (N, 2) px, smooth in between."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    margin = 0.15 * (high - low)
    limit = np.array([image.shape[1], image.shape[0]])
    left, top = (int(v) for v in np.floor(np.clip(low - margin, 0, limit - 2)))
    right, bottom = (int(v) for v in np.ceil(np.clip(high + margin, 2, limit)))
    size = (right - left, bottom - top)
    columns, rows = (max(2, side // GRID) for side in size)
    sigma = REACH * face_width(mesh.astype(np.float32))
    x = (np.arange(columns) + 0.5) * size[0] / columns - 0.5 + left
    y = (np.arange(rows) + 0.5) * size[1] / rows - 0.5 + top
    # The kernel is a product of one along x and one along y: no table over all points and cells.
    along = np.exp(-0.5 * ((x[:, None] - mesh[None, :, 0]) / sigma) ** 2)
    down = np.exp(-0.5 * ((y[:, None] - mesh[None, :, 1]) / sigma) ** 2)
    weight = down @ along.T
    # The share of the peak weight ties the surroundings of the face down.
    field = [(down * motion[:, k]) @ along.T / (weight + 0.05 * weight.max()) for k in (0, 1)]
    u, v = (cv2.resize(f.astype(np.float32), size, interpolation=cv2.INTER_CUBIC) for f in field)
    px, py = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    # Backwards: where does this pixel come from? One step of fixed-point iteration.
    back_u = cv2.remap(u, px - u, py - v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    back_v = cv2.remap(v, px - u, py - v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    part = cv2.remap(
        image.astype(np.float32),
        (px - back_u + left).astype(np.float32),
        (py - back_v + top).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    out = image.copy()
    out[top:bottom, left:right] = np.clip(np.rint(part), 0, 255).astype(np.uint8)
    return out
