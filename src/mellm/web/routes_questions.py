"""Questions about a finished analysis, under /api/v1: answered from its report, whole or as a stream."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import Field
from starlette.concurrency import iterate_in_threadpool

from mellm.analysis.asking import Answer, ask
from mellm.web.contract import Problem
from mellm.web.dependencies import Current, Responses, Viewer
from mellm.web.wire import Spoken, WireModel

_BAD: Responses = {
    400: {"model": Problem, "description": "The body is not JSON"},
    403: {"model": Problem, "description": "The clip is coded blind, and the viewer has not handed in"},
    404: {"model": Problem, "description": "There is nothing of that name"},
    409: {"model": Problem, "description": "The job has not got that far"},
    422: {"model": Problem, "description": "There is no question"},
}

router = APIRouter(prefix="/api/v1", tags=["questions"], responses=_BAD)


class AskedQuestion(WireModel):
    """A question about one analysis."""

    question: Annotated[str, Field(min_length=1, max_length=500, examples=["How many micro-expressions?"])]
    language: Spoken | None = Field(default=None, description="Of the answer; null: the question's own")
    stream: bool = Field(default=False, strict=True, description="Answer by server-sent events")


@router.post(
    "/jobs/{job}/ask",
    response_model=Answer,
    responses={
        200: {
            "content": {"text/event-stream": {}},
            "description": "The answer; with `stream` events `piece` ({text}) and, last, `answer`",
        }
    },
)
def asked(service: Current, job: str, body: AskedQuestion, viewer: Viewer = None) -> Response:
    """Answer a question from the program's report, with the frames that the answer rests on.

    What the report does not hold is said to be not measured (`measured` false).
    """
    answer = ask(service.seen(job, viewer), body.question, body.language)
    if body.stream:
        return StreamingResponse(_events(answer), media_type="text/event-stream")
    return Response(answer.model_dump_json(), media_type="application/json")


async def _events(answer: Answer) -> AsyncIterator[bytes]:
    def made() -> Iterator[bytes]:
        for piece in answer.pieces():
            yield format_sse_event(event="piece", data_str=json.dumps({"text": piece}))
        yield format_sse_event(event="answer", data_str=answer.model_dump_json())

    async for event in iterate_in_threadpool(made()):
        yield event
