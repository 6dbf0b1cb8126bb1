"""What the handlers of all routes are given: the service that the application was made for."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from mellm.web.contract import State
from mellm.web.job_store import Wanted
from mellm.web.service import Service

OpenApi = dict[str, Any]
"""A part of the API's description, in the form FastAPI takes."""

Responses = dict[int | str, OpenApi]


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Current = Annotated[Service, Depends(_service)]
"""The running server's parts, as a parameter of a handler."""

Viewer = Annotated[
    str | None, Query(max_length=100, description="Who asks: a coder's name, where a clip is coded blind")
]
"""Who looks, as a parameter of a handler."""


def _wanted(
    state: State | None = None,
    text: Annotated[str, Query(max_length=200, description="In a name or an emotion")] = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    subject: Annotated[str, Query(max_length=100)] = "",
    session: Annotated[str, Query(max_length=100)] = "",
    open_for: Annotated[
        str | None, Query(max_length=100, description="Only what this coder has not handed in")
    ] = None,
) -> Wanted:
    return Wanted(state, text, tag, subject, session, open_for)


Which = Annotated[Wanted, Depends(_wanted)]
"""The clips of the gallery that a request is about."""
