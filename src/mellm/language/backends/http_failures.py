"""Why a request to a server failed, and what to do: told by the type of the error, or the answer's status.

Knows nothing about requests, retries or models.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import h11
import httpx

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
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
class Failure:
    """Why one try failed.

    passing: whether the same request may succeed later; wait: what the server asks for, seconds
    """

    reason: str
    advice: str
    passing: bool
    status: int | None = None
    detail: str = ""
    wait: float = 0.0


def refusal(response: httpx.Response, detail: str) -> Failure:
    """Return why an answer with an error status failed; `detail` is the sentence in its body."""
    status, headers = response.status_code, response.headers
    advice = _ADVICE.get(status, "see what it says")
    if 300 <= status < 400:
        advice = f"it has moved to {headers.get('Location')}: give that address"
    reason = f"HTTP {status}" + (f" ({detail})" if detail else "")
    return Failure(reason, advice, status in _PASSING, status, detail, _seconds(headers.get("Retry-After")))


_CAUSES: tuple[tuple[type[BaseException], str, str, bool], ...] = (
    (ConnectionRefusedError, "nothing listens there", "start the server, or check the address", True),
    (socket.gaierror, "no computer of that name is known", "check the address and the network", True),
    (ssl.SSLCertVerificationError, "its certificate is not trusted", "check the address", False),
    (ssl.SSLError, "it does not speak TLS", "try http:// instead of https://", False),
    (
        httpx.TimeoutException,
        "it said nothing in time",
        "look at its log, or give it more time (timeout=SECONDS)",
        True,
    ),
    (h11.RemoteProtocolError, "what it says is not HTTP", "check the address", True),
    (httpx.RemoteProtocolError, "it closed the connection", "look at its log", True),
    (ConnectionError, "it closed the connection", "look at its log", True),
)


def connection_failure(error: httpx.TransportError) -> Failure:
    """Tell why a connection failed by the types of the error and of what caused it."""
    causes = list(_causes(error))
    for kind, reason, advice, passing in _CAUSES:
        if any(isinstance(cause, kind) for cause in causes):
            return Failure(reason, advice, passing)
    return Failure(f"the connection failed ({error})", "check the address and the server", True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        else:
            error = error.__cause__ or error.__context__


def error_message(reply: Any) -> str:
    """The sentence in an error's JSON: OpenAI's form, a list of it, FastAPI's, or all of it."""
    if isinstance(reply, list) and reply:
        reply = reply[0]
    if isinstance(reply, dict):
        inner = reply.get("error", reply)
        found = inner.get("message", inner.get("detail", inner)) if isinstance(inner, dict) else inner
        return found if isinstance(found, str) else json.dumps(found) if found else ""
    return str(reply)


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
