"""The built-in language model: SmolLM2-135M-Instruct with mellm's adapter, on two CPU cores, offline.

Knows the model's chat format; knows nothing about faces.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.language.backends.draft import Draft
from mellm.language.backends.prepared import LAST, Prepared, prepare
from mellm.language.backends.protocol import MOTION_PLACE, Choice, Control, Decoding, Message
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
        self._begun = False
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

    @property
    def reads_motion(self) -> bool:
        """Whether it was trained to be shown motion as embeddings (`Message.motion`)."""
        return self._prepared.reads_motion

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
            self._decoder.show(_shown(messages))
            if not prefix and not self._begun:
                # Another prompt's start would make texts depend, in their last bits, on what came before.
                self._decoder.forget()
            self._begun = False
            said: list[int] = []
            told, text = 0, ""
            longest_stop = max((len(stop) for stop in decoding.stop), default=0)
            for token in self._tokens(ids, prefix, decoding, control):
                said.append(token)
                text = self._tokenizer.decode(said)
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

    def begin(self) -> None:
        """Begin a reading: what was kept of earlier ones is forgotten.

        Until its text is written its prompts share what they have in common.
        """
        with self._lock:
            self._decoder.forget()
            self._begun = True

    def _tokens(self, ids: list[int], prefix: str, decoding: Decoding, control: Control) -> Iterator[int]:
        """Yield the tokens that follow on a prompt that ends in `prefix`, up to an end or the most wanted."""
        chance, end = np.random.default_rng(decoding.seed), self._tokenizer.get_eos_token_id()
        greedy = decoding.temperature <= 0
        draft = Draft(self._encode(decoding.draft) if greedy and decoding.draft else [])
        before = self._encode(prefix) if prefix and decoding.draft else []
        said: list[int] = []
        while len(said) < decoding.max_tokens:
            control.check()
            guessed = draft.guess([*before, *said])[: decoding.max_tokens - len(said) - 1]
            logits = self._decoder.logits([*ids, *said, *guessed], 1 + len(guessed))
            right = 0
            for row, guess in zip(logits, [*guessed, None], strict=True):
                token = _pick(row, decoding.temperature, chance)
                if token == end:
                    return
                said.append(token)
                yield token
                if token != guess:
                    break
                right += 1
            draft.heard(right, len(guessed))

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
            self._decoder.show(_shown(messages))
            scores = self._decoder.score(ids, [self._encode(option)[: LAST + 1] for option in options])
        return Choice(int(np.argmax(scores)), tuple(scores))

    def _prompt(self, messages: Sequence[Message], prefix: str, room: int) -> list[int]:
        if any(message.images for message in messages):
            raise InputError("The built-in language model reads text only; choose --route flow.")
        turns = list(messages)
        shown = _shown(turns)
        # The model was trained to be shown motion without a system message.
        if self._prepared.system and turns[0].role != "system" and shown is None:
            turns.insert(0, Message("system", self._prepared.system))
        text = "".join(f"<|im_start|>{m.role}\n{_plain(m.text)}<|im_end|>\n" for m in turns)
        text += "<|im_start|>assistant\n"
        if shown is None:
            ids = self._encode(text)
        else:
            before, _, after = text.partition(MOTION_PLACE)
            ids = [*self._encode(before), *(-1 - k for k in range(len(shown))), *self._encode(after)]
        ids += self._encode(prefix) if prefix else []
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


def _shown(messages: Sequence[Message]) -> NDArray[np.float32] | None:
    """The embeddings that the messages show, those of the first that has some."""
    return next((m.motion for m in messages if m.motion is not None), None)


def _plain(text: str) -> str:
    """Text that cannot end its own turn."""
    return text.replace("<|", "< |")


def _pick(logits: Any, temperature: float, chance: np.random.Generator) -> int:
    if temperature <= 0:
        return int(np.argmax(logits))
    # Gumbel's trick: the largest of scaled logits plus noise is a draw from their softmax.
    return int(np.argmax(logits / temperature + chance.gumbel(size=logits.shape)))
