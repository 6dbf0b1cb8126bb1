"""What a language backend is: messages in; text as it is written, or a choice among given continuations.

Knows nothing about faces, prompts or answers. Backends come from `mellm.language.backends.create_backend`.
"""

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mellm.errors import MellmError
from mellm.media.frame import Image

Role = Literal["system", "user", "assistant"]

MOTION_PLACE = "\ufffc"
"""Where embeddings of motion stand in a message's text: Unicode's object replacement character."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `images` (uint8 RGB) stand before the text; only backends that see take them.

    motion: embeddings float32 (N, E) that stand where the text has `MOTION_PLACE`; only the built-in model
        takes them
    """

    role: Role
    text: str
    images: tuple[Image, ...] = ()
    motion: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Decoding:
    """How text is generated.

    max_tokens: the longest answer
    temperature: 0 is greedy (the default: the same prompt gives the same text)
    seed: of the sampling; without meaning when greedy
    stop: the text ends before the first of these; the stop itself is not handed out
    draft: a text that the answer may resemble, for a greedy backend to read ahead in; what is said stays the
        model's own
    """

    max_tokens: int = 400
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    draft: str = ""


@dataclass(slots=True)
class Control:
    """Ends a running call: when any thread calls `cancel()`, or when the deadline passes.

    timeout: seconds a call may take, from the moment this object is made; None: no limit
    """

    timeout: float | None = None
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _started: float = field(default_factory=time.monotonic)

    def cancel(self) -> None:
        """Ask the running call to end at its next token."""
        self._cancelled.set()

    @property
    def remaining(self) -> float | None:
        """Seconds left, never negative; None without a limit."""
        return None if self.timeout is None else max(0.0, self.timeout - (time.monotonic() - self._started))

    def check(self) -> None:
        """Raise CancelledError or TimedOutError if the call is to end. Backends call it between tokens.

        Raises CancelledError after `cancel()`, TimedOutError after the deadline.
        """
        if self._cancelled.is_set():
            raise CancelledError("The reading was cancelled.")
        if self.remaining == 0.0:
            raise TimedOutError(
                f"The language model took longer than {self.timeout:g} s; allow it more time."
            )


class CancelledError(MellmError):
    """The caller called `Control.cancel`."""


class TimedOutError(MellmError):
    """The deadline passed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The continuation that the model finds likeliest among those it was given.

    index: into the options
    logprobs: natural log of each option's probability as a continuation, up to one constant shared by all;
        None where the backend chose without telling
    """

    index: int
    logprobs: tuple[float, ...] | None


class LanguageBackend(Protocol):
    """The interface of every language model. A backend holds its model; calls are independent of one another.

    One call runs at a time per backend; a second caller waits.
    """

    @property
    def name(self) -> str:
        """What wrote it, for the report: `embedded/SmolLM2-135M-Instruct+...`."""
        ...

    @property
    def sees(self) -> bool:
        """Whether messages may carry pictures."""
        ...

    def generate(
        self,
        messages: Sequence[Message],
        decoding: Decoding,
        *,
        prefix: str = "",
        control: Control | None = None,
    ) -> Generator[str]:
        """Yield the assistant's answer in pieces, as it is written; closing the generator ends the call.

        `prefix`: how the answer begins; it is given, not yielded. Raises MellmError (CancelledError,
        TimedOutError, or what went wrong, in a sentence).
        """
        ...

    def choose(
        self,
        messages: Sequence[Message],
        prefix: str,
        options: Sequence[str],
        *,
        control: Control | None = None,
    ) -> Choice:
        """Return which of `options` continues the assistant's `prefix` best, always one of them.

        Options are compared by the probability of their whole text. Raises as `generate` does, and
        InputError where there is no option.
        """
        ...
