"""A second voice on the expression: the prior's fit, refined by variational flow.

The motion prior knows what faces do, and misses what it does not know. Variational flow knows nothing of
faces, but that flow changes in few places; begun at the fit it needs no pyramid, only some rounds at one
size. Their errors have little in common, so a network weighs them (`voices`). Knows pictures on the chart;
nothing of networks.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import COLS, ROWS
from mellm.flow.meflownet.motion_prior import rigid_share
from mellm.flow.meflownet.network_evidence import upsample
from mellm.flow.meflownet.subspace_fit import PriorFit

SMOOTHNESS, BRIGHTNESS, GRADIENT = 4.0, 1 / 6, 5 / 3
"""Weights of the energy's terms: those of DeepFlow as OpenCV has it. Half the smoothness doubles the noise on
calm faces, twice of it loses a sixth of strong motion."""

ROUNDS, SWEEPS, RELAXATION = 3, 15, 1.6
"""Fixed-point rounds, sweeps of successive over-relaxation in each, and its factor. DeepFlow's 5 and 25 cost
three times as much and follow noise further."""

BLUR = 0.6
"""Gaussian width, chart pixels, of the pictures."""

Array = NDArray[np.float32]


def refined_flow(
    fit: PriorFit, pictures: tuple[Array, Array], head: Array, expression: Array, rigid: Array
) -> Array:
    """Return the expression left after `head`, (ROWS, COLS, 2) chart pixels; zero off the face.

    fit: the prior made ready; pictures: onset and apex, grey on the chart, float32 (HEIGHT, WIDTH), 0..255
    head, expression: the fit's, (ROWS, COLS, 2) chart pixels; rigid: `motion_prior.rigid_motions`

    The energy is that of Brox et al. (ECCV 2004) as DeepFlow weighs it (Weinzaepfel et al., ICCV 2013); what
    most of the face shares is taken off.
    """
    box = fit.box()
    first, second = (_smooth(picture) for picture in (pictures[0][box], fit.warped(pictures[1], head)))
    found = upsample(expression)
    begun = found[box].copy()
    found[:] = 0
    found[box] = _refinement().calc(first, second, begun)
    cells = np.asarray(cv2.resize(found, (COLS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
    shift = rigid_share(fit.faded(cells), rigid, fit.sure)
    return fit.faded(cells - shift)


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
