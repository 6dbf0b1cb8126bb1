"""The mean face: where the anchors are on an average face, and the fixed template for tight crops.

Measured once as the symmetric Procrustes mean of the 468-point mesh over 250 synthetic faces. Units: the
distance between the outer eye corners; origin midway between them; u right, v down, z away from the camera.
"""

import numpy as np
from numpy.typing import NDArray

from mellm.face.anchors import ANCHOR_NAMES
from mellm.face.people import Landmarks

_RIGHT: dict[str, tuple[float, float, float]] = {
    "eye outer corner": (0.500, 0.000, 0.000),
    "eye inner corner": (0.195, 0.018, -0.058),
    "upper lid outer": (0.426, -0.038, -0.076),
    "upper lid centre": (0.338, -0.046, -0.095),
    "upper lid inner": (0.281, -0.035, -0.090),
    "lower lid outer": (0.426, 0.034, -0.049),
    "lower lid centre": (0.346, 0.043, -0.075),
    "lower lid inner": (0.265, 0.034, -0.075),
    "brow outer end": (0.605, -0.140, -0.030),
    "brow outer top": (0.505, -0.231, -0.136),
    "brow outer bottom": (0.475, -0.179, -0.154),
    "brow inner top": (0.317, -0.240, -0.239),
    "brow inner bottom": (0.304, -0.182, -0.220),
    "brow inner end top": (0.162, -0.223, -0.271),
    "brow inner end bottom": (0.140, -0.132, -0.238),
    "nostril wing": (0.201, 0.485, -0.181),
    "mouth corner": (0.307, 0.726, -0.017),
    "upper lip": (0.181, 0.677, -0.202),
    "lower lip outer": (0.199, 0.819, -0.127),
    "lower lip inner": (0.090, 0.869, -0.180),
}
_MIDDLE: dict[str, tuple[float, float, float]] = {
    "nose bridge": (0.0, -0.038, -0.249),
    "nose tip": (0.0, 0.385, -0.477),
    "upper lip centre": (0.0, 0.675, -0.255),
    "lower lip centre": (0.0, 0.876, -0.187),
    "chin": (0.0, 1.203, 0.024),
}


def _mean_face() -> NDArray[np.float64]:
    rows = []
    for name in ANCHOR_NAMES:
        side, _, place = name.partition(" ")
        if side in ("left", "right") and place in _RIGHT:
            u, v, z = _RIGHT[place]
            rows.append((-u if side == "left" else u, v, z))
        else:
            rows.append(_MIDDLE[name])
    return np.array(rows)


MEAN_FACE: NDArray[np.float64] = _mean_face()
"""float64 (45, 3), in the order of ANCHOR_NAMES."""

_TEMPLATE_ROWS = {"brow": 4.5, "eye": 8.0, "nose tip": 15.0, "mouth": 20.0}
_TEMPLATE_CELLS = 28
# Where blinks and lid motion strain the skin in those maps (columns 3..8 and 19..24), the eyes are.
_TEMPLATE_INTER_OCULAR = 23.0


def template_landmarks(width: int, height: int) -> Landmarks:
    """Anchors of a face that fills a crop tightly from brows to chin, such as 28x28 flow maps.

    For crops too small for a landmark network. The rows of brows, eyes, nose tip and mouth are those of the
    crops of the MEGC 2019 composite set at 28 px, and the columns are symmetric about the middle; the rest
    is the mean face in between. Pixels, with the centre of the first pixel at 0.
    """
    column = (_TEMPLATE_CELLS - 1) / 2 + MEAN_FACE[:, 0] * _TEMPLATE_INTER_OCULAR
    known_v = [_mean_row("brow"), _mean_row("eye", "lid"), _mean_row("nose tip"), _mean_row("mouth corner")]
    # Straight between the known rows and on beyond them, so a lid stays between brow and nose.
    row = _extrapolate(MEAN_FACE[:, 1], known_v, list(_TEMPLATE_ROWS.values()))
    points = np.stack(
        [
            (column + 0.5) * width / _TEMPLATE_CELLS - 0.5,
            (row + 0.5) * height / _TEMPLATE_CELLS - 0.5,
        ],
        axis=1,
    )
    return Landmarks(points.astype(np.float32), "template")


def _mean_row(*parts: str) -> float:
    rows = [MEAN_FACE[i, 1] for i, name in enumerate(ANCHOR_NAMES) if any(part in name for part in parts)]
    return float(np.mean(rows))


def _extrapolate(v: NDArray[np.float64], known: list[float], rows: list[float]) -> NDArray[np.float64]:
    inside = np.interp(v, known, rows)
    first = (rows[1] - rows[0]) / (known[1] - known[0])
    last = (rows[-1] - rows[-2]) / (known[-1] - known[-2])
    below = np.maximum(v - known[-1], 0) * last
    above = np.minimum(v - known[0], 0) * first
    return np.asarray(inside + below + above)
