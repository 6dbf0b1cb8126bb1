"""`mellm evaluate frames`, `table` and `case`: the papers' experiment on indexed sets of frames."""

import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import BaseModel, Field

from mellm.analysis.settings import CommandLine
from mellm.cli.console import console, figures_table, print_figures
from mellm.cli.evaluate_output import IntervalSeed, Json, Quiet, bar, kept_beside, shown_on, write
from mellm.cli.options import to_file, with_options
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.figures import LabelFigures
    from mellm.evaluate.frame_models import ModelChoice

_MODEL = CommandLine(panel="The model")

Sets = Annotated[
    list[str],
    typer.Option("--set", help="SET=FOLDER as its makers ship it, or LABEL:SET=FOLDER; again for more sets."),
]


class FrameModelOptions(BaseModel):
    """Which model reads the frames, and what it is given."""

    model: Annotated[str, _MODEL] = Field(
        default="facs",
        description="facs, encoder (what the built-in model sees), combined (both), language, or the name a "
        "--plugin registers.",
    )
    llm: Annotated[str, _MODEL] = Field(
        default="embedded",
        description="With --model language: embedded, embedded-untouched, openai:URL,model=NAME, "
        "transformers:PATH.",
    )
    route: Annotated[Literal["flow", "vision"], _MODEL] = Field(
        default="flow", description="Of the built-in model's encoder: flow (numbers) or vision (MMC-Map)."
    )
    input: Annotated[Literal["motion-prompt", "mmc-map", "pair", "frames"], _MODEL] = Field(
        default="motion-prompt",
        description="What a language model is given: motion-prompt, mmc-map, pair "
        "(onset and apex as they are) or frames (a short video).",
    )
    prompt: Annotated[str | None, _MODEL] = Field(
        default=None, description="compact or full  [default: compact for the built-in model]"
    )
    told: Annotated[bool, _MODEL] = Field(
        default=False, description="Tell the built-in model what the FACS stage found."
    )
    read_motion: Annotated[bool, _MODEL] = Field(
        default=False, description="Show the built-in model the motion itself, not words on what it sees."
    )
    brief: Annotated[bool, _MODEL] = Field(
        default=False,
        description="Show it the motion, and ask for units and label alone, without a text.",
    )
    units: Annotated[str, _MODEL] = Field(
        default="evidence", description="Units of the FACS stage: evidence, learned, or a file of weights."
    )
    emotion: Annotated[str, _MODEL] = Field(
        default="learned",
        description="Emotion of the FACS stage: learned (never from the sample's own sheet), clean or "
        "prototypes (from no sheet).",
    )
    clean: Annotated[bool, CommandLine(flag="--clean", panel=_MODEL.panel)] = Field(
        default=False,
        description="Nothing that rests on sheets or footage: DIS, the clean emotion model and encoder.",
    )
    convention: Annotated[str, _MODEL] = Field(
        default="unknown", description="Whose words for emotions: unknown, casme2, casme3, dfme, ..."
    )

    def choice(self, taxonomy: str) -> "ModelChoice":
        """Return it as the evaluation takes it."""
        from mellm.evaluate.frame_models import ModelChoice

        if self.clean and (self.model == "language" or self.units != "evidence"):
            raise InputError(
                "--clean goes with --model facs, encoder or combined, and with the rules' units."
            )
        emotion = "clean" if self.clean and self.emotion == "learned" else self.emotion
        return ModelChoice(
            taxonomy, self.units, emotion, self.convention, self.llm, self.prompt, self.input,
            self.route, self.told, self.read_motion or self.brief, self.brief, self.clean,
        )  # fmt: skip


