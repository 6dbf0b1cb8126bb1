"""Requests and answers in the form of OpenAI's chat API. Knows nothing about servers."""

import base64
from collections.abc import Mapping, Sequence
from typing import TypedDict

import cv2
from pydantic import BaseModel, Field, field_validator

from mellm.errors import MellmError
from mellm.language.backends.protocol import Message
from mellm.media.frame import Image


class ChatMessage(TypedDict):
    """One message."""

    role: str
    content: str | list[Mapping[str, object]]


class ChatRequest(TypedDict, total=False):
    """The fields of a request that this package uses."""

    model: str
    messages: list[ChatMessage]
    max_tokens: int
    max_completion_tokens: int
    temperature: float
    seed: int | None
    stop: list[str] | None
    stream: bool
    logprobs: bool
    top_logprobs: int
    response_format: Mapping[str, object]
    continue_final_message: bool
    add_generation_prompt: bool
    chat_template_kwargs: Mapping[str, object]


class AnswerText(BaseModel):
    """A whole answer, or the next part of one."""

    content: str | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _joined(cls, content: object) -> object:
        """Join an answer in parts, as some servers send it; thoughts and the like are left out."""
        if not isinstance(content, list):
            return content
        return "".join(str(p.get("text") or "") for p in content if isinstance(p, dict))


class AnswerChoice(BaseModel):
    """One of the answers of a reply; `logprobs` is None where the server does not list likely tokens."""

    message: AnswerText | None = None
    delta: AnswerText | None = None
    finish_reason: str | None = None
    logprobs: object = None

    @property
    def text(self) -> str:
        """The text of this reply or event; empty where it has none."""
        said = self.delta or self.message
        return (said.content or "") if said else ""


class ChatReply(BaseModel):
    """The answer to a request, or one event of a streamed answer.

    Events beside the answer (usage, filters, signs of life) have no choices, or null.
    """

    choices: list[AnswerChoice | None] | None = None


class LikelyToken(BaseModel):
    """A token that may come next, and its log-probability."""

    token: str
    logprob: float


class _TokenPlace(BaseModel):
    top_logprobs: list[LikelyToken]


class TokenLogprobs(BaseModel):
    """`logprobs` of an answer: the likeliest tokens at each of its places."""

    content: list[_TokenPlace] = Field(min_length=1)


def to_wire(messages: Sequence[Message]) -> list[ChatMessage]:
    """Return messages as JSON: text alone as a string, pictures as PNG data URLs before their text."""
    return [{"role": m.role, "content": _content(m)} for m in messages]


def _content(message: Message) -> str | list[Mapping[str, object]]:
    if not message.images:
        return message.text
    pictures: list[Mapping[str, object]] = [
        {"type": "image_url", "image_url": {"url": data_url(image)}} for image in message.images
    ]
    return [*pictures, {"type": "text", "text": message.text}]


def data_url(image: Image) -> str:
    """Return a picture, uint8 (H, W, 3) RGB, as `data:image/png;base64,...`; PNG loses nothing."""
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise MellmError(
            "A picture could not be encoded as PNG; check that the OpenCV installation is whole."
        )
    return f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode()}"
