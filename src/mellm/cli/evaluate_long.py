"""`mellm evaluate long-videos`: spot-then-recognise, false alarms, and the questions of ME-LVQA."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli.console import figures_table, print_figures
from mellm.cli.evaluate_output import FalseAlarms, IntervalSeed, Json, Quiet, bar, shown_on, write
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.long_figures import LongFigures


def long_videos(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder of videos with truth.csv (as `mellm data long-videos` writes)."),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="SET=FOLDER of a published set with long videos.")
    ] = None,
    classes: Annotated[str, typer.Option(help="Classes of emotion: 3, 5, 6 or 7.")] = "3",
    without: Annotated[
        str,
        typer.Option(
            help="Data set that these videos are from, such as casme3: the emotion model that names what was "
            "spotted then learned nothing from its annotation sheet."
        ),
    ] = "",
    cache: Annotated[Path, typer.Option(help="Folder that keeps what was watched, for the next run.")] = Path(
        "mellm-long"
    ),
    false_alarms_per_minute: FalseAlarms = 0.3,
    json_file: Json = None,
    seed: IntervalSeed = 0,
    quiet: Quiet = False,
) -> None:
    """Spot and recognise expressions in long videos, and answer ME-LVQA's questions; baselines beside it.

    Example: mellm evaluate long-videos long/ --without casme3 --json long.json

    Example: mellm evaluate long-videos --set casme2-spotting=/data/CASME_sq --json casme2sq.json
    """
    from mellm.evaluate.frame_samples import FrameSet
    from mellm.evaluate.long_truth import read_long_set, read_truth
    from mellm.evaluate.long_videos import LongPlan, evaluate_long_videos
    from mellm.evaluate.watched_videos import VideoWatcher

    if (folder is None) == (not sets):
        raise InputError("Give a folder of videos with truth.csv, or published sets with --set.")
    if folder is not None:
        videos = read_truth(folder)
    else:
        read = [FrameSet.read(text) for text in sets or []]
        videos = [video for one in read for video in read_long_set(one)]
        without = without or read[0].convention
    plan = LongPlan(videos, VideoWatcher(cache, false_alarms_per_minute), classes, without, seed)
    with bar(quiet) as drawn:
        run = evaluate_long_videos(plan, shown_on(drawn, "videos"))
    write(json_file, run)
    if not quiet:
        _print(run.figures)


def _print(figures: "LongFigures") -> None:
    title = f"{figures.videos} videos, {figures.minutes:.1f} minutes, {figures.people} people"
    spotting = figures_table(
        "method",
        "ME found",
        "F1",
        "95%",
        "false\n/min",
        "labels' F1",
        "STRS",
        "macro\nF1",
        "both\nF1",
        title=title,
    )
    asked = figures_table(
        "method", "counts", "MAE", "RMSE", "units F1", "Jaccard", "first ME", title="questions"
    )
    for name, m in figures.methods.items():
        low, high = m.micro.f1_interval
        spotting.add_row(
            name,
            f"{m.micro.hits} of {m.micro.true}",
            f"{m.micro.f1:.3f}",
            f"{low:.2f}-{high:.2f}",
            f"{m.false_per_minute:.2f}",
            f"{m.recognition_f1:.3f} ({m.recognised})",
            f"{m.strs:.3f}",
            *("-" if one is None else f"{one.f1:.3f}" for one in (m.macro, m.overall)),
        )
        q = m.questions
        first = "-" if q.first_seconds is None else f"{q.first_seconds:.2f} s ({q.first_asked})"
        rest = [] if q.units_f1 is None else [f"{q.units_f1:.3f}", f"{q.units_jaccard:.3f}", first]
        for scope, counts in q.counts.items():
            asked.add_row(name, scope, f"{counts.mae:.2f}", f"{counts.rmse:.2f}", *rest)
            rest = []
    for scope, counts in figures.mean_counts.items():
        asked.add_row("the mean", scope, f"{counts.mae:.2f}", f"{counts.rmse:.2f}")
    print_figures(spotting)
    print_figures(asked)
