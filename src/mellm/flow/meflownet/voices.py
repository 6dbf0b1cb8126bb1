"""The two voices heard about a pair's expression, and what a network is told to weigh them by.

The prior's fit knows what faces do, and little of what it never saw; variational flow, begun at the fit,
knows nothing of faces and follows texture, and noise. Each is heard as it is and smoothed. Beside them stand
measures of how far each place can be read: texture, what is left over, how strong the motion is. Knows
pictures on the chart; nothing of learned weights.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.flow.meflownet.chart import COLS, ROWS, Chart
from mellm.flow.meflownet.motion_prior import SURE, SubspaceFit, rigid_motions
from mellm.flow.meflownet.network_evidence import normal_terms, upsample, warp
from mellm.flow.meflownet.subspace_fit import PriorFit, halved
from mellm.flow.meflownet.variational import refined_flow

SMOOTH = 2.0
"""Gaussian width, cells, of the smoothed voices."""

LEAST = 0.03
"""Chart pixels: the least motion that voices are measured in."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Voices:
    """What was found about the expression, on the chart's cells.

    fit: float32 (rows, cols, 2) chart pixels, the prior's expression
    flow: the same, refined by variational flow of the pair freed of the head's motion
    terms: (rows, cols, 3), Ixx, Ixy, Iyy of the normal equations
    residual: (rows, cols), squared difference of the normalised pictures after the fit
    """

    fit: Array
    flow: Array
    terms: Array
    residual: Array


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the network that weighs the voices is shown.

    features: float32 (C, rows, cols)
    fields: float32 (V, 2, rows, cols) chart pixels: the fit, and what each other voice would add to it
    """

    features: Array
    fields: Array


def dis_flow(onset: Array, apex: Array) -> Array:
    """Return rough DIS flow of two grey chart pictures (HEIGHT, WIDTH) on the cells, (rows, cols, 2).

    From pictures of half the size, by its fastest setting: it only starts a fit.
    """
    first, second = (np.clip(np.rint(halved(picture)), 0, 255).astype(np.uint8) for picture in (onset, apex))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    found = cv2.resize(dis.calc(first, second, np.zeros(0)), (COLS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(found * np.float32(2), np.float32)


def hear(
    prior: PriorFit,
    chart: Chart,
    found: SubspaceFit,
    grey: tuple[Array, Array],
    normalised: tuple[Array, Array],
) -> Voices:
    """Ask both voices; `grey` and `normalised` are the onset and the apex on the chart, (HEIGHT, WIDTH)."""
    first = normalised[0]
    second = warp(normalised[1], upsample(found.head + found.expression))
    residual = cv2.resize((first - second) ** 2, (COLS, ROWS), interpolation=cv2.INTER_AREA)
    return Voices(
        fit=found.expression,
        flow=refined_flow(prior, grey, found.head, found.expression, rigid_motions(chart)),
        terms=normal_terms(first, second)[..., :3],
        residual=np.asarray(residual, np.float32),
    )


def evidence_of(voices: Voices, inside: Array) -> Evidence:
    """Turn the voices into what the network sees; `inside` (rows, cols) is the share of the face."""
    fit = voices.fit
    other = voices.flow - fit
    added = [other, _smooth(other, SMOOTH)]
    scale = max(LEAST, float(np.percentile(np.hypot(fit[..., 0], fit[..., 1]), 99.5)))
    xx, xy, yy = np.moveaxis(voices.terms, -1, 0)
    texture = np.log1p(np.maximum((xx * yy - xy * xy) / (xx + yy + 1e-3), 0))
    residual = np.log(voices.residual + 1e-3)
    sizes = [_size(fit / scale), _size(_smooth(fit, 2 * SMOOTH) / scale)]
    sizes.append(_size(_smooth(other, 1.5 * SMOOTH) / scale))
    measures = [texture, _smooth(texture, 1.5 * SMOOTH), residual, _smooth(residual, 1.5 * SMOOTH)]
    same = [np.full_like(texture, np.log(scale)), np.full_like(texture, residual[inside > SURE].mean())]
    fields = np.stack([fit, *added])
    scaled = (fields / scale).transpose(0, 3, 1, 2).reshape(-1, ROWS, COLS)
    features = np.concatenate([scaled, np.stack(sizes + measures + same)])
    return Evidence(
        features.astype(np.float32), np.ascontiguousarray(fields.transpose(0, 3, 1, 2), np.float32)
    )


def _smooth(field: Array, width: float) -> Array:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), width), np.float32)


def _size(field: Array) -> Array:
    """Logarithm of a field's length per cell."""
    return np.asarray(np.log(np.sqrt((field**2).sum(-1)) + 0.02), np.float32)
