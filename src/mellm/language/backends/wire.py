"""Messages as OpenAI-compatible servers read them. Knows nothing about servers."""

import base64
from collections.abc import Sequence
from typing import Any

import cv2

from mellm.errors import MellmError
from mellm.language.backends.protocol import Message
from mellm.media.frame import Image


def to_wire(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages as JSON: text alone as a string, pictures as PNG data URLs before their text."""
    return [{"role": m.role, "content": _content(m)} for m in messages]


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    pictures = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in message.images]
    return [*pictures, {"type": "text", "text": message.text}]


def data_url(image: Image) -> str:
    """Return a picture, uint8 (H, W, 3) RGB, as `data:image/png;base64,...`; PNG loses nothing."""
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise MellmError(
            "A picture could not be encoded as PNG; check that the OpenCV installation is whole."
        )
    return f"data:image/png;base64,{base64.b64encode(data.tobytes()).decode()}"
