"""`mellm data long-videos`: generated long videos with real schedules, and their truth."""

from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.console import console
from mellm.cli.options import to_folder


def long_videos(
    out: Annotated[Path, typer.Argument(callback=to_folder, help="Folder; an unfinished one goes on.")],
    events: Annotated[
        Path, typer.Option(help="Table of events: Subject, Filename, Onset, Apex, Offset, ...")
    ],
    spans: Annotated[Path, typer.Option(help="Table of videos: subject, filename, first_frame, last_frame.")],
    faces: Annotated[Path, typer.Option(help="Folder of generated face pictures.")],
    blinks: Annotated[Path | None, typer.Option(help="Table of blinks.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Sheet that says the micro-expressions' emotions.")
    ] = None,
    videos: Annotated[int, typer.Option(min=1, help="Videos.")] = 8,
    seconds: Annotated[float, typer.Option(min=5, help="Length of each.")] = 60.0,
    joined: Annotated[
        bool, typer.Option("--joined", help="One video of a whole session: a person's videos joined.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Render long videos whose expressions come when a real schedule says.

    Example: mellm data long-videos long/ --events events.csv --spans spans.csv --faces faces/
    """
    import numpy as np
    from rich.progress import Progress

    from mellm.simulate.long_videos import make_long_videos
    from mellm.simulate.schedules import Schedules

    found = Schedules.read(events, spans, blinks, sheet)
    rng = np.random.default_rng(seed)
    stretches = [found.joined(seconds, rng)] if joined else found.windows(videos, seconds, rng)
    with Progress(console=console(stderr=True), transient=True, disable=quiet) as bars:
        task = bars.add_task("frames", total=None)
        rows = make_long_videos(
            stretches, faces, out, seed,
            lambda name, k, total: bars.update(task, description=name, completed=k, total=total),
        )  # fmt: skip
    if not quiet:
        kinds = ", ".join(f"{sum(r.kind == k for r in rows)} {k}" for k in ("micro", "macro", "blink"))
        typer.echo(
            f"  {len(stretches)} videos, {kinds}; {found.left_out} rows of the schedule left out   {out}"
        )
