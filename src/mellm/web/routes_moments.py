"""Routes under /api/v1 for parts of a result: moments, curves, faces, sound, video. Knows no page."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from mellm.report import MicroExpression
from mellm.web.clip_parts import FaceCourse
from mellm.web.contract import Problem
from mellm.web.dependencies import Current, Responses, Viewer
from mellm.web.face_tracks import face_course
from mellm.web.moment_rows import Curves, MomentPage, Summary, curves_of, summary_of
from mellm.web.service import NotFoundError

MOST_FACES = 500
"""Frames of a face in one answer."""

_BAD: Responses = {
    403: {"model": Problem, "description": "The clip is coded blind, and the viewer has not handed in"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    409: {"model": Problem, "description": "The job has not got that far"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}

router = APIRouter(prefix="/api/v1", tags=["results"], responses=_BAD)


@router.get("/jobs/{job}/summary")
def summary(service: Current, job: str, viewer: Viewer = None) -> Summary:
    """The report in rows, for long clips."""
    return summary_of(service.seen(job, viewer))


@router.get("/jobs/{job}/moments")
def moments(
    service: Current,
    job: str,
    first: Annotated[int, Query(ge=1, le=100_000, description="Place in the report, from 1")] = 1,
    count: Annotated[int, Query(ge=1, le=200)] = 50,
    viewer: Viewer = None,
) -> MomentPage:
    """Some micro-expressions, whole."""
    found = service.seen(job, viewer).micro_expressions
    return MomentPage(moments=found[first - 1 : first - 1 + count], total=len(found))


@router.get("/jobs/{job}/moments/{number}")
def moment(service: Current, job: str, number: int, viewer: Viewer = None) -> MicroExpression:
    """One micro-expression by its lasting number."""
    return service.moment(job, number, viewer)


@router.get("/jobs/{job}/traces")
def traces(
    service: Current,
    job: str,
    person: Annotated[int, Query(ge=1, le=1000)] = 1,
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    last: Annotated[int, Query(ge=0, le=10_000_000)] = 10_000_000,
    points: Annotated[int, Query(ge=1, le=10_000, description="Most bins")] = 2000,
    viewer: Viewer = None,
) -> Curves:
    """Motion over time of a person's face areas, as least and greatest value of each bin."""
    report = service.seen(job, viewer)
    trace = next((trace for trace in report.traces if trace.person == person), None)
    if trace is None:
        raise NotFoundError(f"The report has no curve of person {person}.")
    return curves_of(trace, first, min(last, max(trace.frames, default=0)), points)


@router.get("/jobs/{job}/faces")
def faces(
    service: Current,
    job: str,
    person: Annotated[int, Query(ge=1, le=1000)] = 1,
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    last: Annotated[int, Query(ge=0, le=10_000_000)] = MOST_FACES - 1,
    viewer: Viewer = None,
) -> FaceCourse:
    """Landmarks, head pose and motion of the regions, frame by frame; at most 500 frames at once."""
    found = service.done(job)
    service.sight.check_program(found, viewer)
    course = face_course(service.files.result(found.id), person, first, min(last, first + MOST_FACES - 1))
    if course is None:
        raise NotFoundError(f"This result has no landmarks of person {person}: analyse the clip again.")
    return course


@router.get(
    "/jobs/{job}/moments/{number}/video",
    response_class=FileResponse,
    responses={
        200: {"content": {"video/webm": {}}, "description": "The face from onset to offset, magnified"},
        409: {"model": Problem, "description": "No face is found there any more, or the job is not done"},
        503: {"model": Problem, "description": "It is being made; ask again after `Retry-After` seconds"},
    },
)
def video(
    service: Current,
    job: str,
    number: int,
    factor: Annotated[float, Query(ge=1, le=20, description="How many times as strong")] = 4.0,
    viewer: Viewer = None,
) -> FileResponse:
    """A micro-expression as a video of the aligned face, in the clip's own times, motion magnified."""
    file = service.magnified(service.done(job), service.moment(job, number, viewer), factor)
    return FileResponse(file, media_type="video/webm")


@router.get(
    "/jobs/{job}/sound",
    response_class=FileResponse,
    responses={200: {"content": {"audio/ogg": {}}, "description": "Time 0 is the first frame"}},
)
def sound(service: Current, job: str) -> FileResponse:
    """The clip's sound as Ogg Opus."""
    return FileResponse(service.sound(service.job(job)), media_type="audio/ogg")


@router.get(
    "/jobs/{job}/media",
    response_class=FileResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "The file as it was uploaded"},
        206: {"content": {"application/octet-stream": {}}, "description": "The part asked for with `Range`"},
    },
)
def media(service: Current, job: str) -> Response:
    """The clip as it was uploaded, to be saved; parts of it by `Range`."""
    found = service.job(job)
    file = service.files.medium(found.request.files[0])
    if file.is_dir():
        raise NotFoundError("A folder of frames has no file of its own: ask for its frames.")
    # A browser shows no upload as a page of this server, whatever is in it.
    return FileResponse(file, media_type="application/octet-stream", filename=found.name)
