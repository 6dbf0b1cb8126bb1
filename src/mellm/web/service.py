"""The server's parts as one value, and what several routes need from them. Knows no HTTP."""

import dataclasses
import json
import threading

from pydantic import ValidationError

from mellm.errors import InputError, MellmError
from mellm.instruct.record_store import open_store
from mellm.instruct.review import Review
from mellm.report import Report
from mellm.version import __version__
from mellm.web.annotation import Annotation
from mellm.web.contract import ENDED, Job, JobRequest
from mellm.web.dispatcher import Dispatcher
from mellm.web.frame_server import FramePool
from mellm.web.job_store import JobStore
from mellm.web.offered_models import Offers
from mellm.web.result_exports import Result
from mellm.web.server_options import ServerOptions
from mellm.web.stored_files import FRAMES_FILE, StoredFiles


class NotFoundError(InputError):
    """There is nothing of that name."""


class NotYetError(InputError):
    """The job has not got that far, or something newer stands in the way."""


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """One running server: its options and parts; a review of instruction data where there is one."""

    options: ServerOptions
    offers: Offers
    files: StoredFiles
    store: JobStore
    dispatcher: Dispatcher
    frames: FramePool
    stopping: threading.Event
    review: Review | None

    @classmethod
    def open(cls, options: ServerOptions) -> "Service":
        """Open the store, start nothing. Raises MellmError where it, a model or a review is unusable."""
        offers = Offers.of(options)
        review = None
        if options.instruct is not None:
            review = Review(open_store(options.instruct), options.instruct_share)
        files = StoredFiles(options.store)
        store = JobStore(options.store)
        dispatcher, frames = Dispatcher(options, offers, store, files), FramePool(options)
        return cls(options, offers, files, store, dispatcher, frames, threading.Event(), review)

    def close(self) -> None:
        """Stop everything; what was running is queued again."""
        self.stopping.set()
        self.dispatcher.stop()
        self.frames.close()
        self.store.close()
        if self.review is not None:
            self.review.close()

    def submit(self, requests: list[JobRequest]) -> list[tuple[Job, bool]]:
        """Queue jobs, all or none; True where work was added.

        Raises NotFoundError for a file that is not there, NotOfferedError for such a model,
        QueueFullError.
        """
        names = [self._name(request) for request in requests]
        for request in requests:
            self.offers.check(request.settings)
        prepared = [
            (request.key(__version__, self.offers.identity_of(request.settings)), name, request)
            for request, name in zip(requests, names, strict=True)
        ]
        jobs = self.store.submit(prepared, self.options.queue)
        self.dispatcher.wake()
        return jobs

    def _name(self, request: JobRequest) -> str:
        names = []
        for digest in request.files:
            if not self.files.has(digest):
                raise NotFoundError(f"No uploaded file has the SHA-256 {digest[:12]}...; upload it first.")
            known = self.store.medium(digest)
            names.append(known[0] if known else digest[:12])
        return request.name.strip() or " → ".join(names)

    def job(self, job: str) -> Job:
        """A job as it stands. Raises NotFoundError."""
        found = self.store.job(job)
        if found is None:
            raise NotFoundError(f"There is no job {job[:40]!r}; it may have been deleted.")
        if found.state == "running":
            found.progress = self.dispatcher.progress(job)
        return found

    def done(self, job: str) -> Job:
        """A job that has a result. Raises NotFoundError, NotYetError."""
        found = self.job(job)
        if found.state != "done":
            why = f": {found.error}" if found.error else ""
            raise NotYetError(f"The job is {found.state}, so there is no result{why}")
        return found

    def delete(self, job: str) -> None:
        """Forget an ended job with its result, its re-reads and the uploads nobody else needs."""
        found = self.job(job)
        if found.state not in ENDED:
            raise NotYetError(f"The job is {found.state}: cancel it before deleting it.")
        for child in [*self.store.children(job), job]:
            self.dispatcher.cancel(child)
            for digest in self.store.delete(child):
                self.frames.forget(self.files.media / digest)
                self.files.drop_medium(digest)
            self.files.drop_result(child)

    def report(self, job: str) -> Report:
        """A finished job's report. Raises MellmError where this program cannot read it any more."""
        try:
            return Report.load(self.files.result(self.done(job).id))
        except ValidationError:
            raise MellmError("Another version of mellm wrote this result: analyse the clip again.") from None

    def times(self, job: Job) -> list[float]:
        """Seconds of each frame of a finished job's clip; a re-read has its parent's."""
        home = job.request.parent if job.request.frames and job.request.parent else job.id
        file = self.files.result(home) / FRAMES_FILE
        if not file.is_file():
            return []
        times: list[float] = json.loads(file.read_text(encoding="utf-8"))
        return times

    def jpeg(self, job: Job, index: int, width: int) -> bytes:
        """One frame of a job's clip (of a pair: 0 the onset, 1 the apex picture)."""
        files, settings = job.request.files, job.request.settings
        if len(files) == 2:
            if index not in (0, 1):
                raise NotFoundError("A pair has the frames 0 (onset) and 1 (apex).")
            return self.frames.jpeg(self.files.medium(files[index]), None, 0, width)
        return self.frames.jpeg(self.files.medium(files[0]), settings.fps, index, width)

    def annotation(self, job: str) -> Annotation:
        """The newest annotation of a job; an empty one, version 0, where nobody has saved any."""
        versions = self.versions(job)
        return versions[-1] if versions else Annotation(job=job, version=0)

    def versions(self, job: str) -> list[Annotation]:
        """Every version of a job's annotation, oldest first."""
        return self.store.annotations(job)

    def result(self, job: str, *, program: bool) -> Result:
        """What exports are made of; `program` leaves a person's corrections out."""
        found = self.done(job)
        annotation = self.annotation(job)
        rereads = {
            moment.reread: self.files.result(moment.reread)
            for moment in annotation.moments
            if moment.reread and (self.files.result(moment.reread) / "report.json").is_file()
        }
        coded = annotation if annotation.version and not program else None
        return Result(job, self.files.result(job), self.times(found), coded, rereads)
