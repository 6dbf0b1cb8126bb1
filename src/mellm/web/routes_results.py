"""Routes under /api/v1 that give results out: report, frames, pictures, readings, annotations, exports."""

import contextlib
import shutil
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from mellm.analysis.rewritten import rewritten
from mellm.facs import get_taxonomy
from mellm.report import Reading, Report
from mellm.web.annotation import Role
from mellm.web.clip_parts import FrameTable, Partial
from mellm.web.coded_cases import write_instruct
from mellm.web.coded_clips import result
from mellm.web.coding import BlindError
from mellm.web.contract import Problem, Sentences, chinese_of
from mellm.web.dependencies import Current, Responses, Viewer, Which
from mellm.web.job_store import Wanted
from mellm.web.result_exports import MEDIA_TYPES, Result, export, export_all, file_stem
from mellm.web.service import NotFoundError, Service
from mellm.web.stored_files import THUMBNAIL_FILE, THUMBNAIL_WIDTH
from mellm.web.wire import Spoken

_BAD: Responses = {
    400: {"model": Problem, "description": "The body is not JSON"},
    403: {"model": Problem, "description": "The clip is coded blind, and the viewer has not handed in"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    409: {"model": Problem, "description": "The job has not got that far, or there is a newer version"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}

# A job's id stands for its content, so what it gives out never changes.
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}

_ZIP: Responses = {
    200: {"content": {"application/zip": {}}, "description": "Records, motion maps and a datasheet"}
}

Format = Literal["html", "json", "csv", "mes", "eaf", "boris", "vtt", "bids", "fex", "zip"]
Gathered = Literal["csv", "mes", "eaf", "boris", "vtt", "bids", "fex"]


router = APIRouter(prefix="/api/v1", tags=["results"], responses=_BAD)


@router.get("/jobs/{job}/report")
def report(service: Current, job: str, viewer: Viewer = None) -> Report:
    """The report of `mellm analyze`, as the program wrote it."""
    found = service.seen(job, viewer)
    service.dispatcher.expect_corrections()
    return found


@router.get("/jobs/{job}/partial")
def partial(service: Current, job: str, viewer: Viewer = None) -> Partial:
    """What is known of the clip so far: moments once spotted, each with its reading once it has one."""
    found = service.job(job)
    if service.sight.hides_program(found, viewer):
        known = service.partial(found)
        return Partial(complete=known.complete, source=known.source, people=known.people)
    return service.partial(found)


@router.get("/jobs/{job}/sentences")
def sentences(service: Current, job: str, viewer: Viewer = None) -> Sentences:
    """Verdict, warnings and notes of the report in Chinese."""
    if service.sight.hides_program(service.done(job), viewer):
        return Sentences(chinese={})
    return Sentences(chinese=chinese_of(service.report(job).provenance.messages))


@router.get("/jobs/{job}/frames")
def frames(
    service: Current,
    job: str,
    compact: Annotated[bool, Query(description="Leave times out that the rate says already")] = False,
) -> FrameTable:
    """Size of the clip, and when each frame is shown; before its analysis has ended, too."""
    table = service.table(service.job(job))
    return table.compact() if compact else table


@router.get(
    "/jobs/{job}/frames/{index}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "Exactly this frame, upright"}},
)
def frame(
    service: Current,
    job: str,
    index: int,
    width: Annotated[int, Query(ge=16, le=4096, description="Largest width, px")] = 1920,
) -> Response:
    """Frame `index`, counted from 0 as in the report, as a JPEG."""
    found = service.job(job)
    if not 0 <= index < service.table(found).count:
        raise NotFoundError(f"The clip has no frame {index}; frames are counted from 0.")
    return Response(service.jpeg(found, index, width), media_type="image/jpeg", headers=_FOREVER)


@router.get(
    "/jobs/{job}/pictures/{name}",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}, "description": "A picture the report names"}},
)
def picture(service: Current, job: str, name: str, viewer: Viewer = None) -> Response:
    """One picture of the report."""
    found = service.job(job)
    service.sight.check_program(found, viewer)
    data = service.picture(found, name)
    if data is None:
        raise NotFoundError(f"The report has no picture {name[:60]!r}.")
    return Response(data, media_type="image/png", headers=_FOREVER)


