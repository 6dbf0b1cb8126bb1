"""Language models behind one protocol.

>>> from mellm.language.backends import create_backend
"""

from mellm.language.backends.registry import backend_specs, create_backend
from mellm.language.backends.types import (
    CancelledError,
    Choice,
    Control,
    Decoding,
    LanguageBackend,
    Message,
    TimedOutError,
)

__all__ = [
    "CancelledError",
    "Choice",
    "Control",
    "Decoding",
    "LanguageBackend",
    "Message",
    "TimedOutError",
    "backend_specs",
    "create_backend",
]
