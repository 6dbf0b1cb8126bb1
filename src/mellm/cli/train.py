"""`mellm train`: train the learned parts from readable recipes."""

from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.options import to_file, to_folder
from mellm.errors import InputError

app = typer.Typer(help="Train the learned parts (needs the `train` extra).", no_args_is_help=True)

Recipe = Annotated[Path, typer.Argument(help="Recipe (YAML); see the folder recipes/.")]


@app.command("flow")
def flow(
    recipe: Recipe,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", callback=to_folder, help="Folder of the run; an unfinished run goes on."),
    ],
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Stop after this long, resumable.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps, resumable.")] = None,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare", help="Do not train: write what the papers' form is trained from on a GPU machine."
        ),
    ] = False,
) -> None:
    """Train MEFlowNet; writes checkpoints, curves (CSV) and the ONNX file.

    Example: mellm train flow recipes/flow-compact.yaml --out runs/flow
    """
    _need_torch()
    if prepare:
        from mellm.train.flow.drawn_material import prepare as write_material
        from mellm.train.flow.meflownet_recipe import read_flow_recipe

        plan = read_flow_recipe(recipe)
        write_material(plan.photos, out, plan.ict, tuple(plan.chosen()), seed=plan.seed, report=typer.echo)
        typer.echo(f"  written  {out}: train with python -m mellm.train.flow.drawn_run {out} --out RUN")
        return
    from mellm.train.flow.meflownet_training import train_flow

    written = train_flow(recipe, out, typer.echo, minutes=minutes, steps=steps)
    typer.echo(f"  written  {written}")


@app.command("facs")
def facs(
    recipe: Recipe,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=to_file, help="File of the model (.safetensors).")
    ],
) -> None:
    """Train the model a recipe names: action units from regions or a grid, or emotion from units.

    Example: mellm train facs recipes/facs-grid.yaml --out facs_grid.safetensors
    """
    try:
        from mellm.train.facs.trainings import train_from_recipe
    except ImportError as error:
        raise InputError(f"Training needs the train extra ({error}): pip install mellm[train].") from error
    if not recipe.is_file():
        raise InputError(f"There is no recipe {recipe}: give a YAML file such as recipes/facs-grid.yaml.")
    train_from_recipe(recipe, out, typer.echo)
    typer.echo(f"  written  {out}")


@app.command("language")
def language(
    recipe: Recipe,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", callback=to_folder, help="Folder of the run; an unfinished run goes on."),
    ],
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Stop after this long, resumable.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps, resumable.")] = None,
    merge: Annotated[
        Path | None,
        typer.Option(help="Do not train: write the run's merged weights to this folder (hub form)."),
    ] = None,
) -> None:
    """Fine-tune a language model; writes checkpoints, curves (CSV), sample answers and the adapter.

    A recipe with `reader: motion` trains what the built-in model sees with, and writes its encoders (ONNX);
    one with `reader: joint` trains encoders, projectors and the language model together.

    Example: mellm train language recipes/language-embedded.yaml --out runs/embedded

    Example: mellm train language recipes/language-motion.yaml --out runs/motion
    """
    _need_torch()
    reader = _reader_of(recipe)
    if reader == "motion":
        from mellm.train.language.motion_training import train_motion

        typer.echo(f"  written  {train_motion(recipe, out, typer.echo, minutes, steps)}")
        return
    try:
        if reader == "joint":
            from mellm.train.language.joint_training import train_joint

            typer.echo(f"  written  {train_joint(recipe, out, typer.echo, minutes, steps)}")
            return
        from mellm.train.language.adapter_export import merge_language
        from mellm.train.language.adapter_training import train_language
    except ImportError as error:
        raise InputError(f"Training needs the train extra ({error}): pip install mellm[train].") from error
    if merge is not None:
        written = merge_language(recipe, out, merge)
    else:
        written = train_language(recipe, out, typer.echo, minutes=minutes, steps=steps)
    typer.echo(f"  written  {written}")


@app.command("spot")
def spot(
    recipe: Recipe,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", callback=to_folder, help="Folder of the run; an unfinished run goes on."),
    ],
    data: Annotated[Path, typer.Option(help="Folder below which the recipe's clips lie.")],
    ict: Annotated[Path | None, typer.Option(help="ICT-FaceKit's compact .npz, for that origin.")] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Fold of people that take no part; may be given again.")
    ] = None,
    dial_from: Annotated[
        list[Path] | None,
        typer.Option(help="Run with people left out whose false alarms set the dial; may be given again."),
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Weights of a run to start from.")] = None,
    kept: Annotated[
        Path | None, typer.Option(help="Folder of traces and samples that several runs share.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Stop after this long, resumable.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps, resumable.")] = None,
) -> None:
    """Train the spotting network on movements put into traces of real people; writes weights and dial.

    Example: mellm train spot recipes/spot.yaml --data ../shared/data --leave-out A --out runs/spot-A
    """
    _need_torch()
    from mellm.train.spot.training import SpotRun, train_spot

    run = SpotRun(out, data, kept, ict, tuple(leave_out or ()), tuple(dial_from or ()), start)
    written = train_spot(recipe, run, typer.echo, minutes=minutes, steps=steps)
    typer.echo(f"  written  {written}")


def _need_torch() -> None:
    try:
        import torch  # noqa: F401
        import yaml  # noqa: F401
    except ImportError as error:
        raise InputError(f"Training needs the train extra ({error}): pip install mellm[train].") from error


def _reader_of(recipe: Path) -> object:
    """What a recipe trains, by its field `reader`; what is no recipe is told so by those that read it."""
    from mellm.train.recipe import read_settings

    try:
        return read_settings(recipe, "language-motion.yaml").get("reader")
    except InputError:
        return None
