"""A stateful decoder on OpenVINO: token ids in, logits out, and what it has read already is not read again.

Keeps the key/value cache between calls and cuts it back to what a new prompt shares with the last. Knows
token ids; knows no text.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
        # a tenth when it is cut: both too coarse for probabilities.
        # Compiling takes over two seconds, reading the result of an earlier time a third of one.
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32",
        }
        self._ov = ov
        model = folder / "openvino_model.xml"
        try:
            compiled = core.compile_model(model, "CPU", {**options, "CACHE_DIR": str(folder / "compiled")})
        except RuntimeError:  # a cache that may only be read, or a full disk
            compiled = core.compile_model(model, "CPU", options)
        self._request = compiled.create_infer_request()
        self._read: list[int] = []

    def forget(self) -> None:
        """Forget what was read, so that the same ids give the same logits to the last bit."""
        self._cut(0)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the logits (vocabulary,) after a sequence; only what the last one lacked is computed."""
        shared = _shared(self._read, ids)
        if shared == len(ids):  # the last token must be read to know what follows it
            shared -= 1
        self._cut(shared)
        last: NDArray[np.float32] = np.empty(0, np.float32)
        for start in range(shared, len(ids), _CHUNK):
            last = self._step(np.array([ids[start : start + _CHUNK]], np.int64), start)[0, -1]
            self._read.extend(ids[start : start + _CHUNK])
        return last

    def score(self, ids: Sequence[int], options: Sequence[Sequence[int]]) -> list[float]:
        """Return each option's log-probability as a continuation of a sequence, in one batch."""
        first = _log_softmax(self.logits(ids))
        longest = max(len(option) for option in options)
        total = [float(first[option[0]]) for option in options]
        if longest > 1:
            rows = np.zeros((len(options), longest - 1), np.int64)
            for row, option in zip(rows, options, strict=True):
                row[: len(option) - 1] = option[:-1]
            # Every option continues the same cache: the request's only sequence, once per option.
            logits = _log_softmax(self._step(rows, len(ids), np.zeros(len(options), np.int32)))
            for i, option in enumerate(options):
                total[i] += float(sum(logits[i, j, token] for j, token in enumerate(option[1:])))
            self._cut(len(ids))
        return total

    def _step(
        self, ids: NDArray[np.int64], past: int, beams: NDArray[np.int32] | None = None
    ) -> NDArray[np.float32]:
        count, length = ids.shape
        places = np.arange(past, past + length, dtype=np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones((count, past + length), np.int64),
            "position_ids": np.tile(places, (count, 1)),
            "beam_idx": np.zeros(count, np.int32) if beams is None else beams,
        }
        result: NDArray[np.float32] = self._request.infer(inputs, share_inputs=True)["logits"]
        return result

    def _cut(self, length: int) -> None:
        """Forget everything after the first `length` tokens, and all sequences but the first."""
        if length == 0:
            self._request.reset_state()
        else:
            for state in self._request.query_state():
                kept = state.state.data
                if kept.shape[0] != 1 or kept.shape[2] != length:
                    state.state = self._ov.Tensor(np.ascontiguousarray(kept[:1, :, :length]))
        del self._read[length:]


def _shared(before: Sequence[int], now: Sequence[int]) -> int:
    for place, (a, b) in enumerate(zip(before, now, strict=False)):
        if a != b:
            return place
    return min(len(before), len(now))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    high = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return np.asarray(high - np.log(np.exp(high).sum(axis=-1, keepdims=True)))
