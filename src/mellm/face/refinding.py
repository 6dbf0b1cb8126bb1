"""Landmarks of a face in a picture where its place is known from another picture; no detector runs."""

from mellm.face.mesh import fit_mesh, roi_of
from mellm.face.people import Landmarks
from mellm.face.roi import Roi
from mellm.face.tracker import MIN_PRESENCE
from mellm.media.frame import Image


def place_of(landmarks: Landmarks) -> Roi | None:
    """Where a face is, as four numbers: the turned square round its mesh; None for other schemes."""
    return roi_of(landmarks.points) if landmarks.scheme == "mesh468" else None


def landmarks_at(image: Image, place: Roi | None) -> Landmarks | None:
    """The 468 points of the face at a place, None where no face is there."""
    if place is None:
        return None
    points, presence = fit_mesh(image, place)
    return Landmarks(points) if presence >= MIN_PRESENCE else None
