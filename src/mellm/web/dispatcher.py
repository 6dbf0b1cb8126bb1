"""Takes queued jobs from the store and runs them in worker processes.

One thread per worker process; two are reserved for moments that a person moved. A job that ends its process
is tried once more, then it has failed; a job whose server ends is queued again by the store. Knows jobs and
processes, no HTTP.
"""

import contextlib
import dataclasses
import logging
import shutil
import threading
import time
from pathlib import Path
from typing import cast

from mellm.report import MessageRecord
from mellm.web.child_process import Header
from mellm.web.contract import Job, JobSettings, Progress, State
from mellm.web.job_store import JobStore, Kind
from mellm.web.offered_models import NotOfferedError, Offers
from mellm.web.parent_process import ChildGoneError, ChildProcess
from mellm.web.running_job import RunningJob
from mellm.web.server_options import ServerOptions
from mellm.web.stored_files import StoredFiles
from mellm.web.worker_order import NO_MEMORY, Order
from mellm.wording.message import Message

_log = logging.getLogger(__name__)

JOBS_PER_PROCESS = 50
"""A worker is replaced after so many jobs: what libraries leak goes with it."""

START_SECONDS = 120.0
"""A process that has not loaded its libraries by then never will."""

ATTEMPTS = 2

_ENDED_BY_ITSELF = Message.plain(
    "The analysis process ended by itself, twice (out of memory?): try a smaller clip."
)


class _StoppedError(Exception):
    """The server stops; the job goes back into the queue."""


