"""`mellm evaluate compare`: any number of runs in one table and one drawing."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from mellm.cli.console import console
from mellm.cli.options import to_new_file


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Runs on the same samples, written with --json.")],
    against: Annotated[
        Path | None, typer.Option(help="The run all others are tested against; else the first.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", callback=to_new_file, help="Draw it: a page (.html) or a picture (.svg)."
        ),
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Compare on the samples all runs have, where they differ.")
    ] = False,
    any_protocol: Annotated[
        bool, typer.Option("--any-protocol", help="Compare runs of different protocols too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
) -> None:
    """Compare runs: figures with intervals per set and class, and whether they differ by more than chance.

    Example: mellm evaluate compare baseline.json ours.json other.json --out compare.html
    """
    from mellm.evaluate.comparison import compare_runs
    from mellm.evaluate.comparison_drawing import write_drawing
    from mellm.evaluate.comparison_table import comparison_note, comparison_tables

    found = compare_runs(runs, against, seed, shared=shared, any_protocol=any_protocol)
    if out:
        write_drawing(found, out)
    if as_json:
        typer.echo(json.dumps(found.model_dump(exclude_unset=True), indent=1))
        return
    screen = console()
    protocol = f", {found.protocol}" if found.protocol else ""
    screen.print(f"{found.samples} samples of {found.people} people{protocol}")
    for title, columns, rows in comparison_tables(found):
        table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
        for row in rows:
            table.add_row(*row)
        screen.print(table, "")
    screen.print(comparison_note(found), style="dim")
    if out:
        screen.print(f"written  {out}")
