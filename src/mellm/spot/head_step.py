"""The head's pose from one frame to a later one, and its robust fit to motion at mesh points.

The fit is `mellm.flow.rigid` without perspective, started at a pose that is nearly right and thus done in few
rounds. Knows points and their motion, nothing of pictures.
"""

from dataclasses import dataclass, field
from math import exp, log1p

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.robust import huber_then_tukey

Array = NDArray[np.float64]

ROUNDS = 6
NEAR_ROUNDS = 4
"""Enough from a pose that is right to a pixel."""
_SMALLEST = -0.5
"""The size may fall by so much in one round (a share); more is a fit gone astray."""


@dataclass(frozen=True, slots=True)
class HeadStep:
    """Key frame -> frame: rotation vector, radians; natural log of the size; shift (2,), crop px."""

    turn: Array = field(default_factory=lambda: np.zeros(3))
    size: float = 0.0
    shift: Array = field(default_factory=lambda: np.zeros(2))

    def displacement(self, body: NDArray[np.floating]) -> NDArray[np.floating]:
        """Motion (..., 2) in the picture of points (..., 3) relative to the head's centre, px."""
        matrix = (exp(self.size) * cv2.Rodrigues(self.turn)[0][:2] - np.eye(2, 3)).astype(body.dtype)
        return np.asarray(body @ matrix.T + self.shift.astype(body.dtype))

    def after(self, last: "HeadStep") -> "HeadStep":
        """The next pose, if the head goes on as between `last` and this one."""
        return HeadStep(2 * self.turn - last.turn, 2 * self.size - last.size, 2 * self.shift - last.shift)

    def numbers(self) -> Array:
        """Turn (3, degrees), log of the size, shift (2, crop px)."""
        return np.array([*np.degrees(self.turn), self.size, *self.shift])


def fit_step(
    body: Array, moved: Array, start: HeadStep, *, turn: bool, rounds: int = ROUNDS
) -> tuple[HeadStep, float]:
    """Fit a pose to the motion `moved` (N, 2) px of points `body` (N, 3) relative to the head's centre.

    Gauss-Newton with re-weighting from `start`; `turn=False` leaves out rotations out of the picture's plane.
    Returns the pose and the median of what it leaves, px.
    """
    matrix = exp(start.size) * cv2.Rodrigues(start.turn)[0]
    shift, size = start.shift.copy(), start.size
    points = np.ascontiguousarray(body.T)
    target = points[:2] + moved.T
    columns = 6 if turn else 4
    # Shift u, shift v, size, roll, pitch axis, yaw axis; for each how it moves the points, u and v.
    design = np.zeros((columns, 2, len(body)))
    design[0, 0] = design[1, 1] = 1.0
    flat = design.reshape(columns, -1)
    length = np.zeros(len(body))
    for k in range(rounds + 1):
        at = matrix @ points
        error = target - at[:2] - shift[:, None]
        length = np.hypot(error[0], error[1])
        if k == rounds:
            break
        weights = huber_then_tukey(length, k, rounds)
        design[2] = at[:2]
        np.negative(at[1], out=design[3, 0])
        design[3, 1] = at[0]
        if turn:
            np.negative(at[2], out=design[4, 1])
            design[5, 0] = at[2]
        heavy = (design * weights).reshape(columns, -1)
        normal = heavy @ flat.T
        # A whisper of ridge: flat points leave the turn undetermined.
        normal += 1e-9 * np.trace(normal) * np.eye(columns)
        step = np.linalg.solve(normal, heavy @ error.ravel())
        shift = shift + step[:2]
        grown = max(float(step[2]), _SMALLEST)
        size += log1p(grown)
        axis = np.array([*step[4:6], step[3]]) if turn else np.array([0.0, 0.0, step[3]])
        matrix = (1 + grown) * cv2.Rodrigues(axis)[0] @ matrix
    rotation = cv2.Rodrigues(matrix * exp(-size))[0].ravel()
    return HeadStep(np.asarray(rotation, np.float64), size, shift), float(np.median(length))
