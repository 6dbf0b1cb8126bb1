"""Takes queued jobs from the store and runs them in worker processes.

One thread per worker process. A job that ends its process is tried once more, then it has failed; a job
whose server ends is queued again by the store. Knows jobs and processes, no HTTP.
"""

import dataclasses
import logging
import shutil
import threading
import time
from pathlib import Path
from typing import cast

from mellm.report import MessageRecord
from mellm.web.child_process import Header
from mellm.web.contract import Job, Progress, State
from mellm.web.job_store import JobStore
from mellm.web.offered_models import NotOfferedError, Offers
from mellm.web.parent_process import ChildGoneError, ChildProcess
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


class Dispatcher:
    """Runs jobs until `stop`; `wake` it after queueing one."""

    def __init__(self, options: ServerOptions, offers: Offers, store: JobStore, files: StoredFiles) -> None:
        """Start nothing yet."""
        self._options, self._offers, self._store, self._files = options, offers, store, files
        self._lock = threading.Lock()
        self._running: dict[str, Progress] = {}
        self._cancelled: set[str] = set()
        self._words: dict[str, list[tuple[int, str]]] = {}
        self._events: dict[str, list[Header]] = {}
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to take jobs."""
        for number in range(self._options.workers):
            thread = threading.Thread(target=self._serve, name=f"dispatcher-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the workers; what they were doing is queued again for the next server."""
        self._stopping.set()
        self._work.set()
        for thread in self._threads:
            thread.join(10)

    def wake(self) -> None:
        """Tell the threads that there is a new job."""
        self._work.set()

    def progress(self, job: str) -> Progress | None:
        """Return how far a running job is; None where it does not run."""
        with self._lock:
            return self._running.get(job)

    def words(self, job: str, heard: int) -> list[tuple[int, str]]:
        """What a language model has written in a running job, from piece `heard` on: (moment, text)."""
        with self._lock:
            return self._words.get(job, [])[heard:]

    def events(self, job: str, heard: int) -> list[Header]:
        """What was spotted so far in a running job, from event `heard` on."""
        with self._lock:
            return self._events.get(job, [])[heard:]

    def cancel(self, job: str) -> bool:
        """Cancel a job that waits or runs; False where it had ended."""
        with self._lock:
            if self._store.set_state(job, "cancelled", was=["queued"]):
                return True
            running = job in self._running
            if running:
                self._cancelled.add(job)
        return running

    def _serve(self) -> None:
        child: ChildProcess | None = None
        done = 0
        while not self._stopping.is_set():
            self._work.clear()
            with self._lock:
                job = self._store.claim()
                if job is not None:
                    self._running[job.id] = Progress(stage="starting", done=0, total=None)
            if job is None:
                self._work.wait(1.0)
                continue
            child = self._do(job, child)
            done += 1
            with self._lock:
                self._running.pop(job.id, None)
                self._words.pop(job.id, None)
                self._events.pop(job.id, None)
                self._cancelled.discard(job.id)
            if child is not None and done % JOBS_PER_PROCESS == 0:
                child.end()
                child = None
        if child is not None:
            child.end()

    def _do(self, job: Job, child: ChildProcess | None) -> ChildProcess | None:
        """Run one job to its end, whichever that is; return the process if it can be used again."""
        for attempt in range(1, ATTEMPTS + 1):
            draft = self._files.draft_folder()
            with self._lock:
                self._words[job.id] = []
                self._events[job.id] = []
            try:
                if child is None or not child.alive:
                    child = ChildProcess("mellm.web.worker", str(self._options.memory))
                    self._wait(child, job, START_SECONDS)
                child.send(cast(Header, self._order(job, draft)))
                answer = self._wait(child, job, self._options.job_seconds)
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

    def _wait(self, child: ChildProcess, job: Job, seconds: float) -> Header:
        """The worker's final answer; keeps the progress it tells meanwhile."""
        end = time.monotonic() + seconds
        while True:
            if self._stopping.is_set():
                raise _StoppedError
            with self._lock:
                if job.id in self._cancelled:
                    raise _CancelledError
            try:
                answer, _ = child.receive(min(0.2, end - time.monotonic()))
            except TimeoutError:
                if time.monotonic() >= end:
                    raise
                continue
            if not {"progress", "words", "event"} & answer.keys():
                return answer
            with self._lock:
                if "words" in answer:
                    self._words[job.id].append(tuple(answer["words"]))
                elif "event" in answer:
                    self._events[job.id].append(answer["event"])
                else:
                    self._running[job.id] = Progress(**answer["progress"])


def _ended(child: ChildProcess | None) -> ChildProcess | None:
    """End a process; return None, since it cannot be used again."""
    if child is not None:
        child.end()
    return None