@with_options
def frames(
    sets: Sets,
    chosen: FrameModelOptions,
    classes: Annotated[
        str | None,
        typer.Option(help="3, 5, 6 or 7  [default: those the set is published with; 3 for several sets]"),
    ] = None,
    moment: Annotated[
        Literal["given", "apex", "spotted"],
        typer.Option(help="Onset and apex: the coders' (given), their onset alone (apex), or spotted."),
    ] = "given",
    estimator: Annotated[str, typer.Option(help="Optical flow: meflownet, dis, tvl1, ...")] = "meflownet",
    cache: Annotated[
        Path, typer.Option(help="Folder that keeps measured frames, for the next model and the next run.")
    ] = Path("mellm-frames"),
    workers: Annotated[int, typer.Option(min=1, help="Processes; threads that ask a server.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many of each set, evenly spread.")] = None,
    price: Annotated[
        str | None, typer.Option(help="Prices of a million tokens, IN,OUT: tells what the run costs.")
    ] = None,
    plugin: Annotated[
        Path | None,
        typer.Option(help="Python file of yours to run first: it registers a model or estimator."),
    ] = None,
    json_file: Json = None,
    seed: IntervalSeed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise emotions from a published set's frames, zero-shot; stopped and started again it goes on.

    Example: mellm evaluate frames --set casme2=/data/CASME2 --json facs.json

    Example: mellm evaluate frames --set casme2=/data/CASME2 --model language --json built-in.json

    Example: mellm evaluate frames --set casme2=C --set samm=S --set smic-hs-e=H --classes 3
    """
    from mellm.evaluate.frame_measurement import HowMeasured
    from mellm.evaluate.frame_models import create_frame_model
    from mellm.evaluate.frame_samples import FrameSet, default_classes
    from mellm.evaluate.frames import FramesPlan, evaluate_frames

    if plugin is not None:
        run_plugin(plugin)
    read = [FrameSet.read(text) for text in sets]
    taxonomy = classes or default_classes(read)
    choice = chosen.choice(taxonomy)
    model = create_frame_model(chosen.model, choice)
    if chosen.clean and estimator == "meflownet":
        estimator = "dis"
    plan = FramesPlan(
        read, taxonomy, HowMeasured(estimator, moment, cache), workers, limit, _prices(price),
        kept_beside(json_file), seed,
    )  # fmt: skip
    settings: dict[str, str | int | None] = {
        "input": chosen.input if chosen.model == "language" else "motion",
        "emotion": choice.emotion,
        "convention": chosen.convention,
        "taxonomy": taxonomy,
    }
    with bar(quiet) as drawn:
        run = evaluate_frames(plan, model, settings, shown_on(drawn, model.name))
    write(json_file, run)
    if not quiet:
        _print(run.figures, model.name)


def run_plugin(file: Path) -> None:
    """Run a file of the user's own that registers models or estimators; InputError where there is none."""
    if not file.is_file():
        raise InputError(f"There is no file {file}: give the Python file that registers your model.")
    runpy.run_path(str(file))


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"'{text}' is no pair of prices: write IN,OUT, such as 0.5,1.5.") from error
    return first, second


def table(
    runs: Annotated[list[Path], typer.Argument(help="Run files of `mellm evaluate frames --json`.")],
    form: Annotated[
        Literal["text", "markdown", "latex", "csv"], typer.Option("--format", help="How it is printed.")
    ] = "text",
) -> None:
    """Print the papers' table: a row for each model, UF1, UAR and accuracy for each set.

    Example: mellm evaluate table facs.json built-in.json --format latex
    """
    from mellm.evaluate.papers_table import papers_table

    typer.echo(papers_table(runs, form), nl=False)


def case(
    key: Annotated[str, typer.Argument(help="The sample's key, as in the run files.")],
    runs: Annotated[list[Path], typer.Argument(help="Run files: what each model said of it.")],
    sets: Sets,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=to_file, help="Sheet to write: .html or .png.")
    ],
    estimator: Annotated[str, typer.Option(help="Optical flow that the runs were made with.")] = "meflownet",
    moment: Annotated[
        Literal["given", "apex", "spotted"], typer.Option(help="Whose onset and apex, as in the runs.")
    ] = "given",
    cache: Annotated[Path, typer.Option(help="Folder that keeps measured frames.")] = Path("mellm-frames"),
) -> None:
    """Write the papers' case study of one sample: its pictures, what each model said, the truth.

    Example: mellm evaluate case sub01_EP02_01f facs.json built-in.json --set casme2=/data/CASME2 --out c.png
    """
    from mellm.evaluate.case_sheet import write_case
    from mellm.evaluate.frame_measurement import HowMeasured
    from mellm.evaluate.frame_samples import FrameSet

    how = HowMeasured(estimator, moment, cache)
    write_case(key, runs, [FrameSet.read(text) for text in sets], how, out)
    typer.echo(f"  {out}")


def _print(figures: "LabelFigures", title: str) -> None:
    shown = figures_table(
        "set", "samples", "people", "ACC", "UF1", "95%", "UAR", "95%", "no\nlabel", title=title
    )
    for name, f in {"all": figures, **figures.per_dataset}.items():
        uf1, uar = (f"{low:.3f}-{high:.3f}" for low, high in (f.uf1_interval, f.uar_interval))
        counts = [str(f.samples), str(f.people), f"{f.accuracy:.3f}"]
        shown.add_row(name, *counts, f"{f.uf1:.3f}", uf1, f"{f.uar:.3f}", uar, str(f.unanswered))
    screen = console()
    print_figures(shown)
    if figures.units:
        screen.print(
            f"  action units: macro F1 {figures.units.macro_f1:.3f}, {figures.units.samples} samples"
        )
    if text := figures.text:
        screen.print(
            f"  text: well-formed {text.well_formed:.1%}, consistent {text.consistent:.1%}, "
            f"{text.claims_supported:.1%} of {text.claims} claims supported"
        )
    if cost := figures.cost:
        price = "" if cost.price is None else f"; the run about {cost.price:.4f} (4 characters a token)"
        times = f"{cost.measuring_seconds:.2f} s measuring, {cost.reading_seconds:.2f} s reading"
        screen.print(f"  a sample: {times}{price}")
    for why, count in figures.left_out.items():
        screen.print(f"  left out: {count} ({why})")
    if figures.unmeasured:
        screen.print(f"  {figures.unmeasured} samples could not be measured and count as wrong (see note)")
