"""Frames in, persons with landmarks, a fixed alignment and the 29 regions out."""

from mellm.face.tracker import FaceTracker, find_faces
from mellm.face.types import FaceObservation, FaceTrack, Landmarks, PersonSummary, Region

__all__ = [
    "FaceObservation",
    "FaceTrack",
    "FaceTracker",
    "Landmarks",
    "PersonSummary",
    "Region",
    "find_faces",
]
