"""Head motion: the part of the facial flow that a rigid head explains, dense over the picture.

The default, `mesh-rigid`, samples the facial flow at all mesh points and fits a rotation in 3D, a shift and
a change of size (a scaled orthographic camera) by iteratively re-weighted least squares, so that points
that move by themselves get no weight. The depth of the mesh, spread over the picture, turns the fit into
dense head flow. Knows nothing of how the facial flow was made.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.face.anchors import anchor
from mellm.face.people import Landmarks
from mellm.flow.depth import Surface, face_surface
from mellm.flow.field import FlowField, HeadMotion
from mellm.flow.rigid import RigidFit, fit_rigid
from mellm.wording.message import Message

Box = tuple[int, int, int, int]
Points = NDArray[np.float64]
Compensated = tuple[FlowField, HeadMotion | None, tuple[Message, ...]]

OUTSIDE = Message("flow.face_outside")

LARGE_TURN = 4.0
"""Degrees from which a turn is worth a warning: a tenth of its motion may be left over."""

CAMERA = 5.5
"""Assumed distance of the camera in widths of the face mesh (14 cm): about 75 cm. Twice or half of it
costs less than leaving perspective out (docs/flow.md)."""

REACH = 0.08
"""Neighbourhood over which mesh points share one say, in widths of the face mesh."""


def compensate(
    facial: FlowField, landmarks: Landmarks | None, method: str = "mesh-rigid", box: Box | None = None
) -> Compensated:
    """Return head flow float32 (H, W, 2) px, the head's motion where known, and warnings.

    `facial` is the flow of the whole face; `landmarks` the onset frame's points in the same pixels; `box`
    (left, top, right, bottom) is where `facial` was estimated, by default everywhere. Methods are the keys
    of `COMPENSATIONS`; without landmarks all but `none` become `similarity`. Raises InputError for an
    unknown method.
    """
    if method not in COMPENSATIONS:
        raise InputError(
            f"There is no head-motion compensation named {method!r}; "
            f"choose one of {', '.join(COMPENSATIONS)}."
        )
    height, width = facial.shape[:2]
    area = box or (0, 0, width, height)
    if landmarks is None and method != "none":
        return _similarity(facial, None, area)
    return COMPENSATIONS[method](facial, landmarks, area)


def sample(flow: FlowField, points: Points) -> Points:
    """Return the flow (N, 2) at `points` (N, 2), px: the mean of the 5x5 pixels around each."""
    calm = cv2.blur(flow, (5, 5))
    x, y = (points[:, k : k + 1].astype(np.float32) for k in (0, 1))
    return np.asarray(cv2.remap(calm, x, y, cv2.INTER_LINEAR)[:, 0], np.float64)


def evenly(points: Points) -> Points:
    """Return a weight (N,) per point that gives each piece of the face the same influence.

    The mesh is densest around eyes and mouth, which are the parts that expressions move: without this, the
    fit follows them. The weight is one over the number of points within about `REACH` of the face's width.
    """
    reach = REACH * max(1.0, float(np.ptp(points[:, 0])))
    square = (points**2).sum(1)
    apart = square[:, None] + square[None] - 2 * points @ points.T
    return np.asarray(1 / np.exp(apart.astype(np.float32) / np.float32(-2 * reach**2)).sum(1), np.float64)


def _camera(points: Points) -> float:
    """Distance of the camera, px, as seen from points of a face."""
    return CAMERA * max(1.0, float(np.ptp(points[:, 0])))


def _inside(points: NDArray[np.floating[Any]], width: int, height: int) -> NDArray[np.bool_]:
    return np.asarray(
        (points[:, 0] >= 0) & (points[:, 0] <= width - 1) & (points[:, 1] >= 0) & (points[:, 1] <= height - 1)
    )


def _none(facial: FlowField, landmarks: Landmarks | None, box: Box) -> Compensated:
    return np.zeros_like(facial), None, ()


def nose_mean(flow: FlowField, landmarks: Landmarks, size: int = 11) -> NDArray[np.float32]:
    """Return the mean flow (u, v), px, of the `size` x `size` patch at the nose tip.

    11 in the vision route (2505.07007v1), 5 for the flow route's residual (v3). Raises InputError for a
    nose outside the picture.
    """
    x, y = np.rint(anchor(landmarks, "nose tip")[:2]).astype(int)
    half = size // 2
    patch = flow[max(0, y - half) : max(0, y + half + 1), max(0, x - half) : max(0, x + half + 1)]
    if patch.size == 0:
        raise InputError("The nose tip lies outside the picture; give a picture with the whole face.")
    return np.asarray(patch.reshape(-1, 2).mean(0), np.float32)


def _nose_patch(facial: FlowField, landmarks: Landmarks | None, box: Box) -> Compensated:
    assert landmarks is not None
    try:
        mean = nose_mean(facial, landmarks)
    except InputError:
        return np.zeros_like(facial), None, (OUTSIDE,)
    head = np.broadcast_to(mean, facial.shape).copy()
    return head, HeadMotion(0.0, 0.0, 0.0, float(mean[0]), float(mean[1]), 1.0, 1.0, 0.0), ()


def _similarity(facial: FlowField, landmarks: Landmarks | None, box: Box) -> Compensated:
    """Shift, turn in the picture's plane and change of size, fitted robustly to points or to a grid."""
    height, width = facial.shape[:2]
    if landmarks is None:
        left, top, right, bottom = box
        xs, ys = np.meshgrid(np.linspace(left, right - 1, 24), np.linspace(top, bottom - 1, 24))
        points = np.stack([xs.ravel(), ys.ravel()], 1)
    else:
        points = landmarks.xy.astype(np.float64)
    points = points[_inside(points, width, height)]
    if len(points) < 6:
        return np.zeros_like(facial), None, (OUTSIDE,)
    flat = np.concatenate([points, np.zeros((len(points), 1))], 1)
    fit = fit_rigid(flat, sample(facial, points), _camera(points), turn=False, prior=evenly(points))
    head = fit.dense(width, height, lambda x, y: np.zeros_like(x))
    return head, fit.motion(), ()


