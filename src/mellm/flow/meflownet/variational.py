"""A second voice on the expression: the prior's fit, refined by variational flow.

The motion prior knows what faces do, and misses what it does not know. Variational flow knows nothing of
faces, but that flow changes in few places; begun at the fit it needs no pyramid, only some rounds at one
size. Their errors have little in common, so a network weighs them (`voices`). Knows pictures on the chart;
nothing of networks.
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

SMOOTHNESS, BRIGHTNESS, GRADIENT = 4.0, 1 / 6, 5 / 3
"""Weights of the energy's terms: those of DeepFlow as OpenCV has it. Half the smoothness doubles the noise on
calm faces, twice of it loses a sixth of strong motion."""

ROUNDS, SWEEPS, RELAXATION = 5, 25, 1.6
"""Fixed-point rounds, sweeps of successive over-relaxation in each, and its factor: DeepFlow's too."""

BLUR = 0.6
"""Gaussian width, chart pixels, of the pictures."""

Array = NDArray[np.float32]


def refined_flow(
    prior: MotionPrior, pictures: tuple[Array, Array], head: Array, expression: Array, rigid: Array
) -> Array:
    """Return the expression left after `head`, (ROWS, COLS, 2) chart pixels; zero off the face.

    pictures: onset and apex, grey on the chart, float32 (HEIGHT, WIDTH), 0..255; head, expression: the fit's,
    (ROWS, COLS, 2) chart pixels; rigid: `motion_prior.rigid_motions`. The energy is that of Brox et al. (ECCV
    2004) as DeepFlow weighs it (Weinzaepfel et al., ICCV 2013); what most of the face shares is taken off.
    """
    inside = _inside(prior.template.tobytes())
    box = _face_box(prior.template.tobytes())
    still = warp(np.asarray(pictures[1], np.float32), upsample(head))
    first, second = (_smooth(picture[box]) for picture in (pictures[0], still))
    found = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    found[box] = _refinement().calc(first, second, np.ascontiguousarray(upsample(expression)[box]))
    cells = np.asarray(cv2.resize(found, (COLS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
    fade = np.clip((inside - FADE[0]) / (FADE[1] - FADE[0]), 0, 1)[..., None]
    return np.asarray((cells - rigid_share(cells * fade, rigid, inside > SURE)) * fade, np.float32)


def _refinement() -> cv2.VariationalRefinement:
    solver = cv2.VariationalRefinement.create()
    solver.setAlpha(SMOOTHNESS)
    solver.setDelta(BRIGHTNESS)
    solver.setGamma(GRADIENT)
    solver.setFixedPointIterations(ROUNDS)
    solver.setSorIterations(SWEEPS)
    solver.setOmega(RELAXATION)
    return solver


def _smooth(picture: Array) -> Array:
    """Blur a picture of 0..255; single precision is kept, steps of whole grey values are motion to no one."""
    return np.asarray(cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), BLUR), np.float32)


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
