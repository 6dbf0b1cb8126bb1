"""The package's one client of OpenAI-compatible endpoints: JSON out; JSON or server-sent events back.

Keeps to a rate, repeats what may pass, and says in one sentence what is wrong with a server and what to do.
The key is sent and nowhere written. Knows nothing about messages, models or answers.
"""

import json
import random
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request

from mellm.errors import InputError, MellmError
from mellm.language.backends.http_stream import Exchange
from mellm.language.backends.protocol import Control
from mellm.language.backends.sse import event_data

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 60.0
_STEP = 0.1
_PRINTED = re.compile(r"[!-~]+")
_ADVICE = {
    401: "put its key into the environment variable MELLM_OPENAI_KEY",
    403: "check the key in MELLM_OPENAI_KEY and what it is allowed to do",
    404: "check the address (it usually ends in /v1) and the name of the model",
    405: "check the address (it usually ends in /v1)",
    413: "the request is too large for it",
    429: "it is asked too often, or a quota is used up: wait, or ask more slowly",
    500: "look at its log",
    503: "it may still be loading its model: try again in a moment",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go, and on what terms.

    url: base of the API, such as `http://127.0.0.1:8000/v1`
    key: sent as a bearer token where it is not empty
    silence: seconds the server may say nothing; retries: how often a request is repeated after a passing
        failure, waiting `pause` seconds, then twice as long, or as long as the server asks (at most 60)
    per_minute: most requests per minute, over all threads (0: no limit)
    """

    url: str
    key: str = field(default="", repr=False)
    silence: float = 120.0
    retries: int = 2
    pause: float = 0.5
    per_minute: float = 0.0


class ServerError(MellmError):
    """A server that cannot be reached, refuses, or answers what is no answer.

    status: of the HTTP answer, None where there was none; detail: what the server said, in its words
    """

    def __init__(self, message: str, status: int | None = None, detail: str = "") -> None:
        """Keep what a caller may decide by."""
        super().__init__(message)
        self.status, self.detail = status, detail


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why one try failed; `wait` is what the server asks for, seconds."""

    reason: str
    advice: str
    passing: bool
    status: int | None = None
    detail: str = ""
    wait: float = 0.0


class HttpClient:
    """Asks one server. Safe for threads. Raises InputError for an address that is none."""

    def __init__(self, server: Server) -> None:
        """Check the address; nothing is sent."""
        parts = urlsplit(server.url)
        if parts.username or parts.password:
            raise InputError("The address holds a name or password; put the key into MELLM_OPENAI_KEY.")
        if parts.scheme not in ("http", "https") or not parts.hostname or not _PRINTED.fullmatch(server.url):
            raise InputError(f"'{server.url}' is no address of an API; give http://... or https://...")
        # Found out here, as the standard library would show the key in its complaint.
        if server.key and not _PRINTED.fullmatch(server.key):
            raise InputError(
                "The key in MELLM_OPENAI_KEY holds spaces or other signs no key has; copy it again."
            )
        self.server = server
        self._turn = threading.Lock()
        self._free_at = 0.0

    def json(self, path: str, body: dict[str, Any] | None = None, control: Control | None = None) -> Any:
        """Return the JSON answer to a POST of `body` (to a GET without one). Raises ServerError."""
        exchange = self._begin(path, body, control or Control())
        return self._parsed(b"".join(self._lines(exchange)))

    def events(self, path: str, body: dict[str, Any], control: Control | None = None) -> Iterator[Any]:
        """Yield the JSON of each event; an answer that is no stream counts as one event.

        Ends at `[DONE]`. Raises ServerError, also where the stream ends without it.
        """
        exchange = self._begin(path, body, control or Control())
        lines = self._lines(exchange)
        try:
            if "event-stream" not in exchange.headers.get("Content-Type", ""):
                yield self._parsed(b"".join(lines))
                return
            for data in event_data(lines):
                if data.strip() == "[DONE]":
                    return
                yield self._parsed(data.encode())
        finally:
            exchange.close()
        raise ServerError(
            f"The server at {self.server.url} broke off in the middle of its answer; ask again."
        )

    def told(self, reply: Any) -> str:
        """What an error's text or JSON says, in one line of at most 300 characters, without the key."""
        text = str(reply).strip()
        try:
            text = _message(json.loads(text) if isinstance(reply, str) else reply)
        except ValueError:
            if text.startswith("<"):
                text = "a web page"
        text = re.sub(r"\s+", " ", text)
        if self.server.key:
            text = text.replace(self.server.key, "***")
        return text[:300].rstrip(" .")

    def _begin(self, path: str, body: dict[str, Any] | None, control: Control) -> Exchange:
        """Send until the server begins to answer, or the tries are used up."""
        request, tries = self._request(path, body), self.server.retries + 1
        for attempt in range(tries):
            self._wait_for_turn(control)
            try:
                return Exchange(request, self.server.silence, control)
            except (OSError, HTTPException) as error:
                failure = self._failure(error)
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

    def _request(self, path: str, body: dict[str, Any] | None) -> Request:
        headers = {"Accept": "application/json, text/event-stream", "User-Agent": "mellm"}
        if self.server.key:
            headers["Authorization"] = f"Bearer {self.server.key}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        return Request(f"{self.server.url.rstrip('/')}/{path}", data, headers)

    def _lines(self, exchange: Exchange) -> Iterator[bytes]:
        try:
            yield from exchange.lines()
        except TimeoutError as error:
            raise ServerError(
                f"The server at {self.server.url} fell silent for {self.server.silence:g} s; look at its log."
            ) from error
        except (OSError, HTTPException) as error:
            raise ServerError(
                f"The server at {self.server.url} broke off in the middle of its answer; ask again."
            ) from error

    def _parsed(self, data: bytes) -> Any:
        try:
            return json.loads(data)
        except ValueError as error:
            html = data.lstrip()[:1] == b"<"
            what = "a web page" if html else "something that is not JSON" if data.strip() else "nothing"
            raise ServerError(
                f"The server at {self.server.url} answered with {what}; check that this is the address of an "
                "OpenAI-compatible API (it usually ends in /v1)."
            ) from error

    def _failure(self, error: OSError | HTTPException) -> _Failure:
        if isinstance(error, HTTPError):
            detail = self.told(getattr(error, "detail", b"").decode("utf-8", "replace"))
            advice = _ADVICE.get(error.code, "see what it says")
            if 300 <= error.code < 400:
                advice = f"it has moved to {error.headers.get('Location')}: give that address"
            return _Failure(
                f"HTTP {error.code}" + (f" ({detail})" if detail else ""),
                advice,
                error.code in _PASSING,
                error.code,
                detail,
                _seconds(error.headers.get("Retry-After")),
            )
        cause = error.reason if isinstance(error, URLError) else error
        for kind, reason, advice, passing in _CAUSES:
            if isinstance(cause, kind):
                return _Failure(reason, advice, passing)
        return _Failure(f"the connection failed ({cause})", "check the address and the server", True)

    def _wait_for_turn(self, control: Control) -> None:
        """Keep requests apart by the rate's interval, over all threads."""
        if self.server.per_minute <= 0:
            return
        with self._turn:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + 60.0 / self.server.per_minute
        _sleep(start - now, control)


_CAUSES: tuple[tuple[type[BaseException], str, str, bool], ...] = (
    (ConnectionRefusedError, "nothing listens there", "start the server, or check the address", True),
    (socket.gaierror, "no computer of that name is known", "check the address and the network", True),
    (ssl.SSLCertVerificationError, "its certificate is not trusted", "check the address", False),
    (ssl.SSLError, "it does not speak TLS", "try http:// instead of https://", False),
    (TimeoutError, "it said nothing in time", "look at its log, or give it more time", True),
    (ConnectionError, "it closed the connection", "look at its log", True),
    (HTTPException, "what it says is not HTTP", "check the address", True),
)


def _message(reply: Any) -> str:
    """The sentence in an error's JSON: OpenAI's form, a list of it, FastAPI's, or all of it."""
    if isinstance(reply, list) and reply:
        reply = reply[0]
    if isinstance(reply, dict):
        inner = reply.get("error", reply)
        found = inner.get("message", inner.get("detail", inner)) if isinstance(inner, dict) else inner
        return found if isinstance(found, str) else json.dumps(found) if found else ""
    return str(reply)


def _sleep(seconds: float, control: Control) -> None:
    """Wait, unless the control ends the call before."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        control.check()
        time.sleep(min(_STEP, left))


def _seconds(header: str | None) -> float:
    """What `Retry-After` asks for: seconds, or a date."""
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(str(header)).timestamp() - time.time())
    except ValueError:
        return 0.0
