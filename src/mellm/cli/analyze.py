"""`mellm analyze`: the main job."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import Field

from mellm.analysis.settings import CommandLine, OptionModel, Settings
from mellm.cli.analyze_folder import BatchOptions, analyze_folder
from mellm.cli.console import console, print_json
from mellm.cli.options import First, with_options
from mellm.cli.progress import stage_progress
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.report import Report

_MARKED: Final = "Frames you have marked"

EXAMPLES = """
[bold]Examples[/bold]

  mellm analyze interview.mp4
  mellm analyze --onset onset.png --apex apex.png --language zh
  mellm analyze sub01/EP02_01f/ --fps 200 --by-file-number --onset-frame 46 --apex-frame 59
  mellm analyze recordings/ --out reports/ --workers 4
"""


class Pair(OptionModel):
    """Two pictures instead of a clip."""

    onset: Path | None = Field(None, description="Onset picture (with --apex, instead of SOURCE).")
    apex: Path | None = Field(None, description="Apex picture.")


class MarkedFrames(OptionModel):
    """The frames of a moment that a person marked."""

    onset_frame: Annotated[int | None, CommandLine(panel=_MARKED)] = Field(
        None, ge=0, description="Onset frame index, counted from 0; skips spotting."
    )
    apex_frame: Annotated[int | None, CommandLine(panel=_MARKED)] = Field(
        None, ge=0, description="Apex frame index, counted from 0."
    )
    offset_frame: Annotated[int | None, CommandLine(panel=_MARKED)] = Field(
        None, ge=0, description="Offset frame index, from 0."
    )
    by_file_number: Annotated[bool, CommandLine(flag="--by-file-number", panel=_MARKED)] = Field(
        False, description="Frames are the numbers in the pictures' file names, as in annotation sheets."
    )

    @property
    def given(self) -> bool:
        """Whether a frame is marked."""
        return any(frame is not None for frame in (self.onset_frame, self.apex_frame, self.offset_frame))


@with_options
def analyze(
    *,
    source: Annotated[
        Path | None,
        typer.Argument(help="A video, an animation, a folder of numbered pictures, or a folder of clips."),
    ] = None,
    pair: Pair,
    marked: MarkedFrames,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the report; NAME.mellm where not given.")
    ] = None,
    settings: Annotated[Settings, First("fps", "landmarks")],
    batch: BatchOptions,
    json_: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Say when a face moved, how, which action units that is, and what it suggests."""
    from mellm.media.folder_contents import holds_clips

    if source is not None and (pair.onset or pair.apex):
        raise InputError("Give either a SOURCE or the pair --onset and --apex, not both.")
    if marked.by_file_number and not marked.given:
        raise InputError(
            "--by-file-number says how --onset-frame and --apex-frame are counted: give both or neither."
        )
    if source is not None and source.is_dir() and holds_clips(source):
        if marked.given:
            raise InputError(
                f"{source} holds many clips; name one of them with --onset-frame and --apex-frame."
            )
        analyze_folder(source, out, settings, batch, as_json=json_, quiet=quiet)
        return
    _refuse_in_vain(settings, batch, pair=source is None, spots=source is not None and not marked.given)
    folder = _folder_for(source or pair.onset, pair.apex, out, quiet=quiet)
    from mellm.analysis.analyzer import Analyzer
    from mellm.targets import check_folder

    check_folder(folder)
    with stage_progress(hidden=quiet or json_) as progress:
        report = Analyzer(settings).analyze(
            source,
            **dict(pair),
            **dict(marked),
            progress=progress,
            command=" ".join(["mellm", *sys.argv[1:]]),
        )
    written = report.save(folder)
    if json_:
        print_json(report.to_json())
    elif not quiet:
        _print(report, written)


analyze.__doc__ = f"{analyze.__doc__}\n{EXAMPLES}"


def _refuse_in_vain(settings: Settings, batch: BatchOptions, *, pair: bool, spots: bool) -> None:
    """Raise InputError for an option that is for another kind of source, and would change nothing here."""
    usual = Settings.model_fields["false_alarms_per_minute"].default
    if batch != BatchOptions():
        raise InputError("--workers, --engine and --address are for a folder of clips: leave them out.")
    if pair and settings.fps is not None:
        raise InputError("--fps is for a SOURCE, and two pictures have no frame rate: leave it out.")
    if not spots and settings.false_alarms_per_minute != usual:
        raise InputError(
            "--false-alarms-per-minute is for spotting, and nothing is spotted where frames or pictures are "
            "given: leave it out."
        )


def _print(report: "Report", written: Path) -> None:

    from mellm.render.terminal import print_report

    screen = console()
    print_report(report, screen)
    screen.print(f"\n  report  {written}", highlight=False, soft_wrap=True)


def _folder_for(source: Path | None, apex: Path | None, out: Path | None, *, quiet: bool) -> Path:
    """Where the report goes; never where the report of another input lies."""
    if source is None:
        raise InputError(
            "Nothing to analyse: give a video or a folder, or the pair --onset A --apex B (try --help)."
        )
    from mellm.analysis.former_results import default_folder, refuse_report_of_another

    if out is None:
        folder, said = default_folder(source, apex)
        if said and not quiet:
            typer.echo(f"  {said}", err=True)
        return folder
    refuse_report_of_another(out, source, apex)
    return out