@router.get(
    "/jobs/{job}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A small picture of the face"}},
)
def thumbnail(service: Current, job: str, viewer: Viewer = None) -> Response:
    """A small picture for lists: where a moment begins, or the first frame for who codes blind."""
    found = service.done(job)
    if service.sight.hides_program(found, viewer):
        plain = {"cache-control": "no-store"}
        return Response(service.jpeg(found, 0, THUMBNAIL_WIDTH), media_type="image/jpeg", headers=plain)
    file = service.files.result(found.id) / THUMBNAIL_FILE
    if not file.is_file():
        raise NotFoundError("This analysis has no small picture.")
    return FileResponse(file, media_type="image/jpeg", headers=_FOREVER)


@router.get("/jobs/{job}/readings/{number}")
def reading(
    service: Current,
    job: str,
    number: int,
    language: Spoken = "en",
    taxonomy: str = "7",
    viewer: Viewer = None,
) -> Reading:
    """The reading of a micro-expression, by its lasting number, in a language, written from the evidence."""
    return rewritten(service.moment(job, number, viewer), language, get_taxonomy(taxonomy).name)


Version = Annotated[
    Literal["person", "program", "final"],
    Query(description="With a person's corrections, without any, or with what was decided in the end"),
]
_FILES: Responses = {
    200: {"content": {kind: {} for kind in MEDIA_TYPES}, "description": "The file"},
    403: {"model": Problem, "description": "The clip is coded blind, and the viewer has not handed in"},
}


@router.get("/jobs/{job}/export/{kind}", response_class=Response, responses=_FILES)
def exported(
    service: Current,
    job: str,
    kind: Format,
    version: Version = "person",
    coder: Annotated[str | None, Query(max_length=100, description="Whose corrections")] = None,
    viewer: Viewer = None,
) -> Response:
    """The result as a file.

    `html`, `json`, `csv` (OpenFace's columns), `mes` (a row per micro-expression), `eaf` (ELAN), `boris`,
    `vtt` (subtitles), `bids` (events.tsv), `fex` (py-feat), `zip` (everything). Nobody named: the final
    version, else the newest anybody saved, else the program's; an ELAN file then has everybody's tiers.
    """
    found = service.done(job)
    role: Role | None = "final" if version == "final" else None
    program = version == "program"
    made = result(service, job, program=program, coder=coder, role=role, viewer=viewer)
    return _file(*export(made, found.name, kind))


@router.get("/export/{kind}", response_class=Response, responses=_FILES)
def exported_all(
    service: Current, kind: Gathered, wanted: Which, version: Version = "person", viewer: Viewer = None
) -> Response:
    """The same of all finished clips that are wanted: one table (`mes`), one BORIS project, else a ZIP."""
    return _file(*export_all(_results(service, wanted, version, viewer), kind))


def _results(
    service: Service, wanted: Wanted, version: str, viewer: str | None
) -> Iterator[tuple[Result, str]]:
    """The finished clips that are wanted, oldest first, but those whose marks are hidden from the viewer."""
    for job in service.store.finished(wanted):
        with contextlib.suppress(BlindError):
            role: Role | None = None
            if version == "final":
                if not service.coding.store.newest(job.id, "final").version:
                    continue
                role = "final"
            program = version == "program"
            yield result(service, job.id, program=program, role=role, viewer=viewer), job.name


def _file(data: bytes, media_type: str, name: str) -> Response:
    ways = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(data, media_type=media_type, headers=ways)


@router.get("/jobs/{job}/instruct", response_class=FileResponse, responses=_ZIP)
def instruct(
    service: Current,
    job: str,
    coder: Annotated[str | None, Query(max_length=100, description="Whose; as in `export`")] = None,
    viewer: Viewer = None,
) -> FileResponse:
    """What a person coded in one analysis, as instruction data: a folder of `mellm data instruct`."""
    found = service.done(job)
    coded = result(service, job, program=False, coder=coder, viewer=viewer)
    return _packed(service, [coded], file_stem(found.name))


@router.get("/instruct", response_class=FileResponse, responses=_ZIP)
def instruct_all(service: Current, viewer: Viewer = None) -> FileResponse:
    """The same of all analyses, but those whose marks are hidden from the viewer."""
    found = []
    for job in service.store.annotated():
        with contextlib.suppress(BlindError):
            found.append(result(service, job, program=False, viewer=viewer))
    return _packed(service, found, "mellm")


def _packed(service: Service, results: list[Result], stem: str) -> FileResponse:
    """Return the instruction data of some jobs as a file that is deleted after it was sent."""
    target = service.files.draft_folder() / f"{stem}.meu.zip"
    try:
        write_instruct(results, target, f"{stem}.meu")
    except BaseException:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
    gone = BackgroundTask(shutil.rmtree, target.parent, ignore_errors=True)
    return FileResponse(target, media_type="application/zip", filename=target.name, background=gone)
