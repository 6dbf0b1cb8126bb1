"""`mellm serve`: the local web application."""

import os
import secrets
from typing import Annotated

import typer

from mellm.cli.first_use import make_ready
from mellm.cli.options import with_options
from mellm.errors import InputError, MellmError
from mellm.web.server_options import ServerOptions, is_local


@with_options
def serve(
    *,
    options: ServerOptions,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Open a local page for people, and an API for programs.

    Example: mellm serve --open
    """
    token = options.token or os.environ.get("MELLM_TOKEN") or None
    if token == "new" or (token is None and not is_local(options.host)):
        token = secrets.token_urlsafe(24)
    if token is not None and not all(c.isalnum() or c in "-_.~" for c in token):
        raise InputError("The token may hold letters, digits and - _ . ~ only; choose another.")
    run_server(options.model_copy(update={"token": token}), browser=browser)


def run_server(options: ServerOptions, *, room: str = "/", browser: bool = False) -> None:
    """Run the application until Ctrl-C and say where `room` is. Raises InputError without its extra."""
    try:
        from mellm.web.server import serve as run
    except ModuleNotFoundError as error:
        raise InputError(
            f"The local application needs {error.name}, which is not installed: pip install 'mellm[web]'."
        ) from None

    try:
        make_ready(language=True)
    except MellmError as error:
        # What was analysed before can be looked at all the same.
        typer.echo(f"mellm: {error}", err=True)

    def ready(address: str) -> None:
        typer.echo(f"mellm is open at  {address}\nresults are kept in {options.store}; stop with Ctrl-C")
        if browser:
            typer.launch(address)

    run(options, ready=ready, room=room)
