"""The learned motion prior: which expression and head motions a face makes, and how they are fitted.

Expression flow is modelled as some two hundred principal motions of the face chart. Head flow is a rigid
motion of the mesh's depth map, whose principal errors are unknowns too: they move with the head's turn. All
are Gaussian a priori. `subspace_fit` fits them to two pictures. Knows numpy and OpenCV; nothing of pictures,
networks or files.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import (
    EYE_DISTANCE,
    KEPT,
    Chart,
    cell_pixels,
    cell_places,
    inside_face,
    inverse_slope,
    turned,
)
from mellm.flow.robust import cauchy, huber_then_tukey

RIGID = 6
"""Shift u, v; scale; roll; yaw; pitch."""

RIGID_SD = 10.0
"""Prior spread of the rigid coefficients, chart pixels: almost free."""

FACE = 0.3
"""Share of `inside_face` from which a cell belongs to the motions' face."""

SURE = 0.4
"""Share of `inside_face` from which a cell counts in the fit of the motion that most of the face shares."""

FADE = (0.3, 0.7)
"""Shares of `inside_face` between which expression fades in; off the face it is zero."""

CAMERA = 7.8
"""Distance of the camera in eye distances: the middle of what the generator draws (5 face widths)."""

AMPLITUDES = (0.02, 4.0)
"""Least and greatest amplitude of an expression, 1 = the prior's unit."""

AMPLITUDE_ROUNDS = 30
"""Of the search for the amplitude (expectation maximisation)."""

STILL = 0.1
"""Turn of a head that is not known to turn, chart pixels: keeps `head`'s motions from vanishing."""

ROUNDS = 12
"""Of the robust fit that gives the head what most of the face does."""

THINNED = 7
"""Every so many cells take part in that fit: six numbers need no more."""

Array = NDArray[np.float32]
Double = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MotionPrior:
    """Learned statistics of chart motion, on the N cells of `face_cells(template)`.

    template: float32 (468, 3), the average mesh, chart pixels
    expression: float32 (N, 2, K), principal expression motions of unit length
    expression_sd: float32 (K,), their standard deviations for a pair of unit amplitude, chart pixels
    depth: float32 (N, D), principal errors of the mesh's depth, of unit length
    depth_sd: float32 (D,), their standard deviations, eye distances
    head: float32 (N, 2, J), principal head motions beside those, of unit length
    head_sd: float32 (J,), their standard deviations per chart pixel of turn
    temperature: weight of the photometric evidence (neighbouring pixels' noise is not independent)
    """

    template: Array
    expression: Array
    expression_sd: Array
    depth: Array
    depth_sd: Array
    head: Array
    head_sd: Array
    temperature: float

    def thinned(self, motions: int) -> "MotionPrior":
        """Return the prior with the first `motions` of its expression motions; the strongest come first."""
        first = np.ascontiguousarray(self.expression[..., :motions])
        return replace(self, expression=first, expression_sd=self.expression_sd[:motions])


@dataclass(frozen=True, slots=True)
class SubspaceFit:
    """What the fit found: float32 (rows, cols, 2) chart pixels each, and the coefficients.

    coefficients: rigid (chart pixels), then depth errors, head motions and expression (standard deviations),
        before the robust step that moves shared motion from expression to head
    amplitude: of the expression, 1 = the prior's unit
    """

    expression: Array
    head: Array
    coefficients: Double
    amplitude: float


def face_cells(template: Array) -> NDArray[np.bool_]:
    """Return which cells (rows, cols) the motions of a prior with this template are given on."""
    return inside_face(template) > FACE


@lru_cache(maxsize=KEPT)
def rigid_motions(chart: Chart) -> Array:
    """Return the six small rigid motions on the chart: (rows, cols, 2, RIGID); kept, not to be changed.

    Small rotations under weak perspective: yaw shifts near points sideways, pitch up and down. The picture's
    motions are turned into the chart's with the map's local derivative.
    """
    x, y, z = np.moveaxis(_head_points(chart), -1, 0)
    one, zero = np.ones_like(z), np.zeros_like(z)
    u = np.stack([one, zero, x, -y, z, zero], axis=-1)
    v = np.stack([zero, one, y, x, zero, z], axis=-1)
    motions = (inverse_slope(chart) * np.float32(chart.scale)) @ np.stack([u, v], axis=-2)
    return np.asarray(motions, np.float32)


def rigid_flow(chart: Chart, coefficients: Double) -> Array:
    """Return the rigid motion with these coefficients, exactly: (rows, cols, 2), chart pixels.

    Its derivative at rest is `rigid_motions`. A rotation, a change of size and a shift, seen by a camera
    `CAMERA` eye distances away.
    """
    shift_u, shift_v, growth, roll, yaw, pitch = coefficients / EYE_DISTANCE
    turn = cv2.Rodrigues(np.array([-pitch, yaw, roll]))[0].astype(np.float32)
    points = _head_points(chart)
    moved = (points.reshape(-1, 3) @ turn.T).reshape(points.shape)
    nearer = np.float32(CAMERA * (1 + growth)) / (np.float32(CAMERA) + moved[..., 2:] - points[..., 2:])
    seen = moved[..., :2] * nearer + np.array([shift_u, shift_v], np.float32)
    move = (seen - points[..., :2]) * np.float32(chart.scale * EYE_DISTANCE)
    cells = cell_pixels()
    near = cells + turned(inverse_slope(chart), move)
    return chart.locate(cell_places(chart) + move, near) - cells


