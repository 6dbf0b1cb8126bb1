"""The server's log: a rotating file in the store, with what the server and its child processes log.

STORE/logs/server.log      what happened last; older parts end in .1, .2 and .3
"""

import contextlib
import logging
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE = Path("logs", "server.log")
_BYTES, _KEPT = 2_000_000, 3


@contextlib.contextmanager
def server_log(store: Path) -> Iterator[None]:
    """Log to a file in the store, from INFO upwards, beside wherever the program logs already."""
    (store / FILE).parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(store / FILE, maxBytes=_BYTES, backupCount=_KEPT, encoding="utf-8")
    handler.setLevel(logging.INFO)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    loggers = logging.getLogger("mellm"), logging.getLogger("uvicorn")
    if (level := loggers[0].getEffectiveLevel()) > logging.INFO:
        for other in loggers[0].handlers:  # they log no more than before
            other.setLevel(max(other.level, level))
        loggers[0].setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
