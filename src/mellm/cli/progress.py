"""Progress of the stages on the terminal: one bar each, gone when the work is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from mellm.analysis.listeners import Progress as ProgressListener
from mellm.cli.console import console


@contextmanager
def stage_progress(*, hidden: bool) -> Iterator[ProgressListener]:
    """Yield `progress(stage, done, total)`; draws on standard error, only where that is a terminal.

    Inside another one it draws among the other's bars.
    """
    if _SHOWN:
        yield _SHOWN[-1]
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    screen = console(stderr=True)
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=hidden or not screen.is_terminal) as bars:
        tasks = {}

        def update(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        _SHOWN.append(update)
        try:
            yield update
        finally:
            _SHOWN.pop()


_SHOWN: list[ProgressListener] = []
"""What draws at the moment: a terminal has room for one."""
