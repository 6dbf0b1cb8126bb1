"""One HTTP request in a thread of its own: lines come out as they arrive, and hanging up always works.

A blocking read cannot be asked whether its caller still wants it; so the thread reads, the caller looks at
its `Control` while it waits, and ending the call shuts the socket under the thread. Built on the standard
library (proxies and certificates as `urllib` has them). Knows nothing about retries, JSON or models.
"""

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message as Headers
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import create_default_context
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from mellm.language.backends.protocol import Control

_POLL = 0.1
"""Seconds between two looks at the control while the server is silent."""
_LONGEST_LINE = 1 << 24
_AHEAD = 256
"""Lines the thread may read ahead of the caller."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Keep = Callable[[socket.socket], None]


class _Kept:
    """Tells its keeper the socket once it is connected."""

    sock: socket.socket
    keep: Keep

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self.keep(self.sock)


class _Plain(_Kept, HTTPConnection):
    def __init__(self, keep: Keep, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.keep = keep


class _Secure(_Kept, HTTPSConnection):
    def __init__(self, keep: Keep, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.keep = keep


class _PlainHandler(HTTPHandler):
    def __init__(self, keep: Keep) -> None:
        super().__init__()
        self._keep = keep

    def http_open(self, req: Request) -> Any:
        return self.do_open(partial(_Plain, self._keep), req)


class _SecureHandler(HTTPSHandler):
    def __init__(self, keep: Keep) -> None:
        super().__init__()
        self._keep = keep

    def https_open(self, req: Request) -> Any:
        return self.do_open(partial(_Secure, self._keep), req, context=create_default_context())


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would lose its body, and a key must not travel to another host."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None


class Exchange:
    """A request under way. `headers` are known once the constructor returns; then read `lines`.

    Raises HTTPError (its body already read, as `.read()`), OSError or HTTPException where the request fails,
    and what `control` raises. `silence` is the longest the server may say nothing, seconds.
    """

    headers: Headers

    def __init__(self, request: Request, silence: float, control: Control) -> None:
        """Send the request and wait for the head of the answer."""
        self._control = control
        self._inbox: queue.Queue[Headers | bytes | Exception | None] = queue.Queue(_AHEAD)
        self._over = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._work, args=(request, silence), daemon=True, name="exchange").start()
        try:
            head = self._next()
        except BaseException:
            self.close()
            raise
        assert isinstance(head, Headers)
        self.headers = head

    def lines(self) -> Iterator[bytes]:
        """Yield the body's lines with their ends, as they arrive; hang up when left."""
        try:
            while isinstance(line := self._next(), bytes):
                yield line
        finally:
            self.close()

    def close(self) -> None:
        """Hang up; harmless when all is over."""
        self._over.set()
        for open_socket in self._sockets:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def _next(self) -> Headers | bytes | None:
        while True:
            self._control.check()
            with suppress(queue.Empty):
                item = self._inbox.get(timeout=_POLL)
                if isinstance(item, Exception):
                    raise item
                return item

    def _work(self, request: Request, silence: float) -> None:
        try:
            with _opener(request.full_url, self._keep).open(request, timeout=silence) as reply:
                self._put(reply.headers)
                while line := reply.readline(_LONGEST_LINE):
                    self._put(line)
            self._put(None)
        except HTTPError as error:
            with suppress(OSError, HTTPException):
                error.detail = error.read(8000)  # type: ignore[attr-defined]
            self._put(error)
        # The caller decides what each failure means; a thread has nobody to tell but the caller.
        except Exception as error:
            self._put(error)

    def _put(self, item: Headers | bytes | Exception | None) -> None:
        while not self._over.is_set():
            with suppress(queue.Full):
                self._inbox.put(item, timeout=_POLL)
                return

    def _keep(self, connected: socket.socket) -> None:
        self._sockets.append(connected)
        if self._over.is_set():
            raise ConnectionAbortedError("hung up")


def _opener(url: str, keep: Keep) -> OpenerDirector:
    handlers: list[Any] = [_PlainHandler(keep), _SecureHandler(keep), _NoRedirect()]
    # A proxy cannot reach this computer's own servers.
    if urlsplit(url).hostname in _LOOPBACK:
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)
