"""Frames in, persons with landmarks, a fixed alignment and the 29 regions out."""

from mellm.face.alignment import CROP_SIZE, Alignment
from mellm.face.anchors import ANCHOR_NAMES, FACE_OVAL
from mellm.face.geometry import (
    HeadPose,
    eye_opening,
    face_height,
    face_mask,
    head_pose,
    inter_ocular,
    nose_tip,
)
from mellm.face.landmark_files import load_landmarks
from mellm.face.mean_face import MEAN_FACE, template_landmarks
from mellm.face.people import FaceObservation, FaceTrack, Landmarks, PersonSummary, Region
from mellm.face.regions import AREAS, REFERENCE_INTER_OCULAR, REGION_NAMES, regions_of
from mellm.face.tracker import FaceTracker, find_faces

__all__ = [
    "ANCHOR_NAMES",
    "AREAS",
    "CROP_SIZE",
    "FACE_OVAL",
    "MEAN_FACE",
    "REFERENCE_INTER_OCULAR",
    "REGION_NAMES",
    "Alignment",
    "FaceObservation",
    "FaceTrack",
    "FaceTracker",
    "HeadPose",
    "Landmarks",
    "PersonSummary",
    "Region",
    "eye_opening",
    "face_height",
    "face_mask",
    "find_faces",
    "head_pose",
    "inter_ocular",
    "load_landmarks",
    "nose_tip",
    "regions_of",
    "template_landmarks",
]
