"""`mellm spot`: when something moved, without reading what it was."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli.console import console
from mellm.cli.progress import stage_progress
from mellm.wording.shown import shown

if TYPE_CHECKING:
    from mellm.spot import Event


def spot(
    source: Annotated[Path, typer.Argument(help="A video, an animation, or a folder of numbered pictures.")],
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frame rate of a folder of pictures.")] = None,
    people: Annotated[int, typer.Option(min=1, help="Follow at most this many faces.")] = 4,
    false_alarms_per_minute: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=10,
            help="False micro-expressions a minute that you put up with: 0.3 (few), 1, or 3 (misses less).",
        ),
    ] = 0.3,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Print each event as a line of JSON as soon as it is certain."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find onset, apex and offset of micro-expressions, longer expressions, blinks and speech.

    Example: mellm spot interview.mp4 --json

    Example: mellm spot interview.mp4 --false-alarms-per-minute 1 --follow
    """
    from rich.table import Table

    from mellm.analysis.analyzer import Analyzer
    from mellm.analysis.settings import Settings

    settings = Settings(
        fps=fps, max_people=people, llm="none", false_alarms_per_minute=false_alarms_per_minute
    )
    analyzer = Analyzer(settings)
    if follow:
        for person, event in analyzer.spot_as_they_come(source):
            typer.echo(json.dumps(_row(person, event)))
        return
    with stage_progress(hidden=json_) as progress:
        found = analyzer.spot(source, progress=progress)
    if json_:
        rows = [_row(p.person, e) for p in found for e in p.events]
        reasons = {str(p.person): str(p.reason) for p in found if p.reason}
        typer.echo(json.dumps({"source": shown(source), "events": rows, "none": reasons}, indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("person", "kind", "seconds", "onset", "apex", "offset", "confidence", "else", "regions"):
        table.add_column(column)
    for watched in found:
        for e in watched.events:
            span = f"{e.onset_time:.2f}-{e.offset_time:.2f}"
            frames = (str(e.onset), str(e.apex), str(e.offset))
            sure, other = f"{e.confidence:.2f}", e.runner_up or ""
            table.add_row(str(watched.person), e.kind, span, *frames, sure, other, ", ".join(e.regions))
    screen = console()
    if table.row_count:
        screen.print(table)
    if not found:
        screen.print("  No face was found in any frame.")
    for watched in found:
        if watched.reason:
            screen.print(f"  person {watched.person}: {watched.reason}", highlight=False)


def _row(person: int, event: "Event") -> dict[str, object]:
    return {"person": person, **asdict(event), "note": str(event.note or "")}
