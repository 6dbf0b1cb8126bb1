"""The motion reader's model, ready to run: encoders and decoder on OpenVINO, shares of every closed answer, text.

Knows the shipped files and the tokenizer; knows nothing of what is measured beside its input.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mellm.language.backends.prepared import Prepared, prepare
from mellm.language.backends.protocol import Control
from mellm.language.motion.decoder import MotionDecoder
from mellm.language.motion.questions import ASKING, OPENING, branches, options
from mellm.weights import shipped_path

Route = Literal["flow", "vision"]
ADAPTER = "language_motion"
ENCODERS: dict[Route, str] = {"flow": "language_regions.onnx", "vision": "language_maps.onnx"}
"""File of each route's encoder with its projector."""

Shares = tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A motion that was read: the ids that stand for its beginning, and the shares of each closed answer.

    shares: for each of `questions.branches()`, over its `questions.options()`
    """

    start: tuple[int, ...]
    shares: Shares


class MotionModel:
    """One model for both routes. One reading at a time: take `turn` for a whole reading."""

    def __init__(
        self,
        *,
        weights: Path | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Make the model ready; `weights` is a folder with other files of the same names."""
        folder = weights or shipped_path(ADAPTER).parent
        self.turn = threading.Lock()
        self._encoders = {route: folder / name for route, name in ENCODERS.items()}
        self._prepared: Prepared = prepare(
            adapter=folder / f"{ADAPTER}.safetensors", given=True, progress=progress
        )
        self._compiled: dict[Route, Any] = {}

    @property
    def name(self) -> str:
        """For the report: `embedded/SmolLM2-135M-Instruct+language_motion`."""
        return f"embedded/{self._prepared.name}"

    @property
    def sha256(self) -> str:
        """Of base and adapter together."""
        return self._prepared.sha256

    @cached_property
    def _tokenizer(self) -> Any:
        from mellm.inference import genai

        return genai().Tokenizer(str(self._prepared.folder))

    @cached_property
    def _layout(self) -> tuple[list[int], list[int], list[list[int]], list[list[int]]]:
        asked = [self.encode(branch) for branch in branches()]
        answers = [[token for option in found for token in self.encode(option)] for found in options()]
        return self.encode(OPENING), self.encode(ASKING), asked, answers

    @cached_property
    def _decoder(self) -> MotionDecoder:
        return MotionDecoder(self._prepared.folder, self.width)

    @cached_property
    def width(self) -> int:
        """Of the language model's embeddings."""
        return int(self._encoder("flow").output(0).partial_shape[2].get_length())

    def _encoder(self, route: Route) -> Any:
        if route not in self._compiled:
            from mellm.inference import ov

            options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
            self._compiled[route] = ov.Core().compile_model(self._encoders[route], "CPU", options)
        return self._compiled[route]

    def embed(self, route: Route, given: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return motion tokens (30, width) of one input: regions' features, or a map's picture."""
        embedded: NDArray[np.float32] = self._encoder(route)([given[None]])[0][0]
        return embedded

    def begin(self, route: Route, given: NDArray[np.float32], control: Control | None = None) -> Begun:
        """Read a motion and answer every closed question about it."""
        (control or Control()).check()
        opening, asking, asked, answers = self._layout
        start = self._decoder.begin(opening, self.embed(route, given), asking)
        logits = self._decoder.ends(start, asked)
        return Begun(
            tuple(start), tuple(_softmax(row[ids]) for row, ids in zip(logits, answers, strict=True))
        )

    def next_token(self, ids: Sequence[int]) -> int:
        """Return the likeliest token after ids that begin with a `Begun.start`."""
        return int(np.argmax(self._decoder.logits(ids)))

    def likeliest(self, ids: Sequence[int], texts: Sequence[str]) -> int:
        """Return which text goes on best after ids, by its mean log-probability a token."""
        rows = [self.encode(text)[:40] for text in texts]
        scores = self._decoder.score(ids, rows)
        return int(np.argmax([score / len(row) for score, row in zip(scores, rows, strict=True)]))

    @cached_property
    def end(self) -> int:
        """The token that ends a text."""
        return int(self._tokenizer.get_eos_token_id())

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0].tolist()
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of token ids."""
        return str(self._tokenizer.decode(list(ids)))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    raised = np.exp(logits.astype(np.float64) - float(logits.max()))
    return np.asarray(raised / raised.sum())
