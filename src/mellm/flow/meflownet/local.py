"""Motion that no principal component describes: a small, smooth field where the evidence exceeds its noise.

After the subspace fit, pooled Lucas-Kanade steps still hold noise almost everywhere and signal in a few
places. Each place gets its own prior variance from how far the steps around it exceed their noise (empirical
Bayes, a local Wiener filter), so calm faces stay calm. Knows pictures and flow on the chart's cells.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.network_evidence import normal_terms, upsample, warp

POOL, AROUND = 3.0, 8.0
"""Gaussian widths, in cells: over which evidence is pooled, over which its excess is judged."""

EVIDENCE = 0.15
"""Weight of the evidence (neighbouring cells' noise is not independent); chosen on validation pairs."""

PASSES = 3

Array = NDArray[np.float32]


def local_motion(onset: Array, apex: Array, flow: Array, inside: Array) -> Array:
    """Return what to add to `flow` (rows, cols, 2), chart pixels; zero where `inside` (rows, cols) is."""
    weight = (np.clip(inside * 2 - 0.8, 0, 1) * EVIDENCE)[..., None]
    field = np.zeros_like(flow)
    variance = np.zeros_like(inside)
    for turn in range(PASSES):
        terms = normal_terms(onset, warp(apex, upsample(flow + field))) * weight
        xx, xy, yy = terms[..., 0], terms[..., 1], terms[..., 2]
        right = np.stack(
            [
                xx * field[..., 0] + xy * field[..., 1] - terms[..., 3],
                xy * field[..., 0] + yy * field[..., 1] - terms[..., 4],
            ],
            axis=-1,
        )
        pooled = _pool(np.concatenate([terms[..., :3], right], axis=-1))
        if turn == 0:
            variance = _excess(pooled, inside)
        field = _solve(pooled, 1.0 / variance) * inside[..., None]
    return field


def _pool(terms: Array) -> Array:
    """Sum over a Gaussian window, as if over its effective number of cells."""
    blurred = cv2.GaussianBlur(terms, (0, 0), POOL)
    return np.asarray(blurred * (4 * np.pi * POOL**2), np.float32)


def _excess(pooled: Array, inside: Array) -> Array:
    """Return the prior variance per cell: how far squared steps exceed their noise, averaged around it."""
    step = _solve(pooled, np.full(inside.shape, 1e-6, np.float32))
    determinant = np.maximum(pooled[..., 0] * pooled[..., 2] - pooled[..., 1] ** 2, 1e-9)
    noise = (pooled[..., 0] + pooled[..., 2]) / determinant
    trust = (inside > 0.4) / (noise + 0.02) ** 2
    excess = trust * ((step**2).sum(-1) - noise)
    both = cv2.GaussianBlur(np.stack([excess, trust], axis=-1).astype(np.float32), (0, 0), AROUND)
    return np.asarray(np.maximum(0.5 * both[..., 0] / (both[..., 1] + 1e-9), 1e-6), np.float32)


def _solve(pooled: Array, ridge: Array) -> Array:
    """Solve the 2x2 system of every cell."""
    a, b, c = pooled[..., 0] + ridge, pooled[..., 1], pooled[..., 2] + ridge
    determinant = np.maximum(a * c - b * b, 1e-9)
    u = (c * pooled[..., 3] - b * pooled[..., 4]) / determinant
    v = (a * pooled[..., 4] - b * pooled[..., 3]) / determinant
    return np.asarray(np.stack([u, v], axis=-1), np.float32)
