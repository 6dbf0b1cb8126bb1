"""A flow estimator: the best place of each block by normalised correlation, made dense by interpolation."""

import cv2
import numpy as np

from mellm.flow import Flow, compensate

REACH = 6
"""Farthest motion that is looked for, px each way."""


class BlockMatch:
    """How every block of `block` px moved, a block every half of that."""

    name = "block-match"

    def __init__(self, block: int = 32) -> None:
        """Choose the blocks' side, px."""
        self._block = block

    def estimate(self, onset, apex, landmarks=None) -> Flow:
        """Return the flow between two uint8 (H, W, 3) RGB pictures of one size."""
        first, second = (cv2.cvtColor(np.ascontiguousarray(p), cv2.COLOR_RGB2GRAY) for p in (onset, apex))
        height, width = first.shape
        side = min(self._block, height, width)
        around = cv2.copyMakeBorder(second, REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
        ys, xs = (range(0, size - side + 1, max(1, side // 2)) for size in (height, width))
        reach = side + 2 * REACH
        grid = np.array(
            [
                [_moved(first[y : y + side, x : x + side], around[y : y + reach, x : x + reach]) for x in xs]
                for y in ys
            ],
            np.float32,
        )
        facial = _dense(grid, side, height, width)
        method = "mesh-rigid" if landmarks is not None else "similarity"
        head, motion, warnings = compensate(facial, landmarks, method)
        return Flow(facial, head, self.name, method, warnings, motion)


def _moved(block, around):
    """Return (u, v), px, of a block within its surroundings; (0, 0) where it has no texture."""
    if block.std() < 1:
        return 0.0, 0.0
    fit = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
    _, _, _, (x, y) = cv2.minMaxLoc(fit)
    return x - REACH + _between(fit[y], x), y - REACH + _between(fit[:, x], y)


def _between(line, k):
    """Return where the top of the parabola through three values lies, -.5 to .5 from the middle one."""
    if not 0 < k < len(line) - 1:
        return 0.0
    before, top, after = (float(value) for value in line[k - 1 : k + 2])
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else 0.5 * (before - after) / bend


def _dense(grid, side, height, width):
    """Return float32 (H, W, 2) from the vectors at the blocks' centres, linear between them."""
    step = max(1, side // 2)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = [(axis - side / 2) / step for axis in (columns, rows)]
    return cv2.remap(grid, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
