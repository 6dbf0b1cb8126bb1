"""Routes under /api/v1 for jobs: choices, submitting, batches, progress, cancelling. Knows no page."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from mellm.errors import InputError
from mellm.face.regions import AREAS, REGION_NAMES
from mellm.facs import AU_NAMES, AU_NAMES_ZH, EMOTIONS_ZH, TAXONOMIES
from mellm.flow import COMPENSATIONS, estimators
from mellm.version import __version__
from mellm.web import routes_uploads
from mellm.web.contract import ENDED, Batch, BatchAnswer, Choices, Health, Job, JobPage, JobRequest, Problem
from mellm.web.dependencies import Current, Responses, Viewer, Which
from mellm.web.routes_uploads import BUSY
from mellm.web.running_job import RunningJob
from mellm.web.service import Service
from mellm.web.wire import CardChange, Neighbours
from mellm.wording.languages import languages
from mellm.wording.names import OCTANTS_ZH, REGION_NAMES_ZH

EVENT_EVERY = 0.2
"""Seconds between two looks at a job whose events are followed."""

_BAD: Responses = {
    400: {"model": Problem, "description": "The body is not JSON, or not a form"},
    401: {"model": Problem, "description": "No token, or a wrong one"},
    403: {"model": Problem, "description": "Asked from another web site, or for another host name"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}

router = APIRouter(prefix="/api/v1", tags=["jobs"], responses=_BAD)


@router.get("/health")
def health(service: Current) -> Health:
    """Whether the server is there, and how much it has to do; asks for no token."""
    return Health(
        version=__version__, queued=service.store.waiting(), running=len(service.store.working_on())
    )


@router.get("/choices")
def choices(service: Current) -> Choices:
    """What this server offers: settings, names of action units, emotions and regions, limits."""
    return Choices(
        version=__version__,
        estimators=list(estimators()),
        compensations=["auto", *COMPENSATIONS],
        taxonomies={name: list(taxonomy.labels) for name, taxonomy in TAXONOMIES.items()},
        languages=list(languages()),
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


router.include_router(routes_uploads.router)


@router.post(
    "/jobs",
    status_code=202,
    responses={**BUSY, 200: {"model": Job, "description": "This work was done or queued already"}},
)
def submit(service: Current, request: JobRequest, response: Response) -> Job:
    """Queue the analysis of uploaded files. The same content and settings give the same job."""
    ((job, new),) = service.submit([request])
    response.status_code = 202 if new else 200
    return job


@router.post("/batches", status_code=202, responses=BUSY)
def submit_batch(service: Current, batch: Batch) -> BatchAnswer:
    """Queue many jobs, all or none of them."""
    return BatchAnswer(jobs=[job for job, _ in service.submit(batch.jobs)])


@router.get("/jobs")
def jobs(
    service: Current,
    wanted: Which,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    viewer: Viewer = None,
) -> JobPage:
    """Jobs, newest first; `text` searches names and emotions."""
    found, more = service.store.jobs(wanted, before=before, limit=limit)
    for job in found:
        job.progress = service.dispatcher.progress(job.id) if job.state == "running" else None
        service.sight.shown(job, viewer)
    return JobPage(jobs=found, next=None if more is None else str(more))


@router.get("/jobs/{job}")
def one(service: Current, job: str, viewer: Viewer = None) -> Job:
    """One job as it stands."""
    return service.job(job, viewer)


@router.patch("/jobs/{job}")
def describe(service: Current, job: str, change: CardChange) -> Job:
    """Rename a clip, or change what people note about it: subject, session, tags, note, blind coding."""
    return service.describe(job, change)


@router.get("/jobs/{job}/neighbours")
def neighbours(service: Current, wanted: Which, job: str) -> Neighbours:
    """The clips before (newer) and after (older) this one in the gallery, of those that are wanted."""
    return service.neighbours(job, wanted)


@router.post("/jobs/{job}/cancel")
def cancel(service: Current, job: str) -> Job:
    """Cancel a job that waits or runs; one that has ended stays as it is."""
    service.job(job)
    service.dispatcher.cancel(job)
    return service.job(job)


@router.delete("/jobs/{job}", status_code=204)
def delete(service: Current, job: str) -> None:
    """Delete an ended job with its result, annotations and upload."""
    service.delete(job)


@router.get(
    "/jobs/{job}/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "One `job` event per change; `spotted` events while a clip is watched, `watched` "
            "at its end, `moment` for each that is measured, `reading` while a language model writes",
        }
    },
)
async def events(service: Current, job: str, viewer: Viewer = None) -> StreamingResponse:
    """Follow a job by server-sent events until it has ended.

    `job`: its state as in `GET /jobs/{job}`. `spotted`: person, kind, onset, apex, offset, ... of an event as
    soon as it is certain, as `mellm spot --json` has it. `reading`: `{"moment": 0, "text": "..."}`, the
    next piece of the reading of a moment, counted from 0, from its beginning on. `watched`: what
    `GET /jobs/{job}/partial` gives, once all moments are spotted. `moment`: a micro-expression of the report
    with its number, once it is measured and again once a language model has written about it.
    """
    service.job(job)
    return StreamingResponse(_follow(service, job, viewer), media_type="text/event-stream")


async def _follow(service: Service, job: str, viewer: str | None) -> AsyncIterator[bytes]:
    last, quiet, heard, seen, known, told = "", 0.0, 0, 0, 0, False
    running: RunningJob | None = None
    while not service.stopping.is_set():
        try:
            now = await asyncio.to_thread(service.job, job, viewer)
        except InputError as error:
            yield format_sse_event(event="gone", data_str=json.dumps({"error": str(error)}))
            return
        new: list[bytes] = []
        # A job that has ended since the last look has told more on its way.
        running = service.dispatcher.running(job) or running
        if running is not None and not service.sight.hides_program(now, viewer):
            spotted, moments, pieces = running.events(seen), running.moments(known), running.words(heard)
            seen, known, heard = seen + len(spotted), known + len(moments), heard + len(pieces)
            new += [format_sse_event(event="spotted", data_str=json.dumps(event)) for event in spotted]
            if not told and (clip := running.partial()) is not None:
                told = True
                new.append(format_sse_event(event="watched", data_str=clip.model_dump_json()))
            new += [format_sse_event(event="moment", data_str=json.dumps(moment)) for moment in moments]
            new += [
                format_sse_event(event="reading", data_str=json.dumps({"moment": moment, "text": piece}))
                for moment, piece in _joined(pieces)
            ]
        text = now.model_dump_json()
        if text != last:
            new.append(format_sse_event(event="job", data_str=text))
            last = text
        for event in new:
            yield event
        if now.state in ENDED:
            return
        quiet = 0.0 if new else quiet + EVENT_EVERY
        if quiet > 15:
            # Keeps intermediaries from closing a silent connection.
            yield format_sse_event(comment="still here")
            quiet = 0.0
        await asyncio.sleep(EVENT_EVERY)


def _joined(pieces: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Pieces of one moment that follow each other, as one."""
    for moment, group in itertools.groupby(pieces, key=lambda piece: piece[0]):
        yield moment, "".join(text for _, text in group)
