"""`mellm data render`: a small test set in a published set's layout, on generated faces."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mellm.cli.console import console
from mellm.cli.options import to_folder


def render(
    name: Annotated[str, typer.Argument(help="Name of the set, as `mellm data list` prints it.")],
    out: Annotated[Path, typer.Argument(callback=to_folder, help="Folder; an unfinished one goes on.")],
    sheet: Annotated[Path, typer.Option(help="The set's annotation sheet: its rows are acted.")],
    faces: Annotated[Path, typer.Option(help="Folder of generated face pictures.")],
    taxonomy: Annotated[str, typer.Option(help="Rows of these emotion classes: 3, 5, 6 or 7.")],
    clips: Annotated[int, typer.Option(min=1, help="Samples.")] = 60,
    part: Annotated[
        Literal["all", "A", "B"], typer.Option(help="Half of the sheet's people (A or B), or all.")
    ] = "all",
    origins: Annotated[
        str, typer.Option(help="Where the motion comes from: table, muscle, ict (=SHARE).")
    ] = "table,muscle",
    ict: Annotated[Path | None, typer.Option(help="ICT-FaceKit's compact .npz, for its origin.")] = None,
    seed: Annotated[int, typer.Option(help="Seed: the same seed, sheet and faces make the same set.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Render rows of a published sheet on generated faces, in the makers' layout.

    Example: mellm data render casme2 rendered/casme2 --sheet casme2.csv --faces faces/ --taxonomy 5
    """
    from rich.progress import Progress

    from mellm.simulate.origins import read_origins
    from mellm.simulate.rendered_sets import RenderPlan, render_set

    plan = RenderPlan(
        name, sheet, faces, taxonomy, clips, part, origins=read_origins(origins), ict=ict, seed=seed
    )
    with Progress(console=console(stderr=True), transient=True, disable=quiet) as bars:
        task = bars.add_task("samples", total=None)
        done = render_set(plan, out, lambda n, total: bars.update(task, completed=n, total=total))
    if not quiet:
        typer.echo(f"  {len(done)} samples, {sum(s.frames for s in done)} frames   {out}")
