"""`mellm demo`: the main job on what ships, with the truth beside the answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli.console import console
from mellm.cli.first_use import make_ready
from mellm.cli.options import to_folder
from mellm.cli.progress import stage_progress

if TYPE_CHECKING:
    from rich.console import Console

    from mellm.report import Report
    from mellm.simulate.generated_clip import ClipTruth


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=to_folder, help="Folder for the clip and the report.")
    ] = Path("demo.mellm"),
    language: Annotated[str, typer.Option(help="Language of the report: en, zh, or a plug-in's.")] = "en",
    seed: Annotated[int, typer.Option(help="Seed of the sensor noise and the head's path.")] = 0,
) -> None:
    """Set a photograph into known micro-motion, analyse the clip, and show both.

    The photograph is NASA's portrait of the astronaut Eileen Collins (public domain). Example: mellm demo
    """

    from mellm.analysis.analyzer import Analyzer
    from mellm.analysis.settings import Settings
    from mellm.errors import MellmError
    from mellm.render.terminal import print_report
    from mellm.simulate.generated_clip import demo_clip

    screen = console()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MellmError(
            f"{out} cannot be made ({error.strerror}); choose another folder with --out."
        ) from error
    make_ready(language=language == "en")
    clip = out / "demo.mp4"
    truth = demo_clip(clip, seed=seed)
    with stage_progress(hidden=False) as progress:
        report = Analyzer(Settings(language=language)).analyze(clip, progress=progress, command="mellm demo")
    page = report.save(out)
    _print_truth(truth, clip, screen)
    print_report(report, screen)
    _print_comparison(truth, report, screen)
    screen.print(f"\n  report  {page}", highlight=False, soft_wrap=True)


def _print_truth(truth: "ClipTruth", clip: Path, screen: "Console") -> None:
    """What the generator put into the clip."""
    screen.print(
        f"  put in: {truth.frames} frames at {truth.fps:g} fps, sensor noise, a slow head turn, and",
        highlight=False,
    )
    for event in truth.events:
        units = " + ".join(f"AU {u.au} {u.side}" for u in event.action_units)
        peak = max(u.amplitude for u in event.action_units)
        screen.print(
            f"          {units}, frames {event.onset} -> {event.apex} -> {event.offset} "
            f"({event.onset_time:.2f}-{event.offset_time:.2f} s), peak {peak:.1f} px of the clip\n",
            highlight=False,
        )


def _print_comparison(truth: "ClipTruth", report: "Report", screen: "Console") -> None:
    """The truth and the answer side by side."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_edge=False)
    for column in ("", "onset", "apex", "offset", "action units"):
        table.add_column(column)
    for event in truth.events:
        units = "+".join(str(u.au) for u in event.action_units)
        table.add_row("  put in", str(event.onset), str(event.apex), str(event.offset), units)
    for me in report.micro_expressions:
        when = me.interval
        units = "+".join(a.code for a in me.action_units if a.present)
        table.add_row("  found", str(when.onset_frame), str(when.apex_frame), str(when.offset_frame), units)
    screen.print()
    screen.print(table)
