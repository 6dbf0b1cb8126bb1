"""The learned motion prior: which expression and head motions a face makes, and how they are fitted.

Expression flow is modelled as a few dozen principal motions of the average face, head flow as a rigid
motion of the mesh's depth map plus a few principal corrections; both are Gaussian a priori. Fitting them
to two pictures is one linear least-squares problem per warp (Lucas and Kanade 1981 in a motion subspace;
the prior makes it a maximum-a-posteriori estimate). Knows numpy and OpenCV; nothing of networks or files.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.canonical import CELL, FaceFrame, cell_centers, sample_canonical

RIGID = 6
"""Translation u, v; scale; roll; yaw; pitch."""


@dataclass(frozen=True, slots=True)
class MotionPrior:
    """Learned statistics, in canonical units (outer-eye-corner distance = 1).

    template: float32 (468, 3), the average mesh
    expression: float32 (rows, cols, K, 2), principal expression motions on the canonical grid
    expression_sd: float32 (K,), their standard deviations
    head: float32 (rows, cols, J, 2), principal corrections of the rigid head motion
    head_sd: float32 (J,)
    temperature: weight of the photometric evidence (neighbouring cells' noise is not independent)
    """

    template: NDArray[np.float32]
    expression: NDArray[np.float32]
    expression_sd: NDArray[np.float32]
    head: NDArray[np.float32]
    head_sd: NDArray[np.float32]
    temperature: float


@dataclass(frozen=True, slots=True)
class SubspaceFit:
    """What the fit found on the cell grid: float32 (rows, cols, 2) px each, and the coefficients.

    `precision` is the normal matrix of evidence plus prior, `evidence` its right-hand side: the network
    and tests may ask how sure a coefficient is.
    """

    expression: NDArray[np.float32]
    head: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    precision: NDArray[np.float64]


def rigid_motions(face: FaceFrame) -> NDArray[np.float32]:
    """Return the six small rigid motions of the face, (rows, cols, 2, RIGID), px per px at the face's rim.

    Small rotations under weak perspective: yaw shifts near points sideways, pitch up and down.
    """
    rows, cols = face.depth.shape
    xs, ys = cell_centers(rows, cols)
    x = np.broadcast_to((xs - face.center[0]) / face.size, (rows, cols))
    y = np.broadcast_to(((ys - face.center[1]) / face.size)[:, None], (rows, cols))
    z = face.depth / face.size
    one, zero = np.ones_like(x), np.zeros_like(x)
    u = np.stack([one, zero, x, -y, z, zero], axis=-1)
    v = np.stack([zero, one, y, x, zero, z], axis=-1)
    return np.stack([u, v], axis=-2).astype(np.float32)


def bases(prior: MotionPrior, face: FaceFrame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the motions of this face in px per unit coefficient: (rows, cols, 2, 6 + J) and (..., 2, K).

    Coefficients are in standard deviations, except for the rigid ones (px, and radians times face size).
    """
    rows, cols = face.depth.shape
    k, j = prior.expression_sd.size, prior.head_sd.size
    grid = np.concatenate([prior.expression * prior.expression_sd[:, None], prior.head * prior.head_sd[:, None]], 2)
    local = sample_canonical(grid.reshape(*grid.shape[:2], -1), face.coords).reshape(rows, cols, k + j, 2)
    local = np.einsum("hwkc,dc->hwdk", local, face.axes, optimize=True).astype(np.float32)
    return np.concatenate([rigid_motions(face), local[..., k:]], axis=-1), local[..., :k]


def prior_precision(prior: MotionPrior, face: FaceFrame, amplitude: float = 1.0) -> NDArray[np.float64]:
    """Return the diagonal prior precision of all coefficients; the rigid ones are almost free."""
    rigid = np.full(RIGID, 1.0 / (0.06 * face.size) ** 2)
    rest = np.ones(prior.head_sd.size + prior.expression_sd.size)
    rest[prior.head_sd.size :] /= amplitude**2
    return np.concatenate([rigid, rest])


def normalise_illumination(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Remove local brightness and contrast: zero mean, about unit variance over some 25 px."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    local = smooth - cv2.GaussianBlur(smooth, (0, 0), 12.0)
    spread = cv2.GaussianBlur(local * local, (0, 0), 12.0)
    return np.asarray(local / np.sqrt(spread + 9.0), np.float32)


def upsample(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring a cell-grid field (rows, cols, 2) to pixels; values are px already."""
    size = (flow.shape[1] * CELL, flow.shape[0] * CELL)
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR), np.float32)


def warp(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the apex back onto the onset: out(x, y) = image(x + u, y + v), bicubic."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    warped = cv2.remap(
        image, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.float32)


def normal_terms(
    onset: NDArray[np.float32], warped: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weighted normal-equation terms per cell: Ixx, Ixy, Iyy, Ixt, Iyt; (rows, cols, 5).

    Gradients are means of the onset's and the warped apex's (Scharr). Each pixel is weighted by the inverse
    of the local residual energy, so noisy skin, glints and occlusions count for less.
    """
    mean = (onset + warped) * 0.5
    gx = cv2.Scharr(mean, cv2.CV_32F, 1, 0, scale=1 / 32)
    gy = cv2.Scharr(mean, cv2.CV_32F, 0, 1, scale=1 / 32)
    gt = warped - onset
    energy = gt * gt
    local = cv2.boxFilter(energy, cv2.CV_32F, (9, 9))
    floor = 0.25 * float(np.median(local)) + 1e-5
    weight = 1.0 / (np.maximum(local, 0.5 * energy) + floor)
    terms = np.stack([gx * gx, gx * gy, gy * gy, gx * gt, gy * gt], axis=-1) * weight[..., None]
    size = (onset.shape[1] // CELL, onset.shape[0] // CELL)
    parts = [cv2.resize(terms[..., c], size, interpolation=cv2.INTER_AREA) for c in range(5)]
    return np.stack(parts, axis=-1) * np.float32(CELL * CELL)


def start_rigid(
    flow: NDArray[np.float32], basis: NDArray[np.float32], inside: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Fit the rigid basis to a dense flow on the cell grid, iteratively re-weighted (Cauchy)."""
    a = basis.reshape(-1, basis.shape[-1]).astype(np.float64)
    b = flow.reshape(-1).astype(np.float64)
    weight = np.repeat((inside > 0.6).astype(np.float64).ravel(), 2)
    robust = weight
    solution = np.zeros(a.shape[1])
    for _ in range(5):
        aw = a * robust[:, None]
        solution = np.linalg.solve(aw.T @ a + 1e-6 * np.eye(a.shape[1]), aw.T @ b)
        residual = (b - a @ solution).reshape(-1, 2)
        distance = np.hypot(residual[:, 0], residual[:, 1])
        scale = 1.5 * float(np.median(distance[inside.ravel() > 0.6])) + 1e-3
        robust = weight * np.repeat(1 / (1 + (distance / scale) ** 2), 2)
    return solution


def fit(
    prior: MotionPrior,
    face: FaceFrame,
    onset: NDArray[np.float32],
    apex: NDArray[np.float32],
    start: NDArray[np.float32],
    warps: int = 4,
) -> SubspaceFit:
    """Fit head and expression motion to two illumination-normalised pictures (H, W).

    `start` is any dense flow (H, W, 2), px: only its rigid part is used, to begin within reach of the
    linearisation.
    """
    rows, cols = face.depth.shape
    head_basis, expression_basis = bases(prior, face)
    heads = head_basis.shape[-1]
    basis = np.concatenate([head_basis, expression_basis], axis=-1)
    size = (cols, rows)
    coarse = np.asarray(cv2.resize(start, size, interpolation=cv2.INTER_AREA), np.float32)
    coefficients = np.zeros(basis.shape[-1])
    coefficients[:RIGID] = start_rigid(coarse, head_basis[..., :RIGID], face.inside)
    inside = np.clip(face.inside * 2 - 0.8, 0, 1)
    amplitude = 1.0
    precision = np.eye(basis.shape[-1])
    for step in range(warps):
        flow = (basis @ coefficients.astype(np.float32)).astype(np.float32)
        terms = normal_terms(onset, warp(apex, upsample(flow))) * (prior.temperature * inside)[..., None]
        evidence, right = _normal_equations(basis, terms, flow)
        if step >= 1:
            amplitude = _amplitude(coefficients[heads:], np.linalg.inv(precision)[heads:, heads:])
        precision = evidence + np.diag(prior_precision(prior, face, amplitude))
        coefficients = np.linalg.solve(precision, right)
    c = coefficients.astype(np.float32)
    return SubspaceFit(
        expression=(expression_basis @ c[heads:]).astype(np.float32),
        head=(head_basis @ c[:heads]).astype(np.float32),
        coefficients=coefficients,
        precision=precision,
    )


def _normal_equations(
    basis: NDArray[np.float32], terms: NDArray[np.float32], flow: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum B^T M B and B^T (M flow - g): the linearised brightness constancy around `flow`."""
    keep = terms[..., 0] + terms[..., 2] > 0
    b, t, f = basis[keep], terms[keep], flow[keep]
    bu, bv = b[:, 0], b[:, 1]
    mu = t[:, 0:1] * bu + t[:, 1:2] * bv
    mv = t[:, 1:2] * bu + t[:, 2:3] * bv
    evidence = bu.T @ mu + bv.T @ mv
    right = mu.T @ f[:, 0] + mv.T @ f[:, 1] - bu.T @ t[:, 3] - bv.T @ t[:, 4]
    return evidence.astype(np.float64), right.astype(np.float64)


def _amplitude(coefficients: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Empirical Bayes: the scale of this pair's expression that best explains its coefficients."""
    energy = float(np.mean(coefficients**2 + np.diag(covariance)))
    return float(np.clip(np.sqrt(energy), 0.05, 3.0))
