"""`mellm analyze`: the main job."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.progress import stage_progress
from mellm.errors import InputError

MARKED = "Frames you have marked"
WORDS = "The reading in words"
CLIPS = "A folder of clips"

EXAMPLES = """
[bold]Examples[/bold]

  mellm analyze interview.mp4
  mellm analyze --onset onset.png --apex apex.png --language zh
  mellm analyze sub01/EP02_01f/ --fps 200 --by-file-number --onset-frame 46 --apex-frame 59
  mellm analyze recordings/ --out reports/ --workers 4
"""


def analyze(
    source: Annotated[
        Path | None,
        typer.Argument(help="A video, an animation, a folder of numbered pictures, or a folder of clips."),
    ] = None,
    onset: Annotated[
        Path | None, typer.Option(help="Onset picture (with --apex, instead of SOURCE).")
    ] = None,
    apex: Annotated[Path | None, typer.Option(help="Apex picture.")] = None,
    onset_frame: Annotated[
        int | None,
        typer.Option(
            min=0, help="Onset frame index, counted from 0; skips spotting.", rich_help_panel=MARKED
        ),
    ] = None,
    apex_frame: Annotated[
        int | None, typer.Option(min=0, help="Apex frame index, counted from 0.", rich_help_panel=MARKED)
    ] = None,
    offset_frame: Annotated[
        int | None, typer.Option(min=0, help="Offset frame index, from 0.", rich_help_panel=MARKED)
    ] = None,
    by_file_number: Annotated[
        bool,
        typer.Option(
            "--by-file-number",
            help="Frames are the numbers in the pictures' file names, as in annotation sheets.",
            rich_help_panel=MARKED,
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the report; NAME.mellm where not given.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, help="Frame rate of a folder of pictures (frames per second).")
    ] = None,
    landmarks: Annotated[
        Path | None, typer.Option(help="Use these landmarks (OpenFace CSV or WFLW-98 CSV) for the face.")
    ] = None,
    estimator: Annotated[
        str, typer.Option(help="Optical flow: meflownet (learned), dis (fastest), tvl1, farneback, ...")
    ] = "meflownet",
    compensation: Annotated[
        str,
        typer.Option(
            help="Head motion: auto (the estimator's own), mesh-rigid, nose-patch (the papers') or none."
        ),
    ] = "auto",
    au_model: Annotated[
        str,
        typer.Option(help="Action units: evidence (documented rules), learned, or a file of weights."),
    ] = "evidence",
    taxonomy: Annotated[str, typer.Option(help="Emotion classes: 3, 5, 6 or 7.")] = "7",
    language: Annotated[str, typer.Option(help="Language of the reading: en or zh.")] = "en",
    llm: Annotated[
        str,
        typer.Option(
            help="Who writes the reading: embedded (built in), none (the evidence's own words), "
            "openai:URL,model=NAME, or transformers:PATH.",
            rich_help_panel=WORDS,
        ),
    ] = "embedded",
    route: Annotated[
        str,
        typer.Option(
            help="What the model is given: flow (motion as text) or vision (the MMC-Map).",
            rich_help_panel=WORDS,
        ),
    ] = "flow",
    prompt: Annotated[
        Path | None,
        typer.Option(
            help="Prompt template of your own, for a model trained with another.", rich_help_panel=WORDS
        ),
    ] = None,
    people: Annotated[int, typer.Option(min=1, help="Follow at most this many faces.")] = 4,
    magnify: Annotated[
        float | None,
        typer.Option(min=1, help="Also draw the apex with its motion magnified this many times."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.", rich_help_panel=CLIPS)] = 1,
    engine: Annotated[str, typer.Option(help="local, or ray.", rich_help_panel=CLIPS)] = "local",
    address: Annotated[
        str | None, typer.Option(help="Address of the Ray cluster to join.", rich_help_panel=CLIPS)
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Say when a face moved, how, which action units that is, and what it suggests."""
    from rich.console import Console

    from mellm.analysis.analyzer import Analyzer, Settings
    from mellm.render.terminal import print_report

    if source is not None and (onset or apex):
        raise InputError("Give either a SOURCE or the pair --onset and --apex, not both.")
    settings = Settings(
        estimator=estimator,
        compensation=compensation,
        au_model=au_model,
        taxonomy=taxonomy,
        language=language,
        llm=llm,
        route=route,
        prompt=prompt,
        max_people=people,
        fps=fps,
        landmarks=landmarks,
        magnify=magnify,
    )
    if source is not None and _holds_clips(source):
        from mellm.cli.batch import analyze_folder

        if onset_frame is not None or apex_frame is not None or offset_frame is not None:
            raise InputError(
                f"{source} holds many clips; name one of them with --onset-frame and --apex-frame."
            )
        analyze_folder(source, out, settings, workers, engine, address, as_json=json_, quiet=quiet)
        return
    folder = out or Path(f"{_stem(source or onset)}.mellm")
    with stage_progress(hidden=quiet or json_) as progress:
        report = Analyzer(settings).analyze(
            source,
            onset=onset,
            apex=apex,
            onset_frame=onset_frame,
            apex_frame=apex_frame,
            offset_frame=offset_frame,
            by_file_number=by_file_number,
            progress=progress,
            command=" ".join(["mellm", *sys.argv[1:]]),
        )
    written = report.save(folder)
    if json_:
        typer.echo(report.to_json())
    elif not quiet:
        console = Console()
        print_report(report, console)
        console.print(f"\n  report  {written}", highlight=False, soft_wrap=True)


analyze.__doc__ = f"{analyze.__doc__}\n{EXAMPLES}"


def _stem(source: Path | None) -> str:
    if source is None:
        raise InputError(
            "Nothing to analyse: give a video or a folder, or the pair --onset A --apex B (try --help)."
        )
    return source.resolve().stem or "clip"


def _holds_clips(source: Path) -> bool:
    """Is it a folder of clips, rather than one clip as a folder of pictures?"""
    from mellm.media.frame import PICTURE_SUFFIXES

    if not source.is_dir():
        return False
    return sum(entry.suffix.lower() in PICTURE_SUFFIXES for entry in source.iterdir()) < 2
