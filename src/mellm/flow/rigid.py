"""A rigid head seen by a scaled orthographic camera, fitted to flow at points by robust least squares.

Knows points with depth and their motion in the picture, nothing of faces or pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.types import FlowField, HeadMotion

Points = NDArray[np.float64]
Surface = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
"""Picture coordinates x, y (two arrays of one shape, px) -> depth there, px, smaller = nearer."""

GRID_STEP = 4
"""Head flow is evaluated on every fourth pixel and interpolated: it is smooth."""

TUKEY = 4.685
"""Tukey's biweight constant: 95 % efficiency on Gaussian noise."""

HUBER = 1.345
"""Huber's constant: 95 % efficiency on Gaussian noise."""

SIGMA_FLOOR = 0.01
"""Pixels; keeps the weights meaningful where the flow fits perfectly."""


@dataclass(frozen=True, slots=True)
class RigidFit:
    """Apex point = `center` + `shift` + `scale` * (`rotation` @ (onset point - center)), first two rows.

    center: (3,) px; rotation: (3, 3), x right, y down, z away from the camera; shift: (2,) px;
    weights: (N,) 0..1 of the points fitted; residual: (N,) px, what the fit leaves there
    """

    center: NDArray[np.float64]
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float
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
        at = [a - c for a, c in zip((x, y, surface(x, y)), self.center.astype(np.float32), strict=True)]
        matrix = (self.scale * self.rotation[:2] - np.eye(2, 3)).astype(np.float32)
        flow = [
            sum((m * a for m, a in zip(row, at, strict=True)), np.float32(shift))
            for row, shift in zip(matrix, self.shift, strict=True)
        ]
        coarse = np.stack(flow, -1).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def motion(self) -> HeadMotion:
        """Return the fit as pitch, yaw, roll (degrees), shift, scale and quality."""
        turn = np.degrees(cv2.Rodrigues(self.rotation)[0].ravel())
        weight = float(self.weights.sum())
        rms = float(np.sqrt((self.weights * self.residual**2).sum() / max(weight, 1e-9)))
        return HeadMotion(
            pitch=float(turn[0]),
            yaw=float(-turn[1]),
            roll=float(turn[2]),
            u=float(self.shift[0]),
            v=float(self.shift[1]),
            scale=float(self.scale),
            support=float(self.weights.mean()),
            residual=rms,
        )


def fit_rigid(
    points: Points, flow: Points, *, turn: bool = True, prior: Points | None = None, rounds: int = 12
) -> RigidFit:
    """Fit a rigid motion to `flow` (N, 2) px at `points` (N, 3) px by Gauss-Newton with re-weighting.

    The first half of the `rounds` uses Huber's weights (convex, hence safe to start with), the second half
    Tukey's, which ignore points that move by themselves altogether. `turn=False` leaves out the rotations
    out of the picture's plane (a 2D similarity). `prior` (N,) multiplies the weights.
    """
    base = np.ones(len(points)) if prior is None else prior
    center = (points * base[:, None]).sum(0) / base.sum()
    body = points - center
    target = body[:, :2] + flow
    rotation, scale, shift = np.eye(3), 1.0, np.zeros(2)
    columns = slice(0, 6) if turn else slice(0, 4)
    weights, residual = base, np.zeros(len(points))
    for k in range(rounds + 1):
        turned = scale * body @ rotation.T
        error = target - turned[:, :2] - shift
        residual = np.hypot(error[:, 0], error[:, 1])
        # The median of a 2D Gaussian's length is 1.177 sigma.
        sigma = max(SIGMA_FLOOR, float(np.median(residual)) / 1.177)
        ratio = residual / sigma
        if k < rounds // 2:
            robust = np.minimum(1.0, HUBER / np.maximum(ratio, 1e-9))
        else:
            robust = np.where(ratio < TUKEY, (1 - (ratio / TUKEY) ** 2) ** 2, 0.0)
        weights = base * robust
        if k == rounds:
            break
        x, y, z = turned.T
        zero, one = np.zeros_like(x), np.ones_like(x)
        # d(u, v) / d(shift u, shift v, relative scale, roll, pitch, yaw axis)
        du = np.stack([one, zero, x, -y, zero, z], 1)[:, columns]
        dv = np.stack([zero, one, y, x, -z, zero], 1)[:, columns]
        normal = (du * weights[:, None]).T @ du + (dv * weights[:, None]).T @ dv
        right = du.T @ (weights * error[:, 0]) + dv.T @ (weights * error[:, 1])
        # A whisper of ridge: flat points leave the turn undetermined.
        step = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(len(normal)), right)
        shift = shift + step[:2]
        scale *= float(np.exp(step[2]))
        axis = np.array([*step[4:6], step[3]]) if turn else np.array([0.0, 0.0, step[3]])
        rotation = cv2.Rodrigues(axis)[0] @ rotation
    return RigidFit(center, rotation, shift, scale, weights / max(1e-9, float(base.max())), residual)
