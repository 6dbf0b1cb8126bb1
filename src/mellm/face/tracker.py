"""People in pictures and clips: detection, mesh, and their numbers from frame to frame.

While a face is tracked, the mesh of one frame gives the region for the next (as MediaPipe's face-mesh graph
does) and no detector runs. Knows nothing about expressions.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

import numpy as np

from mellm.face.detector import Detection, covered, intersection_over_union, whole
from mellm.face.mesh import fit_mesh, roi_of
from mellm.face.people import FaceObservation, FaceTrack, Landmarks, PersonSummary
from mellm.face.roi import Roi
from mellm.face.search import look, right_way_up, search, tiles, turned
from mellm.media.frame import Frame, Image

MIN_PRESENCE = 0.5
FIRST_PRESENCE = 0.1
"""Enough where the detector's rough region was looked at, as the region from the mesh is then decisive."""
STEADY = 0.5
"""Intersection over union of a mesh and its refit, under which there was no face."""
MAX_COVERED = 0.3
"""Of two faces, one with more than this part of its box inside the other's is no second person."""
SEARCH_EVERY = 15
"""Frames from one round of looks for further people to the next, while there may be more."""
LOOKS_PER_FRAME = 4
"""Squares that such a round takes per frame, so that no frame takes long."""
NEIGHBOURHOOD = 2.0
"""A lost face is looked for in a square this many times the one its mesh was fitted in."""
RECENT = 30
"""Frames for which a lost person is looked for at every frame."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Face:
    landmarks: Landmarks
    score: float

    @property
    def box(self) -> Box:
        return self.landmarks.box

    def seen(self, frame: int, time: float, person: int) -> FaceObservation:
        return FaceObservation(frame, time, person, self.box, self.landmarks, self.score)


def find_faces(image: Image, max_people: int = 4) -> list[FaceObservation]:
    """The people in one picture, uint8 (H, W, 3) RGB, counted from 1, left to right.

    Where there are more than `max_people`, the largest are taken. The list is empty where nobody is seen.
    The landmarks are those of MediaPipe's FaceMesh in its mode for single pictures. To compare two
    pictures, give both to one FaceTracker: it looks at the second where it saw the face in the first.

    >>> import numpy as np
    >>> find_faces(np.zeros((64, 64, 3), np.uint8))
    []
    """
    faces = _fit(image, search(image, thorough=max_people > 1), [], max_people, refined=False)
    return [face.seen(0, 0.0, person) for person, face in enumerate(_left_to_right(faces), start=1)]


class FaceTracker:
    """Follows people through the frames of one clip; give it the frames in order.

    `people` sums up everyone seen so far; `tracks` holds every observation, only where `keep` is set
    (about 6 kB per face and frame). A person who is lost and seen again near the same place at a like size
    keeps the number; at a cut between scenes that may join two people.
    """

    def __init__(self, max_people: int = 4, *, keep: bool = False) -> None:
        """Follow at most `max_people` at a time, the largest faces first."""
        if max_people < 1:
            raise ValueError(f"max_people is {max_people}; it must be at least 1")
        self.max_people = max_people
        self.keep = keep
        self.people: dict[int, PersonSummary] = {}
        self.tracks: dict[int, FaceTrack] = {}
        self._rois: dict[int, Roi] = {}
        self._last: dict[int, FaceObservation] = {}
        self._next_round = 0
        self._places: list[Roi] = []
        self._begun = False

    def update(self, frame: Frame) -> list[FaceObservation]:
        """The people in this frame, by number; empty where nobody is seen."""
        faces = self._follow(frame.image)
        free = self.max_people - len(faces)
        if free > 0:
            known = list(faces.values())
            new = _fit(frame.image, self._look_for_others(frame, faces), known, free, refined=True)
            for face in _left_to_right(new):
                faces[self._number(face, frame.time, faces)] = face
        self._rois = {person: roi_of(face.landmarks.points) for person, face in faces.items()}
        observations = [faces[person].seen(frame.index, frame.time, person) for person in sorted(faces)]
        for observation in observations:
            self._remember(observation)
        return observations

    def _follow(self, image: Image) -> dict[int, _Face]:
        """Fit the mesh where each person was in the frame before; drop those not seen and duplicates."""
        faces: dict[int, _Face] = {}
        for person, roi in sorted(self._rois.items()):
            face = _fitted(image, roi)
            if face.score >= MIN_PRESENCE and not _among(face.box, faces.values()):
                faces[person] = face
        return faces

    def _look_for_others(self, frame: Frame, faces: dict[int, _Face]) -> list[Detection]:
        """Faces besides those followed: everywhere at first, then a few squares at a time.

        While someone is missing, also where they were last, and in the whole picture.
        """
        image = frame.image
        if not self._begun:
            self._begun = True
            return search(image, thorough=True)
        if not self._places and frame.index >= self._next_round:
            self._next_round = frame.index + SEARCH_EVERY
            self._places = [whole(image), *tiles(image, 1), *tiles(image, 2)]
            if not faces:
                self._places += [*tiles(image, 3), *turned(image)]
        now, self._places = self._places[:LOOKS_PER_FRAME], self._places[LOOKS_PER_FRAME:]
        missing = [
            roi_of(self._last[person].landmarks.points)
            for person, summary in self.people.items()
            if person not in faces and frame.index - summary.last_frame <= RECENT
        ]
        near = [replace(place, size=place.size * NEIGHBOURHOOD) for place in missing]
        return look(image, near + ([whole(image)] if missing or not faces else []) + now)

    def _number(self, face: _Face, time: float, taken: Container[int]) -> int:
        """The number of the lost person this must be, or the next free one."""
        left, top, width, height = face.box
        nearest, best = len(self.people) + 1, np.inf
        for person, last in self._last.items():
            if person in taken:
                continue
            l0, t0, w0, h0 = last.box
            distance = np.hypot(left + width / 2 - l0 - w0 / 2, top + height / 2 - t0 - h0 / 2) / max(h0, w0)
            # The longer away, the farther a head may have gone; beyond one and a half heads it is a guess.
            reach = min(0.5 + max(time - last.time, 0.0), 1.5)
            if distance < min(reach, best) and 0.6 < height / h0 < 1.7:
                nearest, best = person, float(distance)
        if nearest not in self.people:
            self.people[nearest] = PersonSummary(nearest)
        return nearest

    def _remember(self, seen: FaceObservation) -> None:
        self._last[seen.person] = seen
        self.people[seen.person].add(seen)
        if self.keep:
            self.tracks.setdefault(seen.person, FaceTrack(seen.person)).observations.append(seen)


def _fitted(image: Image, roi: Roi) -> _Face:
    points, presence = fit_mesh(image, roi)
    return _Face(Landmarks(points), presence)


def _fit(
    image: Image, found: list[Detection], known: list[_Face], limit: int, *, refined: bool
) -> list[_Face]:
    """Meshes of at most `limit` found faces, without those already known.

    The mesh is fitted a second time where the first fit places the face; without a face there, the detection
    was false. `refined` returns the second fit, which later frames are comparable with.
    """
    faces: list[_Face] = []
    for detection in found:
        if len(faces) == limit:
            break
        if _among(detection.box, known):
            continue
        first = _fitted(image, right_way_up(image, detection).roi)
        if first.score < FIRST_PRESENCE:
            continue
        second = _fitted(image, roi_of(first.landmarks.points))
        steady = intersection_over_union(first.box, second.box) > STEADY
        face = second if refined or first.score < MIN_PRESENCE else first
        if second.score >= MIN_PRESENCE and steady and not _among(face.box, [*known, *faces]):
            faces.append(face)
    return faces


def _among(box: Box, faces: Iterable[_Face]) -> bool:
    return any(covered(box, other.box) > MAX_COVERED for other in faces)


def _left_to_right(faces: list[_Face]) -> list[_Face]:
    return sorted(faces, key=lambda face: face.box[0] + face.box[2] / 2)
