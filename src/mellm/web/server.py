"""The application: routes, page, guard and queue put together, and `serve`, which runs it.

The only module here that knows all the others.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from mellm.errors import MellmError
from mellm.version import __version__
from mellm.web import (
    routes_coding,
    routes_jobs,
    routes_moments,
    routes_questions,
    routes_results,
    routes_review,
)
from mellm.web.api_page import api_page
from mellm.web.coded_cases import NothingCodedError
from mellm.web.coding import BlindError, ConflictError, NobodyError
from mellm.web.dependencies import Current, OpenApi
from mellm.web.extras import NotMadeError
from mellm.web.frame_server import StillLookingError
from mellm.web.guard import COOKIE, BodyTooLargeError, Guard
from mellm.web.job_store import QueueFullError
from mellm.web.offered_models import NotOfferedError
from mellm.web.server_log import server_log
from mellm.web.server_options import ServerOptions, is_local
from mellm.web.service import NotFoundError, NotYetError, Service
from mellm.web.stored_files import DiskFullError, NoMediaError, TooLargeError
from mellm.wording.message import word

_log = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"

_PAGES = {
    "/": "start.html",
    "/gallery": "gallery.html",
    "/clips/{job}": "clip.html",
    "/review": "review.html",
}
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
}

_STATUS: dict[type[Exception], int] = {
    BlindError: 403,
    ConflictError: 409,
    NotFoundError: 404,
    NobodyError: 404,
    NotMadeError: 409,
    NotOfferedError: 404,
    NotYetError: 409,
    NothingCodedError: 409,
    QueueFullError: 429,
    TooLargeError: 413,
    NoMediaError: 415,
    DiskFullError: 507,
}

_SCHEMES: OpenApi = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token that the server printed at its start: `Authorization: Bearer TOKEN`",
    },
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The same as a cookie; a browser has it from the printed address",
    },
}

_HTML = "text/html; charset=utf-8"

GRACE_SECONDS = 3
"""How long open answers may take after the server was asked to stop."""


def create_app(options: ServerOptions) -> Guard:
    """The ASGI application of a server, guard included.

    Raises MellmError where the store cannot be used, or where a token is missing.
    """
    if options.token is None and not is_local(options.host):
        raise MellmError(
            f"Listening on {options.host} lets other machines in: give a --token, or listen on 127.0.0.1."
        )
    service = Service.open(options)

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        service.dispatcher.start()
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="mellm",
        version=__version__,
        description="Micro-expressions: clips in, reports out. Frames count from 0; times are seconds.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        redirect_slashes=False,
    )
    app.state.service = service
    for routes in (
        routes_jobs,
        routes_results,
        routes_moments,
        routes_questions,
        routes_coding,
        routes_review,
    ):
        app.include_router(routes.router)
    for path, name in _PAGES.items():
        app.add_api_route(path, _page(name), include_in_schema=False)
    app.add_api_route("/static/{name}", _static, include_in_schema=False)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    _describe(app, token=options.token is not None)
    for kind in (MellmError, RequestValidationError, ValidationError, HTTPException, BodyTooLargeError):
        app.add_exception_handler(kind, _problem)
    return Guard(app, service)


def _page(name: str) -> Callable[..., Response]:
    def page(service: Current, job: str = "") -> FileResponse:
        if job and service.store.job(job) is None:
            raise HTTPException(404)
        return FileResponse(PAGE / name, media_type=_HTML)

    return page


def _docs(request: Request) -> HTMLResponse:
    return HTMLResponse(api_page(request.app.openapi()))


def _describe(app: FastAPI, *, token: bool) -> None:
    """Let the API's description say how a program shows its token, where the server asks for one."""
    plain = app.openapi

    def described() -> OpenApi:
        document = plain()
        schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
        if token and not schemes:
            schemes |= _SCHEMES
            document["security"] = [{"token": []}, {"cookie": []}]
            document["paths"]["/api/v1/health"]["get"]["security"] = []
        return document

    app.openapi = described  # type: ignore[method-assign]


