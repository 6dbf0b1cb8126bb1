"""The server's log: a rotating file in the store, with what the server and its child processes log.

    STORE/logs/server.log      what happened last; older parts end in .1, .2 and .3

Knows no job and no HTTP.
"""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from mellm.errors import MellmError

FILE = Path("logs", "server.log")
_BYTES, _KEPT = 2_000_000, 3
_LOGGERS = ("mellm", "uvicorn")


def open_log(store: Path) -> logging.Handler:
    """Log to a file in the store, from INFO upwards, beside wherever the program logs already.

    Raises MellmError where the file cannot be written.
    """
    file = store / FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(file, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        raise MellmError(
            f"The log {file} cannot be written ({error.strerror}); choose another folder with --store."
        ) from error
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("mellm")
    if logger.getEffectiveLevel() > logging.INFO:
        for other in logger.handlers:
            other.setLevel(max(other.level, logger.getEffectiveLevel()))
        logger.setLevel(logging.INFO)
    attach(handler)
    return handler


def attach(handler: logging.Handler) -> None:
    """Give the handler what the program and the HTTP server log; uvicorn forgets it when it is set up."""
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)


def close_log(handler: logging.Handler) -> None:
    """End logging to the file."""
    for name in _LOGGERS:
        logging.getLogger(name).removeHandler(handler)
    handler.close()
