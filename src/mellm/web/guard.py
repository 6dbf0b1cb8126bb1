"""The checks before every request (host, origin, token, size, rate), and the headers of every answer.

A plain ASGI layer round the application. Other web sites open in the same browser are the danger to a
local server: requests for another host name (DNS rebinding) and from another origin are refused, and no
answer may be read by another origin. (Starlette's TrustedHostMiddleware takes a list of names; "this machine"
is all of 127.0.0.0/8, too, and a refusal is one sentence of JSON.) Knows no job.
"""

import hmac
import json
import time
from collections import OrderedDict
from urllib.parse import parse_qs, urlencode

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mellm.web.server_options import is_local
from mellm.web.service import Service

COOKIE = "mellm_token"

JSON_BYTES = 4 * 1024 * 1024
"""Largest body of a request that is no upload."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}


HEALTH = "/api/v1/health"
"""Answers without a token: what watches over a server need not know its secret."""

_UPLOADS = ("/api/v1/media", "/api/v1/folders", "/api/v1/analyses")


class Guard:
    """An ASGI application that refuses requests or passes them on to `application`."""

    def __init__(self, application: ASGIApp, service: Service) -> None:
        """Wrap an ASGI application."""
        self._application, self.service, self._options = application, service, service.options
        self._rate = Rate(service.options.submissions)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(k, v) for k, v in _HEADERS.items() if k not in present]
                if b"cache-control" not in present:
                    extra.append((b"cache-control", b"no-store"))
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is None:
            await self._application(scope, _measured(receive, self._allowed_bytes(scope)), send_with_headers)
            return
        status, sentence, more = refusal
        body = b"" if sentence is None else json.dumps({"error": sentence}).encode()
        answer = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *more]
        await send_with_headers({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": body})

    def _allowed_bytes(self, scope: Scope) -> int:
        return self._options.upload_bytes + JSON_BYTES if is_upload(scope) else JSON_BYTES

    def _refusal(
        self, scope: Scope, headers: dict[bytes, str]
    ) -> tuple[int, str | None, list[tuple[bytes, bytes]]] | None:
        """Return status, sentence and headers of a refusal; None where the request is allowed."""
        host = headers.get(b"host", "")
        if self._options.token is None and not is_local(_name_of(host)):
            return 403, "This server answers to this machine's own names only, such as 127.0.0.1.", []
        origin = headers.get(b"origin")
        foreign = origin is not None and origin.partition("://")[2] != host
        if foreign or (
            headers.get(b"sec-fetch-site") in ("cross-site", "same-site")
            and headers.get(b"sec-fetch-mode") != "navigate"
        ):
            return 403, "Requests from other web sites are refused.", []
        if self._options.token is not None and scope["path"] != HEALTH:
            refusal = self._token(scope, headers, self._options.token)
            if refusal is not None:
                return refusal
        length = headers.get(b"content-length", "0")
        if not length.isdecimal() or int(length) > self._allowed_bytes(scope):
            size = self._allowed_bytes(scope) / 1e6
            return 413, f"The request is larger than this server takes ({size:.0f} MB): send less.", []
        if scope["method"] == "POST" and submits(scope):
            wait = self._rate.wait((scope.get("client") or ("",))[0])
            if wait > 0:
                after = str(int(wait) + 1)
                return 429, f"Too many submissions: send this again in {after} s.", [
                    (b"retry-after", after.encode())
                ]  # fmt: skip
        return None

    def _token(
        self, scope: Scope, headers: dict[bytes, str], token: str
    ) -> tuple[int, str | None, list[tuple[bytes, bytes]]] | None:
        """Check the token; one in the page's address is turned into a cookie and leaves the address."""
        given = headers.get(b"authorization", "").removeprefix("Bearer ")
        stored = cookie_parser(headers.get(b"cookie", "")).get(COOKIE, "")
        if any(hmac.compare_digest(text.encode(), token.encode()) for text in (given, stored)):
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        asked = query.pop("token", [""])[0]
        if scope["method"] == "GET" and hmac.compare_digest(asked.encode(), token.encode()):
            rest = urlencode(query, doseq=True)
            place = scope["path"] + (f"?{rest}" if rest else "")
            if not place.startswith("/") or place.startswith("//"):
                place = "/"
            keep = f"{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000"
            return 303, None, [(b"location", place.encode("latin-1")), (b"set-cookie", keep.encode())]
        why = "This server asks for its token: open the address it printed, or send `Authorization: Bearer`."
        return 401, why, [(b"www-authenticate", b"Bearer")]


def is_upload(scope: Scope) -> bool:
    """Whether a request carries a file."""
    return scope["method"] == "POST" and scope["path"] in _UPLOADS


def submits(scope: Scope) -> bool:
    """Whether a request counts for the rate limit."""
    return scope["path"] in (*_UPLOADS, "/api/v1/jobs", "/api/v1/batches")


def _name_of(host: str) -> str:
    """The host without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] or host


class BodyTooLargeError(Exception):
    """More bytes came than were announced or are allowed."""


def _measured(receive: Receive, allowed: int) -> Receive:
    """Count the bytes of a body as they arrive: its announced length may be missing or wrong."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > allowed:
            raise BodyTooLargeError
        return message

    return counted


class Rate:
    """A bucket per client that fills by `per_minute` and holds as many; 0: no limit."""

    MOST_CLIENTS = 10_000

    def __init__(self, per_minute: int) -> None:
        """Start with full buckets."""
        self._per_second, self._most = per_minute / 60, float(per_minute)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Take one from the client's bucket; return 0, or the seconds until there is one to take."""
        if not self._most:
            return 0.0
        now = time.monotonic()
        level, when = self._buckets.pop(client, (self._most, now))
        level = min(self._most, level + (now - when) * self._per_second)
        taken = level >= 1
        self._buckets[client] = (level - taken, now)
        while len(self._buckets) > self.MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._per_second
