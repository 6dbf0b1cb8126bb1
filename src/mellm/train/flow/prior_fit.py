"""Learning MEFlowNet's motion prior from generated pairs: expressions, depth errors, other head motion.

Principal component analysis on the face chart, each pair also mirrored: of expressions scaled to the same
peak (the fit finds a pair's amplitude by itself), of the error of the mesh's depth that a turning head shows,
and of what neither explains per pixel of turn. Knows pairs and the prior; nothing of networks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import COLS, ROWS, cell_pixels, inside_face, make_chart, slope, to_template
from mellm.flow.meflownet.motion_prior import RIGID, STILL, MotionPrior, face_cells, rigid_flow, rigid_motions
from mellm.train.flow.cached_pairs import TRUTH_STRIDE, CachedPair
from mellm.train.flow.meflownet_recipe import PriorRecipe

UNIT_PEAK = 1.5
"""Peak of the pairs the principal motions describe, chart pixels."""

LEAST_PEAK = 0.05
"""Peak from which an expression is learned from, chart pixels."""

LEAST_TURN = 0.5
"""Turn (yaw and pitch together) from which a head is learned from, chart pixels."""

WORST = 0.99
"""Share of the turned heads learned from: the rest fit no chart and would rule the components."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChartMotion:
    """One pair's true motion on the chart.

    expression: (rows, cols, 2), chart pixels
    turn: length of yaw and pitch, chart pixels
    depth: (rows, cols), what the depth is off by, eye distances, as far as the head's turn shows it
    rest: (rows, cols, 2), the head's motion beside rigid motion and depth error, per chart pixel of turn
    """

    expression: Array
    turn: float
    depth: Array
    rest: Array


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
    rest = head - rigid_flow(chart, coefficients)
    # An error of the depth moves a cell along the turn, in the chart's axes (see `prior.turned_motions`).
    along = np.linalg.inv(slope(chart.affine, chart.bend) / chart.scale) @ coefficients[4:6]
    depth = (rest * along).sum(-1) / ((along**2).sum(-1) + 1e-4)
    turn = float(np.hypot(*coefficients[4:6]))
    rest = (rest - depth[..., None] * along) / (turn + STILL)
    fade = inside[..., None]
    return ChartMotion(
        np.asarray((facial - head) * fade, np.float32),
        turn,
        np.asarray(depth * inside, np.float32),
        np.asarray(rest * fade, np.float32),
    )


def learn_prior(motions: Iterable[ChartMotion], template: Array, recipe: PriorRecipe) -> MotionPrior:
    """Return the prior with as many leading principal components as the recipe says."""
    expression, turned = [], []
    for motion in motions:
        peak = float(np.hypot(motion.expression[..., 0], motion.expression[..., 1]).max())
        if peak > LEAST_PEAK:
            expression.append(motion.expression * np.float32(UNIT_PEAK / peak))
        if motion.turn > LEAST_TURN:
            turned.append((motion.depth, motion.rest))
    size = [float((depth**2).mean()) for depth, _ in turned]
    kept = [turned[k] for k in np.argsort(size)[: max(1, int(WORST * len(size)))]]
    face = face_cells(template)
    e, e_sd = _principal(expression, recipe.expressions, (-1, 1))
    d, d_sd = _principal([depth[..., None] for depth, _ in kept], recipe.depths, (1,))
    h, h_sd = _principal([rest for _, rest in kept], recipe.heads, (-1, 1))
    return MotionPrior(template, e[face], e_sd, d[face][:, 0], d_sd, h[face], h_sd, recipe.temperature)


def _principal(fields: list[Array], count: int, mirror: tuple[int, ...]) -> tuple[Array, Array]:
    """Uncentred principal components (rows, cols, C, count) of unit length, and standard deviations.

    mirror: signs the C channels take in a mirrored picture. Each field counts with its mirror image, so every
    component is even or odd, and the two kinds are found by themselves, on half of the chart. There are no
    more components than fields.
    """
    if not fields:
        return np.zeros((ROWS, COLS, len(mirror), 0), np.float32), np.zeros(0, np.float32)
    stack = np.stack(fields)
    pairs, rows, cols, channels = stack.shape
    signs = np.array(mirror, np.float32)
    components, variances = [], []
    for parity in (1, -1):
        part = (stack + parity * stack[:, :, ::-1] * signs)[:, :, : cols // 2] / 2
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
