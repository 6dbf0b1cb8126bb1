"""Measures of one face from its landmarks, in any scheme: size, eyes, pose, outline.

Sides are image sides. Knows one frame (or a frame and a reference frame); nothing about motion over time.
"""

from dataclasses import dataclass
from math import asin, atan2, degrees

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.face.anchors import FACE_OVAL, anchor, anchors
from mellm.face.mean_face import MEAN_FACE
from mellm.face.people import Landmarks


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees: `pitch` > 0 nose up, `yaw` > 0 nose to the picture's right, `roll` > 0 clockwise on screen."""

    pitch: float
    yaw: float
    roll: float


def inter_ocular(landmarks: Landmarks) -> float:
    """Distance between the outer eye corners in the picture, px."""
    left = anchor(landmarks, "left eye outer corner")[:2]
    right = anchor(landmarks, "right eye outer corner")[:2]
    return float(np.linalg.norm(right - left))


def face_height(landmarks: Landmarks) -> float:
    """From the top of the brows to the chin along the face's own vertical, px."""
    _, down = face_axes(landmarks)
    brows = anchor(landmarks, "left brow outer top", "left brow inner top", "right brow outer top",
                   "right brow inner top")  # fmt: skip
    return float((anchor(landmarks, "chin")[:2] - brows[:2]) @ down)


def face_axes(landmarks: Landmarks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors (2,) of the face in the picture: along the eyes to the picture's right, and down."""
    along = anchor(landmarks, "right eye outer corner")[:2] - anchor(landmarks, "left eye outer corner")[:2]
    along = along / np.linalg.norm(along)
    return along, np.array([-along[1], along[0]])


def nose_tip(landmarks: Landmarks) -> tuple[float, float]:
    """The tip of the nose (u, v), px."""
    tip = anchor(landmarks, "nose tip")
    return float(tip[0]), float(tip[1])


def eye_opening(landmarks: Landmarks) -> tuple[float, float]:
    """Lid aperture over eye width, (image left, image right); about 0.3 open, under 0.15 shut."""
    return _eye_opening(landmarks, "left"), _eye_opening(landmarks, "right")


def mouth_opening(landmarks: Landmarks) -> float:
    """Height between the lips over the mouth's width: about 0 shut, 0.3 in an open vowel.

    Schemes without inner lips give the height between the middles of the lips' outer edges.
    """
    if landmarks.scheme == "mesh468":
        upper, lower = landmarks.xy[13], landmarks.xy[14]
    else:
        upper, lower = (anchor(landmarks, f"{lip} lip centre")[:2] for lip in ("upper", "lower"))
    width = anchor(landmarks, "left mouth corner")[:2] - anchor(landmarks, "right mouth corner")[:2]
    return float(np.linalg.norm(upper - lower) / max(float(np.linalg.norm(width)), 1e-6))


def head_pose(landmarks: Landmarks, reference: Landmarks | None = None) -> HeadPose:
    """Rotation of the head against a reference frame, or against a mean face looking at the camera.

    With depth in both (mesh468) it is the rigid fit of all points (Umeyama 1991); without, the
    scaled-orthographic fit of the mean face's anchors, which is coarse in pitch. Absolute pitch holds
    within several degrees, as faces differ; changes against a reference are far better.
    """
    if reference is None:
        return _angles(_rotation_from_mean(landmarks))
    if landmarks.points.shape[1] == 3 and reference.points.shape == landmarks.points.shape:
        return _angles(_rigid_rotation(reference.points, landmarks.points))
    return _angles(_rotation_from_mean(landmarks) @ _rotation_from_mean(reference).T)


def face_mask(landmarks: Landmarks, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """True inside the face: bool (H, W) for a picture of that shape.

    The outline of the mesh; the convex hull of the points in schemes that have no forehead.
    """
    points = landmarks.xy
    outline = points[list(FACE_OVAL)] if landmarks.scheme == "mesh468" else cv2.convexHull(points)[:, 0]
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1)
    return mask.astype(bool)


def _eye_opening(landmarks: Landmarks, side: str) -> float:
    def place(name: str) -> NDArray[np.float64]:
        return anchor(landmarks, f"{side} {name}")[:2]

    aperture = np.linalg.norm(place("upper lid centre") - place("lower lid centre"))
    return float(aperture / np.linalg.norm(place("eye outer corner") - place("eye inner corner")))


def _rotation_from_mean(landmarks: Landmarks) -> NDArray[np.float64]:
    places = anchors(landmarks)
    if places.shape[1] == 3:
        return _rigid_rotation(MEAN_FACE, places)
    model = MEAN_FACE - MEAN_FACE.mean(axis=0)
    affine = np.linalg.lstsq(model, places - places.mean(axis=0), rcond=None)[0].T
    left, _, right = np.linalg.svd(affine, full_matrices=False)
    rows = left @ right
    return np.vstack([rows, np.cross(rows[0], rows[1])])


def _rigid_rotation(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rotation (3, 3) of the least-squares similarity from source to target (Umeyama 1991, eq. 40)."""
    a = np.asarray(source, np.float64) - source.mean(axis=0)
    b = np.asarray(target, np.float64) - target.mean(axis=0)
    left, _, right = np.linalg.svd(b.T @ a)
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray(left @ turn @ right)


def _angles(rotation: NDArray[np.float64]) -> HeadPose:
    """Angles of Rz(roll) Ry(-yaw) Rx(-pitch): u right, v down, z away, so a frontal nose points to -z."""
    return HeadPose(
        pitch=-degrees(atan2(rotation[2, 1], rotation[2, 2])),
        yaw=degrees(asin(float(np.clip(rotation[2, 0], -1, 1)))),
        roll=degrees(atan2(rotation[1, 0], rotation[0, 0])),
    )
