"""What moves between two frames: the expression, the head, the gaze, the background; and the result."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.flow.field import FlowField
from mellm.media.frame import Image
from mellm.simulate.canonical_mesh import Points

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """Rigid head motion since the onset: rotation in degrees about the neck, translation in px.

    pitch > 0 nods down, yaw > 0 turns the nose to the picture's right, roll > 0 tilts clockwise in the
    picture. `approach` is the relative growth of the head in the picture.
    """

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    approach: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """Return the 3x3 rotation in picture axes (u right, v down, z away from the viewer)."""
        a, b, c = np.deg2rad([self.pitch, self.yaw, self.roll])
        rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
        ry = np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
        rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        return np.asarray(rz @ ry @ rx)


@dataclass(frozen=True, slots=True)
class Motion:
    """All motion between the onset and the moved picture.

    expression: float32 (468, 3) displacement of the mesh points, px, before the head moves
    gaze: shift of both eyeballs, px
    background: shift of everything that is not the head, px
    bumps: further displacement on the lattice, float32 (h, w, 3) px, or None
    """

    expression: Points
    pose: Pose = Pose()
    gaze: tuple[float, float] = (0.0, 0.0)
    background: tuple[float, float] = (0.0, 0.0)
    bumps: Field | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The moved picture with the exact motion from the onset to it (see FlowPair).

    source: float32 (H, W, 2), where in the onset picture each pixel of the moved one came from
    """

    image: Image
    facial: FlowField
    head: FlowField
    valid: NDArray[np.bool_]
    source: Field