@lru_cache(maxsize=KEPT)
def _head_points(chart: Chart) -> Array:
    """Return every cell's point on the head, (rows, cols, 3): picture axes, eye distances, zero mean."""
    place = cell_places(chart) / (chart.scale * EYE_DISTANCE)
    flat = place - place.mean((0, 1))
    return np.concatenate([flat, chart.depth[..., None] / EYE_DISTANCE], axis=-1).astype(np.float32)


def along_turn(chart: Chart, coefficients: Double) -> Array:
    """Return how the head's turn moves a cell per chart pixel of depth, (rows, cols, 2) chart pixels."""
    turn = np.asarray(coefficients[4:RIGID] * chart.scale, np.float32)
    slopes = inverse_slope(chart)
    return np.asarray(slopes[..., 0] * turn[0] + slopes[..., 1] * turn[1], np.float32)


def turned_motions(along: Array, depth: Array, head: Array, coefficients: Double) -> Array:
    """Return the motions that come with the head's turn at N places, per standard deviation: (N, 2, D + J).

    along: (N, 2), `along_turn` there; depth: (N, D) and head: (N, 2, J), the prior's, times their deviations.
    An error of the depth moves a cell as depth does, along the turn; so a still head has none, and what is
    learned about one turned head holds for all.
    """
    turn = np.float32(np.hypot(coefficients[4], coefficients[5]) + STILL)
    return np.concatenate([along[:, :, None] * depth[:, None], head * turn], axis=-1)


def solve(
    evidence: Double, right: Double, heads: int, amplitude: float, *, search: bool
) -> tuple[Double, float]:
    """Solve the normal equations under the prior; return the coefficients and the expression's amplitude.

    heads: how many coefficients belong to the head. Those are eliminated first; on the expression's
    eigenvectors the amplitude that explains the pictures best (if it is to be searched: empirical Bayes by
    expectation maximisation) costs a few scalar rounds.
    """
    if not search:
        bound = np.r_[
            np.full(RIGID, RIGID_SD**-2), np.ones(heads - RIGID), np.full(len(right) - heads, amplitude**-2)
        ]
        return np.linalg.solve(evidence + np.diag(bound), right), amplitude
    free = np.ones(heads)
    free[:RIGID] = RIGID_SD**-2
    head = evidence[:heads, :heads] + np.diag(free)
    gain = np.linalg.solve(head, np.c_[evidence[:heads, heads:], right[:heads]])
    left = evidence[heads:, heads:] - evidence[heads:, :heads] @ gain[:, :-1]
    # Single precision is enough: small eigenvalues drown in the prior's precision.
    values, vectors = np.linalg.eigh(left.astype(np.float32))
    values = np.maximum(values, 0).astype(np.float64)
    aim = vectors.T @ (right[heads:] - evidence[heads:, :heads] @ gain[:, -1])
    for _ in range(AMPLITUDE_ROUNDS):
        precision = values + amplitude**-2
        energy = float(((aim / precision) ** 2 + 1 / precision).mean())
        amplitude = float(np.clip(np.sqrt(energy), *AMPLITUDES))
    expression = vectors @ (aim / (values + amplitude**-2))
    return np.concatenate([gain[:, -1] - gain[:, :-1] @ expression, expression]), amplitude


def rigid_share(expression: Array, rigid: Array, face: NDArray[np.bool_]) -> Array:
    """Return the rigid motion that most of the face shares within `expression`, (rows, cols, 2).

    A Gaussian prior spreads what it cannot tell apart; but expressions are local, so what most of the face
    does together is the head.
    """
    solution = _reweighted(
        rigid[face][::THINNED],
        expression[face][::THINNED],
        ROUNDS,
        lambda lengths, turn: huber_then_tukey(lengths, turn, ROUNDS),
    )
    return (rigid.reshape(-1, RIGID) @ solution.astype(np.float32)).reshape(expression.shape)


def spread(values: Array, face: NDArray[np.bool_]) -> Array:
    """Put motion (2 N,) of the face's cells on the chart's cells, zero elsewhere."""
    field = np.zeros((*face.shape, 2), np.float32)
    field[face] = values.reshape(-1, 2)
    return field


def _reweighted(basis: Array, flow: Array, rounds: int, weigh: Callable[[Double, int], Double]) -> Double:
    """Fit the rigid motions (N, 2, RIGID) to flow (N, 2) by iteratively re-weighted least squares.

    `weigh` maps the lengths of the residuals (N,) and the number of the round to weights (N,).
    """
    a, b = basis.astype(np.float64), flow.astype(np.float64)
    u, v = np.ascontiguousarray(a[:, 0]), np.ascontiguousarray(a[:, 1])
    products = (u[:, :, None] * u[:, None] + v[:, :, None] * v[:, None]).reshape(len(u), -1)
    aims = u * b[:, :1] + v * b[:, 1:]
    weight = np.ones(len(b))
    ridge = 1e-3 * np.eye(RIGID)
    solution: Double = np.zeros(RIGID)
    for turn in range(rounds):
        normal = (weight @ products).reshape(RIGID, RIGID)
        solution = np.asarray(np.linalg.solve(normal + ridge, weight @ aims), float)
        weight = weigh(np.hypot(b[:, 0] - u @ solution, b[:, 1] - v @ solution), turn)
    return solution


def robust_rigid(flow: Array, basis: Array) -> Double:
    """Fit the rigid motions (N, 2, RIGID) to flow (N, 2) with Cauchy's weights."""
    return _reweighted(
        basis, flow, 5, lambda lengths, _: cauchy(lengths, 1.5 * float(np.median(lengths)) + 1e-3)
    )
