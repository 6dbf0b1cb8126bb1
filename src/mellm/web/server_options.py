"""What the person who starts the server decides: where, how much, how long. Knows no request."""

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mellm.analysis.settings import CommandLine, OptionModel
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.media import Limits

MIB = 1024 * 1024


def default_store() -> Path:
    """The folder of jobs and results where none is given."""
    try:
        return Path.home() / ".mellm" / "server"
    except (RuntimeError, KeyError) as error:
        raise InputError("There is no home folder to keep results in: name a folder with --store.") from error


class ServerOptions(OptionModel):
    """Everything about one running server; `mellm serve` has the same options.

    Sizes are bytes and times seconds. `token` is None only where the server listens to this machine alone.
    """

    host: str = Field(
        "127.0.0.1", description="Address to listen on; anything but this machine needs a token."
    )
    port: Annotated[int, CommandLine(minimum=0, maximum=65535)] = Field(
        8000, description="Port; 0 takes a free one."
    )
    store: Path = Field(
        default_factory=default_store,
        description="Folder of uploads and results  [default: ~/.mellm/server]",
    )
    token: str | None = Field(
        None, description="Ask every client for this token; 'new' makes one.  [env var: MELLM_TOKEN]"
    )
    workers: Annotated[int, CommandLine(minimum=1, maximum=64)] = Field(
        1, description="Analyses at the same time."
    )
    queue: Annotated[int, CommandLine(minimum=1)] = Field(
        200, description="Jobs that may wait; more are answered 429."
    )
    job_seconds: Annotated[float, CommandLine(minimum=1)] = Field(
        1800.0, description="Time limit of one job, s."
    )
    memory: Annotated[int, CommandLine(unit=MIB, minimum=1024, help="Memory limit of one worker, MiB.")] = (
        Field(8192 * MIB, description="Address space of one worker or decoder process, bytes.")
    )
    upload_bytes: Annotated[
        int, CommandLine(flag="--upload", unit=MIB, minimum=1, help="Largest file, MiB.")
    ] = Field(2048 * MIB, description="Largest file, bytes.")
    duration: Annotated[float, CommandLine(minimum=1)] = Field(1800.0, description="Longest clip, s.")
    submissions: Annotated[int, CommandLine(minimum=0)] = Field(
        600, description="Uploads and jobs per minute and client; 0: any number."
    )
    au_model: str = Field(
        "evidence",
        description="Action units, where people choose no other: evidence (documented rules), learned, "
        "or a file of weights.",
    )
    llm: str | None = Field(
        None,
        description="Offer this language model for readings beside the built-in one, such as "
        "openai:http://127.0.0.1:8001/v1,model=NAME.",
    )
    instruct: Path | None = Field(
        None, description="Folder of instruction data that people review in a room of the page."
    )
    instruct_share: Annotated[float, CommandLine(shown=False)] = Field(
        0.02, description="Share of its records that passed every check which are shown too."
    )
    keep_free: Annotated[int, CommandLine(shown=False)] = Field(
        512 * MIB, description="Bytes of disk that uploads leave free."
    )
    frame_seconds: Annotated[float, CommandLine(shown=False)] = Field(
        20.0, description="How long a request for a frame waits before the client is told to ask again, s."
    )

    @property
    def limits(self) -> "Limits":
        """The largest clip that is decoded."""
        from mellm.media import Limits

        return Limits(
            max_pixels=34_000_000,
            max_side=16_384,
            max_frames=200_000,
            max_duration=self.duration,
            max_bytes=self.upload_bytes,
        )


def is_local(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
