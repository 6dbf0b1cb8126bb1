"""`mellm spot`: when something moved, without reading what it was."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.console import console
from mellm.cli.progress import stage_progress
from mellm.wording.shown import shown


def spot(
    source: Annotated[Path, typer.Argument(help="A video, an animation, or a folder of numbered pictures.")],
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frame rate of a folder of pictures.")] = None,
    people: Annotated[int, typer.Option(min=1, help="Follow at most this many faces.")] = 4,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find onset, apex and offset of micro-expressions, longer expressions and blinks.

    Example: mellm spot interview.mp4 --json
    """
    from rich.table import Table

    from mellm.analysis.analyzer import Analyzer
    from mellm.analysis.settings import Settings

    with stage_progress(hidden=json_) as progress:
        found = Analyzer(Settings(fps=fps, max_people=people, llm="none")).spot(source, progress=progress)
    if json_:
        rows = [{"person": p.person, **asdict(e), "note": str(e.note or "")} for p in found for e in p.events]
        reasons = {str(p.person): str(p.reason) for p in found if p.reason}
        typer.echo(json.dumps({"source": shown(source), "events": rows, "none": reasons}, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("person", "kind", "seconds", "onset", "apex", "offset", "confidence", "regions"):
        table.add_column(column)
    for person in found:
        for e in person.events:
            span = f"{e.onset_time:.2f}-{e.offset_time:.2f}"
            frames = (str(e.onset), str(e.apex), str(e.offset))
            table.add_row(
                str(person.person), e.kind, span, *frames, f"{e.confidence:.2f}", ", ".join(e.regions)
            )
    screen = console()
    if table.row_count:
        screen.print(table)
    if not found:
        screen.print("  No face was found in any frame.")
    for person in found:
        if person.reason:
            screen.print(f"  person {person.person}: {person.reason}", highlight=False)
