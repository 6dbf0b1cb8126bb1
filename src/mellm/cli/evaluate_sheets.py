"""`mellm evaluate sheets`: the emotion models on coded units, zero-shot."""

from pathlib import Path
from typing import Annotated

import typer

from mellm.cli.evaluate_output import IntervalSeed, Json, Quiet, print_labels, write
from mellm.errors import InputError


def sheets(
    sheet: Annotated[
        list[str], typer.Option(help="NAME=FILE, such as casme2=coding.csv; again for more sheets.")
    ],
    model: Annotated[str, typer.Option(help="learned (never from the sheet itself), clean or prototypes.")],
    classes: Annotated[str, typer.Option(help="3, 5, 6 or 7.")] = "7",
    convention: Annotated[
        str, typer.Option(help="Whose words for emotions: unknown, casme2, casme3, dfme, ...")
    ] = "unknown",
    json_file: Json = None,
    seed: IntervalSeed = 0,
    quiet: Quiet = False,
) -> None:
    """Infer emotions from the action units coded in annotation sheets, to compare the emotion models.

    Example: mellm evaluate sheets --sheet casme2=casme2.csv --sheet dfme=dfme.csv --model clean
    """
    from mellm.evaluate.emotion_from_sheets import evaluate_emotion_models

    found: dict[str, Path] = {}
    for text in sheet:
        name, equals, file = text.partition("=")
        if not equals:
            raise InputError(f"'{text}' names no sheet: write NAME=FILE, such as casme2=coding.csv.")
        found[name] = Path(file)
    run = evaluate_emotion_models(found, model, classes, convention, seed)
    write(json_file, run)
    if not quiet:
        print_labels(run.figures, f"emotion from coded units, {model}, {classes} classes")
