"""Learning MEFlowNet's motion prior: principal expression motions and head corrections of generated pairs.

Principal component analysis on the face chart, of every pair scaled to the same peak (the fit finds a pair's
amplitude by itself), each pair also mirrored. Knows pairs and the prior; nothing of networks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import cell_pixels, inside_face, make_chart, to_template
from mellm.flow.meflownet.prior import RIGID, MotionPrior, rigid_flow, rigid_motions
from mellm.train.flow_pairs import TRUTH_STRIDE, CachedPair

UNIT_PEAK = 1.5
"""Peak of the pairs the principal motions describe, chart pixels."""

HEAD_LIMIT = 2.0
"""Largest non-rigid head motion that is learned from, chart pixels."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChartMotion:
    """One pair's true motion on the chart, (rows, cols, 2) chart pixels: expression, and non-rigid head."""

    expression: Array
    head: Array


def mean_template(meshes: Sequence[Array]) -> Array:
    """Return the average of 468-point meshes (468, 3) in chart pixels."""
    return np.asarray(np.mean([to_template(points) for points in meshes], axis=0), np.float32)


def chart_motion(pair: CachedPair, template: Array) -> ChartMotion:
    """Carry one pair's true motion to the chart and take the best rigid motion out of the head's."""
    chart = make_chart(pair.landmarks, template)
    cells = cell_pixels()
    head = chart.from_source(pair.head.astype(np.float32), cells, TRUTH_STRIDE)
    facial = chart.from_source(pair.facial.astype(np.float32), cells, TRUTH_STRIDE)
    rigid, inside = rigid_motions(chart), inside_face(template)
    face = inside > 0.5
    coefficients = np.zeros(RIGID)
    for _ in range(3):
        left = (head - rigid_flow(chart, coefficients))[face].reshape(-1)
        step, *_ = np.linalg.lstsq(rigid[face].reshape(-1, RIGID), left, rcond=None)
        coefficients = coefficients + step
    fade = inside[..., None]
    return ChartMotion((facial - head) * fade, (head - rigid_flow(chart, coefficients)) * fade)


def learn_prior(
    motions: Iterable[ChartMotion],
    template: Array,
    expressions: int,
    heads: int,
    temperature: float,
) -> MotionPrior:
    """Return the prior with the leading `expressions` and `heads` principal motions."""
    expression, head = [], []
    for motion in motions:
        peak = float(np.hypot(motion.expression[..., 0], motion.expression[..., 1]).max())
        if peak > 0.05:
            expression.append(motion.expression * np.float32(UNIT_PEAK / peak))
        # Heads turned far from the camera fit no chart well; they would rule the components.
        if 1e-3 < np.abs(motion.head).max() < HEAD_LIMIT:
            head.append(motion.head)
    e, e_sd = _principal(expression, expressions)
    h, h_sd = _principal(head, heads)
    return MotionPrior(template, e, e_sd, h, h_sd, temperature)


def _principal(fields: list[Array], count: int) -> tuple[Array, Array]:
    """Uncentred principal components (rows, cols, 2, count) of unit length, and standard deviations."""
    shape = fields[0].shape
    mirrored = [field[:, ::-1] * np.array([-1, 1], np.float32) for field in fields]
    flat = np.stack(fields + mirrored).reshape(2 * len(fields), -1)
    values, vectors = np.linalg.eigh((flat @ flat.T).astype(np.float64) / len(flat))
    order = np.argsort(values)[::-1][:count]
    values = np.maximum(values[order], 1e-12)
    components = (flat.T @ vectors[:, order].astype(np.float32)) / np.sqrt(len(flat) * values)
    return np.ascontiguousarray(components.reshape(*shape, len(order)), np.float32), np.sqrt(values).astype(
        np.float32
    )