class _CancelledError(Exception):
    """Someone cancelled the job."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """A thread with a worker process of its own, and the jobs it takes.

    `nice`: how far its process steps back (POSIX niceness) for those that a person waits for.
    """

    name: str
    takes: Kind
    nice: int


_RESERVED = (_Line("measured", "measured", 0), _Line("reread", "reread", 2))
"""Kept for what a person waits for, however long the clips are that run: moved moments, read by rules, and
those that a language model reads. Their processes start when they are first needed."""


class Dispatcher:
    """Runs jobs until `stop`; `wake` it after queueing one."""

    def __init__(self, options: ServerOptions, offers: Offers, store: JobStore, files: StoredFiles) -> None:
        """Start nothing yet."""
        self._options, self._offers, self._store, self._files = options, offers, store, files
        self._lock = threading.Lock()
        self._running: dict[str, RunningJob] = {}
        self._work = [threading.Event() for _ in range(options.workers + len(_RESERVED))]
        self._expected = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to take jobs."""
        lines = [_Line(f"clips-{number}", "any", 5) for number in range(self._options.workers)]
        for line, work in zip([*lines, *_RESERVED], self._work, strict=True):
            thread = threading.Thread(
                target=self._serve, args=(line, work), name=f"dispatcher-{line.name}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the workers; what they were doing is queued again for the next server."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join(10)

    def wake(self) -> None:
        """Tell the threads that there is a new job."""
        for work in self._work:
            work.set()

    def expect_corrections(self) -> None:
        """Somebody looks at a result: start the process that measures moved moments before it is asked to."""
        if not self._expected.is_set():
            self._expected.set()
            self.wake()

    def running(self, job: str) -> RunningJob | None:
        """What a running job has told so far; None where it does not run."""
        with self._lock:
            return self._running.get(job)

    def progress(self, job: str) -> Progress | None:
        """Return how far a running job is; None where it does not run."""
        running = self.running(job)
        return None if running is None else running.progress

    def cancel(self, job: str) -> bool:
        """Cancel a job that waits or runs; False where it had ended."""
        with self._lock:
            if self._store.set_state(job, "cancelled", was=["queued"]):
                return True
            running = self._running.get(job)
            if running is not None:
                running.cancelled = True
        return running is not None

    def _serve(self, line: _Line, work: threading.Event) -> None:
        child: ChildProcess | None = None
        done = 0
        while not self._stopping.is_set():
            work.clear()
            with self._lock:
                job = self._store.claim(line.takes)
                running = RunningJob()
                if job is not None:
                    self._running[job.id] = running
            if job is None:
                if child is None and self._wanted_soon(line):
                    child = self._child(line)
                    self._warm(child)
                work.wait(1.0)
                continue
            child = self._do(job, child, line, running)
            done += 1
            with self._lock:
                self._running.pop(job.id, None)
            if child is not None and done % JOBS_PER_PROCESS == 0:
                child.end()
                child = None
        if child is not None:
            child.end()

    def _wanted_soon(self, line: _Line) -> bool:
        """Whether a line's process shall load its models before there is a job."""
        return line.takes == "any" or (line.takes == "measured" and self._expected.is_set())

    def _warm(self, child: ChildProcess) -> None:
        """Let a process load what most jobs need."""
        settings = self._offers.resolved(JobSettings())
        limits = dataclasses.asdict(self._options.limits)
        with contextlib.suppress(ChildGoneError):
            child.send({"warm": dict(settings), "limits": limits})

    def _child(self, line: _Line) -> ChildProcess:
        return ChildProcess("mellm.web.worker", str(self._options.memory), str(line.nice))

    def _do(
        self, job: Job, child: ChildProcess | None, line: _Line, running: RunningJob
    ) -> ChildProcess | None:
        """Run one job to its end, whichever that is; return the process if it can be used again."""
        for attempt in range(1, ATTEMPTS + 1):
            draft = self._files.draft_folder()
            running.begin(draft)
            try:
                if self._known(job, draft):
                    return child
                if child is None or not child.alive:
                    child = self._child(line)
                child.send(cast(Header, self._order(job, draft)))
                answer = self._wait(child, running, self._options.job_seconds)
                if "failed" not in answer:
                    self._files.finish(draft, job.id)
                    self._store.finish(
                        job.id,
                        verdict=MessageRecord.model_validate(answer["verdict"]),
                        emotions=answer["emotions"],
                        people=answer["people"],
                    )
                    return child
                failure = Message.from_json(answer["failed"])
                _log.info("job %s failed: %s", job.id, failure)
                self._store.set_state(job.id, "failed", was=["running"], error=failure)
                return _ended(child) if "ended" in answer else child
            except ChildGoneError:
                why = _ENDED_BY_ITSELF if child is None or not child.killed else NO_MEMORY
                _log.warning("job %s: process ended, attempt %d of %d", job.id, attempt, ATTEMPTS)
                child = _ended(child)
                if attempt == ATTEMPTS:
                    self._store.set_state(job.id, "failed", was=["running"], error=why)
            # A full disk, a deleted upload: this job's failure; the queue goes on.
            except Exception as error:
                state, reason = self._state_after(job, error)
                self._store.set_state(job.id, state, was=["running"], error=reason)
                return _ended(child)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return child

    def _known(self, job: Job, draft: Path) -> bool:
        """Finish a job that stands for work done already under another name; False where it does not."""
        twin = self._store.twin(job.id)
        folder = None if twin is None else self._files.result(twin.id)
        if twin is None or folder is None or not folder.is_dir():
            return False
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        self._files.finish(draft, job.id)
        self._store.finish_like(job.id, twin.id)
        return True

    def _state_after(self, job: Job, error: Exception) -> tuple[State, Message | None]:
        """Return what becomes of a job by the exception that ended it: its state and why."""
        match error:
            case _CancelledError():
                return "cancelled", None
            case _StoppedError():
                return "queued", None
            case TimeoutError():
                return "failed", Message("job.too_slow", {"seconds": self._options.job_seconds})
            case NotOfferedError():
                # The job waited while its server was started anew, without the model it asks for.
                return "failed", error.message
        _log.error("job %s failed", job.id, exc_info=error)
        return "failed", Message.plain(f"The job failed: {error}.")

    def _order(self, job: Job, draft: Path) -> Order:
        request = job.request
        known = [self._store.medium(digest) for digest in request.files]
        names = [job.name] if request.media else [upload[0] if upload else "" for upload in known]
        return {
            "files": [str(self._files.medium(digest)) for digest in request.files],
            "names": names,
            "folder": str(draft),
            "settings": self._offers.resolved(request.settings),
            "frames": request.frames.model_dump() if request.frames else None,
            "limits": dataclasses.asdict(self._options.limits),
        }

    def _wait(self, child: ChildProcess, running: RunningJob, seconds: float) -> Header:
        """The worker's final answer; keeps what it tells meanwhile."""
        # A process that was warmed first loads its libraries before it takes the order.
        end = time.monotonic() + seconds + START_SECONDS
        while True:
            if self._stopping.is_set():
                raise _StoppedError
            if running.cancelled:
                raise _CancelledError
            try:
                answer, _ = child.receive(min(0.2, end - time.monotonic()))
            except TimeoutError:
                if time.monotonic() >= end:
                    raise
                continue
            if "begun" in answer:
                end = time.monotonic() + seconds
            elif not running.hear(answer):
                return answer


def _ended(child: ChildProcess | None) -> ChildProcess | None:
    """End a process; return None, since it cannot be used again."""
    if child is not None:
        child.end()
    return None
