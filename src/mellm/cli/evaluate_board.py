"""`mellm evaluate board`: rows of the leaderboard, checked, and the page made of them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mellm.cli.options import to_file
from mellm.errors import InputError

app = typer.Typer(no_args_is_help=True, help="The leaderboard: add a row, check rows, make the page.")


@app.command("add")
def add(
    run: Annotated[Path, typer.Argument(help="Run written by mellm evaluate --json.")],
    out: Annotated[Path, typer.Option("--out", "-o", callback=to_file, help="The row's file (.json).")],
    method: Annotated[str, typer.Option(help="Name of the method.")],
    trained_on: Annotated[str, typer.Option(help="What it was trained on, in a sentence.")],
    seen: Annotated[
        Literal["none", "labels", "statistics", "looked at"],
        typer.Option(help="What of the test material it had met before."),
    ],
    measurement: Annotated[str, typer.Option(help="Which flow: first, second, both, frames, ...")],
    by: Annotated[str, typer.Option(help="Whose method it is.")] = "mellm",
    command: Annotated[
        str | None, typer.Option(help="Command that makes the run again  [default: the run's own]")
    ] = None,
) -> None:
    """Make a row of a run: its figures and how it was made, without any sample.

    Example: mellm evaluate board add run.json --out row.json --method mine --trained-on "my data" --seen none
    """
    from mellm.evaluate.board import row_of
    from mellm.evaluate.board_rows import About, read_row, write_row

    about = About(
        method=method, trained_on=trained_on, contamination=seen, measurement=measurement, by=by,
        command=command,
    )  # fmt: skip
    write_row(row_of(run, about), out)
    read_row(out)
    typer.echo(f"  {out}")


@app.command("check")
def check(rows: Annotated[list[Path], typer.Argument(help="Rows' files, or folders of them.")]) -> None:
    """Check rows: the format, and that figures agree with their counts and intervals.

    Figures that a row holds no counts for cannot be checked, and are named.

    Example: mellm evaluate board check benchmarks/board
    """
    from mellm.evaluate.board_rows import read_row, unchecked

    files = [file for path in rows for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not files:
        raise InputError("There is no row's file (*.json).")
    without: list[tuple[str, str]] = []
    for file in files:
        if not file.is_file():
            raise InputError(f"There is no file {file}.")
        without += [(file.name, name) for _, name in unchecked(read_row(file))]
    typer.echo(f"  {len(files)} {'row is' if len(files) == 1 else 'rows are'} sound")
    for name in dict.fromkeys(name for _, name in without):
        rows_without = list(dict.fromkeys(file for file, one in without if one == name))
        more = f" and {len(rows_without) - 1} more" if len(rows_without) > 1 else ""
        typer.echo(f"  {name} cannot be checked: no counts for it in {rows_without[0]}{more}")


@app.command("build")
def build(
    folder: Annotated[Path, typer.Argument(help="Folder of rows.")],
    out: Annotated[Path, typer.Option("--out", "-o", callback=to_file, help="Page to write (Markdown).")],
) -> None:
    """Make the page from the rows' files, and from nothing else.

    Example: mellm evaluate board build benchmarks/board --out docs/leaderboard.md
    """
    from mellm.evaluate.board_page import board_page
    from mellm.evaluate.board_rows import read_board

    rows = read_board(folder)
    out.write_text(board_page(rows), encoding="utf-8")
    typer.echo(f"  {len(rows)} rows   {out}")
