"""Worker processes that never outlive their parent, and what a person is told when they cannot begin.

A pool whose workers end as soon as the parent has gone, however it went, and at once where the work is broken
off; signals that end a program, turned into an exception that says what was kept. Knows no work.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from mellm.errors import MellmError
from mellm.wording.message import Message


class Stopped(KeyboardInterrupt):
    """Work was broken off by Ctrl-C or a signal; `message` says what was kept, `number` which signal."""

    def __init__(self, message: Message | None = None, number: int = signal.SIGINT) -> None:
        """Keep the sentence, where there is one, and the signal's number."""
        super().__init__(str(message or ""))
        self.message, self.number = message, number

    @classmethod
    def of(cls, error: KeyboardInterrupt, message: Message) -> "Stopped":
        """Return the same interruption with a sentence that says what was kept."""
        return cls(message, getattr(error, "number", signal.SIGINT))


def stop_on_signals() -> None:
    """Let SIGTERM and SIGHUP break off the work as Ctrl-C does, by `Stopped`, so that it can tidy up."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ignored on purpose (nohup) it stays ignored.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: what tidies up is not broken off again
    raise Stopped(number=number)


class Pool:
    """Fresh processes for some work. `began` says whether any of them has come as far as to take work."""

    def __init__(self, executor: ProcessPoolExecutor, parent: Connection) -> None:
        """Take over the executor and the parent's end of the line to its workers."""
        self.executor, self._parent = executor, parent
        self._began = False

    @property
    def began(self) -> bool:
        """Whether a worker has ever started."""
        self._began = self._began or self._parent.poll()
        return self._began

    def cannot_begin(self) -> MellmError:
        """Return the error for workers none of which ever started."""
        return MellmError(Message("processes.not_begun"))


@contextmanager
def worker_pool(workers: int, begin: Callable[..., None], *arguments: Any) -> Iterator[Pool]:
    """Yield a pool of `workers` processes, each started with `begin(*arguments)`.

    The processes are fresh (spawned): OpenVINO's and OpenCV's threads do not survive a fork. Leaving by an
    exception ends them at once; a parent that is killed takes them with it. In a script without a main guard,
    which a fresh process runs from its top, the process ends here without a word; its parent says what is
    missing by `Pool.cannot_begin`.
    """
    if getattr(current_process(), "_inheriting", False):
        raise SystemExit(1)
    context = get_context("spawn")
    parent, child = context.Pipe()
    executor = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_begin, initargs=(child, begin, arguments)
    )
    try:
        yield Pool(executor, parent)
    except BaseException:
        parent.close()  # the workers see it, and end
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        executor.shutdown(wait=True)
        for end in (parent, child):
            end.close()


def _begin(line: Connection, begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Start a worker: Ctrl-C is the parent's to handle, and the end of the line is the worker's end."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        line.send_bytes(b"begun")
    threading.Thread(target=_end_with_parent, args=(line,), daemon=True).start()
    begin(*arguments)


def _end_with_parent(line: Connection) -> None:
    with suppress(EOFError, OSError):
        line.recv_bytes()
    os._exit(1)
