"""Routes under /api/v1 that take work in: uploads, jobs, batches, progress, cancelling. Knows no page."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from mellm.errors import InputError
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.facs import AU_NAMES, AU_NAMES_ZH, EMOTIONS_ZH, TAXONOMIES
from mellm.flow import COMPENSATIONS, estimators
from mellm.version import __version__
from mellm.web.contract import (
    ENDED,
    Batch,
    BatchAnswer,
    Choices,
    Job,
    JobPage,
    JobRequest,
    JobSettings,
    MediaFile,
    Problem,
    State,
)
from mellm.web.folders import PART, keep_folder
from mellm.web.service import NotFoundError, Service
from mellm.wording.names import OCTANTS_ZH, REGION_NAMES_ZH

EVENT_EVERY = 0.2
"""Seconds between two looks at a job whose events are followed."""

_BAD: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON, or not a form"},
    401: {"model": Problem, "description": "No token, or a wrong one"},
    403: {"model": Problem, "description": "Asked from another web site, or for another host name"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}
_BUSY: dict[int | str, dict[str, Any]] = {
    413: {"model": Problem, "description": "Too large"},
    429: {"model": Problem, "description": "Too many; try again after `Retry-After` seconds"},
    507: {"model": Problem, "description": "The server's disk is full"},
}

_BYTES = {"type": "string", "format": "binary", "minLength": 1}


def _form(parts: dict[str, Any], *needed: str) -> dict[str, Any]:
    """How OpenAPI describes a form with these parts and no others."""
    schema = {"type": "object", "properties": parts, "required": needed, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def job_routes(service: Service) -> APIRouter:
    """Routes of one server."""
    api = APIRouter(prefix="/api/v1", tags=["jobs"], responses=_BAD)

    @api.get("/choices")
    def choices() -> Choices:
        """What this server offers: settings, names of action units, emotions and regions, limits."""
        return Choices(
            version=__version__,
            estimators=list(estimators()),
            compensations=["auto", *COMPENSATIONS],
            taxonomies={name: list(taxonomy.labels) for name, taxonomy in TAXONOMIES.items()},
            languages=["en", "zh"],
            action_units={au: {"en": name, "zh": AU_NAMES_ZH[au]} for au, name in AU_NAMES.items()},
            emotions={label: {"en": label, "zh": chinese} for label, chinese in EMOTIONS_ZH.items()},
            regions={name: {"en": name, "zh": REGION_NAMES_ZH[name]} for name in REGION_NAMES},
            areas={area: list(names) for area, names in AREAS.items()},
            octants=OCTANTS_ZH,
            upload_bytes=service.options.upload_bytes,
            max_duration=service.options.limits.max_duration,
            queue=service.options.queue,
            au_models=list(service.offers.au_models),
            readers=list(service.offers.readers),
            routes=list(service.offers.routes),
            review=service.review is not None,
        )

    @api.post(
        "/media",
        status_code=201,
        responses={**_BUSY, 200: {"model": MediaFile, "description": "This content was there already"}},
        openapi_extra={
            "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}}
        },
    )
    async def upload(
        request: Request, response: Response, name: Annotated[str, Query(min_length=1, max_length=200)]
    ) -> MediaFile:
        """Upload one file as the body of the request; `name` is what people call it."""
        kept = await _keep(service, request.stream(), name)
        response.status_code = 201 if kept.new else 200
        return kept

    @api.post(
        "/folders",
        status_code=201,
        responses={**_BUSY, 200: {"model": MediaFile, "description": "This content was there already"}},
        openapi_extra=_form({PART: {"type": "array", "items": _BYTES, "minItems": 2}}, PART),
    )
    async def upload_folder(
        request: Request, response: Response, name: Annotated[str, Query(min_length=1, max_length=200)]
    ) -> MediaFile:
        """Upload a folder of frames: a form of pictures named `frames`; a job on it needs `settings.fps`."""
        options = service.options
        digest, size, new = await keep_folder(
            service.files,
            request.stream(),
            request.headers.get("content-type", ""),
            limit=options.upload_bytes,
            most=options.limits.max_frames,
            keep_free=options.keep_free,
        )
        response.status_code = 201 if new else 200
        return await _remember(service, digest, name, size, new)

    @api.get("/media/{sha256}")
    def uploaded(sha256: str) -> MediaFile:
        """Whether a file with this SHA-256 is there already, so that it need not be sent."""
        known = service.store.medium(sha256)
        if known is None or not service.files.has(sha256):
            raise NotFoundError("No file with this SHA-256 has been uploaded.")
        return MediaFile(sha256=sha256, name=known[0], bytes=known[1], new=False)

    @api.post(
        "/analyses",
        status_code=202,
        responses={**_BUSY, 200: {"model": Job, "description": "This work was done or queued already"}},
        openapi_extra=_form(
            {
                "file": _BYTES | {"description": "A clip"},
                "onset": _BYTES | {"description": "Of a pair, in place of `file`"},
                "apex": _BYTES,
                "settings": {"$ref": "#/components/schemas/JobSettings"},
            }
        ),
    )
    async def analyse(request: Request, response: Response) -> Job:
        """Upload a clip (`file`), or `onset` and `apex`, and queue it, all in one form."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise InputError("Send a form (multipart/form-data) with a part named `file`.")
        kept: dict[str, MediaFile] = {}
        try:
            async with request.form(max_files=2, max_fields=2) as form:
                settings = JobSettings.model_validate_json(str(form.get("settings") or "{}"))
                for part in ("file", "onset", "apex"):
                    given = form.get(part)
                    if isinstance(given, UploadFile):
                        kept[part] = await _keep(service, _chunks(given), given.filename or part)
        except MultiPartException as error:
            raise InputError(f"The form cannot be read: {error.message}.") from None
        digests = {"media" if part == "file" else part: file.sha256 for part, file in kept.items()}
        ((job, new),) = service.submit([JobRequest(**digests, settings=settings)])
        response.status_code = 202 if new else 200
        return job

    @api.post(
        "/jobs",
        status_code=202,
        responses={**_BUSY, 200: {"model": Job, "description": "This work was done or queued already"}},
    )
    def submit(request: JobRequest, response: Response) -> Job:
        """Queue the analysis of uploaded files. The same content and settings give the same job."""
        ((job, new),) = service.submit([request])
        response.status_code = 202 if new else 200
        return job

    @api.post("/batches", status_code=202, responses=_BUSY)
    def submit_batch(batch: Batch) -> BatchAnswer:
        """Queue many jobs, all or none of them."""
        return BatchAnswer(jobs=[job for job, _ in service.submit(batch.jobs)])

    @api.get("/jobs")
    def jobs(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        state: State | None = None,
        text: Annotated[str, Query(max_length=200)] = "",
    ) -> JobPage:
        """Jobs, newest first; `text` searches names and emotions."""
        found, more = service.store.jobs(before=before, limit=limit, state=state, text=text)
        for job in found:
            job.progress = service.dispatcher.progress(job.id) if job.state == "running" else None
        return JobPage(jobs=found, next=None if more is None else str(more))

    @api.get("/jobs/{job}")
    def one(job: str) -> Job:
        """One job as it stands."""
        return service.job(job)

    @api.post("/jobs/{job}/cancel")
    def cancel(job: str) -> Job:
        """Cancel a job that waits or runs; one that has ended stays as it is."""
        service.job(job)
        service.dispatcher.cancel(job)
        return service.job(job)

    @api.delete("/jobs/{job}", status_code=204)
    def delete(job: str) -> None:
        """Delete an ended job with its result, annotations and upload."""
        service.delete(job)

    @api.get(
        "/jobs/{job}/events",
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {"text/event-stream": {}},
                "description": "One `job` event per change; `reading` events while a language model writes",
            }
        },
    )
    async def events(job: str, request: Request) -> StreamingResponse:
        """Follow a job by server-sent events until it has ended.

        `job`: its state as in `GET /jobs/{job}`. `reading`: `{"moment": 0, "text": "..."}`, the next piece of
        the reading of a moment, counted from 0, from its beginning on.
        """
        service.job(job)
        return StreamingResponse(_follow(service, job, request), media_type="text/event-stream")

    return api


