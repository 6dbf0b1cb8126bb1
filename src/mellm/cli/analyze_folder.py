"""`mellm analyze FOLDER`: many clips, one table."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import Field, model_validator

from mellm.analysis.settings import CommandLine, OptionModel, Settings
from mellm.cli.console import console
from mellm.cli.first_use import make_ready
from mellm.errors import InputError, MellmError

_CLIPS: Final = "A folder of clips"


class BatchOptions(OptionModel):
    """How the clips of a folder are worked through."""

    workers: Annotated[int, CommandLine(panel=_CLIPS)] = Field(1, ge=1, description="Processes.")
    engine: Annotated[str, CommandLine(panel=_CLIPS)] = Field("local", description="local, or ray.")
    address: Annotated[str | None, CommandLine(panel=_CLIPS)] = Field(
        None, description="Address of the Ray cluster to join."
    )

    @model_validator(mode="after")
    def _fit(self) -> "BatchOptions":
        if self.engine not in ("local", "ray"):
            raise InputError(f"There is no engine {self.engine!r}; choose local or ray.")
        if self.address and self.engine != "ray":
            raise InputError("An --address goes with --engine ray.")
        return self


def analyze_folder(
    folder: Path,
    out: Path | None,
    settings: Settings,
    batch: BatchOptions,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Analyse every clip of a folder; exits with 1 where some failed."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    from mellm.analysis.batch import run_batch
    from mellm.analysis.former_results import name_of
    from mellm.analysis.ray_cluster import RayRunner

    make_ready(language=settings.llm == "embedded" and settings.language == "en")
    target = out or Path(f"{name_of(folder)}.mellm")
    bars = Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
        disable=quiet or as_json,
    )
    with bars:
        task = bars.add_task("clips", total=None)
        rows = run_batch(
            folder,
            target,
            settings,
            workers=batch.workers,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
            run=RayRunner(batch.address) if batch.engine == "ray" else None,
            tell=lambda note: None if quiet else typer.echo(f"  {note}", err=as_json),
        )
    failed = [row for row in rows if row.status == "failed"]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    elif not quiet:
        found = sum(row.micro_expressions for row in rows)
        typer.echo(f"  {len(rows)} clips, {found} micro-expressions, {len(failed)} failed")
        for row in failed:
            typer.echo(f"  ! {row.clip}: {row.error}")
        typer.echo(f"  table  {target / 'clips.csv'}")
    if failed:
        raise MellmError(f"{len(failed)} of {len(rows)} clips could not be analysed; the table says why.")
