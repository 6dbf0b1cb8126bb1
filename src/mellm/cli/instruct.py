"""`mellm data instruct`: build, check, count, review and export MEU-Instruct."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mellm.errors import InputError

app = typer.Typer(
    help="MEU-Instruct: prompts with reasoned answers, each true to measured motion and to the labels.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="Folder of the data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _chosen(text: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    odd = [part for part in chosen if part not in known]
    if odd or not chosen:
        raise InputError(f"There is no {what} '{', '.join(odd) or text}'; choose from {', '.join(known)}.")
    return chosen


@app.command("build")
def build_(
    out: Annotated[Path, typer.Argument(help="Folder to build in; an unfinished build there goes on.")],
    source: Annotated[
        Path,
        typer.Option(
            "--from", help="A table of `mellm data index`, a MEFlowDataset, or a folder with flows.npz."
        ),
    ],
    frames: Annotated[Path | None, typer.Option(help="The set's folder of frames, for a table.")] = None,
    estimator: Annotated[
        str, typer.Option(help="Flow estimator; for a MEFlowDataset also truth, its exact flow.")
    ] = "dis",
    tasks: Annotated[str, typer.Option(help="Tasks, with commas.")] = "meu,mer,vqa",
    routes: Annotated[str, typer.Option(help="Routes, with commas.")] = "flow,vision",
    languages: Annotated[str, typer.Option(help="Languages, with commas.")] = "en,zh",
    annotator: Annotated[str, typer.Option(help="Who writes the answers: rules or openai.")] = "rules",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first samples of a MEFlowDataset.")
    ] = None,
    unseen: Annotated[
        bool, typer.Option(help="Also reasoned answers where the motion bears out no labelled unit.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the wording and of what is asked.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    as_json: Json = False,
) -> None:
    """Build the data; killed and started again, it goes on where it stopped.

    Every record is checked; those that fail are put in a queue for people (`mellm data instruct review`).

    Example: mellm data instruct build meu/ --from meflow/

    Example: mellm data instruct build meu/ --from casme2.csv --frames /data/CASME2 --languages en
    """
    from rich.console import Console
    from rich.progress import Progress

    from mellm.data.instruct.build import BuildConfig, build
    from mellm.data.instruct.sources import MEFlowSource, open_source
    from mellm.data.instruct.tasks import Rules, Wanted
    from mellm.data.instruct.types import LANGUAGES, ROUTES, TASKS

    found = open_source(source, frames, estimator)
    if limit and isinstance(found, MEFlowSource):
        found.limit = limit
    wanted = Wanted(
        _chosen(tasks, TASKS, "task"),  # type: ignore[arg-type]
        _chosen(routes, ROUTES, "route"),  # type: ignore[arg-type]
        _chosen(languages, LANGUAGES, "language"),  # type: ignore[arg-type]
        seed,
        unseen,
    )
    if annotator != "rules":
        raise InputError(f"There is no annotator '{annotator}'; choose rules.")
    config = BuildConfig(found, wanted, Rules(seed), workers=workers)
    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("measuring", total=None)

        def show(step: str, done: int, total: int) -> None:
            bars.update(task, description=step, completed=done, total=total)

        manifest = build(config, out, show)
    counts = manifest["counts"]
    if as_json:
        typer.echo(json.dumps(counts, indent=2))
        return
    typer.echo(f"  {counts['cases']} micro-expressions measured, {counts['skipped']} samples left out")
    typer.echo(f"  {counts['records']} records, {counts['queue']} more for review   {out}")


@app.command("check")
def check_(
    folder: Folder,
    as_json: Json = False,
) -> None:
    """Check every record again: labels, measured motion, sides, leaks, duplicates; exits with 1 on failures.

    Example: mellm data instruct check meu/
    """
    from mellm.data.instruct.build import check_folder
    from mellm.data.instruct.store import open_store

    result = check_folder(open_store(folder))
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=2, ensure_ascii=False))
    else:
        typer.echo(
            f"  {result.records} records checked, {result.failures} fail; {result.queued} wait for review"
        )
        for name, problem in result.examples:
            typer.echo(f"  ! {name}  {problem.kind}: {problem.detail}")
    if result.failures:
        raise typer.Exit(1)
