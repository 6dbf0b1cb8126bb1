"""From two chart pictures to evidence about motion: illumination, warping, normal-equation terms.

Knows pictures on the chart; nothing of faces, priors or solutions.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.cubic import read_picture
from mellm.flow.meflownet.chart import CELL, HEIGHT, WIDTH, chart_pixels

Array = NDArray[np.float32]


FIT_BLUR = 0.5
"""Blur, chart pixels, of the pictures for the fit (chosen on validation pairs)."""


def normalise_illumination(grey: Array, blur: float) -> Array:
    """Remove local brightness and contrast: zero mean, about unit variance over some 25 px."""
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), blur), np.float32)
    local = smooth - _wide_blur(smooth)
    return np.asarray(local / np.sqrt(_wide_blur(local * local) + 9.0), np.float32)


def upsample(field: Array, shrink: int = 1) -> Array:
    """Bring a cell field (rows, cols, C) to chart pixels, or to pixels of a chart picture with sides divided
    by `shrink`; its values stay chart pixels.
    """
    size = (WIDTH // shrink, HEIGHT // shrink)
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)


def warp(image: Array, flow: Array) -> Array:
    """Bring the apex back onto the onset: out(x, y) = image(x + u, y + v), bicubic."""
    return read_picture(image, chart_pixels() + flow)


def normal_terms(onset: Array, warped: Array, shrink: int = 1) -> Array:
    """Return the weighted normal-equation terms per cell: Ixx, Ixy, Iyy, Ixt, Iyt; (rows, cols, 5).

    shrink: by what the sides of the pictures were divided; the terms are those of chart pixels all the same

    Gradients are means of the onset's and the warped apex's (Scharr). Each cell is weighted by the inverse of
    the residual energy around it, so noisy skin, glints and occlusions count for less.
    """
    mean = (onset + warped) * 0.5
    gx = cv2.Scharr(mean, cv2.CV_32F, 1, 0, scale=1 / (32 * shrink))
    gy = cv2.Scharr(mean, cv2.CV_32F, 0, 1, scale=1 / (32 * shrink))
    gt = warped - onset
    cell = CELL // shrink
    size = (onset.shape[1] // cell, onset.shape[0] // cell)
    products = (gx * gx, gx * gy, gy * gy, gx * gt, gy * gt, gt * gt)
    cells = [cv2.resize(t, size, interpolation=cv2.INTER_AREA) for t in products]
    energy = cells.pop()
    local = np.maximum(cv2.boxFilter(energy, cv2.CV_32F, (5, 5)), 0.7 * energy)
    weight = np.float32(cell * cell) / (local + 0.02 * energy.mean() + 1e-5)
    return np.asarray(np.stack(cells, axis=-1) * weight[..., None], np.float32)


def _wide_blur(image: Array) -> Array:
    """Gaussian of 12 px, computed at a quarter of the size."""
    small = cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 3.0)
    return np.asarray(
        cv2.resize(small, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR), np.float32
    )
