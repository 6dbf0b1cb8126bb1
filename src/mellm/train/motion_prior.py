"""Learning MEFlowNet's motion prior: principal expression motions and head corrections of generated pairs.

Principal component analysis on the average face, of every pair scaled to the same peak (the fit finds a
pair's amplitude by itself). Knows pairs and the prior; nothing of networks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.data.meflow.types import FlowPair
from mellm.flow.meflownet.canonical import CELL, GRID, FaceFrame, face_frame, normalise_template, to_canonical
from mellm.flow.meflownet.prior import RIGID, MotionPrior, rigid_motions

UNIT_PEAK = 0.01
"""Peak of the pairs the principal motions describe, in outer-eye-corner distances (some 1.6 px)."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CanonicalMotion:
    """One pair's motion on the average face: expression and what of the head motion is not rigid."""

    expression: Array
    head: Array


def mean_template(landmarks: Sequence[Array]) -> Array:
    """Return the average of 468-point meshes, upright and of unit size, made left-right symmetric in x."""
    return np.mean([normalise_template(points) for points in landmarks], axis=0).astype(np.float32)


def canonical_motion(pair: FlowPair, template: Array) -> CanonicalMotion:
    """Carry one pair's true expression flow, and its head flow less the best rigid fit, to the template."""
    points = pair.landmarks.points
    height, width = pair.face.shape
    rows, cols = height // CELL, width // CELL
    face = face_frame(points, template, rows, cols)
    rigid = rigid_motions(face)
    head = cv2.resize(pair.head, (cols, rows), interpolation=cv2.INTER_AREA)
    inside = face.inside > 0.5
    solution, *_ = np.linalg.lstsq(rigid[inside].reshape(-1, RIGID), head[inside].reshape(-1), rcond=None)
    left_over = (head - (rigid @ solution).astype(np.float32)) * face.inside[..., None]
    return CanonicalMotion(
        _carry(pair.facial - pair.head, points, template, face, 1.0),
        _carry(left_over.astype(np.float32), points, template, face, float(CELL)),
    )


def learn_prior(
    motions: Iterable[CanonicalMotion], template: Array, expressions: int = 80, heads: int = 6
) -> MotionPrior:
    """Return the prior with the leading principal motions; its temperature is left at 0.25, to be tuned."""
    expression, head = [], []
    for motion in motions:
        peak = float(np.hypot(motion.expression[..., 0], motion.expression[..., 1]).max())
        if peak > 1e-5:
            expression.append(motion.expression * (UNIT_PEAK / peak))
        if np.abs(motion.head).max() > 1e-6:
            head.append(motion.head)
    e, e_sd = _principal(np.stack(expression), expressions)
    h, h_sd = _principal(np.stack(head), heads)
    return MotionPrior(template, e, e_sd, h, h_sd, temperature=0.25)


def with_temperature(prior: MotionPrior, temperature: float) -> MotionPrior:
    """Return the same prior with another weight of the photometric evidence."""
    return replace(prior, temperature=temperature)


def _carry(flow: Array, points: Array, template: Array, face: FaceFrame, cell: float) -> Array:
    """Sample a field at the canonical grid's places and turn px into canonical units."""
    at = (to_canonical(points, template) - (cell - 1) / 2) / cell
    sampled = cv2.remap(flow, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(sampled @ np.linalg.inv(face.axes).T, np.float32)


def _principal(samples: Array, count: int) -> tuple[Array, Array]:
    """Uncentred principal components (*GRID, count, 2) of unit length and their standard deviations."""
    flat = samples.reshape(len(samples), -1).astype(np.float32)
    values, vectors = np.linalg.eigh((flat @ flat.T).astype(np.float64) / len(flat))
    order = np.argsort(values)[::-1][:count]
    values = np.maximum(values[order], 1e-16)
    # Unit sample weights give components of length sqrt(n * value); divide to unit length.
    components = (flat.T @ vectors[:, order].astype(np.float32)) / np.sqrt(len(flat) * values).astype(np.float32)
    grid = components.reshape(*GRID, 2, len(order)).transpose(0, 1, 3, 2)
    return np.ascontiguousarray(grid, np.float32), np.sqrt(values).astype(np.float32)

