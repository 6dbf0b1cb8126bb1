"""Linear models on a coarse grid of flow: what the flow folder of MEGC 2019 is read with, besides the rules.

A face's flow (28, 28, 2) becomes 7x7 cells of mean u, v and magnitude. One weight matrix turns them into the
three coarse emotions, another into action units *of one half of the face*: the other half is read from the
mirrored flow, so that sides come out of one set of weights. The shipped weights were trained on generated
flow alone (their card tells how); they are read with NumPy.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.facs.weight_files import load_weights, save_weights, shipped_weights

CELLS = 7
"""Cells along each side of the grid."""

CHANNELS = 3
"""Mean u, mean v, mean magnitude."""

SHIPPED = "facs_grid.safetensors"
"""File name of the shipped weights."""

CLEAN = "facs_grid_clean.safetensors"
"""File name of those that rest on no annotation sheet."""

VIEWS = ("recovered", "nose")
"""The two normalisations of stored flow: `recover_flow`, and only the nose at zero."""

Features = NDArray[np.float32]


def grid_features(field: NDArray[np.floating]) -> Features:
    """Return flow (28, 28, 2) as (7, 7, 3): u, v and magnitude averaged over 4x4 cells."""
    side = field.shape[0] // CELLS
    stacked = np.concatenate([field, np.linalg.norm(field, axis=-1, keepdims=True)], axis=-1)
    cells = stacked.reshape(CELLS, side, CELLS, side, CHANNELS).mean(axis=(1, 3))
    return np.asarray(cells, np.float32)


def mirrored_grid(cells: Features) -> Features:
    """Mirror grids (..., 7, 7, 3) left to right: columns reversed, u negated."""
    return np.asarray(cells[..., ::-1, :] * np.array([-1, 1, 1], np.float32))


@dataclass(frozen=True, slots=True)
class GridModel:
    """Weights of both views: emotion (2, 147, 3) and its bias (2, 3); units (2, 147, U) and bias (2, U).

    Features are standardised with `mean` and `spread` (2, 147) first. `units` are the AU numbers.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    emotion: NDArray[np.float32]
    emotion_bias: NDArray[np.float32]
    unit_weight: NDArray[np.float32]
    unit_bias: NDArray[np.float32]
    units: tuple[int, ...]

    def emotion_scores(self, cells: Features, view: int) -> NDArray[np.float64]:
        """Return log-odds-like scores (3,) of negative, positive, surprise; the mirror image scores alike."""
        both = (self._standard(cells, view), self._standard(mirrored_grid(cells), view))
        scores = sum(x @ self.emotion[view] for x in both) / 2 + self.emotion_bias[view]
        return np.asarray(scores - scores.mean(), np.float64)

    def unit_scores(self, cells: Features, view: int) -> NDArray[np.float64]:
        """Return log-odds (2, U) that each unit is on the subject's left and right half."""
        both = (self._standard(cells, view), self._standard(mirrored_grid(cells), view))
        return np.stack([x @ self.unit_weight[view] + self.unit_bias[view] for x in both]).astype(np.float64)

    def _standard(self, cells: Features, view: int) -> Features:
        return np.asarray((cells.ravel() - self.mean[view]) / self.spread[view])


_FIELDS = ("mean", "spread", "emotion", "emotion_bias", "unit_weight", "unit_bias")


def save_grid_model(model: GridModel, path: Path, about: dict[str, str]) -> None:
    """Write the weights as safetensors (float32), with `about` in the header's metadata."""
    arrays: dict[str, NDArray[np.generic]] = {name: getattr(model, name) for name in _FIELDS}
    save_weights(arrays | {"units": np.array(model.units, np.float32)}, path, about)


def load_grid_model(path: Path) -> GridModel:
    """Read weights `save_grid_model` wrote; raises MellmError where the file is missing or damaged."""
    arrays = load_weights(path, (*_FIELDS, "units"))
    units = tuple(int(unit) for unit in arrays.pop("units"))
    return GridModel(**arrays, units=units)


@cache
def shipped_grid_model(*, clean: bool = False) -> GridModel:
    """Return the weights that come with the package; `clean`: those that rest on no annotation sheet."""
    return load_grid_model(shipped_weights(CLEAN if clean else SHIPPED))