def _mesh_rigid(facial: FlowField, landmarks: Landmarks | None, box: Box) -> Compensated:
    """Robust 3D rigid fit on all visible landmarks; see the module's docstring."""
    assert landmarks is not None
    height, width = facial.shape[:2]
    surface = face_surface(landmarks)
    fit = _mesh_fit(facial, landmarks, surface)
    if fit is None:
        return np.zeros_like(facial), None, (OUTSIDE,)
    motion, warnings = _told(fit, landmarks)
    return fit.dense(width, height, surface), motion, warnings


def head_motion(flow: FlowField, landmarks: Landmarks) -> tuple[HeadMotion | None, tuple[Message, ...]]:
    """Return what `mesh-rigid` says of the head's motion in `flow` (H, W, 2) px, and warnings, without dense
    flow.
    """
    fit = _mesh_fit(flow, landmarks, face_surface(landmarks))
    return _told(fit, landmarks) if fit else (None, (OUTSIDE,))


def _mesh_fit(facial: FlowField, landmarks: Landmarks, surface: Surface) -> RigidFit | None:
    """The rigid motion of the landmarks in the picture; None where fewer than 12 are."""
    height, width = facial.shape[:2]
    xy = landmarks.xy[_inside(landmarks.xy, width, height)]
    if len(xy) < 12:
        return None
    # The surface's own depth, also at mesh points: hidden ones lie behind what the picture shows there.
    depth = surface(xy[:, :1], xy[:, 1:])[:, 0]
    points = np.column_stack([xy, depth]).astype(np.float64)
    return fit_rigid(points, sample(facial, points), _camera(points), prior=evenly(points[:, :2]))


def _told(fit: RigidFit, landmarks: Landmarks) -> tuple[HeadMotion, tuple[Message, ...]]:
    """A fit's motion, and warnings about it."""
    motion = fit.motion()
    warnings: tuple[Message, ...] = ()
    if landmarks.points.shape[1] < 3:
        warnings += (Message("flow.no_depth", {"scheme": landmarks.scheme}),)
    if motion.degrees > LARGE_TURN:
        warnings += (Message("flow.head_turned", {"degrees": motion.degrees}),)
    return motion, warnings


COMPENSATIONS: dict[str, Callable[[FlowField, Landmarks | None, Box], Compensated]] = {
    "mesh-rigid": _mesh_rigid,
    "similarity": _similarity,
    "nose-patch": _nose_patch,
    "none": _none,
}
"""Name -> method."""
