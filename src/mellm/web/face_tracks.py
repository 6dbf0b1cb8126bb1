"""Where the faces of a clip are, frame by frame: outlines, head pose and the motion of their regions.

Kept beside a result as `tracks.npz` for the page's overlay; points as 16-bit steps of the picture, some 500
bytes for a face and frame. Knows no job and no HTTP.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.face import head_pose
from mellm.face.anchors import FACE_OVAL
from mellm.face.people import FaceObservation, Landmarks
from mellm.spot.events import RegionalMotion
from mellm.web.clip_parts import FaceCourse

TRACKS_FILE = "tracks.npz"

_LINES: tuple[tuple[int, ...], ...] = (
    (*FACE_OVAL, FACE_OVAL[0]),
    (46, 53, 52, 65, 55),
    (70, 63, 105, 66, 107),
    (285, 295, 282, 283, 276),
    (336, 296, 334, 293, 300),
    (33, 160, 158, 133, 153, 144, 33),
    (362, 385, 387, 263, 373, 380, 362),
    (168, 197, 5, 4),
    (98, 2, 327),
    (61, 39, 0, 269, 291, 321, 17, 91, 61),
    (78, 82, 13, 312, 308, 317, 14, 87, 78),
)
"""Lines of the 468-point mesh that draw a face: outline, brows, eyes, nose, lips."""

_CHOSEN: tuple[int, ...] = tuple(dict.fromkeys(point for line in _LINES for point in line))
_PLACE = {point: k for k, point in enumerate(_CHOSEN)}

_SPAN = 65535


def lines_of(count: int) -> list[tuple[int, int]]:
    """Which of the kept points are joined; none for schemes of other points than the mesh."""
    if count != len(_CHOSEN):
        return []
    return [(_PLACE[a], _PLACE[b]) for line in _LINES for a, b in pairwise(line)]


class FaceTracks:
    """Collects faces while a clip is watched."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._frames: dict[int, list[int]] = defaultdict(list)
        self._points: dict[int, list[NDArray[np.float32]]] = defaultdict(list)
        self._poses: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
        self.motions: Mapping[int, RegionalMotion] = {}

    def add(self, frame: int, faces: Sequence[FaceObservation]) -> None:
        """Keep the faces of one frame."""
        for face in faces:
            pose = head_pose(face.landmarks)
            self._frames[face.person].append(frame)
            self._points[face.person].append(_chosen(face.landmarks))
            self._poses[face.person].append((pose.yaw, pose.pitch, pose.roll))

    def save(self, folder: Path) -> None:
        """Write `tracks.npz`."""
        parts: dict[str, NDArray[np.generic]] = {}
        for person, frames in self._frames.items():
            points = np.stack(self._points[person])
            low = float(points.min())
            step = max((float(points.max()) - low) / _SPAN, 1e-6)
            parts |= {
                f"{person}/frames": np.asarray(frames, np.int32),
                f"{person}/points": np.round((points - low) / step).astype(np.uint16),
                f"{person}/scale": np.asarray([low, step], np.float64),
                f"{person}/pose": np.asarray(self._poses[person], np.float16),
            }
        for person, motion in self.motions.items():
            size = np.linalg.norm(motion.displacement, axis=2)
            parts |= {
                f"{person}/traced": motion.frames.astype(np.int32),
                f"{person}/motion": size.astype(np.float16),
                f"{person}/regions": np.asarray([str(region) for region in motion.regions]),
            }
        with (folder / TRACKS_FILE).open("wb") as out:
            np.savez(out, **parts)  # type: ignore[arg-type]


def face_course(folder: Path, person: int, first: int, last: int) -> FaceCourse | None:
    """One face from frame `first` to `last`; None where the result has no such person's track."""
    file = folder / TRACKS_FILE
    if not file.is_file():
        return None
    with np.load(file) as parts:
        if f"{person}/frames" not in parts:
            return None
        frames = parts[f"{person}/frames"]
        chosen = slice(*np.searchsorted(frames, (first, last + 1)))
        low, step = parts[f"{person}/scale"]
        points = parts[f"{person}/points"][chosen] * step + low
        pose = parts[f"{person}/pose"][chosen].astype(np.float64)
        regions: dict[str, list[float | None]] = {}
        if f"{person}/traced" in parts:
            rows = {int(frame): k for k, frame in enumerate(parts[f"{person}/traced"])}
            motion = parts[f"{person}/motion"]
            at = [rows.get(int(frame)) for frame in frames[chosen]]
            for k, name in enumerate(parts[f"{person}/regions"]):
                values = [None if row is None else float(motion[row, k]) for row in at]
                regions[str(name)] = [None if v is None or np.isnan(v) else round(v, 3) for v in values]
    return FaceCourse(
        person=person,
        frames=[int(frame) for frame in frames[chosen]],
        points=[[(round(float(u), 2), round(float(v), 2)) for u, v in face] for face in points],
        lines=lines_of(points.shape[1]),
        pose=[(round(float(y), 1), round(float(p), 1), round(float(r), 1)) for y, p, r in pose],
        regions=regions,
    )


def _chosen(landmarks: Landmarks) -> NDArray[np.float32]:
    """The points that are drawn; all of them in schemes of fewer points."""
    return landmarks.xy[list(_CHOSEN)] if landmarks.scheme == "mesh468" else landmarks.xy
