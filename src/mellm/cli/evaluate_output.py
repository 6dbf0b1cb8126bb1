"""What the verbs of `mellm evaluate` share: options, a bar while they run, and the file they write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress as Bar

from mellm.cli.console import console, figures_table, print_figures
from mellm.cli.options import to_new_file

if TYPE_CHECKING:
    from mellm.evaluate.figures import LabelFigures
    from mellm.evaluate.recognition import Progress
    from mellm.evaluate.runs import AnyRun

Json = Annotated[
    Path | None,
    typer.Option("--json", callback=to_new_file, help="Write figures, samples and provenance here."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
IntervalSeed = Annotated[int, typer.Option("--seed", help="Seed of the intervals.")]
FalseAlarms = Annotated[
    float,
    typer.Option(min=0.1, max=10, help="False micro-expressions a minute put up with; more misses less."),
]


@contextmanager
def bar(quiet: bool) -> Iterator[Bar]:
    """Yield a bar on standard error, hidden where nothing but errors is wanted."""
    with Bar(console=console(stderr=True), transient=True, disable=quiet) as drawn:
        yield drawn


def shown_on(drawn: Bar, title: str) -> "Progress":
    """Let folds show on a progress bar."""
    task = drawn.add_task(title, total=None)

    def show(fold: str, number: int, total: int) -> None:
        drawn.update(task, description=fold, completed=number, total=total)

    return show


def kept_beside(json_file: Path | None) -> Path | None:
    """Where a long run keeps its answers until it is done."""
    return json_file.with_name(f"{json_file.name}.kept.jsonl") if json_file else None


def write(json_file: Path | None, run: "AnyRun") -> None:
    """Write a run where that was asked for; what it kept on the way is deleted."""
    from mellm.evaluate.runs import write_run

    if json_file:
        write_run(json_file, run)
    if (kept := kept_beside(json_file)) is not None:
        kept.unlink(missing_ok=True)


def print_labels(figures: "LabelFigures", title: str) -> None:
    """Print accuracy, UF1 and UAR with their intervals, for all and for each set."""
    table = figures_table("set", "samples", "people", "accuracy", "UF1", "95%", "UAR", "95%", title=title)
    alone = {f"measurement {n} alone": f for n, f in enumerate(figures.per_measurement, 1)}
    for name, f in {"all": figures, **figures.per_dataset, **alone}.items():
        uf1, uar = (f"{low:.3f}-{high:.3f}" for low, high in (f.uf1_interval, f.uar_interval))
        counts = [str(f.samples), str(f.people), f"{f.accuracy:.3f}"]
        table.add_row(name, *counts, f"{f.uf1:.3f}", uf1, f"{f.uar:.3f}", uar)
    print_figures(table)
