"""A stateful decoder that begins with embeddings: the motion reader's beginning is read once, branches follow.

Knows token ids and embeddings; knows neither text nor motion.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.language.backends.stateful_decoder import Decoder

Logits = NDArray[np.float32]


class MotionDecoder(Decoder):
    """A `Decoder` of a model prepared with `given`."""

    def __init__(self, folder: Path, width: int) -> None:
        """Load the model in `folder`; `width` is that of its embeddings."""
        super().__init__(folder)
        self._width = width
        self._given: NDArray[np.float32] = np.zeros((0, width), np.float32)

    def begin(self, opening: Sequence[int], motion: NDArray[np.float32], asking: Sequence[int]) -> list[int]:
        """Read a beginning with embeddings (N, width) in it; return the ids that stand for it.

        Texts that go on from it begin with these ids; those of embeddings are negative.
        """
        self.forget()
        ids = [*opening, *range(-1, -len(motion) - 1, -1), *asking]
        self._given = np.asarray(motion, np.float32)
        self.logits(ids)
        return ids

    def ends(self, start: Sequence[int], branches: Sequence[Sequence[int]]) -> Logits:
        """Return the logits (Q, vocabulary) after each of several equally long branches behind `start`."""
        if len(self._read) != len(start):
            self.logits(start)
        rows = np.array(branches, np.int64)
        last = self._step(rows, len(start), np.zeros(len(rows), np.int32))[:, -1].copy()
        self._cut(len(start))
        return last

    def _infer(self, inputs: dict[str, NDArray[np.generic]]) -> Logits:
        ids = np.asarray(inputs["input_ids"])
        given = np.zeros((*ids.shape, self._width), np.float32)
        used = ids < 0
        if used.any():
            given[used] = self._given[-1 - ids[used]]
        taken = {"input_ids": np.where(used, 0, ids), "given": given, "used": used[..., None]}
        return super()._infer(inputs | taken)
