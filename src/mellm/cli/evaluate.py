"""`mellm evaluate`: honest protocols, figures with intervals, one JSON file per run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli import evaluate_board
from mellm.cli.compare import compare
from mellm.cli.console import console, figures_table, print_figures
from mellm.cli.evaluate_frames import case, frames, table
from mellm.cli.evaluate_long import long_videos
from mellm.cli.evaluate_output import Json, Quiet, bar, kept_beside, print_labels, shown_on, write
from mellm.cli.evaluate_sheets import sheets
from mellm.cli.evaluate_spotting import spotting
from mellm.cli.language_options import LanguageOptions
from mellm.cli.options import with_options
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.evaluate.figures import LabelFigures, UnitFigures, VQAFigures

app = typer.Typer(
    no_args_is_help=True,
    help="Measure models on labelled data, published sets or your own. docs/evaluation.md says which files "
    "each verb takes; nothing is chosen on a test fold.",
)

Data = Annotated[Path, typer.Option("--data", help="Folder with samples.csv and flows.npz.")]
Also = Annotated[
    Path | None,
    typer.Option(help="Folder with a second measurement of the same samples; answers are averaged."),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]


@app.command("megc2019")
@with_options
def megc2019(
    data: Data,
    language: LanguageOptions,
    protocol: Annotated[
        str,
        typer.Option(
            help="zero-shot (nothing is learned from the folder), loso (one person left out at a time), "
            "cross-dataset (one set at a time), or folds (ten folds of people)."
        ),
    ] = "loso",
    also: Also = None,
    model: Annotated[
        str,
        typer.Option(
            help="facs, evidence, language, encoder (what the built-in model sees), combined (FACS and "
            "encoder), or baseline-NAME (lr, svm, ststnet, htnet, mdmo, biwoof, rule)."
        ),
    ] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise three emotion classes from flow: any mixture of SMIC, CASME II and SAMM.

    Example: mellm evaluate megc2019 --data megc2019_flow --protocol loso --json out.json

    Example: mellm evaluate megc2019 --data megc2019_flow --also megc2019_flow_second

    Example: mellm evaluate megc2019 --data megc2019_flow --protocol zero-shot --model language
    """
    if model == "language":
        _no_second(also)
        if protocol != "zero-shot":
            raise InputError("A language model is not trained on these folds; use --protocol zero-shot.")
        from mellm.evaluate.language_models import evaluate_language

        with bar(quiet) as drawn:
            asked = language.asked()
            told = shown_on(drawn, asked.backend.name)
            run = evaluate_language(data, asked, seed, told, kept_beside(json_file), language.limit)
        write(json_file, run)
        if not quiet:
            _print_reading(run.figures, asked.backend.name)
        return
    from mellm.evaluate.recognition import evaluate_recognition

    model = language.reader(model)
    with bar(quiet) as drawn:
        told = shown_on(drawn, f"{model}, {protocol}")
        run = evaluate_recognition(data, protocol, model, seed, told, also)  # type: ignore[arg-type]
    write(json_file, run)
    if not quiet:
        print_labels(run.figures, f"{model}, {protocol}")


