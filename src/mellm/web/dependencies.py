"""What the handlers of all routes are given: the service that the application was made for."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request

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
