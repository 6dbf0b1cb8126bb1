"""Progress of the stages on the terminal: one bar each, gone when the work is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from mellm.analysis.listeners import Progress as ProgressListener


@contextmanager
def stage_progress(*, hidden: bool) -> Iterator[ProgressListener]:
    """Yield `progress(stage, done, total)`; draws on standard error, only where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=hidden or not console.is_terminal
    ) as bars:
        tasks = {}

        def update(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield update
