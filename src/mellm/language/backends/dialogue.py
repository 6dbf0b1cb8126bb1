"""Turns added to a dialogue: a system message, words after the last question. Knows nothing about models."""

from collections.abc import Sequence

from mellm.language.backends.protocol import Message


def with_system(messages: Sequence[Message], system: str) -> list[Message]:
    """Return the messages behind a system message, unless they begin with one or `system` is empty."""
    if not system or (messages and messages[0].role == "system"):
        return list(messages)
    return [Message("system", system), *messages]


def with_words(messages: Sequence[Message], words: str) -> list[Message]:
    """Return the messages with `words` after the last user turn's text (a new turn where there is none)."""
    last = max((i for i, m in enumerate(messages) if m.role == "user"), default=None)
    if last is None:
        return [*messages, Message("user", words)]
    said = messages[last]
    asked = Message("user", f"{said.text}\n\n{words}" if said.text else words, said.images)
    return [*messages[:last], asked, *messages[last + 1 :]]
