"""Learning MEFlowNet's motion prior from the origins of motion.

Every origin gives as many motions, scaled to one peak, and each counts with its mirror image; the prior's
expressions are their principal components on the face chart. Depth errors and head motions beside them, which
have nothing to do with expressions, are kept from an earlier prior. Knows motions and the prior; nothing of
pictures or networks.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mellm.face.alignment import CROP_SIZE
from mellm.flow.meflownet.chart import COLS, ROWS, inside_face
from mellm.flow.meflownet.motion_prior import MotionPrior, face_cells
from mellm.simulate.canonical_mesh import face_width
from mellm.simulate.ict import IctModel
from mellm.simulate.lattice import MARGIN, STRIDE, Lattice
from mellm.simulate.openings import above_share
from mellm.simulate.origins import Origin, draw_face_motion
from mellm.train.flow.portrait_assets import spread_matrices

UNIT_PEAK = 1.5
"""Peak of the motions that the principal components describe, chart pixels."""

Array = NDArray[np.float32]


def learn_prior(
    heads: MotionPrior,
    origins: Sequence[Origin],
    shapes: IctModel | None,
    count: int,
    expressions: int,
    temperature: float,
    seed: int,
) -> MotionPrior:
    """Return a prior with `expressions` principal motions of `count` motions of each origin.

    `heads` gives the template, the depth errors and the head motions.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        draw_face_motion(o, rng, shapes=shapes, split="train").displacement
        for o in origins
        for _ in range(count)
    ]
    fields = chart_fields(heads.template, np.stack(drawn).astype(np.float32))
    components, spread = _principal(fields, expressions)
    face = face_cells(heads.template)
    return replace(heads, expression=components[face], expression_sd=spread, temperature=temperature)


def chart_fields(template: Array, displacements: Array) -> Array:
    """Spread canonical displacements (M, 468, 3) over the chart: (M, rows, cols, 2), peak `UNIT_PEAK`."""
    upper, lower = spread_matrices(template)
    above = above_share(Lattice(CROP_SIZE), template, face_width(template))
    first = MARGIN // STRIDE
    matrix = np.where(above >= 0.5, upper, lower)[first : first + ROWS, first : first + COLS].reshape(-1, 468)
    # Canonical axes have y upwards, pictures downwards.
    flat = (displacements[..., :2] * np.array([1, -1], np.float32)).transpose(1, 0, 2).reshape(468, -1)
    fields = (matrix @ flat).reshape(ROWS, COLS, len(displacements), 2).transpose(2, 0, 1, 3)
    fields = fields * inside_face(template)[..., None]
    peak = np.sqrt((fields**2).sum(-1)).max((1, 2))
    return np.asarray(fields * (UNIT_PEAK / np.maximum(peak, 1e-6))[:, None, None, None], np.float32)


def _principal(fields: Array, count: int) -> tuple[Array, Array]:
    """Uncentred principal components (rows, cols, 2, count) of unit length, and standard deviations.

    Each field counts with its mirror image, so every component is even or odd, and the two kinds are found by
    themselves, on half of the chart. There are no more components than fields.
    """
    pairs, rows, cols, channels = fields.shape
    signs = np.array([-1, 1], np.float32)
    components, variances = [], []
    for parity in (1, -1):
        part = (fields + parity * fields[:, :, ::-1] * signs)[:, :, : cols // 2] / 2
        flat = part.reshape(pairs, -1)
        values, vectors = np.linalg.eigh((flat @ flat.T).astype(np.float64) * 2 / pairs)
        order = np.argsort(values)[::-1][:count]
        half = flat.T @ vectors[:, order].astype(np.float32)
        half /= np.maximum(np.linalg.norm(half, axis=0), 1e-9) * np.float32(np.sqrt(2))
        half = half.reshape(rows, cols // 2, channels, -1)
        components.append(np.concatenate([half, parity * half[:, ::-1] * signs[:, None]], axis=1))
        variances.append(np.maximum(values[order], 1e-12))
    variance = np.concatenate(variances)
    order = np.argsort(variance)[::-1][:count]
    found = np.concatenate(components, axis=-1)[..., order]
    return np.ascontiguousarray(found, np.float32), np.sqrt(variance[order]).astype(np.float32)
