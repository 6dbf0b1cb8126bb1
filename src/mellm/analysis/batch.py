"""Many clips: every clip of a folder through the analyzer, by several processes, resumable.

One report folder per clip and one table row per clip; a clip that fails is a row that says why. Knows
nothing of what the analyzer does. `mellm.analysis.ray_cluster` runs the same work on a Ray cluster.
"""

import csv
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from mellm.analysis.analyzer import Analyzer
from mellm.analysis.former_results import former_report, inputs_of, keep_inputs, told_apart
from mellm.analysis.settings import Settings
from mellm.errors import InputError, MellmError
from mellm.logs import configure_child
from mellm.media.folder_contents import FolderContents, LeftOut, left_out_message, look_through
from mellm.processes import Pool, Stopped, worker_pool
from mellm.report import Report
from mellm.targets import check_folder
from mellm.wording.message import Message
from mellm.wording.shown import shown

logger = logging.getLogger(__name__)

ATTEMPTS = 2
"""How often a clip may take its process down with it before it counts as failed."""

TABLE_EVERY = 5.0
"""How long the table may lag behind the work, in seconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One clip's line in the table; lists are joined by spaces, times are seconds."""

    clip: str
    status: str
    error: str = ""
    frames: int = 0
    fps: float | None = None
    duration: float | None = None
    people: int = 0
    micro_expressions: int = 0
    onset_frames: str = ""
    apex_frames: str = ""
    action_units: str = ""
    emotions: str = ""
    seconds: float = 0.0
    report: str = ""


Progress = Callable[[int, int], None]
"""Called as progress(clips done, clips in all)."""


Tell = Callable[[Message], None]
"""Called with a sentence for the person who runs the batch."""


def find_clips(folder: Path) -> list[Path]:
    """Return every clip below `folder`: video files, and folders of pictures; sorted by name.

    Raises InputError where there is none, with what was left out.
    """
    return _contents(folder).clips


def _contents(folder: Path) -> FolderContents:
    found = look_through(folder)
    if not found.clips:
        left_out = left_out_message(found.left_out, folder)
        raise InputError(
            f"{folder} holds no videos and no folders of pictures: give the folder above them."
            + (f" ({left_out})" if left_out else "")
        )
    return found


def run_batch(
    folder: str | Path,
    out: str | Path,
    settings: Settings | None = None,
    *,
    workers: int = 1,
    progress: Progress | None = None,
    run: "Runner | None" = None,
    tell: Tell | None = None,
) -> list[Row]:
    """Analyse every clip below `folder`; reports go to `out`, the table to `out/clips.csv`.

    The table is there from the first clip on and is written again while the work goes on.
    Clips whose report is there already, of the same content, by this version and these settings, are not
    analysed again. `run` does the work (default: local processes). `tell` hears what is left out of the
    folder (default: the log); `out/left_out.csv` lists it. Returns the rows in the order of the clips' names.

    Broken off (KeyboardInterrupt, or `Stopped` by a signal) it writes the table of the clips done so far and
    leaves no process behind. In a script, call it below `if __name__ == "__main__":`. Raises InputError where
    a report of another clip would be replaced, nothing can be written to `out` or the settings fit no
    analysis, before the work.
    """
    folder, out, settings = Path(folder), check_folder(out), settings or Settings()
    contents = _contents(folder)
    for note in [*contents.notes, left_out_message(contents.left_out, folder)]:
        if note is not None:
            (tell or _log)(note)
    places = told_apart(_place(clip, folder, out) for clip in contents.clips)
    jobs = [
        Job(str(clip), shown(clip.relative_to(folder)), str(place))
        for clip, place in zip(contents.clips, places, strict=True)
    ]
    settings = fitting_rate(settings, [Path(job.path) for job in jobs])
    rows: dict[str, Row] = {}
    todo = []
    for job in jobs:
        former = former_report(job.path, job.out, settings)
        if former is None:
            todo.append(job)
        else:
            rows[job.name] = row_of(job, former)
    show = progress or (lambda done, total: None)
    show(len(rows), len(jobs))
    written = -math.inf
    try:
        for row in (run or run_local)(todo, settings, workers):
            rows[row.clip] = row
            if time.monotonic() > written + TABLE_EVERY:
                write_rows(out, _so_far(jobs, rows))
                written = time.monotonic()
            show(len(rows), len(jobs))
    except KeyboardInterrupt as error:
        write_rows(out, _so_far(jobs, rows))
        kept = Message("batch.stopped", {"done": len(rows), "count": len(jobs), "out": str(out)})
        raise Stopped.of(error, kept) from error
    ordered = [rows[job.name] for job in jobs]
    write_rows(out, ordered)
    write_left_out(out, contents.left_out, folder)
    return ordered


def _so_far(jobs: "list[Job]", rows: Mapping[str, Row]) -> list[Row]:
    return [rows[job.name] for job in jobs if job.name in rows]


def fitting_rate(settings: Settings, clips: Sequence[Path]) -> Settings:
    """The settings for these clips together: a frame rate given for folders of pictures is theirs alone.

    Where there are only videos, the rate is meant for them (recordings stored at their playback rate).
    """
    folders = sum(clip.is_dir() for clip in clips)
    if settings.fps is None or folders in (0, len(clips)):
        return settings
    note = "%g frames per second are taken for the %d folders of pictures; the videos keep their own rates"
    logger.warning(note, settings.fps, folders)
    return settings.model_copy(update={"fps_of": "untimed"})


