"""A second voice on the expression: variational flow of the pair once its head motion is taken out.

The motion prior knows what faces do, and spreads noise over everything it knows. Variational flow knows
nothing of faces, but that flow changes in few places. Their errors have little in common, so a network weighs
them (`voices`). Knows pictures on the chart; nothing of networks.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import CELL, COLS, HEIGHT, ROWS, WIDTH, inside_face
from mellm.flow.meflownet.motion_prior import FACE, FADE, SURE, MotionPrior, rigid_share
from mellm.flow.meflownet.network_evidence import upsample, warp

MARGIN = 12
"""Chart pixels around the face that are looked at too."""

Array = NDArray[np.float32]


def variational_flow(prior: MotionPrior, onset: Array, apex: Array, head: Array, rigid: Array) -> Array:
    """Return the expression left after `head`, (ROWS, COLS, 2) chart pixels; zero off the face.

    onset, apex: grey chart pictures, float32 (HEIGHT, WIDTH), 0..255; head: (ROWS, COLS, 2) chart pixels;
    rigid: `prior.rigid_motions`. DeepFlow without its deep matches (Weinzaepfel et al., ICCV 2013), as OpenCV
    has it, less what most of the face shares.
    """
    inside = _inside(prior.template.tobytes())
    rows, cols = _face_box(prior.template.tobytes())
    still = warp(np.asarray(apex, np.float32), upsample(head))
    first, second = (_bytes(picture[rows, cols]) for picture in (onset, still))
    found = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    nothing = np.zeros((*first.shape, 2), np.float32)
    found[rows, cols] = cv2.optflow.createOptFlow_DeepFlow().calc(first, second, nothing)
    cells = np.asarray(cv2.resize(found, (COLS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
    fade = np.clip((inside - FADE[0]) / (FADE[1] - FADE[0]), 0, 1)[..., None]
    return np.asarray((cells - rigid_share(cells * fade, rigid, inside > SURE)) * fade, np.float32)


@cache
def _inside(template: bytes) -> Array:
    return inside_face(np.frombuffer(template, np.float32).reshape(-1, 3))


@cache
def _face_box(template: bytes) -> tuple[slice, slice]:
    """Return the rows and columns of the chart that hold the face of a prior's template."""
    face = _inside(template) > FACE
    slices = []
    for axis, size in ((1, HEIGHT), (0, WIDTH)):
        cells = np.flatnonzero(face.any(axis=axis))
        low, high = CELL * int(cells[0]) - MARGIN, CELL * (int(cells[-1]) + 1) + MARGIN
        slices.append(slice(max(0, low), min(size, high)))
    return slices[0], slices[1]


def _bytes(picture: Array) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
