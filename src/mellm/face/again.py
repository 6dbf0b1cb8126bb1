"""The same face again: landmarks in a picture where it is known where the face is. No detector runs."""

from mellm.face.mesh import fit_mesh, roi_of
from mellm.face.roi import Roi
from mellm.face.tracker import MIN_PRESENCE
from mellm.face.types import Landmarks
from mellm.media.types import Image


def place_of(landmarks: Landmarks) -> Roi:
    """Where a face is, as four numbers: the turned square round its points."""
    return roi_of(landmarks.points)


def landmarks_at(image: Image, place: Roi) -> Landmarks | None:
    """The 468 points of the face at a place, None where no face is there."""
    points, presence = fit_mesh(image, place)
    return Landmarks(points) if presence >= MIN_PRESENCE else None
