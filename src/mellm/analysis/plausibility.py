"""Whether the things given belong together: landmarks and picture, onset and apex.

Two people, another clip's landmarks or differently cut pictures give flow like any other pair, and that flow
would be read as an expression. The bounds are measured (docs/face.md). Knows nothing about action units.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face import Alignment, face_mask, find_faces, inter_ocular
from mellm.face.anchors import anchor
from mellm.face.people import Landmarks
from mellm.media import Media
from mellm.media.frame import Frame, Image
from mellm.wording.message import Message

MOST_APART = 0.25
"""Distance of given landmarks from the mesh found in the picture, of the eye distance: mean of the places."""
MOST_SCALED = 1.2
"""Of two frames of one moment, the face in one is at most so many times as large as in the other."""
MOST_SHIFTED = 0.5
"""Eye distances that a face may move from onset to apex."""
LEAST_ALIKE = 0.85
"""Likeness of two pictures of one face in one recording."""
_COMPARED = (
    *(f"{side} eye {corner} corner" for side in ("left", "right") for corner in ("outer", "inner")),
    *("left mouth corner", "right mouth corner", "nose tip"),
)
_PEOPLE = 4


def landmark_doubts(frame: Frame, given: Landmarks) -> list[Message]:
    """Return why given landmarks cannot be those of the face in the picture; empty where they may be.

    They are held against the mesh of the nearest face that is found without them. Where none is found they
    are believed, as long as most of them lie inside the picture.
    """
    height, width = frame.image.shape[:2]
    inside = ((given.xy >= 0) & (given.xy < (width, height))).all(axis=1).mean()
    if inside < 0.5:
        return [Message("analysis.landmarks_elsewhere", {"frame": frame.index})]
    faces = find_faces(frame.image, _PEOPLE)
    if not faces:
        return []
    apart = min(_apart(given, face.landmarks) for face in faces)
    if apart <= MOST_APART:
        return []
    return [Message("analysis.landmarks_elsewhere", {"frame": frame.index})]


def _apart(given: Landmarks, found: Landmarks) -> float:
    """Mean distance of seven places, of the eye distance of the face found."""
    places = [np.stack([anchor(points, name)[:2] for name in _COMPARED]) for points in (given, found)]
    distances = np.linalg.norm(places[0] - places[1], axis=1)
    return float(distances.mean() / max(inter_ocular(found), 1e-6))


def pair_doubts(onset: Image, apex: Image, points: tuple[Landmarks, Landmarks]) -> list[Message]:
    """Return why two pictures cannot be one face in one recording, or cut differently; mostly nothing."""
    first, second = points
    eyes = inter_ocular(first)
    scale = inter_ocular(second) / max(eyes, 1e-6)
    shift = float(np.linalg.norm(_centre(second) - _centre(first))) / max(eyes, 1e-6)
    if not 1 / MOST_SCALED < scale < MOST_SCALED or shift > MOST_SHIFTED:
        return [Message("analysis.pair_cut_differently", {"scale": scale, "shift": shift})]
    if likeness(onset, apex, points) < LEAST_ALIKE:
        return [Message("analysis.pair_of_two_faces")]
    return []


def same_pictures(onset: Image, apex: Image) -> list[Message]:
    """Return a warning where both pictures hold the same, in which nothing can have moved."""
    return [Message("analysis.same_pictures")] if np.array_equal(onset, apex) else []


def likeness(onset: Image, apex: Image, points: tuple[Landmarks, Landmarks]) -> float:
    """How much one face looks like the other, -1..1: both aligned, the second warped to the first.

    Correlation of the grey values inside the face, after a dense flow has taken up what moved.
    """
    alignments = [Alignment.fit(landmarks) for landmarks in points]
    faces = [
        cv2.cvtColor(alignment.crop(image), cv2.COLOR_RGB2GRAY)
        for alignment, image in zip(alignments, (onset, apex), strict=True)
    ]
    inside = face_mask(alignments[0].landmarks_to_crop(points[0]), faces[0].shape)
    solver = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = solver.calc(faces[0], faces[1], None)  # type: ignore[call-overload]
    rows, columns = np.mgrid[: faces[0].shape[0], : faces[0].shape[1]].astype(np.float32)
    warped = cv2.remap(
        faces[1],
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    smooth = [cv2.GaussianBlur(face, (0, 0), 2)[inside].astype(np.float64) for face in (faces[0], warped)]
    return _correlation(smooth[0], smooth[1])


def _centre(landmarks: Landmarks) -> NDArray[np.float64]:
    return np.mean([anchor(landmarks, name)[:2] for name in _COMPARED], axis=0)  # type: ignore[no-any-return]


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's, 1 where both are flat."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / size) if size > 0 else 1.0


def clip_doubts(
    media: Media, landmarks: dict[int, Landmarks], first: int | None, frames: int
) -> list[Message]:
    """Return why given landmarks cannot be this clip's; whether one moment's fit is found out there.

    `first` is the first frame in which they show a face, None where there is none; `frames` those of the
    clip.
    """
    known: dict[str, int] = {"first": min(landmarks), "last": max(landmarks), "frames": frames}
    if first is None:
        return [Message("analysis.landmarks_of_other_frames", known)]
    doubts = [
        doubt for frame in media.read([first]).values() for doubt in landmark_doubts(frame, landmarks[first])
    ]
    if known["last"] >= frames:
        doubts.append(Message("analysis.landmarks_go_on", known))
    return doubts
