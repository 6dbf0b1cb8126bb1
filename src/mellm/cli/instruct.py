"""`mellm data instruct`: build, check, count, review and export MEU-Instruct."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.console import console, print_json
from mellm.cli.instruct_options import BuildOptions, ExportOptions, names_of
from mellm.cli.options import to_folder, with_options

app = typer.Typer(
    help="MEU-Instruct: prompts with reasoned answers, each true to measured motion and to the labels.",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="Folder of the data.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("build")
@with_options
def build_(
    *,
    out: Annotated[
        Path,
        typer.Argument(callback=to_folder, help="Folder to build in; an unfinished build there goes on."),
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="A table of `mellm data index`, a MEFlowDataset, a folder with flows.npz, or "
            "sheets:FILE,FILE (flow generated after annotation sheets).",
        ),
    ],
    options: BuildOptions,
    as_json: Json = False,
) -> None:
    """Build the data; killed and started again, it goes on where it stopped.

    Every record is checked; those that fail are put in a queue for people (`mellm data instruct review`).

    Example: mellm data instruct build meu/ --from meflow/

    Example: mellm data instruct build small/ --from meflow/ --prompts compact

    Example: mellm data instruct build small2/ --from sheets:dfme.csv,casme3.csv --prompts compact

    Example: mellm data instruct build meu/ --from casme2.csv --frames /data/CASME2 --languages en

    Example: mellm data instruct build meu/ --from meflow/ --annotator openai --model qwen3-vl --budget 20
    """
    from rich.progress import Progress

    from mellm.instruct.build import BuildConfig, build

    config = BuildConfig(
        options.open_source(source),
        options.wanted(),
        options.make_annotator(out),
        # An annotator that talks to a server brings its own threads.
        workers=1 if options.annotator == "openai" else options.workers,
        measured=options.measured,
    )
    with Progress(console=console(stderr=True), transient=True) as bars:
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
    from mellm.instruct.build import check_folder
    from mellm.instruct.record_store import open_store

    result = check_folder(open_store(folder))
    if as_json:
        print_json(json.dumps(asdict(result), indent=2, ensure_ascii=False))
    else:
        typer.echo(
            f"  {result.records} records checked, {result.failures} fail; {result.queued} wait for review"
        )
        for name, problem in result.examples:
            typer.echo(f"  ! {name}  {problem.kind}: {problem.detail}")
    if result.failures:
        raise typer.Exit(1)


@app.command("stats")
def stats_(folder: Folder, as_json: Json = False) -> None:
    """Count tasks, labels, action units and lengths, and measure how varied the wording is.

    Example: mellm data instruct stats meu/ --json
    """
    from mellm.instruct.record_counts import statistics
    from mellm.instruct.record_store import open_store

    found = statistics(open_store(folder))
    if as_json:
        print_json(json.dumps(found, indent=2, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in found.items():
        if isinstance(value, dict):
            value = "   ".join(f"{key} {_short(entry)}" for key, entry in value.items()) or "none"
        table.add_row(f"  {name.replace('_', ' ')}", str(value))
    console().print(table)


def _short(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


@app.command("review")
def review_(
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8766,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the records that passed to look at too.")
    ] = 0.02,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="Print how far reviewers agree, and stop.")
    ] = False,
    as_json: Json = False,
    server_store: Annotated[
        Path | None, typer.Option("--store", help="The application's own folder  [default: ~/.mellm/server]")
    ] = None,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Proof-read records in the browser, on this machine only: accept, edit, reject, with the keyboard.

    Every change is kept with who and when; stop it whenever you like, it goes on where you were. The page is
    a room of the application that `mellm serve --instruct FOLDER` opens too.

    Example: mellm data instruct review meu/

    Example: mellm data instruct review meu/ --agreement
    """
    from mellm.instruct.record_store import open_store
    from mellm.instruct.review import Review

    store = open_store(folder)
    review = Review(store, share)
    if agreement:
        pairs = [asdict(pair) for pair in review.agreement()]
        if as_json:
            typer.echo(json.dumps(pairs, indent=2))
            return
        for pair in pairs:
            kappa = "undefined" if pair["kappa"] is None else f"{pair['kappa']:.2f}"
            names = f"{pair['first']} and {pair['second']}"
            alike = f"{pair['records']} records, {pair['agreed']:.0%} alike"
            typer.echo(f"  {names}: {alike}, Cohen's kappa {kappa}")
        if not pairs:
            typer.echo("  No two people have decided on the same records yet.")
        return
    from mellm.cli.serve import run_server
    from mellm.web.server_options import ServerOptions, default_store

    typer.echo(f"  {len(review)} records to review; every change is kept")
    review.close()
    options = ServerOptions(
        store=server_store or default_store(), port=port, instruct=folder, instruct_share=share
    )
    run_server(options, room="/review", browser=browser)


@app.command("export")
@with_options
def export_(
    *,
    folders: Annotated[list[Path], typer.Argument(help="Folders of the data.")],
    out: Annotated[Path, typer.Option("--out", "-o", callback=to_folder, help="Folder to write.")],
    options: ExportOptions,
    as_json: Json = False,
) -> None:
    """Write the records in the form a trainer reads; what people rejected is left out, their edits are in.

    Example: mellm data instruct export meu/ --format llama-factory --out llama/ --routes flow

    Example: mellm data instruct export meu/ --out fold7/ --without casme2/sub07

    Example: mellm data instruct export small/ small2/ --format canonical --balance --out records/
    """
    from collections.abc import Callable, Iterator
    from functools import partial

    from mellm.instruct.balance import is_kept, kept_shares
    from mellm.instruct.export import export, with_pictures_below
    from mellm.instruct.record_store import open_store
    from mellm.instruct.records import Record
    from mellm.instruct.review import reviewed

    stores, chosen = [open_store(folder) for folder in folders], options.chosen()

    def records() -> Iterator[Record]:
        for store in stores:
            found = filter(chosen, reviewed(store))
            yield from with_pictures_below(found, store.root) if options.absolute else found

    kept: Callable[[Record], bool] | None = None
    if options.balance:
        kept = partial(is_kept, shares=kept_shares(records()))
    counts = export(records(), out, options.form, kept)
    if as_json:
        typer.echo(json.dumps(counts, indent=2))
        return
    for name, count in counts.items():
        typer.echo(f"  {count:>8}  {out / name}")
    if not counts:
        typer.echo("  No record fits what was asked for.")


@app.command("show")
def show_(
    folder: Folder,
    count: Annotated[int, typer.Option(min=1, help="How many records.")] = 5,
    tasks: Annotated[str, typer.Option(help="Tasks, with commas.")] = "meu,mer,vqa",
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    as_json: Json = False,
) -> None:
    """Print random records to read.

    Example: mellm data instruct show meu/ --count 20
    """
    from mellm.instruct.examples import as_markdown, draw
    from mellm.instruct.record_store import open_store
    from mellm.instruct.records import TASKS

    pairs = draw(open_store(folder), count, seed, names_of(tasks, TASKS, "task"))
    if as_json:
        print_json(
            json.dumps([json.loads(record.to_json()) for record, _ in pairs], indent=2, ensure_ascii=False)
        )
    else:
        typer.echo(as_markdown(pairs))