@app.command("aus")
@with_options
def aus(
    data: Data,
    language: LanguageOptions,
    protocol: Annotated[
        str, typer.Option(help="zero-shot, loso, cross-dataset or folds, as of megc2019.")
    ] = "loso",
    also: Also = None,
    model: Annotated[
        str,
        typer.Option(
            help="facs, or its parts: grid, learned; language, encoder or combined (zero-shot only)."
        ),
    ] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise action units with sides from flow, on the samples that have codes.

    Example: mellm evaluate aus --data megc2019_flow --protocol loso --json out.json
    """
    from mellm.evaluate.unit_recognition import evaluate_units

    with bar(quiet) as drawn:
        if model == "language":
            from mellm.evaluate.language_models import evaluate_language_units

            if protocol != "zero-shot":
                raise InputError("A language model is not trained on these folds; use --protocol zero-shot.")
            asked = language.asked()
            told = shown_on(drawn, asked.backend.name)
            run = evaluate_language_units(data, asked, seed, told, kept_beside(json_file), language.limit)
        else:
            model = language.reader(model)
            run = evaluate_units(data, protocol, seed, shown_on(drawn, protocol), model, also)  # type: ignore[arg-type]
    write(json_file, run)
    if not quiet:
        _print_units(run.figures, f"action units, {model}, {protocol}")


@app.command("dfme")
def dfme(
    train: Annotated[Path, typer.Option(help="Sheet with Subject, Filename, AU, Emotion.")],
    test: Annotated[
        Path | None, typer.Option(help="Another such sheet; without it a fifth of the people is held out.")
    ] = None,
    model: Annotated[str, typer.Option(help="facs or baseline-lr.")] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Infer seven emotions from the coded action units of annotation sheets.

    Example: mellm evaluate dfme --train dfme_train.csv --test dfme_test_a.csv --json out.json
    """
    try:
        from mellm.evaluate.emotion_from_units import evaluate_emotion_from_units
    except ModuleNotFoundError as error:
        raise InputError(
            f"This needs {error.name}; install it with pip install 'mellm[evaluate]'."
        ) from error
    run = evaluate_emotion_from_units(train, test, seed, model)
    write(json_file, run)
    if not quiet:
        print_labels(run.figures, f"emotion from coded units, {model}")


app.command("compare")(compare)
app.command("spotting")(spotting)
app.add_typer(evaluate_board.app, name="board")
app.command("frames")(frames)
app.command("sheets")(sheets)
app.command("long-videos")(long_videos)
app.command("table")(table)
app.command("case")(case)


@app.command("me-vqa")
@with_options
def me_vqa(
    language: LanguageOptions,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with samples.csv and flows.npz.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", help="Questions and answers (JSONL).")
    ] = None,
    also: Also = None,
    run_file: Annotated[
        Path | None,
        typer.Option("--run", help="Run of mellm evaluate frames that answers, instead of --model."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="With --run: its sets, whose coding sheets are asked about."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="facs, encoder or combined (answers by template), or language (a language model's own)."
        ),
    ] = "facs",
    convention: Annotated[
        str,
        typer.Option(
            help="Whose words for emotions count (not with --model language): unknown, casme2, casme3, "
            "casme2sq, dfme, mmew, samm or smic."
        ),
    ] = "unknown",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Answer ME-VQA's questions, zero-shot, from what the FACS models see or by a language model.

    Example: mellm evaluate me-vqa --data megc2019_flow --questions casme2.jsonl --json out.json

    Example: mellm evaluate me-vqa --data megc2019_flow --questions casme2.jsonl --model language

    Example: mellm evaluate me-vqa --run facs.json --set casme2=/data/CASME2
    """
    if run_file is not None:
        from mellm.evaluate.frame_samples import FrameSet
        from mellm.evaluate.vqa_of_frames import evaluate_frames_vqa

        if data or questions or not sets:
            raise InputError("With --run give its sets (--set), and neither --data nor --questions.")
        run = evaluate_frames_vqa(run_file, [FrameSet.read(text) for text in sets], seed)
    elif data is None or questions is None:
        raise InputError("Give --data and --questions, or --run and --set.")
    elif model == "language":
        _no_second(also)
        if convention != "unknown":
            raise InputError("A language model is told of no convention; leave --convention out.")
        from mellm.evaluate.language_vqa import evaluate_language_vqa

        with bar(quiet) as drawn:
            asked = language.asked()
            told = shown_on(drawn, asked.backend.name)
            run = evaluate_language_vqa(
                data, questions, asked, seed, told, kept_beside(json_file), language.limit
            )
    elif model in ("facs", "encoder", "combined"):
        from mellm.evaluate.vqa_answers import evaluate_vqa

        run = evaluate_vqa(data, questions, seed, also, convention, language.reader(model))
    else:
        raise InputError(
            f"There is no model '{model}' for questions; choose facs, encoder, combined or language."
        )
    write(json_file, run)
    if not quiet:
        _print_answers(run.figures)


def _no_second(also: Path | None) -> None:
    """Refuse a second measurement where a language model is asked: it is told of one."""
    if also is not None:
        raise InputError("A language model reads one measurement; leave --also out.")


def _print_reading(figures: "LabelFigures", model: str) -> None:
    """What a language model concluded, beside the FACS stage, and how sound its text is."""
    stage, units, text = figures.facs_stage, figures.units, figures.text
    assert stage and stage.units and units
    print_labels(figures, model)
    print_labels(stage, "the FACS stage")
    if units.samples:
        typer.echo(
            f"action units: macro F1 {units.macro_f1:.3f} over {len(units.per_unit)}, "
            f"{units.samples} samples; the FACS stage {stage.units.macro_f1:.3f}"
        )
    # Asked for units and label alone, a model writes no text.
    if text:
        typer.echo(
            f"text: well-formed {text.well_formed:.1%} ({text.as_written:.1%} as written), consistent "
            f"{text.consistent:.1%}, {text.claims_supported:.1%} of {text.claims} claims supported, "
            f"{text.median_seconds:.2f} s a reading (median)"
        )


def _print_units(figures: "UnitFigures", title: str) -> None:
    table = figures_table("AU", "samples", "F1", "precision", "recall", "balanced accuracy", title=title)
    for unit, f in figures.per_unit.items():
        values = (f.f1, f.precision, f.recall, f.balanced_accuracy)
        table.add_row(unit, str(f.support), *(f"{value:.3f}" for value in values))
    print_figures(table)
    sides = figures.sides
    lines = [
        f"macro F1 {figures.macro_f1:.3f} over {len(figures.per_unit)} units; "
        f"{figures.macro_f1_frequent:.3f} over the {figures.frequent_units} with 10 samples or more",
        "no one-sided codes"
        if sides is None or sides.stronger_half_right is None
        else f"the stronger half is the coded side in {sides.stronger_half_right:.0%} of "
        f"{sides.one_sided} one-sided codes",
        *(
            f"measurement {n} alone: macro F1 {f.macro_f1:.3f}, {f.macro_f1_frequent:.3f}"
            for n, f in enumerate(figures.per_measurement, 1)
        ),
    ]
    console().print("\n".join(lines))


def _print_answers(figures: "VQAFigures") -> None:
    table = figures_table("figure", "questions", "value")
    asked = figures.questions
    for name, labels in (("coarse", figures.coarse), ("fine", figures.fine)):
        if labels:
            value = f"UF1 {labels.uf1:.3f}  UAR {labels.uar:.3f}  accuracy {labels.accuracy:.3f}"
            table.add_row(f"{name} expression", str(asked[name]), value)
    for kind, name, share in (
        ("units", "action units, F1", figures.units_f1),
        ("shown", "shown or not, accuracy", figures.shown_accuracy),
        ("side", "side, accuracy", figures.side_accuracy),
    ):
        if asked[kind]:
            table.add_row(name, str(asked[kind]), f"{share:.3f}")
    for kind, text in (("units", figures.units_text), ("spoken", figures.spoken_text)):
        if text:
            value = f"BLEU {text.bleu:.3f}  ROUGE-1 {text.rouge1:.3f}  ROUGE-L {text.rougeL:.3f}"
            table.add_row(f"{kind}, wording", str(asked[kind]), value)
    print_figures(table)
