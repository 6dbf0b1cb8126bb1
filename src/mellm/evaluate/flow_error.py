"""Figures for optical flow: end-point error, angular error, and error relative to the motion there is.

At micro-expression scale whole-pixel outlier rates say nothing; EPE divided by the mean true motion does.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EndPointFigures:
    """`epe` in px, `angular` in degrees, `relative` = EPE / mean true motion, over `pixels`."""

    epe: float
    angular: float
    relative: float
    pixels: int


@dataclass(slots=True)
class EndPointError:
    """Mean end-point error in pixels (and angular error in degrees) over all pixels updated."""

    _error: float = field(default=0.0, init=False)
    _angle: float = field(default=0.0, init=False)
    _motion: float = field(default=0.0, init=False)
    _pixels: int = field(default=0, init=False)

    def reset(self) -> None:
        """Forget everything."""
        self._error = self._angle = self._motion = 0.0
        self._pixels = 0

    def update(self, estimate: Field, truth: Field, where: NDArray[np.bool_] | None = None) -> None:
        """Add one field (H, W, 2), only where `where` (H, W) is true."""
        inside = np.ones(truth.shape[:2], bool) if where is None else where
        e, t = estimate[inside].astype(np.float64), truth[inside].astype(np.float64)
        self._error += float(np.linalg.norm(e - t, axis=-1).sum())
        self._motion += float(np.linalg.norm(t, axis=-1).sum())
        # Angle between (u, v, 1) vectors: Barron, Fleet & Beauchemin 1994, eq. 2.
        dot = (e * t).sum(-1) + 1
        length = np.sqrt(((e**2).sum(-1) + 1) * ((t**2).sum(-1) + 1))
        self._angle += float(np.degrees(np.arccos(np.clip(dot / length, -1, 1))).sum())
        self._pixels += len(t)

    def compute(self) -> EndPointFigures:
        """Return the means; all 0 where nothing was added."""
        count = max(self._pixels, 1)
        return EndPointFigures(
            epe=self._error / count,
            angular=self._angle / count,
            relative=self._error / self._motion if self._motion else 0.0,
            pixels=self._pixels,
        )
