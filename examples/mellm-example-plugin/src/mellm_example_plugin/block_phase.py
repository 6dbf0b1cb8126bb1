"""A flow estimator: phase correlation in overlapping blocks, made dense by interpolation."""

import cv2
import numpy as np

from mellm.flow import Flow, compensate


class BlockPhase:
    """How every block of `block` px moved, a block every half of that; motion below a few px only."""

    name = "block-phase"

    def __init__(self, block: int = 48) -> None:
        """Choose the blocks' side, px."""
        self._block = block

    def estimate(self, onset, apex, landmarks=None) -> Flow:
        """Return the flow between two uint8 (H, W, 3) RGB pictures of one size."""
        first, second = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (onset, apex))
        height, width = first.shape
        side = min(self._block, height, width)
        window = cv2.createHanningWindow((side, side), cv2.CV_32F)
        ys, xs = (range(0, max(1, size - side + 1), max(1, side // 2)) for size in (height, width))
        grid = np.zeros((len(ys), len(xs), 2), np.float32)
        for row, y in enumerate(ys):
            for column, x in enumerate(xs):
                blocks = (p[y : y + side, x : x + side] for p in (first, second))
                (u, v), response = cv2.phaseCorrelate(*blocks, window)
                # A block without texture answers anything.
                grid[row, column] = (u, v) if response > 0.1 and max(abs(u), abs(v)) < side / 4 else (0, 0)
        facial = self._dense(grid, side, height, width)
        method = "mesh-rigid" if landmarks is not None else "similarity"
        head, motion, warnings = compensate(facial, landmarks, method)
        return Flow(facial, head, self.name, method, warnings, motion)

    @staticmethod
    def _dense(grid, side, height, width):
        """Return (H, W, 2) from the vectors at the blocks' centres, linear between them."""
        step = max(1, side // 2)
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        return cv2.remap(
            grid,
            (columns - side / 2) / step,
            (rows - side / 2) / step,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
