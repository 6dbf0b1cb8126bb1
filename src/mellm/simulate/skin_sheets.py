"""A face's skin and head on a frame's lattice: how motion of the mesh spreads, and how deep the head is.

Knows a mesh and a lattice; nothing of pictures, action units or time.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import OVAL, Points
from mellm.simulate.lattice import STRIDE, Lattice, smoothstep
from mellm.simulate.openings import one_sided_points
from mellm.simulate.scene_motion import Field

STILL = (1.3, 1.6, 2.0)
"""Outlines of the face, grown about its middle, on which the skin stands still."""


def spread_sheets(
    lattice: Lattice, mesh: Points, motion: Field, above: Field, free: Field, steps: int = 3
) -> tuple[Field, Field]:
    """Spread a mesh's motion (468, C) over the upper and the lower sheet, (h, w, C) each on the lattice.

    above, free: `openings.above_share` and `openings.free_share` of the mesh; steps: points of the still
    outlines for each of the mesh's
    """
    points = mesh[:, :2]
    centre = points.mean(0)
    oval = dense_outline(points[list(OVAL)], steps)
    still = np.concatenate([centre + grow * (oval - centre) for grow in STILL])
    where = np.concatenate([points, still])
    what = np.concatenate([motion, np.zeros((len(still), motion.shape[1]), np.float32)]).astype(np.float32)
    fields = []
    upper_only, lower_only = one_sided_points()
    for keep in (~lower_only, ~upper_only):
        rows = np.concatenate([keep, np.ones(len(still), bool)])
        fields.append(lattice.spread(where[rows], what[rows]))
    up, low = fields
    # Away from the slits both sheets are one skin: the upper sheet above them, the lower one below.
    skin = low + above * (up - low)
    return skin + free * (up - skin), skin + free * (low - skin)


def head_shape(lattice: Lattice, mesh: Points, width: float) -> tuple[Field, Field]:
    """Return the head's depth (px) and each node's share of the head (1) against the background (0), (h, w).

    width: of the face, px
    """
    oval = dense_outline(mesh[list(OVAL)])
    centre = mesh[:, :2].mean(0)
    # The skull recedes outside the face's outline.
    rings = []
    for grow, recede in ((1.25, 0.10), (1.6, 0.22), (2.2, 0.30)):
        ring = oval.copy()
        ring[:, :2] = centre + grow * (ring[:, :2] - centre)
        ring[:, 2] += recede * width
        rings.append(ring)
    known = np.concatenate([mesh, *rings])
    depth = lattice.spread(known[:, :2], known[:, 2:])[..., 0]
    # Soft outline: the oval grown by a quarter, reaching further down for the neck.
    outline = centre + 1.3 * (oval[:, :2] - centre)
    inside = np.zeros(lattice.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(lattice.locate(outline)).astype(np.int32)], 1)
    distance = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5), np.float32)
    headness = 1 - smoothstep(0, 0.45 * width / STRIDE, distance)
    return depth.astype(np.float32), np.asarray(cv2.GaussianBlur(headness, (0, 0), 3), np.float32)


def dense_outline(outline: NDArray[np.float32], steps: int = 3) -> NDArray[np.float32]:
    """Put further points between those of a closed outline (N, C): `steps` outlines, each further on."""
    after = np.roll(outline, -1, axis=0)
    return np.concatenate([outline + np.float32(k / steps) * (after - outline) for k in range(steps)])
