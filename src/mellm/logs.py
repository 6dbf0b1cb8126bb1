"""Logging of the program: the level and the file that the command line, its workers and the server share."""

import logging
import os
import sys
from pathlib import Path
from typing import Final

from mellm.errors import InputError

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
DEFAULT: Final = "WARNING"
_LEVEL, _FILE = "MELLM_LOG_LEVEL", "MELLM_LOG_FILE"
_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def configure(level: str = DEFAULT, file: Path | None = None) -> None:
    """Send what `mellm` logs from `level` upwards to `file`, or to standard error where there is none.

    With a file, standard error still gets warnings and errors. The choice is kept in the environment, so that
    child processes can take it over with `configure_child`. A second call replaces the first one's handlers.
    Raises InputError for a level that does not exist and for a file that cannot be written.
    """
    level = level.upper()
    if level not in LEVELS:
        raise InputError(f"There is no log level '{level}'; choose one of {', '.join(LEVELS)}.")
    logger = logging.getLogger("mellm")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    screen = _StandardError()
    screen.setLevel(level if file is None else max(logging.WARNING, logging.getLevelName(level)))
    screen.setFormatter(logging.Formatter("mellm: %(levelname)s %(message)s"))
    logger.addHandler(screen)
    logger.setLevel(level)
    if file is not None:
        logger.addHandler(_file_handler(file))
        os.environ |= {_LEVEL: level, _FILE: str(file.resolve())}


def configure_child() -> None:
    """Append to the log file of the parent process, where it has one; else log nothing."""
    logger, file = logging.getLogger("mellm"), os.environ.get(_FILE)
    logger.setLevel(os.environ.get(_LEVEL) or DEFAULT)
    logger.addHandler(_file_handler(Path(file)) if file else logging.NullHandler())


class _StandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def _file_handler(file: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(
            f"The log cannot be written to {file} ({error.strerror}); choose another --log-file."
        ) from error
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler
