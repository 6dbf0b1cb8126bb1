"""Routes under /api/v1 that take files in: uploads, folders of frames, a clip and its job in one form."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from mellm.errors import InputError
from mellm.web.contract import Job, JobRequest, JobSettings, MediaFile, Problem
from mellm.web.dependencies import Current, OpenApi, Responses
from mellm.web.folders import PART, keep_folder
from mellm.web.service import NotFoundError, Service

router = APIRouter()

UploadName = Annotated[str, Query(min_length=1, max_length=200)]

_OTHER: Responses = {415: {"model": Problem, "description": "The file is neither a video nor a picture"}}
BUSY: Responses = {
    413: {"model": Problem, "description": "Too large"},
    429: {"model": Problem, "description": "Too many; try again after `Retry-After` seconds"},
    507: {"model": Problem, "description": "The server's disk is full"},
}

_BYTES = {"type": "string", "format": "binary", "minLength": 1}


def _form(parts: OpenApi, *needed: str) -> OpenApi:
    """How OpenAPI describes a form with these parts and no others."""
    schema = {"type": "object", "properties": parts, "required": needed, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post(
    "/media",
    status_code=201,
    responses={**BUSY, **_OTHER, 200: {"model": MediaFile, "description": "This content was there already"}},
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}}
    },
)
async def upload(
    service: Current,
    request: Request,
    response: Response,
    name: UploadName,
) -> MediaFile:
    """Upload one file as the body of the request; `name` is what people call it."""
    kept = await _keep(service, request.stream(), name)
    response.status_code = 201 if kept.new else 200
    return kept


@router.post(
    "/folders",
    status_code=201,
    responses={**BUSY, 200: {"model": MediaFile, "description": "This content was there already"}},
    openapi_extra=_form({PART: {"type": "array", "items": _BYTES, "minItems": 2}}, PART),
)
async def upload_folder(
    service: Current,
    request: Request,
    response: Response,
    name: UploadName,
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


@router.get("/media/{sha256}")
def uploaded(service: Current, sha256: str) -> MediaFile:
    """Whether a file with this SHA-256 is there already, so that it need not be sent."""
    known = service.store.medium(sha256)
    if known is None or not service.files.has(sha256):
        raise NotFoundError("No file with this SHA-256 has been uploaded.")
    return MediaFile(sha256=sha256, name=known[0], bytes=known[1], new=False)


@router.post(
    "/analyses",
    status_code=202,
    responses={**BUSY, **_OTHER, 200: {"model": Job, "description": "This work was done or queued already"}},
    openapi_extra=_form(
        {
            "file": _BYTES | {"description": "A clip"},
            "onset": _BYTES | {"description": "Of a pair, in place of `file`"},
            "apex": _BYTES,
            "settings": {"$ref": "#/components/schemas/JobSettings"},
        }
    ),
)
async def analyse(service: Current, request: Request, response: Response) -> Job:
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
    # The form says what a person calls the clip; a pair is called after both its files.
    name = kept["file"].name if "file" in kept else ""
    digests = {"media" if part == "file" else part: file.sha256 for part, file in kept.items()}
    ((job, new),) = service.submit([JobRequest(**digests, name=name, settings=settings)])
    response.status_code = 202 if new else 200
    return job


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