async def _keep(service: Service, chunks: AsyncIterator[bytes], name: str) -> MediaFile:
    options = service.options
    digest, size, new = await service.files.keep(chunks, options.upload_bytes, options.keep_free)
    return await _remember(service, digest, name, size, new)


async def _remember(service: Service, digest: str, name: str, size: int, new: bool) -> MediaFile:
    """Enter an upload under the name people gave it."""
    # The last part of whatever the client calls it; it is only ever shown.
    plain = name.replace("\\", "/").rsplit("/", 1)[-1].strip()[:200] or "clip"
    plain = "".join(c for c in plain if c.isprintable()) or "clip"
    await asyncio.to_thread(service.store.add_medium, digest, plain, size)
    return MediaFile(sha256=digest, name=plain, bytes=size, new=new)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(1 << 20):
        yield part


async def _follow(service: Service, job: str, request: Request) -> AsyncIterator[str]:
    last, quiet, heard = "", 0.0, 0
    while not service.stopping.is_set() and not await request.is_disconnected():
        try:
            now = await asyncio.to_thread(service.job, job)
        except InputError as error:
            yield f"event: gone\ndata: {json.dumps({'error': str(error)})}\n\n"
            return
        pieces = service.dispatcher.words(job, heard)
        heard += len(pieces)
        for moment, piece in _joined(pieces):
            yield f"event: reading\ndata: {json.dumps({'moment': moment, 'text': piece})}\n\n"
            quiet = 0.0
        text = now.model_dump_json()
        if text != last:
            yield f"event: job\ndata: {text}\n\n"
            last, quiet = text, 0.0
        if now.state in ENDED:
            return
        quiet += EVENT_EVERY
        if quiet > 15:
            # Keeps intermediaries from closing a silent connection.
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(EVENT_EVERY)


def _joined(pieces: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Pieces of one moment that follow each other, as one."""
    for moment, group in itertools.groupby(pieces, key=lambda piece: piece[0]):
        yield moment, "".join(text for _, text in group)
