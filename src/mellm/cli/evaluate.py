"""`mellm evaluate`: honest protocols, figures with intervals, one JSON file per run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Evaluate on labelled data; nothing is chosen on a test fold.")

Data = Annotated[Path, typer.Option("--data", help="Folder with samples.csv and flows.npz.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write figures, samples and provenance here.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


@app.command("megc2019")
def megc2019(
    data: Data,
    protocol: Annotated[
        str, typer.Option(help="zero-shot, loso, cross-dataset, or folds (ten folds of people).")
    ] = "loso",
    model: Annotated[
        str,
        typer.Option(help="facs, evidence, or baseline-NAME (lr, svm, ststnet, htnet, mdmo, biwoof, rule)."),
    ] = "facs",
    json_file: Json = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Recognise three emotion classes from flow: any mixture of SMIC, CASME II and SAMM.

    Example: mellm evaluate megc2019 --data megc2019_flow --protocol loso --json out.json
    """
    from mellm.evaluate.output import write_run
    from mellm.evaluate.recognition import evaluate_recognition

    with Bar(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task(f"{model}, {protocol}", total=None)

        def show(fold: str, number: int, total: int) -> None:
            bar.update(task, description=fold, completed=number, total=total)

        run = evaluate_recognition(data, protocol, model, seed, show)  # type: ignore[arg-type]
    if json_file:
        write_run(json_file, run["figures"], run["samples"], run["provenance"])
    if not quiet:
        _print_labels(run["figures"], f"{model}, {protocol}")


@app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(help="A run written with --json.")],
    second: Annotated[Path, typer.Argument(help="Another run on the same samples.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seed: Seed = 0,
) -> None:
    """Say whether two runs differ by more than chance (people exchanged at random).

    Example: mellm evaluate compare baseline.json ours.json
    """
    from mellm.evaluate.comparison import compare_runs

    found = compare_runs(first, second, seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    table = Table("figure", "first", "second", "difference", "95% interval", "p")
    for name in ("accuracy", "uf1", "uar"):
        f = found[name]
        interval = f"{f['low']:+.3f} to {f['high']:+.3f}"
        table.add_row(
            name,
            f"{f['first']:.3f}",
            f"{f['second']:.3f}",
            f"{f['difference']:+.3f}",
            interval,
            f"{f['p']:.4f}",
        )
    Console().print(f"{found['samples']} samples of {found['people']} people", table)


def _print_labels(figures: Mapping[str, Any], title: str) -> None:
    table = Table("set", "samples", "people", "accuracy", "UF1", "95%", "UAR", "95%", title=title)
    for name, f in {"all": figures, **figures.get("per_dataset", {})}.items():
        intervals = [f"{low:.3f}-{high:.3f}" for low, high in (f["uf1_interval"], f["uar_interval"])]
        counts = [str(f["samples"]), str(f["people"]), f"{f['accuracy']:.3f}"]
        table.add_row(name, *counts, f"{f['uf1']:.3f}", intervals[0], f"{f['uar']:.3f}", intervals[1])
    Console().print(table)
