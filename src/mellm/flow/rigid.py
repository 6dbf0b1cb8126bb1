"""A rigid head before a camera, fitted to flow at points by robust least squares.

Knows points with depth and their motion in the picture, nothing of faces or pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.field import FlowField, HeadMotion
from mellm.flow.robust import huber_then_tukey

Points = NDArray[np.float64]
Surface = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Picture coordinates x, y (two arrays of one shape, px) -> depth there, px, smaller = nearer."""

GRID_STEP = 4
"""Head flow is evaluated on every fourth pixel and interpolated: it is smooth."""

ORTHOGRAPHIC = 1e7
"""A camera distance, px, at which perspective is gone: the scaled orthographic camera."""


@dataclass(frozen=True, slots=True)
class RigidFit:
    """The head turned and moved before a pinhole camera whose axis passes through the head's centre.

    center: (3,) px, the point turned about; rotation: (3, 3), axes x right, y down, z away from the camera;
    shift: (2,) px the centre moves in the picture; scale: size at the apex over size at the onset;
    distance: px from the camera to `center`; weights: (N,) 0..1, the robust weights of the points;
    residual: (N,) px, what the fit leaves there
    Without perspective: apex = center + shift + scale * (rotation @ (onset - center)), first two rows.
    """

    center: NDArray[np.float64]
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float
    distance: float
    weights: NDArray[np.float64]
    residual: NDArray[np.float64]

    def dense(self, width: int, height: int, surface: Surface) -> FlowField:
        """Return the motion of every pixel, float32 (height, width, 2), with depths from `surface`."""
        columns, rows = -(-width // GRID_STEP), -(-height // GRID_STEP)
        # Cell centres, as cv2.resize sees them.
        x, y = np.meshgrid(
            ((np.arange(columns) + 0.5) * width / columns - 0.5).astype(np.float32),
            ((np.arange(rows) + 0.5) * height / rows - 0.5).astype(np.float32),
        )
        u, v, z = (a - np.float32(c) for a, c in zip((x, y, surface(x, y)), self.center, strict=True))
        distance = np.float32(self.distance)
        # Pixels back to the head (at its centre one px stays one px), moved, and into the picture again.
        away = (distance + z) / distance
        matrix = self.rotation.astype(np.float32)
        approach = self.distance / self.scale - self.distance
        shift = np.array([*(self.shift / self.scale), approach], np.float32)
        body = (u * away, v * away, z)
        moved = [
            sum((m * b for m, b in zip(row, body, strict=True)), s)
            for row, s in zip(matrix, shift, strict=True)
        ]
        # Pixels so far off the head that they would pass behind the camera are none of the head's.
        near = distance / np.maximum(distance + moved[2], 0.2 * distance)
        coarse = np.stack([moved[0] * near - u, moved[1] * near - v], -1)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def motion(self) -> HeadMotion:
        """Return the fit as pitch, yaw, roll (degrees), shift, scale and quality."""
        turn = np.degrees(cv2.Rodrigues(self.rotation)[0].ravel())
        weight = float(self.weights.sum())
        rms = float(np.sqrt((self.weights * self.residual**2).sum() / max(weight, 1e-9)))
        return HeadMotion(
            pitch=float(-turn[0]),
            yaw=float(-turn[1]),
            roll=float(turn[2]),
            u=float(self.shift[0]),
            v=float(self.shift[1]),
            scale=self.scale,
            support=float(self.weights.mean()),
            residual=rms,
        )


def fit_rigid(
    points: Points,
    flow: Points,
    distance: float = ORTHOGRAPHIC,
    *,
    turn: bool = True,
    prior: Points | None = None,
    rounds: int = 12,
) -> RigidFit:
    """Fit a rigid motion to `flow` (N, 2) px at `points` (N, 3) px by Gauss-Newton with re-weighting.

    `distance` is that of the camera, px; the weights are `mellm.flow.robust.huber_then_tukey`. `turn=False`
    leaves out the rotations out of the picture's plane. `prior` (N,) multiplies the weights.
    Needs at least 4 points.
    """
    base = np.ones(len(points)) if prior is None else prior / prior.max()
    center = (points * base[:, None]).sum(0) / base.sum()
    body = points - center
    target = body[:, :2] + flow
    body[:, :2] *= (distance + body[:, 2:]) / distance
    rotation, shift = np.eye(3), np.zeros(3)
    columns = slice(0, 6) if turn else slice(0, 4)
    robust, residual = np.ones(len(points)), np.zeros(len(points))
    for k in range(rounds + 1):
        turned = body @ rotation.T
        moved = turned + shift
        near = distance / (distance + moved[:, 2])
        seen = moved[:, :2] * near[:, None]
        error = target - seen
        residual = np.hypot(error[:, 0], error[:, 1])
        robust = huber_then_tukey(residual, k, rounds)
        weights = base * robust
        if k == rounds:
            break
        x, y, z = turned.T
        zero, one = np.zeros_like(x), np.ones_like(x)
        # Columns: shift u, shift v, approach (in distances), roll, pitch axis, yaw axis.
        dx = np.stack([one, zero, zero, -y, zero, z], 1)[:, columns]
        dy = np.stack([zero, one, zero, x, -z, zero], 1)[:, columns]
        dz = np.stack([zero, zero, -distance * one, zero, y, -x], 1)[:, columns]
        fall = seen / (distance + moved[:, 2:])
        du = near[:, None] * dx - fall[:, :1] * dz
        dv = near[:, None] * dy - fall[:, 1:] * dz
        normal = (du * weights[:, None]).T @ du + (dv * weights[:, None]).T @ dv
        right = du.T @ (weights * error[:, 0]) + dv.T @ (weights * error[:, 1])
        # A whisper of ridge: flat points leave the turn undetermined.
        step = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(len(normal)), right)
        shift = shift + np.array([step[0], step[1], -distance * step[2]])
        axis = np.array([*step[4:6], step[3]]) if turn else np.array([0.0, 0.0, step[3]])
        rotation = np.asarray(cv2.Rodrigues(axis)[0]) @ rotation
    scale = float(distance / (distance + shift[2]))
    return RigidFit(center, rotation, scale * shift[:2], scale, distance, robust, residual)
