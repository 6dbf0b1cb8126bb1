"""The package's one client of OpenAI-compatible endpoints: JSON out; JSON or server-sent events back.

It limits the rate of requests, repeats them after passing failures, and says in one sentence what is wrong
with a server and what to do. The key is sent and never written anywhere. Knows no messages and no models.
"""

import asyncio
import concurrent.futures
import json
import logging
import os
import random
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx
from httpx_sse import EventSource, ServerSentEvent

from mellm.errors import InputError, MellmError
from mellm.language.backends.http_failures import connection_failure, error_message, refusal
from mellm.language.backends.protocol import Control

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LONGEST_WAIT = 60.0
PATIENCE = 600.0
"""Seconds a server may take for its next word: large models on small machines read a prompt for minutes."""
_CONNECTING = 20.0
_SIGNS_OF_LIFE = frozenset({"", "null", "ping", "pong", "keep-alive", "keepalive", "heartbeat", "processing"})
"""Data of events that say no more than that the server is there."""
_POLL = 0.1
"""Seconds between two looks at the control while the server is silent."""
_DETAIL_BYTES = 8000
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PRINTED = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go, and on what terms.

    url: base of the API, such as `http://127.0.0.1:8000/v1`
    key: sent as a bearer token where it is not empty
    silence: seconds the server may say nothing, or in a stream nothing but signs of life
    retries: how often a request is repeated after a passing failure, waiting `pause` seconds, then twice as
        long, or as long as the server asks (at most 60)
    per_minute: most requests per minute, over all threads (0: no limit)
    """

    url: str
    key: str = field(default="", repr=False)
    silence: float = PATIENCE
    retries: int = 2
    pause: float = 0.5
    per_minute: float = 0.0


class ServerError(MellmError):
    """The server cannot be reached, refuses the request, or sends something that is no answer.

    status: of the HTTP answer, None where there was none; detail: what the server said, in its words
    """

    def __init__(self, message: str, status: int | None = None, detail: str = "") -> None:
        """Keep the status and the server's text beside the message."""
        super().__init__(message)
        self.status, self.detail = status, detail


