"""What one OpenAI-compatible endpoint understands. It is found out once and remembered.

Servers name themselves in their list of models (`owned_by`), and name in a refusal the field they refuse.
Requests are built for what is known so far. Knows nothing about HTTP or about what is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from mellm.language.backends.dialogue import with_words
from mellm.language.backends.protocol import Decoding, Message
from mellm.language.backends.wire import ChatRequest, to_wire

_CONTINUE: ChatRequest = {"continue_final_message": True, "add_generation_prompt": False}
_NO_THINKING: ChatRequest = {"chat_template_kwargs": {"enable_thinking": False}}
"""Qwen3 writes its thoughts down unless its chat template is told not to."""


_OPENAI_TOP, _MANY = 20, 1000


@dataclass(frozen=True, slots=True)
class Family:
    """Servers of one kind.

    continue_fields: what makes it go on with a last message of the assistant's; None: it starts a new one
    every_request: fields every request carries
    top_logprobs: how many likeliest next tokens to ask for (OpenAI lists 20 at most)
    """

    continue_fields: ChatRequest | None = None
    every_request: ChatRequest = field(default_factory=ChatRequest)
    top_logprobs: int = _OPENAI_TOP


_UNKNOWN = Family()
_FAMILIES = {
    "vllm": Family(_CONTINUE, _NO_THINKING, _MANY),
    "sglang": Family(_CONTINUE, _NO_THINKING),
    "llamacpp": Family(_CONTINUE, _NO_THINKING, _MANY),
    # Ollama: its templates leave a last assistant turn open by themselves.
    "library": Family({}),
}
_OPTIONAL = ("seed", "stop", "temperature", "logprobs", "top_logprobs", "response_format",
          "chat_template_kwargs", *_CONTINUE)  # fmt: skip
"""Fields a server may refuse; the request goes on without."""
_OTHER_LIMIT = re.compile(r"(?is)(?:unsupported|not supported|instead).*max_completion_tokens")


@dataclass
class Dialect:
    """What is known of an endpoint.

    refused: fields it does not take
    way: number of the first way of choosing that is not known to fail (`scoring`)
    few_logprobs: it lists no more next tokens than OpenAI
    """

    family: Family = _UNKNOWN
    refused: set[str] = field(default_factory=set)
    way: int = 0
    few_logprobs: bool = False

    @classmethod
    def of(cls, owner: str, thinking: bool = False) -> "Dialect":
        """Return the dialect of a server by the `owned_by` of its models.

        thinking: models may think aloud first, if their chat template lets them
        """
        family = _FAMILIES.get(owner.lower(), _UNKNOWN)
        return cls(replace(family, every_request=ChatRequest()) if thinking else family)

    @property
    def continues(self) -> bool:
        """Whether an answer can be begun for the model."""
        return self.family.continue_fields is not None and not self.refused & set(_CONTINUE)

    @property
    def top_logprobs(self) -> int:
        """How many likeliest next tokens to ask for."""
        return _OPENAI_TOP if self.few_logprobs else self.family.top_logprobs

    def body(
        self,
        model: str,
        messages: Sequence[Message],
        prefix: str,
        decoding: Decoding,
        extra: ChatRequest | None = None,
    ) -> ChatRequest:
        """Return a request whose answer continues `prefix`, or was asked in words to begin with it."""
        begun: ChatRequest = {}
        if prefix and self.continues:
            messages, begun = [*messages, Message("assistant", prefix)], self.family.continue_fields or {}
        elif prefix:
            messages = with_words(
                messages, f"Begin your answer with exactly this text, and go on from there:\n{prefix}"
            )
        limit = "max_completion_tokens" if "max_tokens" in self.refused else "max_tokens"
        full = {
            "model": model,
            "messages": to_wire(messages),
            limit: decoding.max_tokens,
            "temperature": decoding.temperature,
            "seed": decoding.seed,
            # OpenAI takes four at most; the text is cut here all the same.
            "stop": list(decoding.stop[:4]) or None,
            **self.family.every_request,
            **begun,
            **(extra or {}),
        }
        if extra and "top_logprobs" in extra:
            full["top_logprobs"] = min(extra["top_logprobs"], self.top_logprobs)
        return cast(ChatRequest, {k: v for k, v in full.items() if v is not None and k not in self.refused})

    def learn(self, refusal: str, body: ChatRequest) -> bool:
        """Learn from the text of a refusal; return whether the request may be sent again in another form."""
        if "max_tokens" in body and _OTHER_LIMIT.search(refusal):
            self.refused.add("max_tokens")
            return True
        if body.get("top_logprobs", 0) > _OPENAI_TOP and "logprobs" in refusal:
            self.few_logprobs = True
            return True
        named = {name for name in _OPTIONAL if name in body and re.search(rf"\b{name}\b", refusal)}
        self.refused |= named
        return bool(named)
