"""The built-in language model: SmolLM2-135M-Instruct with mellm's adapter, on two CPU cores, offline.

Knows the model's chat format; knows nothing about faces.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mellm.errors import InputError
from mellm.language.backends.prepared import LAST, Prepared, prepare
from mellm.language.backends.protocol import Choice, Control, Decoding, Message
from mellm.language.backends.stateful_decoder import CONTEXT, Decoder


class EmbeddedBackend:
    """Runs in this process; the model is made ready and loaded on first use."""

    sees = False

    def __init__(
        self,
        *,
        adapter: Path | None = None,
        untouched: bool = False,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Choose the model: with the shipped adapter, one of your own, or the untouched base."""
        self._lock = threading.Lock()
        self.turn = threading.Lock()
        """Held by a reader for a whole reading, which is several calls."""
        self._prepared: Prepared = prepare(adapter=adapter, untouched=untouched, progress=progress)

    @property
    def name(self) -> str:
        """`embedded/SmolLM2-135M-Instruct+...`."""
        return f"embedded/{self._prepared.name}"

    @property
    def sha256(self) -> str:
        """Hash of base and adapter together."""
        return self._prepared.sha256

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self._prepared.folder)

    @cached_property
    def _tokenizer(self) -> Any:
        from mellm.inference import genai

        return genai().Tokenizer(str(self._prepared.folder))

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Yield the answer; see the protocol."""
        control = control or Control()
        with self._lock:
            ids = self._prompt(messages, prefix, decoding.max_tokens)
            if not prefix:
                # Reusing another prompt's start would save little and make texts depend on what came before.
                self._decoder.forget()
            chance = np.random.default_rng(decoding.seed)
            end, start, told = self._tokenizer.get_eos_token_id(), len(ids), 0
            longest_stop = max((len(stop) for stop in decoding.stop), default=0)
            text = ""
            for _ in range(decoding.max_tokens):
                control.check()
                logits = self._decoder.logits(ids)
                token = _pick(logits, decoding.temperature, chance)
                if token == end:
                    break
                ids.append(token)
                text = self._tokenizer.decode(ids[start:])
                places = [at for stop in decoding.stop if (at := text.find(stop)) >= 0]
                if places:
                    text = text[: min(places)]
                    break
                # Half of a character, or of a stop, is not handed out yet.
                safe = len(text) - max(longest_stop - 1, 0)
                if safe > told and not text.endswith("\ufffd"):
                    yield text[told:safe]
                    told = safe
            if len(text) > told:
                yield text[told:]

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Return the likeliest continuation; see the protocol."""
        if not options:
            raise InputError("There is nothing to choose from; give the options.")
        with self._lock:
            (control or Control()).check()
            ids = self._prompt(messages, prefix, LAST)
            scores = self._decoder.score(ids, [self._encode(option)[: LAST + 1] for option in options])
        return Choice(int(np.argmax(scores)), tuple(scores))

    def _prompt(self, messages: Sequence[Message], prefix: str, room: int) -> list[int]:
        if any(message.images for message in messages):
            raise InputError("The built-in language model reads text only; choose --route flow.")
        turns = list(messages)
        if self._prepared.system and turns[0].role != "system":
            turns.insert(0, Message("system", self._prepared.system))
        text = "".join(f"<|im_start|>{m.role}\n{_plain(m.text)}<|im_end|>\n" for m in turns)
        ids = self._encode(f"{text}<|im_start|>assistant\n") + (self._encode(prefix) if prefix else [])
        if len(ids) + room > CONTEXT:
            raise InputError(
                f"The prompt has {len(ids)} tokens; the built-in model takes {CONTEXT - room}. Shorten it."
            )
        return ids

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0].tolist()
        return ids


def untouched_backend() -> EmbeddedBackend:
    """Return the base as its makers published it: the baseline of our own training."""
    return EmbeddedBackend(untouched=True)


def _plain(text: str) -> str:
    """Text that cannot end its own turn."""
    return text.replace("<|", "< |")


def _pick(logits: Any, temperature: float, chance: np.random.Generator) -> int:
    if temperature <= 0:
        return int(np.argmax(logits))
    # Gumbel's trick: the largest of scaled logits plus noise is a draw from their softmax.
    return int(np.argmax(logits / temperature + chance.gumbel(size=logits.shape)))