def _static(name: str) -> Response:
    # The names are looked up in the folder's own list, never joined from the request.
    known = {file.name: file for file in PAGE.iterdir() if file.suffix in _TYPES}
    if name not in known:
        raise HTTPException(404)
    file = known[name]
    # Always asked for again, answered 304 where unchanged: an update never mixes old and new modules.
    return FileResponse(file, media_type=_TYPES[file.suffix], headers={"cache-control": "no-cache"})


async def _problem(request: Request, error: Exception) -> Response:
    """Answer every error with one sentence; a person who went to a wrong address, with a page."""
    wants_page = "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path
    if isinstance(error, HTTPException) and error.status_code == 404 and wants_page:
        return FileResponse(PAGE / "unknown.html", 404, media_type=_HTML)
    if isinstance(error, HTTPException):
        words = {404: "There is nothing at this address.", 405: "This address does not take that method."}
        sentence = words.get(error.status_code, str(error.detail))
        headers = {"allow": _methods(request)} if error.status_code == 405 else error.headers
        return JSONResponse({"error": sentence}, error.status_code, headers=headers)
    if isinstance(error, RequestValidationError | ValidationError):
        return JSONResponse({"error": _sentence(error.errors())}, 422)
    if isinstance(error, BodyTooLargeError):
        return JSONResponse({"error": "The request is larger than this server takes: send less."}, 413)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        status = 422 if getattr(error, "exit_code", 1) == 2 else 503
    if status >= 500 and not isinstance(error, StillLookingError):
        _log.warning("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    headers = {"retry-after": "5"} if status in (429, 503) else None
    said = {"error": str(error)}
    if isinstance(error, MellmError) and (chinese := word(error.message, "zh")) != said["error"]:
        said["chinese"] = chinese
    if isinstance(error, ConflictError):
        return JSONResponse(said | {"conflict": error.conflict.model_dump(mode="json")}, status)
    return JSONResponse(said, status, headers=headers)


def _methods(request: Request) -> str:
    """Return the methods that an address takes, over all its routes."""
    known = request.app.openapi()["paths"]
    found = {m.upper() for path, methods in known.items() if _matches(path, request) for m in methods}
    return ", ".join(sorted(found)) or "GET"


def _matches(path: str, request: Request) -> bool:
    return compile_path(path)[0].match(request.url.path) is not None


def _sentence(errors: Any) -> str:
    """Return the first of some validation errors as a sentence."""
    first = errors[0]
    place = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
    what = str(first.get("msg", "cannot be used")).removeprefix("Value error, ")
    return f"{place}: {what}" if place else what


class _Server(uvicorn.Server):
    """Logs to the store; tells the service at once that the server stops, so that followed events end."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with server_log(self._service.options.store):
            super().run(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._service.stopping.set()
        super().handle_exit(sig, frame)


def serve(options: ServerOptions, *, ready: Callable[[str], None], room: str = "/") -> None:
    """Run the server until it is asked to stop (Ctrl-C, SIGTERM).

    `ready` is called with the address of `room`, a page's path, once the server listens; port 0 takes a free
    port. Raises MellmError where the port is taken or the store cannot be used.
    """
    server, listener, address = _prepare(options, room)
    ready(address)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


@contextlib.contextmanager
def serving(options: ServerOptions) -> Iterator[str]:
    """Run a server in a thread of this program while `with serving(options) as address:` lasts.

    For notebooks and tests; `address` is what to open.
    """
    server, listener, address = _prepare(options)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield address
    finally:
        server.handle_exit(signal.SIGTERM, None)
        thread.join(30)


def _prepare(options: ServerOptions, room: str = "/") -> tuple[_Server, socket.socket, str]:
    """A server about to run, its socket, and the address to open."""
    listener = _listen(options.host, options.port)
    try:
        app = create_app(options)
    except BaseException:
        listener.close()
        raise
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        ws="none",
        lifespan="on",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=256,
        h11_max_incomplete_event_size=64 * 1024,
    )
    port = listener.getsockname()[1]
    host = f"[{options.host}]" if ":" in options.host else options.host
    token = f"?token={options.token}" if options.token else ""
    return _Server(config, app.service), listener, f"http://{host}:{port}{room}{token}"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise MellmError(f"Cannot listen on {host}:{port} ({why}); choose another --port.") from error
    listener.listen(256)
    return listener
