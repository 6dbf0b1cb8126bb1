"""The learned motion prior: which expression and head motions a face makes, and how they are fitted.

Expression flow is modelled as some hundred principal motions of the face chart, head flow as a rigid motion
of the mesh's depth map plus a few principal corrections; both are Gaussian a priori. Fitting them to two
pictures is one linear least-squares problem per warp (Lucas and Kanade 1981, in a motion subspace; the prior
makes it a maximum-a-posteriori estimate). Knows numpy and OpenCV; nothing of networks or files.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import EYE_DISTANCE, Chart, cell_pixels, inside_face, slope
from mellm.flow.meflownet.evidence import normal_terms, upsample, warp
from mellm.flow.meflownet.local import local_motion

RIGID = 6
"""Shift u, v; scale; roll; yaw; pitch."""

RIGID_SD = 10.0
"""Prior spread of the rigid coefficients, chart pixels: almost free."""

WARPS = 8
"""Most warping passes of a fit."""

SETTLED = 0.02
"""Mean change of the flow, chart pixels, under which a fit stops."""

CAMERA = 7.8
"""Distance of the camera in eye distances: the middle of what the generator draws (5 face widths)."""

ROUNDS, HUBER, TUKEY = 12, 1.345, 2.5
"""Of the robust fit that gives the head what most of the face does (TUKEY chosen on validation pairs)."""

Array = NDArray[np.float32]
Double = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MotionPrior:
    """Learned statistics of chart motion.

    template: float32 (468, 3), the average mesh, chart pixels
    expression: float32 (rows, cols, 2, K), principal expression motions of unit length
    expression_sd: float32 (K,), their standard deviations for a pair of unit amplitude, chart pixels
    head: float32 (rows, cols, 2, J), principal corrections of the rigid head motion, of unit length
    head_sd: float32 (J,), chart pixels
    temperature: weight of the photometric evidence (neighbouring pixels' noise is not independent)
    """

    template: Array
    expression: Array
    expression_sd: Array
    head: Array
    head_sd: Array
    temperature: float


@dataclass(frozen=True, slots=True)
class SubspaceFit:
    """What the fit found: float32 (rows, cols, 2) chart pixels each, and the coefficients.

    coefficients: rigid (chart pixels), head corrections and expression (standard deviations), before the
        robust step that moves shared motion from expression to head
    precision: their posterior precision matrix; amplitude: of the expression, 1 = the prior's unit
    """

    expression: Array
    head: Array
    coefficients: Double
    precision: Double
    amplitude: float


def rigid_motions(chart: Chart) -> Array:
    """Return the six small rigid motions on the chart: (rows, cols, 2, RIGID).

    Small rotations under weak perspective: yaw shifts near points sideways, pitch up and down. The picture's
    motions are turned into the chart's with the map's local derivative.
    """
    x, y, z = np.moveaxis(_head_points(chart), -1, 0)
    one, zero = np.ones_like(z), np.zeros_like(z)
    u = np.stack([one, zero, x, -y, z, zero], axis=-1)
    v = np.stack([zero, one, y, x, zero, z], axis=-1)
    inverse = np.linalg.inv(slope(chart.affine, chart.bend) / chart.scale)
    motions = np.einsum("hwij,hwjk->hwik", inverse, np.stack([u, v], axis=-2))
    return np.asarray(motions, np.float32)


def rigid_flow(chart: Chart, coefficients: Double) -> Array:
    """Return the rigid motion with these coefficients, exactly: (rows, cols, 2), chart pixels.

    Its derivative at rest is `rigid_motions`. A rotation, a change of size and a shift, seen by a camera
    `CAMERA` eye distances away.
    """
    shift_u, shift_v, growth, roll, yaw, pitch = coefficients / EYE_DISTANCE
    turn = cv2.Rodrigues(np.array([-pitch, yaw, roll]))[0].astype(np.float32)
    points = _head_points(chart)
    turned = points @ turn.T
    nearer = CAMERA / (CAMERA + turned[..., 2:] - points[..., 2:])
    seen = turned[..., :2] * np.float32(1 + growth) * nearer + np.array([shift_u, shift_v], np.float32)
    move = (seen - points[..., :2]) * np.float32(chart.scale * EYE_DISTANCE)
    cells = cell_pixels()
    return chart.locate(chart.place(cells) + move) - cells


def _head_points(chart: Chart) -> Array:
    """Return every cell's point on the head, (rows, cols, 3): picture axes, eye distances, zero mean."""
    place = chart.place(cell_pixels()) / (chart.scale * EYE_DISTANCE)
    flat = place - place.mean((0, 1))
    return np.concatenate([flat, chart.depth[..., None] / EYE_DISTANCE], axis=-1).astype(np.float32)


def fit(prior: MotionPrior, chart: Chart, onset: Array, apex: Array, start: Array) -> SubspaceFit:
    """Fit head and expression motion to two illumination-normalised chart pictures (HEIGHT, WIDTH).

    `start` is any chart flow on the cells, (rows, cols, 2): only its rigid part is used, to begin within
    reach of the linearisation.
    """
    inside = inside_face(prior.template)
    rigid = rigid_motions(chart)
    heads = RIGID + prior.head_sd.size
    face = inside > 0.4
    cell_weight = np.clip(inside[face] * 2 - 0.8, 0, 1)
    basis = np.concatenate(
        [rigid[face], prior.head[face] * prior.head_sd, prior.expression[face] * prior.expression_sd], axis=-1
    )
    coefficients: Double = np.zeros(basis.shape[-1])
    coefficients[:RIGID] = _robust_rigid(start[face], basis[..., :RIGID])
    prior_precision = np.ones(basis.shape[-1])
    prior_precision[:RIGID] = RIGID_SD**-2
    amplitude, precision = 1.0, np.eye(basis.shape[-1])
    for step in range(WARPS):
        head, expression = _fields(prior, chart, coefficients)
        terms = normal_terms(onset, warp(apex, upsample(head + expression)))[face]
        trust = (prior.temperature * cell_weight)[:, None]
        linear = basis @ coefficients.astype(np.float32)
        evidence, right = _normal_equations(basis, terms * trust, linear)
        if step:
            covariance = np.linalg.inv(precision)
            energy = coefficients[heads:] ** 2 + np.diag(covariance)[heads:]
            amplitude = float(np.clip(np.sqrt(energy.mean()), 0.05, 4.0))
        prior_precision[heads:] = amplitude**-2
        precision = evidence + np.diag(prior_precision)
        before, coefficients = coefficients, np.asarray(np.linalg.solve(precision, right), np.float64)
        change = basis @ (coefficients - before).astype(np.float32)
        if step >= 2 and float(np.abs(change).mean()) < SETTLED:
            break
    head, expression = _fields(prior, chart, coefficients)
    expression += local_motion(onset, apex, head + expression, inside)
    shift = rigid_share(expression, rigid, face)
    # Off the face nobody knows: there the face's head motion stands alone.
    fade = np.clip((inside - 0.3) / 0.4, 0, 1)[..., None]
    expression = np.asarray((expression - shift) * fade, np.float32)
    return SubspaceFit(expression, head + shift, coefficients, precision, amplitude)


def rigid_share(expression: Array, rigid: Array, face: NDArray[np.bool_]) -> Array:
    """Return the rigid motion that most of the face shares within `expression`, (rows, cols, 2).

    A Gaussian prior spreads what it cannot tell apart; but expressions are local, so what most of the face
    does together is the head. Iteratively re-weighted least squares: Huber's weights, then Tukey's.
    """
    a = rigid[face].reshape(-1, RIGID).astype(np.float64)
    b = expression[face].reshape(-1).astype(np.float64)
    weight = np.ones(len(b))
    solution: Double = np.zeros(RIGID)
    for turn in range(ROUNDS):
        weighted = a * weight[:, None]
        solution = np.asarray(np.linalg.solve(weighted.T @ a + 1e-3 * np.eye(RIGID), weighted.T @ b), float)
        residual = (b - a @ solution).reshape(-1, 2)
        distance = np.hypot(residual[:, 0], residual[:, 1])
        # The median of a 2D Gaussian's length is 1.177 sigma.
        ratio = distance / max(float(np.median(distance)) / 1.177, 0.01)
        if turn < ROUNDS // 2:
            robust = np.minimum(1.0, HUBER / np.maximum(ratio, 1e-9))
        else:
            robust = np.where(ratio < TUKEY, (1 - (ratio / TUKEY) ** 2) ** 2, 0.0)
        weight = np.repeat(robust, 2)
    return np.asarray(rigid @ solution, np.float32)


def _fields(prior: MotionPrior, chart: Chart, coefficients: Double) -> tuple[Array, Array]:
    c = coefficients.astype(np.float32)
    heads = RIGID + prior.head_sd.size
    head = rigid_flow(chart, coefficients[:RIGID]) + prior.head @ (prior.head_sd * c[RIGID:heads])
    return head, prior.expression @ (prior.expression_sd * c[heads:])


def _robust_rigid(flow: Array, basis: Array) -> Double:
    """Fit the rigid motions (N, 2, RIGID) to flow (N, 2), iteratively re-weighted (Cauchy)."""
    a = basis.reshape(-1, RIGID).astype(np.float64)
    b = flow.reshape(-1).astype(np.float64)
    weight = np.ones(len(b))
    solution: Double = np.zeros(RIGID)
    for _ in range(5):
        weighted = a * weight[:, None]
        solution = np.asarray(np.linalg.solve(weighted.T @ a + 1e-3 * np.eye(RIGID), weighted.T @ b), float)
        residual = (b - a @ solution).reshape(-1, 2)
        distance = np.hypot(residual[:, 0], residual[:, 1])
        weight = np.repeat(1 / (1 + (distance / (1.5 * np.median(distance) + 1e-3)) ** 2), 2)
    return solution


def _normal_equations(basis: Array, terms: Array, flow: Array) -> tuple[Double, Double]:
    """Sum B^T M B and B^T (M flow - g); `flow` (N, 2) is B times the coefficients (Gauss-Newton)."""
    bu, bv = basis[:, 0], basis[:, 1]
    mu = terms[:, 0:1] * bu + terms[:, 1:2] * bv
    mv = terms[:, 1:2] * bu + terms[:, 2:3] * bv
    evidence = bu.T @ mu + bv.T @ mv
    right = mu.T @ flow[:, 0] + mv.T @ flow[:, 1] - bu.T @ terms[:, 3] - bv.T @ terms[:, 4]
    return evidence.astype(np.float64), right.astype(np.float64)