class HttpClient:
    """Asks one server. Safe for threads. Raises InputError for an address that is none."""

    def __init__(self, server: Server) -> None:
        """Check the address; nothing is sent."""
        parts = urlsplit(server.url)
        if parts.username or parts.password:
            raise InputError("The address holds a name or password; put the key into MELLM_OPENAI_KEY.")
        if not _is_address(parts) or not _PRINTED.fullmatch(server.url):
            raise InputError(f"'{server.url}' is no address of an API; give http://... or https://...")
        # Found out here, as an HTTP library would show the key in its complaint.
        if server.key and not _PRINTED.fullmatch(server.key):
            raise InputError(
                "The key in MELLM_OPENAI_KEY holds spaces or other signs no key has; copy it again."
            )
        self.server = server
        self._turn = threading.Lock()
        self._free_at = 0.0
        headers = {
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "User-Agent": "mellm",
        }
        if server.key:
            headers["Authorization"] = f"Bearer {server.key}"
        # A redirect is never followed: a redirected POST would lose its body, and a key must not travel to
        # another host. A proxy cannot reach this computer's own servers.
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(server.silence, connect=min(server.silence, _CONNECTING)),
            verify=_trusted(),
            trust_env=parts.hostname not in _LOOPBACK,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def json(self, path: str, body: Mapping[str, Any] | None = None, control: Control | None = None) -> Any:
        """Return the JSON answer to a POST of `body` (to a GET without one). Raises ServerError."""
        control = control or Control()
        return self._parsed(self._read(self._begin(path, body, control), control))

    def events(self, path: str, body: Mapping[str, Any], control: Control | None = None) -> Iterator[Any]:
        """Yield the JSON of each event; an answer that is no stream counts as one event.

        What is beside an answer is passed over: comments, null, pings, objects without choices or an error.
        An event named `error` comes as `{"error": ...}`. Ends at `[DONE]`. Raises ServerError, also where the
        stream ends without it or goes on with signs of life alone.
        """
        control = control or Control()
        response = self._begin(path, body, control)
        if "event-stream" not in response.headers.get("Content-Type", ""):
            yield self._parsed(self._read(response, control))
            return
        events = EventSource(response).aiter_sse()
        try:
            end = time.monotonic() + self.server.silence
            while event := self._awaited(_next(events, end - time.monotonic()), control):
                if event.data.strip() == "[DONE]":
                    return
                if (found := self._content(event)) is not None:
                    yield found
                    end = time.monotonic() + self.server.silence
        finally:
            _run(response.aclose(), Control())
        raise self._broken_off()

    def _content(self, event: ServerSentEvent) -> Any:
        """Return an event's JSON; None for a sign of life or what else is beside an answer."""
        if event.data.strip(" :[]\n").lower() in _SIGNS_OF_LIFE:
            return None
        try:
            found = self._parsed(event.data)
        except ServerError:
            if event.event in ("message", "error"):
                raise
            return None
        if event.event == "error" and not (isinstance(found, dict) and found.get("error")):
            return {"error": found}
        beside = isinstance(found, dict) and not (found.get("choices") or found.get("error"))
        return None if beside else found

    def told(self, reply: Any) -> str:
        """What an error's text or JSON says, in one line of at most 300 characters, without the key."""
        text = str(reply).strip()
        try:
            text = error_message(json.loads(text) if isinstance(reply, str) else reply)
        except ValueError:
            if text.startswith("<"):
                text = "a web page"
        text = re.sub(r"\s+", " ", text)
        if self.server.key:
            text = text.replace(self.server.key, "***")
        return text[:300].rstrip(" .")

    def _begin(self, path: str, body: Mapping[str, Any] | None, control: Control) -> httpx.Response:
        """Send until the server begins to answer, or the tries are used up."""
        url, tries = f"{self.server.url.rstrip('/')}/{path}", self.server.retries + 1
        request = self._http.build_request("GET" if body is None else "POST", url, json=body)
        for attempt in range(tries):
            self._wait_for_turn(control)
            try:
                response = _run(self._http.send(request, stream=True), control)
                if response.is_success:
                    return response
                told = _run(_beginning(response), control).decode("utf-8", "replace")
                failure = refusal(response, self.told(told))
            except httpx.TransportError as error:
                failure = connection_failure(error)
            _log.info("%s: try %d of %d failed: %s", url, attempt + 1, tries, failure.reason)
            if not failure.passing or attempt + 1 == tries:
                break
            wait = self.server.pause * 2**attempt * random.uniform(0.75, 1.25)
            _sleep(min(max(wait, failure.wait), _LONGEST_WAIT), control)
        said = f"did not answer after {tries} tries" if failure.passing else "refused the request"
        raise ServerError(
            f"The server at {self.server.url} {said}: {failure.reason}; {failure.advice}.",
            failure.status,
            failure.detail,
        )

    def _read(self, response: httpx.Response, control: Control) -> bytes:
        """Return the whole body of an answer that has begun."""
        try:
            return self._awaited(response.aread(), control)
        finally:
            _run(response.aclose(), Control())

    def _awaited(self, step: Coroutine[Any, Any, _T], control: Control) -> _T:
        """Return the result of a step in the middle of an answer. Raises ServerError where it breaks off."""
        try:
            return _run(step, control)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise ServerError(
                f"The server at {self.server.url} fell silent for {self.server.silence:g} s; look at its "
                "log, or give it more time (timeout=SECONDS)."
            ) from error
        except httpx.TransportError as error:
            raise self._broken_off() from error

    def _broken_off(self) -> ServerError:
        return ServerError(
            f"The server at {self.server.url} broke off in the middle of its answer; ask again."
        )

    def _parsed(self, data: bytes | str) -> Any:
        try:
            return json.loads(data)
        except ValueError as error:
            html = data.lstrip()[:1] in (b"<", "<")
            what = "a web page" if html else "something that is not JSON" if data.strip() else "nothing"
            raise ServerError(
                f"The server at {self.server.url} answered with {what}; check that this is the address of an "
                "OpenAI-compatible API (it usually ends in /v1)."
            ) from error

    def _wait_for_turn(self, control: Control) -> None:
        """Keep requests apart by the rate's interval, over all threads."""
        if self.server.per_minute <= 0:
            return
        with self._turn:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + 60.0 / self.server.per_minute
        _sleep(start - now, control)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that this computer trusts; reading them takes some ten milliseconds."""
    return ssl.create_default_context()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop in which all requests of this process run, in a thread of its own."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True, name="mellm-http").start()
    return loop


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_loop.cache_clear)  # a forked child has no such thread


def _run(step: Coroutine[Any, Any, _T], control: Control) -> _T:
    """Return the result of a step in the event loop; cancel it as soon as `control` ends the call."""
    future = asyncio.run_coroutine_threadsafe(step, _loop())
    try:
        while not concurrent.futures.wait([future], _POLL).done:
            control.check()
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _next(events: AsyncIterator[ServerSentEvent], seconds: float) -> ServerSentEvent | None:
    """Return the next event, None at the end. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        return await anext(events, None)


async def _beginning(response: httpx.Response) -> bytes:
    """Return the first bytes of a refusal's body, as far as it arrives, and hang up."""
    found = b""
    try:
        async for part in response.aiter_bytes():
            found += part
            if len(found) >= _DETAIL_BYTES:
                break
    except httpx.TransportError as error:
        _log.debug("the body of a refusal broke off: %r", error)
    finally:
        await response.aclose()
    return found[:_DETAIL_BYTES]


def _is_address(parts: SplitResult) -> bool:
    try:
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number up to 65535
        return False


def _sleep(seconds: float, control: Control) -> None:
    """Wait, unless the control ends the call before."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        control.check()
        time.sleep(min(_POLL, left))
