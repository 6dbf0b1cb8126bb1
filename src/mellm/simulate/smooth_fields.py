"""Smooth random motion of the skin that belongs to no action unit and no muscle.

Random displacements are averaged along the skin over a drawn reach and kept inside a drawn soft window, so
that a field is local; some have both halves of the face in step. In part they respect lids and lips as
sheets of their own, in part not. The module knows nothing about faces but their surface.
"""

import numpy as np
from numpy.typing import NDArray

from mellm.simulate.canonical_mesh import canonical_points, mirror_index
from mellm.simulate.mesh_surface import patch, skin_distances, smoothed, straight_distances

_SMALLEST, _LARGEST = 0.035, 0.16
_MOST = 0.4
_CENTRE = (0.0, -0.2)


def draw_window(
    rng: np.random.Generator, smallest: float = 0.10, largest: float = 0.45
) -> NDArray[np.float64]:
    """Draw a soft window, float64 (468,), peak 1, about a place drawn evenly over the face.

    smallest, largest: reach of the window, face widths, drawn log-uniformly.
    """
    inside = np.linalg.norm((canonical_points()[:, :2] - _CENTRE) / (0.48, 0.58), axis=1) < 1
    share = patch() * inside
    at = int(rng.choice(468, p=share / share.sum()))
    reach = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    across = float(rng.random())
    distance = (1 - across) * skin_distances()[at] + across * straight_distances()[at]
    # Flat in the middle, so that the window cuts out motion and does not shape all of it.
    return np.asarray(np.exp(-0.5 * (distance / reach) ** 4), np.float64)


def share_moving(field: NDArray[np.float64]) -> float:
    """Return the share of the skin that moves by more than 0.3 of a field's (468, 3) peak, 0..1.

    A field that moves nearly all of the face cannot be told from a turning head.
    """
    length = np.linalg.norm(field[:, :2], axis=1)
    return float(patch()[length > 0.3 * length.max()].sum() / patch().sum())


def smooth_field(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a field, float64 (468, 3) in canonical axes, peak 1 in the picture plane."""
    while True:
        field = _draw(rng)
        if share_moving(field) < _MOST:
            return field


def _draw(rng: np.random.Generator) -> NDArray[np.float64]:
    total = np.zeros((468, 3))
    across = float(rng.choice((0.0, 0.0, rng.random())))
    for _ in range(int(rng.choice((1, 2, 3, 4), p=(0.4, 0.3, 0.2, 0.1)))):
        reach = float(np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
        noise = rng.standard_normal((468, 3)) / np.sqrt(patch())[:, None] * (1.0, 1.0, 0.4)
        field = smoothed(noise, reach, across)
        field += (
            rng.standard_normal(3) * (1.0, 1.0, 0.3) * np.abs(field[:, :2]).max() * float(rng.uniform(0, 0.8))
        )
        field *= draw_window(rng, max(1.2 * reach, 0.07), max(2.5 * reach, 0.3))[:, None]
        peak = float(np.linalg.norm(field[:, :2], axis=1).max())
        total += float(rng.uniform(0.3, 1.0)) * field / max(peak, 1e-9)
    if rng.random() < 0.45:
        total = total + float(rng.uniform(0.6, 1.4)) * total[mirror_index()] * (-1.0, 1.0, 1.0)
    return total / max(float(np.linalg.norm(total[:, :2], axis=1).max()), 1e-9)
