"""A child process from the parent's side: start, ask, wait with a limit, end. Knows no task.

Neither pebble nor concurrent.futures has processes that end with a parent that was killed, and that tell
their progress; so there is this module and `child_process`.
"""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from typing import BinaryIO, cast

from mellm.errors import MellmError
from mellm.web.child_process import Header, read_message, write_message

_CHILD_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}

_SIGKILL = getattr(signal, "SIGKILL", 9)


class ChildGoneError(MellmError):
    """The child process ended without an answer."""


class ChildProcess:
    """A Python module running in a process of its own, started at once."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start `python -m module arguments`."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | _CHILD_ENVIRONMENT,
            # Ctrl-C in the terminal is the server's to handle.
            start_new_session=True,
        )
        self._answers: queue.Queue[tuple[Header, bytes] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._log_stderr, args=(module,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def killed(self) -> bool:
        """Whether the system ended the process with SIGKILL, as it does where memory runs out."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._process.returncode == -_SIGKILL

    def _listen(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        while True:
            try:
                message = read_message(stream)
            except (OSError, ValueError):
                message = None
            self._answers.put(message)
            if message is None:
                return

    def _log_stderr(self, module: str) -> None:
        """Log what the child logs and what its libraries print, line by line."""
        log = logging.getLogger(module)
        with cast(BinaryIO, self._process.stderr) as lines:
            for line in lines:
                log.info("[%d] %s", self.pid, line.decode("utf-8", "replace").rstrip())

    def send(self, order: Header) -> None:
        """Give an order. Raises ChildGoneError."""
        try:
            write_message(cast(BinaryIO, self._process.stdin), order)
        except (OSError, ValueError):
            raise ChildGoneError("The process that reads the file has ended; try again.") from None

    def receive(self, seconds: float) -> tuple[Header, bytes]:
        """Wait for the next answer. Raises TimeoutError, or ChildGoneError where the process has ended."""
        try:
            message = self._answers.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise TimeoutError from None
        if message is None:
            self._answers.put(None)
            raise ChildGoneError("The process that reads the file has ended; try again.")
        return message

    def end(self) -> None:
        """Kill the process and wait until it has ended."""
        with contextlib.suppress(OSError):
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                cast(BinaryIO, stream).close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
