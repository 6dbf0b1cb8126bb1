"""Language models behind one protocol.

>>> from mellm.language.backends import create_backend
"""

from mellm.language.backends.protocol import (
    CancelledError,
    Choice,
    Control,
    Decoding,
    LanguageBackend,
    Message,
    TimedOutError,
)
from mellm.language.backends.specs import backend_specs, create_backend

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
