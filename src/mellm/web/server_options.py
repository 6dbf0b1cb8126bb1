"""What the person who starts the server decides: where, how much, how long. Knows no request."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from mellm.media import Limits

MIB = 1024 * 1024


def default_store() -> Path:
    """The folder of jobs and results where none is given."""
    return Path.home() / ".mellm" / "server"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Everything about one running server.

    Attributes:
        store: folder of the database, the uploaded clips and the results
        host, port: where the server listens
        token: asked of every client; None only where the server listens to this machine alone
        workers: analyses at the same time, one process each
        queue: jobs that may wait; more are answered 429
        job_seconds: wall-clock limit of one job
        memory: address space of one worker or decoder process, bytes (where the system can limit it)
        upload_bytes: size of one uploaded file
        keep_free: bytes of disk that uploads leave free
        submissions: uploads and new jobs per minute and client, 0 for any number
        frame_seconds: how long one request for a frame of the player waits before it is told to ask again
        limits: largest clip that is decoded
        au_model: action units where people choose no other: `evidence`, `learned`, or a file of weights that
            is then offered beside them
        llm: language model that clients may choose beside the built-in one, as `mellm analyze --llm` takes it
        instruct: folder of instruction data that people review here; None: no such room
        instruct_share: share of its records that passed every check which are shown too
    """

    store: Path = field(default_factory=default_store)
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    workers: int = 1
    queue: int = 200
    job_seconds: float = 1800.0
    memory: int = 8192 * MIB
    upload_bytes: int = 2048 * MIB
    keep_free: int = 512 * MIB
    submissions: int = 600
    frame_seconds: float = 20.0
    limits: Limits = field(
        default_factory=lambda: Limits(
            max_pixels=34_000_000,
            max_side=16_384,
            max_frames=200_000,
            max_duration=1800.0,
            max_bytes=2048 * MIB,
        )
    )
    au_model: str = "evidence"
    llm: str | None = None
    instruct: Path | None = None
    instruct_share: float = 0.02


def is_local(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
