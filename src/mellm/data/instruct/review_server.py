"""The review page: a small local server, standard library only, for people who proof-read records.

Bound to this machine. Requests must name it as their host and, to change anything, carry the token of this
start, so that no other page in the browser can speak to it. Knows how to show; `review` knows what is kept.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mellm.data.instruct.review import Review
from mellm.data.instruct.rules import headings
from mellm.data.instruct.store import Store
from mellm.data.instruct.truth import supporting_regions
from mellm.errors import InputError, MellmError
from mellm.facs.names import au_name

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LONGEST_BODY = 200_000
_FILES = {
    "/": ("review.html", "text/html; charset=utf-8"),
    "/review.css": ("review.css", "text/css; charset=utf-8"),
    "/review.js": ("review.js", "text/javascript; charset=utf-8"),
}


class ReviewServer(ThreadingHTTPServer):
    """Serves one dataset's review. `token` must come back with every change."""

    daemon_threads = True

    def __init__(self, store: Store, review: Review, host: str = "127.0.0.1", port: int = 8766) -> None:
        """Bind to `host`:`port` (0: any free port). Raises MellmError where the port is taken."""
        self.store, self.review = store, review
        self.token = secrets.token_urlsafe(16)
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise MellmError(
                f"Port {port} cannot be used ({error.strerror}); choose another with --port."
            ) from error

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{self.server_address[0]!s}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        routes: dict[str, Callable[[], None]] = {
            "/api/state": partial(self._answer, lambda: self._state(query)),
            "/api/item": partial(self._answer, lambda: self._item(query)),
            "/picture": partial(self._picture, query),
            **{path: partial(self._file, *file) for path, file in _FILES.items()},
        }
        self._serve(parts.path, routes)

    def do_POST(self) -> None:
        routes: dict[str, Callable[[], None]] = {
            "/api/decide": partial(self._answer, lambda: self._decide(self._body())),
            "/api/typing": partial(self._answer, lambda: self._typing(self._body())),
            "/api/check": partial(self._answer, lambda: self._check(self._body())),
        }
        if not secrets.compare_digest(self.headers.get("X-Token", ""), self.server.token):
            self._send(HTTPStatus.FORBIDDEN, b'{"error": "reload the page"}')
            return
        self._serve(urlsplit(self.path).path, routes)

    def _serve(self, path: str, routes: dict[str, Callable[[], None]]) -> None:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost", str(self.server.server_address[0])):
            self._send(HTTPStatus.FORBIDDEN, b'{"error": "foreign host"}')
        elif path in routes:
            routes[path]()
        else:
            self._send(HTTPStatus.NOT_FOUND, b'{"error": "not here"}')

    def _answer(self, make: Callable[[], dict[str, Any]]) -> None:
        try:
            data, status = make(), HTTPStatus.OK
        except (MellmError, ValueError, KeyError, TypeError) as error:
            data, status = {"error": str(error)}, HTTPStatus.BAD_REQUEST
        self._send(status, json.dumps(data, ensure_ascii=False).encode())

    def _body(self) -> dict[str, str]:
        size = int(self.headers.get("Content-Length") or 0)
        if not 0 < size <= _LONGEST_BODY:
            raise InputError("The request is empty or too long.")
        body = json.loads(self.rfile.read(size))
        return {str(name): str(value) for name, value in body.items()}

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        if status is HTTPStatus.FORBIDDEN:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def _file(self, name: str, kind: str) -> None:
        text = (resources.files("mellm.data.instruct") / "page" / name).read_text("utf-8")
        self._send(HTTPStatus.OK, text.replace("{{token}}", self.server.token).encode(), kind)

    def _picture(self, query: dict[str, str]) -> None:
        try:
            _, case, _ = self.server.review.find(query.get("record", ""))
            data = (self.server.store.root / str(case.picture)).read_bytes()
        except (MellmError, OSError):
            self._send(HTTPStatus.NOT_FOUND, b'{"error": "no picture"}')
            return
        self._send(HTTPStatus.OK, data, "image/jpeg")

    def _state(self, query: dict[str, str]) -> dict[str, Any]:
        who, review = query.get("who", ""), self.server.review
        return {
            "total": len(review),
            "counts": review.counts(who),
            "next": review.next_open(who, int(query.get("after", -1))),
        }

    def _item(self, query: dict[str, str]) -> dict[str, Any]:
        who, place = query.get("who", ""), int(query.get("place", 0))
        record, case, folder = self.server.review.item(place)
        own = self.server.review.decisions(who, record.id)
        typed = self.server.review.typed(record.id, who)
        text = typed or (own[0].answer if own else record.answer)
        support = {unit.code: list(supporting_regions(unit, case.motion)) for unit in case.truth.units}
        return {
            "place": place,
            "folder": folder,
            "record": json.loads(record.to_json()),
            "headings": headings(record.language),
            "answer": text,
            "unsaved": typed is not None,
            "decision": asdict(own[0]) if own else None,
            "problems": [asdict(p) for p in self.server.review.problems(record, case, text)],
            "motion": [asdict(m) for m in case.motion],
            "scale": case.scale,
            "picture": bool(case.picture),
            "units": [
                {"code": u.code, "name": au_name(u.au, record.language), "support": support[u.code]}
                for u in case.truth.units
            ],
            "labels": case.truth.labels,
            "origin": case.truth.origin,
            "dataset": case.dataset,
        }

    def _decide(self, body: dict[str, str]) -> dict[str, Any]:
        verdict: Any = body["verdict"]
        decision = self.server.review.decide(
            body["record"], body["who"], verdict, body["answer"], body.get("note", "")
        )
        return {"decision": asdict(decision), "counts": self.server.review.counts(body["who"])}

    def _typing(self, body: dict[str, str]) -> dict[str, Any]:
        self.server.review.keep_typing(body["record"], body["who"], body["answer"])
        return {"kept": True}

    def _check(self, body: dict[str, str]) -> dict[str, Any]:
        record, case, _ = self.server.review.find(body["record"])
        return {"problems": [asdict(p) for p in self.server.review.problems(record, case, body["answer"])]}

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal shows the address only."""
