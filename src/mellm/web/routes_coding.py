"""Routes under /api/v1 for what people code: annotations, their versions, who has coded. Knows no page."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request

from mellm.web import coded_clips
from mellm.web.agreement import Agreement
from mellm.web.annotation import Annotation, Coders, ConflictAnswer, NewAnnotation, Restore, Role, Versions
from mellm.web.coded_clips import coded
from mellm.web.contract import Problem
from mellm.web.dependencies import Current, Responses, Viewer
from mellm.web.service import NotFoundError
from mellm.web.sight import whose

_BAD: Responses = {
    400: {"model": Problem, "description": "The body is not JSON"},
    403: {"model": Problem, "description": "The clip is coded blind, and the viewer has not handed in"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    409: {"model": Problem, "description": "The job has not got that far"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}
_NEWER: Responses = {
    409: {"model": ConflictAnswer, "description": "The same coder's newer version is there: both come back"}
}

Coder = Annotated[str | None, Query(max_length=100, description="Whose; nobody named: the newest of all")]

router = APIRouter(prefix="/api/v1", tags=["coding"], responses=_BAD)


@router.get("/jobs/{job}/annotation")
def annotation(
    service: Current, job: str, coder: Coder = None, role: Role | None = None, viewer: Viewer = None
) -> Annotation:
    """The newest annotation of a coder, or the final one; version 0 where nobody has saved one."""
    found = coded(service, job).store.newest(job, role, coder)
    if found.version:
        service.sight.check_coders(service.job(job), viewer, [whose(found.role, found.coder)])
    return found


@router.put("/jobs/{job}/annotation", responses=_NEWER)
def annotate(service: Current, job: str, body: NewAnnotation) -> Annotation:
    """Save a new version. Other coders' versions are not touched.

    `base_version` is the newest version its writer has seen. Where that coder has saved a newer one, `merge`
    merges the two moment by moment; without it, and where both changed the same moment, the answer is 409
    and holds both versions. Frames, people, units and emotions there are not are refused (422).

    A clip may be coded before its analysis has ended: a moment that was spotted by its `number`, with its
    interval in `spotted`. At the end of the analysis it is the report's moment of that number; one that could
    not be read stays as a moment of the coder's own.
    """
    return coded_clips.annotate(service, job, body)


@router.get("/jobs/{job}/annotation/versions")
def versions(
    service: Current, job: str, coder: Coder = None, role: Role | None = None, viewer: Viewer = None
) -> Versions:
    """Every saved version of a coder, or of everybody, oldest first."""
    found = coded(service, job).store.versions(job, role, coder)
    service.sight.check_coders(service.job(job), viewer, [whose(one.role, one.coder) for one in found])
    return Versions(versions=found)


@router.post("/jobs/{job}/annotation/versions/{version}/restore", responses=_NEWER)
def restore(service: Current, job: str, version: int, body: Restore, viewer: Viewer = None) -> Annotation:
    """Make an older version the newest of its coder again, as a version of its own."""
    coding = coded(service, job)
    old = coding.store.version(job, version)
    if old is not None:
        service.sight.check_coders(service.job(job), viewer, [whose(old.role, old.coder)])
    saved = coding.restore(job, version, body.base_version)
    if saved is None:
        raise NotFoundError(f"This clip has no version {version} of an annotation.")
    return saved


@router.post(
    "/jobs/{job}/annotation/import",
    responses=_NEWER,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/xml": {"schema": {"type": "string", "minLength": 1}}},
        }
    },
)
async def import_elan(
    service: Current,
    job: str,
    request: Request,
    coder: Annotated[str, Query(max_length=100)],
    base_version: Annotated[int, Query(ge=0, le=2**53)] = 0,
    merge: bool = False,
) -> Annotation:
    """Save a coder's tiers of an ELAN file (.eaf, the body) as a new version; checked as every other one."""
    data = await request.body()
    save = coded_clips.import_elan
    return await asyncio.to_thread(save, service, job, data, coder, base_version, merge=merge)


@router.get("/jobs/{job}/coders")
def coders(service: Current, job: str, viewer: Viewer = None) -> Coders:
    """Everybody who has saved an annotation, and whether they have handed in; no marks."""
    return Coders(coders=coded_clips.coders(service, job, viewer))


@router.get("/jobs/{job}/agreement")
def agreement(
    service: Current,
    job: str,
    a: Annotated[str, Query(max_length=100, description="A coder; `program:`, `final:`")],
    b: Annotated[str, Query(max_length=100)],
    viewer: Viewer = None,
) -> Agreement:
    """How far two coders agree, or a coder and the program, with the moments side by side.

    Cohen's kappa of frames and of labels, overlap of the intervals, mean distance of the phases, and
    reliability of action units as FACS coders give it: twice the agreed over all that both scored.
    """
    return coded_clips.compared(service, job, a, b, viewer)