@dataclass(frozen=True, slots=True)
class Job:
    """One clip to do: where it is, its name in the table, where its report goes."""

    path: str
    name: str
    out: str


Runner = Callable[[list[Job], Settings, int], Iterator[Row]]
"""Does jobs under some settings with so many workers; yields a row for each, in any order."""


class Worker:
    """One process's analyzer: models are loaded once and serve every clip."""

    def __init__(self, settings: Settings) -> None:
        """Load nothing yet; the first clip does."""
        self._analyzer = Analyzer(settings)

    def do(self, job: Job) -> Row:
        """Analyse one clip and save its report; whatever goes wrong becomes the row's error."""
        try:
            check_folder(job.out)  # a full disk is said before the work, not after it
            _clear(job)
            inputs = inputs_of(job.path, self._analyzer.settings)
            report = self._analyzer.analyze(job.path)
            report.save(job.out)
            keep_inputs(job.out, inputs)
        except MellmError as error:
            logger.warning("%s: %s", job.path, error)
            return Row(job.name, "failed", shown(str(error)))
        except Exception as error:  # one clip must not end the batch, whatever it holds
            logger.exception("%s could not be analysed", job.path)
            return Row(job.name, "failed", shown(f"{type(error).__name__}: {error}"))
        return row_of(job, report)


def row_of(job: Job, report: Report) -> Row:
    """A report as its row of the table."""
    mes = report.micro_expressions
    return Row(
        clip=job.name,
        status="done",
        frames=report.source.frames,
        fps=report.source.fps,
        duration=report.source.duration,
        people=len(report.people),
        micro_expressions=len(mes),
        onset_frames=" ".join(str(me.interval.onset_frame) for me in mes),
        apex_frames=" ".join(str(me.interval.apex_frame) for me in mes),
        action_units=" ".join("+".join(a.code for a in me.action_units if a.present) or "-" for me in mes),
        emotions=" ".join(me.emotion.label or "-" for me in mes),
        seconds=report.provenance.seconds.get("total", 0.0),
        report=shown(f"{job.out}/report.html"),
    )


def run_local(jobs: list[Job], settings: Settings, workers: int) -> Iterator[Row]:
    """Do the jobs in `workers` processes; a process that dies takes only its own clip with it."""
    attempts = dict.fromkeys(jobs, 0)
    # Processes share the cores; threads inside each would only wait for one another. With one process too:
    # sums over threads round otherwise, and the same clip must give the same report whatever the number.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    while attempts:
        # After a crash, one process at a time shows which of the clips in flight it was.
        suspects = [job for job, tries in attempts.items() if tries]
        count = 1 if suspects else workers
        with worker_pool(count, _start, settings) as pool:
            try:
                yield from _drain(pool, count, suspects or list(attempts), attempts)
            except BrokenProcessPool:
                if not pool.began:
                    raise pool.cannot_begin() from None
                for job in [job for job, tries in attempts.items() if tries >= ATTEMPTS]:
                    del attempts[job]
                    logger.error("%s: its process ended %d times", job.path, ATTEMPTS)
                    yield Row(job.name, "failed", "the process that read it ended (out of memory, perhaps)")


def _drain(pool: Pool, count: int, waiting: list[Job], attempts: dict[Job, int]) -> Iterator[Row]:
    """Keep `count` jobs in flight; count an attempt for each, take finished ones off the list."""
    flying: dict[Future[Row], Job] = {}
    while waiting or flying:
        while waiting and len(flying) < count:
            job = waiting.pop(0)
            attempts[job] += 1
            flying[pool.executor.submit(_do, job)] = job
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            row = future.result()
            del attempts[flying.pop(future)]
            yield row


_worker: Worker | MellmError | None = None
"""The process's worker, or why its settings make none."""


def _start(settings: Settings) -> None:
    global _worker
    configure_child()
    try:
        _worker = Worker(settings)
    except MellmError as error:
        _worker = error  # raised with the first job, where the parent hears it


def _do(job: Job) -> Row:
    if isinstance(_worker, MellmError):
        raise _worker
    assert _worker is not None
    return _worker.do(job)


def _clear(job: Job) -> None:
    """Take away the drafts of a report that an earlier process was killed over."""
    for draft in Path(job.out).glob(".saving-*"):
        shutil.rmtree(draft, ignore_errors=True)


def _log(note: Message) -> None:
    logger.warning("%s", note)


def _place(clip: Path, folder: Path, out: Path) -> Path:
    relative = clip.relative_to(folder)
    return out / relative.parent / f"{relative.name}.mellm"


def write_rows(out: Path, rows: Iterable[Row]) -> None:
    """Write clips.csv, and clips.parquet where pyarrow is installed."""
    records = [asdict(row) for row in rows]
    names = [f.name for f in fields(Row)]
    _write_table(out / "clips.csv", names, records)
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return
    pq.write_table(pa.Table.from_pylist(records), out / "clips.parquet")


def write_left_out(out: Path, left_out: Iterable[LeftOut], folder: Path) -> None:
    """Write left_out.csv: what lies below `folder` and is no clip, and why."""
    rows = [{"path": shown(one.path.relative_to(folder)), "why": one.why} for one in left_out]
    _write_table(out / "left_out.csv", ["path", "why"], rows)


def _write_table(file: Path, names: list[str], rows: Iterable[Mapping[str, object]]) -> None:
    draft = file.with_name(f".{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(rows)
        draft.replace(file)
    except OSError as error:
        raise MellmError(
            f"The table cannot be written to {file.parent} ({error.strerror}); choose another --out."
        ) from error
