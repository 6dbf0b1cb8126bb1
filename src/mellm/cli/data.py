"""`mellm data`: published sets into one table, and generated data with exact motion."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli import instruct
from mellm.cli.console import console
from mellm.cli.long_videos import long_videos
from mellm.cli.options import to_file, to_folder
from mellm.cli.render_set import render
from mellm.errors import InputError

app = typer.Typer(
    help="Data: list, check and index published sets; make MEFlowDataset.", no_args_is_help=True
)

Set = Annotated[str, typer.Argument(help="Name of the set, as `mellm data list` prints it.")]
Root = Annotated[Path, typer.Argument(help="The set's folder as its makers ship it, or its sheet alone.")]
Sheet = Annotated[Path | None, typer.Option(help="The annotation sheet, where it lies elsewhere.")]


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the sets that can be read, and how their folders should look.

    Example: mellm data list
    """
    from rich.table import Table

    from mellm.datasets import get_set, set_names

    sets = [get_set(name) for name in set_names()]

    if json_:
        typer.echo(json.dumps([asdict(s) for s in sets], indent=2, default=str))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("set", "source", "fps", "sheet", "frames of a sample"):
        table.add_column(column, overflow="fold")
    for spec in sets:
        fps = f"{spec.fps:g}" if spec.fps else "per row"
        table.add_row(spec.name, spec.title, fps, spec.sheets[0], spec.paths[0])
    console().print(table)


@app.command("index")
def index_(
    name: Set,
    root: Root,
    out: Annotated[Path, typer.Option("--out", "-o", callback=to_file, help="Table to write (CSV).")],
    sheet: Sheet = None,
) -> None:
    """Turn a set's annotations into one uniform table.

    Example: mellm data index casme2 /data/CASME2 --out casme2.csv
    """
    from mellm.datasets import read_set, write_table

    found = read_set(name, root, sheet)
    samples = found.samples
    write_table(out, samples)
    for warning in found.warnings:
        typer.echo(f"  {warning}", err=True)
    people = len({s.subject for s in samples})
    typer.echo(f"  {len(samples)} micro-expressions of {people} people   {out}")


@app.command("check")
def check_(
    name: Annotated[str, typer.Argument(help="Name of a set, or meflow for a generated data set.")],
    root: Root,
    sheet: Sheet = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say in plain words what is missing or inconsistent; exits with 1 where samples cannot be used.

    Example: mellm data check casme2 /data/CASME2
    """
    from mellm.datasets import check, read_set

    if name == "meflow":
        _check_meflow(root)
        return
    found = read_set(name, root, sheet)
    samples = found.samples
    findings = check(samples, root if root.is_dir() else None)
    serious = {key for f in findings if f.serious for key in f.keys}
    if json_:
        said = [str(warning) for warning in found.warnings]
        report = {"samples": len(samples), "warnings": said, "findings": [asdict(f) for f in findings]}
        typer.echo(json.dumps(report, indent=2))
    else:
        typer.echo(f"  {len(samples)} micro-expressions, {len(samples) - len(serious)} of them usable")
        for finding in findings:
            shown = ", ".join(finding.keys[:3]) + (", ..." if len(finding.keys) > 3 else "")
            typer.echo(f"  {'!' if finding.serious else '-'} {len(finding.keys)} {finding.sentence}: {shown}")
        for warning in found.warnings:
            typer.echo(f"  - {warning}")
    if serious:
        raise typer.Exit(1)


meflow = typer.Typer(
    help="MEFlowDataset: onset-apex pairs with exact facial and head motion.", no_args_is_help=True
)
app.add_typer(meflow, name="meflow")


app.add_typer(instruct.app, name="instruct")
app.command("render")(render)
app.command("long-videos")(long_videos)


@meflow.command("build")
def build_meflow(
    out: Annotated[
        Path,
        typer.Argument(callback=to_folder, help="Folder of the dataset; an unfinished build there goes on."),
    ],
    faces: Annotated[Path, typer.Option(help="Folder of face pictures to set into motion.")],
    ict: Annotated[
        Path | None,
        typer.Option(help="ICT-FaceKit's compact .npz: its expression shapes and full-3D source."),
    ] = None,
    full_3d: Annotated[float, typer.Option(min=0, max=1, help="Share of full-3D pairs (needs --ict).")] = 0.0,
    origins: Annotated[
        str,
        typer.Option(
            help="Where the motion comes from: all, or table, ict, replayed, muscle, smooth (=SHARE)."
        ),
    ] = "all",
    pairs: Annotated[int, typer.Option(min=1, help="Pairs in all splits together.")] = 54_611,
    seed: Annotated[int, typer.Option(help="Seed: the same seed and faces make the same data.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Build the dataset in shards; killed and started again, it goes on where it stopped.

    Example: mellm data meflow build meflow/ --faces portraits/ --pairs 2000
    """
    from rich.progress import Progress

    from mellm.simulate.origins import read_origins
    from mellm.simulate.pair_build import BuildConfig, build
    from mellm.simulate.pair_stream import MEFlowConfig
    from mellm.simulate.photo_pairs import PairConfig

    if full_3d and ict is None:
        raise InputError("Full-3D pairs need ICT-FaceKit's file: give it with --ict.")
    pair = PairConfig(origins=read_origins(origins))
    source = MEFlowConfig(faces=faces, ict=ict, full_3d=full_3d, pair=pair)
    with Progress(console=console(stderr=True), transient=True) as bars:
        task = bars.add_task("pairs", total=pairs)
        manifest = build(
            BuildConfig(source, pairs=pairs, seed=seed, workers=workers),
            out,
            progress=lambda done, total: bars.update(task, completed=done, total=total),
        )
    typer.echo(f"  {manifest.pairs} pairs   {out}")


def _check_meflow(folder: Path) -> None:
    from mellm.simulate.pair_check import check

    result = check(folder)
    typer.echo(f"  {result.pairs} pairs in {result.shards} shards looked at")
    for problem in result.problems:
        typer.echo(f"  ! {problem}")
    if not result.ok:
        raise typer.Exit(1)
