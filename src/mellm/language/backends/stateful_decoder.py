"""A stateful decoder on OpenVINO: token ids in, logits out, and what it has read already is not read again.

Keeps the key/value cache between calls and cuts it back to what a new prompt shares with the last. An id
below zero, -1 - k, stands for the k-th embedding of `show`. Knows token ids and embeddings; knows no text.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mellm.errors import MellmError

CONTEXT = 8192
"""Tokens the base model was trained on."""

_CHUNK = 512
"""Tokens read per call, so that a cancelled reading ends soon in a long prompt too."""


class Decoder:
    """One model, one cache. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Load the model in `folder` (openvino_model.xml)."""
        from mellm.inference import ov

        core = ov.Core()
        # In bfloat16 logits come in steps of an eighth, and a cache of bytes moves them by
        # a tenth when it is cut: both too coarse for probabilities. Processors with instructions for it
        # would round what several tokens bring to 8 bits, so that a text hung on how many are read at once.
        # Compiling takes over two seconds, reading the result of an earlier time a third of one.
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        }
        self._ov = ov
        model = folder / "openvino_model.xml"
        try:
            compiled = core.compile_model(model, "CPU", {**options, "CACHE_DIR": str(folder / "compiled")})
        except RuntimeError:  # a cache that may only be read, or a full disk
            compiled = core.compile_model(model, "CPU", options)
        self._request = compiled.create_infer_request()
        self._read: list[int] = []
        self._several = False  # whether the cache holds more than `_read`: options, which go on from it
        width = compiled.input("given").get_partial_shape()[2].get_length()
        self._shown: NDArray[np.float32] = np.zeros((0, width), np.float32)
        self._none, self._nowhere = np.zeros((1, 1, width), np.float32), np.zeros((1, 1, 1), np.bool_)

    def show(self, embeddings: NDArray[np.float32] | None) -> None:
        """Set what the ids below zero stand for, float32 (N, E); what was read of others is forgotten."""
        shown = self._shown[:0] if embeddings is None else embeddings
        if shown.shape[1] != self._shown.shape[1]:
            raise MellmError(
                f"The motion encoder was trained for embeddings of {shown.shape[1]} numbers, the language "
                f"model has {self._shown.shape[1]}; take weights that were trained together."
            )
        if not np.array_equal(shown, self._shown):
            self.forget()
            self._shown = shown

    def forget(self) -> None:
        """Forget what was read, so that the same ids give the same logits to the last bit."""
        self._cut(0)

    def logits(self, ids: Sequence[int], last: int = 1) -> NDArray[np.float32]:
        """Return the logits (last, vocabulary) after the `last` (few) last tokens of a sequence.

        Only what the last sequence lacked is computed.
        """
        # The last tokens must be read to know what follows them.
        shared = min(_shared(self._read, ids), len(ids) - last)
        self._cut(shared)
        rows: NDArray[np.float32] = np.empty((0, 0), np.float32)
        while shared < len(ids):
            left = len(ids) - shared
            count = left if left <= _CHUNK else min(_CHUNK, left - last)
            rows = self._step(np.array([ids[shared : shared + count]], np.int64), shared)[0]
            self._read.extend(ids[shared : shared + count])
            shared += count
        return rows[-last:]

    def score(self, ids: Sequence[int], options: Sequence[Sequence[int]]) -> list[float]:
        """Return each option's log-probability as a continuation of a sequence, in one batch."""
        first = _log_softmax(self.logits(ids)[0])
        longest = max(len(option) for option in options)
        total = [float(first[option[0]]) for option in options]
        if longest > 1:
            rows = np.zeros((len(options), longest - 1), np.int64)
            for row, option in zip(rows, options, strict=True):
                row[: len(option) - 1] = option[:-1]
            # Every option continues the same cache: the request's only sequence, once per option.
            self._several = True
            logits = _log_softmax(self._step(rows, len(ids), np.zeros(len(options), np.int32)))
            for i, option in enumerate(options):
                total[i] += float(sum(logits[i, j, token] for j, token in enumerate(option[1:])))
            self._cut(len(ids))
        return total

    def _step(
        self, ids: NDArray[np.int64], past: int, beams: NDArray[np.int32] | None = None
    ) -> NDArray[np.float32]:
        count, length = ids.shape
        positions = np.arange(past, past + length, dtype=np.int64)
        places = ids[..., None] < 0
        if places.any():
            given = self._shown[(-1 - ids).clip(0)]
        else:
            given, places = self._none, self._nowhere
        inputs = {
            "given": given,
            "places": places,
            "input_ids": ids.clip(0),
            "attention_mask": np.ones((count, past + length), np.int64),
            "position_ids": np.tile(positions, (count, 1)),
            "beam_idx": np.zeros(count, np.int32) if beams is None else beams,
        }
        result: NDArray[np.float32] = self._request.infer(inputs, share_inputs=True)["logits"]
        return result

    def _cut(self, length: int) -> None:
        """Forget everything after the first `length` tokens, and all sequences but the first."""
        if length == 0:
            self._request.reset_state()
        elif length < len(self._read) or self._several:
            for state in self._request.query_state():
                kept = state.state.data
                if kept.shape[0] != 1 or kept.shape[2] != length:
                    state.state = self._ov.Tensor(np.ascontiguousarray(kept[:1, :, :length]))
        self._several = False
        del self._read[length:]


def _shared(before: Sequence[int], now: Sequence[int]) -> int:
    for place, (a, b) in enumerate(zip(before, now, strict=False)):
        if a != b:
            return place
    return min(len(before), len(now))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    high = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(high - np.log(np.exp(high).sum(axis=-1, keepdims=True)))
