"""Language models behind one protocol."""

from mellm.language.backends.types import (
    Cancelled,
    Choice,
    Control,
    Decoding,
    LanguageBackend,
    Message,
    TimedOut,
)

__all__ = ["Cancelled", "Choice", "Control", "Decoding", "LanguageBackend", "Message", "TimedOut"]
