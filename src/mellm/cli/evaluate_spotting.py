"""`mellm evaluate spotting`: spotters on real clips, as they are and with brief movements put in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli.console import console, figures_table, print_figures
from mellm.cli.evaluate_output import FalseAlarms, Json, Quiet, write

if TYPE_CHECKING:
    from mellm.evaluate.spotting_figures import SpottingFigures


def spotting(
    recipe: Annotated[Path, typer.Argument(help="Recipe that lists clips, people and folds (YAML).")],
    data: Annotated[Path, typer.Option(help="Folder below which the recipe's clips lie.")],
    fold: Annotated[
        list[str] | None, typer.Option(help="Measure on these folds alone; may be given again.")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="Weights of a run that left these people out [default: those that ship]."),
    ] = None,
    peak: Annotated[
        list[float] | None,
        typer.Option(help="Peaks put in, px at 200 px between the eyes; may be given again."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="Material per clip and peak at least; short clips are taken again.")
    ] = 20.0,
    at_most: Annotated[
        float, typer.Option(min=5, help="Seconds of a clip into which movements are put at most.")
    ] = 60.0,
    cache: Annotated[Path, typer.Option(help="Folder that keeps traces, for the next run.")] = Path(
        "mellm-spotting"
    ),
    false_alarms_per_minute: FalseAlarms = 0.3,
    json_file: Json = None,
    seed: Annotated[int, typer.Option(help="Seed of what is put in.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Count false alarms in real clips, and find movements put into their pictures; two baselines beside it.

    Example: mellm evaluate spotting recipes/spot.yaml --data DATA --fold A --weights spotting.safetensors
    """
    from mellm.evaluate.spotting_benchmark import Plan, evaluate_spotting, listed_clips
    from mellm.evaluate.spotting_material import PEAKS, Asked
    from mellm.spot.detector import load_detector
    from mellm.weights.model_store import sha256_of

    named = "shipped" if weights is None else f"{weights.name} {sha256_of(weights)[:12]}"
    asked = Asked(tuple(peak or PEAKS), seconds, at_most, seed)
    chosen = Plan(asked, false_alarms_per_minute, named)
    detector = None if weights is None else load_detector(weights)
    told = (lambda text: None) if quiet else (lambda text: typer.echo(f"  {text}", err=True))
    run = evaluate_spotting(listed_clips(recipe, data, fold), detector, chosen, told, cache)
    write(json_file, run)
    if not quiet:
        _print(run.figures)


def _print(figures: "SpottingFigures") -> None:
    peaks = sorted({p for m in figures.methods.values() for k in m.recall.values() for p in k}, key=float)
    table = figures_table(
        "spotter", "clips", "minutes", "false a\nminute", *(f"recall\n{p} px" for p in peaks), "F1"
    )
    for name, method in figures.methods.items():
        kinds = sorted({*figures.minutes, *method.recall})
        for kind in kinds:
            found = [method.recall.get(kind, {}).get(peak) for peak in peaks]
            shown = ["" if f is None else f"{f.recall:.2f} of {f.put_in}" for f in found]
            minutes = f"{figures.minutes[kind]:.2f}" if kind in figures.minutes else ""
            false = f"{method.false_per_minute[kind]:.2f}" if kind in method.false_per_minute else ""
            table.add_row(name, kind, minutes, false, *shown, "")
        total = f"{sum(figures.minutes.values()):.2f}"
        false = f"{method.false_per_minute['all']:.2f}"
        table.add_row(name, "all", total, false, *("" for _ in peaks), f"{method.f1:.2f}")
    print_figures(table)
    covered = ", ".join(f"{kind} {100 * share:.1f} %" for kind, share in sorted(figures.covered.items()))
    console().print(f"  time covered in clips as they are: {covered}")
