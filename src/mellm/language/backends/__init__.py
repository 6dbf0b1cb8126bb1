"""Language models behind one protocol."""

from mellm.language.backends.types import (
    CancelledError,
    Choice,
    Control,
    Decoding,
    LanguageBackend,
    Message,
    TimedOutError,
)

__all__ = ["CancelledError", "Choice", "Control", "Decoding", "LanguageBackend", "Message", "TimedOutError"]
