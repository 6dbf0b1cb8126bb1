"""An iterator that runs a few steps ahead of whoever takes from it, in a thread of its own."""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

STEPS = 3
"""Items that wait at most: with more, pictures would only fill memory."""
_WAIT = 0.2


class _End:
    """Nothing more comes; `error` is what the thread ended with."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], steps: int = STEPS) -> Iterator[T]:
    """Yield the items in order while a thread already makes the next ones.

    What goes wrong there is raised here. Where the taker stops early, the thread ends with its next item.
    """
    ready: Queue[T | _End] = Queue(maxsize=steps)
    stopped = Event()

    def put(item: T | _End) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=_WAIT)
                return
            except Full:
                continue

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    break
        except BaseException as caught:
            error = caught
        put(_End(error))

    thread = Thread(target=work, name="mellm-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        while thread.is_alive():
            with suppress(Empty):
                ready.get_nowait()
            thread.join(_WAIT)
