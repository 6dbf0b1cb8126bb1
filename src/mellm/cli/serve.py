"""`mellm serve`: the local web application."""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.web.server_options import ServerOptions


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but this machine needs a token.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    store: Annotated[
        Path | None, typer.Option(help="Folder of uploads and results  [default: ~/.mellm/server]")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Ask every client for this token; 'new' makes one.  [env var: MELLM_TOKEN]"),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Analyses at the same time.")] = 1,
    queue: Annotated[int, typer.Option(min=1, help="Jobs that may wait; more are answered 429.")] = 200,
    job_seconds: Annotated[float, typer.Option(min=1, help="Time limit of one job, s.")] = 1800.0,
    memory: Annotated[int, typer.Option(min=1024, help="Memory limit of one worker, MiB.")] = 8192,
    upload: Annotated[int, typer.Option(min=1, help="Largest file, MiB.")] = 2048,
    duration: Annotated[float, typer.Option(min=1, help="Longest clip, s.")] = 1800.0,
    submissions: Annotated[
        int, typer.Option(min=0, help="Uploads and jobs per minute and client; 0: any number.")
    ] = 600,
    au_model: Annotated[
        str,
        typer.Option(
            help="Action units, where people choose no other: evidence (documented rules), learned, "
            "or a file of weights."
        ),
    ] = "evidence",
    llm: Annotated[
        str | None,
        typer.Option(
            help="Offer this language model for readings beside the built-in one, such as "
            "openai:http://127.0.0.1:8001/v1,model=NAME."
        ),
    ] = None,
    instruct: Annotated[
        Path | None, typer.Option(help="Folder of instruction data that people review in a room of the page.")
    ] = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Open a local page for people, and an API for programs.

    Example: mellm serve --open
    """
    import dataclasses

    from mellm.web.server_options import MIB, ServerOptions, default_store, is_local

    token = token or os.environ.get("MELLM_TOKEN") or None
    if token == "new" or (token is None and not is_local(host)):
        token = secrets.token_urlsafe(24)
    if token is not None and not all(c.isalnum() or c in "-_.~" for c in token):
        raise InputError("The token may hold letters, digits and - _ . ~ only; choose another.")
    plain = ServerOptions()
    options = dataclasses.replace(
        plain,
        store=store or default_store(),
        host=host,
        port=port,
        token=token,
        workers=workers,
        queue=queue,
        job_seconds=job_seconds,
        memory=memory * MIB,
        upload_bytes=upload * MIB,
        submissions=submissions,
        limits=dataclasses.replace(plain.limits, max_bytes=upload * MIB, max_duration=duration),
        au_model=au_model,
        llm=llm,
        instruct=instruct,
    )
    run_server(options, browser=browser)


def run_server(options: "ServerOptions", *, room: str = "/", browser: bool = False) -> None:
    """Run the application until Ctrl-C and say where `room` is. Raises InputError without its extra."""
    try:
        from mellm.web.server import serve as run
    except ModuleNotFoundError as error:
        raise InputError(
            f"The local application needs {error.name}, which is not installed: pip install 'mellm[web]'."
        ) from None

    def ready(address: str) -> None:
        typer.echo(f"mellm is open at  {address}\nresults are kept in {options.store}; stop with Ctrl-C")
        if browser:
            typer.launch(address)

    run(options, ready=ready, room=room)
