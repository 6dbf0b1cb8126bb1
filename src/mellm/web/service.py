"""The server's parts as one value, and what several routes need from them. Knows no HTTP."""

import dataclasses
import threading
from pathlib import Path

from pydantic import ValidationError

from mellm.errors import InputError, MellmError
from mellm.instruct.record_store import open_store
from mellm.instruct.review import Review
from mellm.render.numbers import by_number
from mellm.report import MicroExpression, Report
from mellm.version import __version__
from mellm.web.annotation_store import AnnotationStore
from mellm.web.clip_parts import FrameTable, Partial, Spotted
from mellm.web.clip_wish import Wish
from mellm.web.coding import Coding
from mellm.web.contract import ENDED, Job, JobRequest, entry_id
from mellm.web.corrected import centre
from mellm.web.database import Database
from mellm.web.dispatcher import Dispatcher
from mellm.web.extras import Extras
from mellm.web.frame_server import FramePool
from mellm.web.job_store import Entry, JobStore, Wanted
from mellm.web.loaded_results import LoadedResults
from mellm.web.offered_models import Offers
from mellm.web.result_exports import named
from mellm.web.server_options import ServerOptions
from mellm.web.sight import Sight
from mellm.web.stored_files import FRAMES_FILE, NAMES_FILE, StoredFiles
from mellm.web.wire import Card, CardChange, Neighbours


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
    database: Database
    store: JobStore
    coding: Coding
    sight: Sight
    loaded: LoadedResults
    dispatcher: Dispatcher
    frames: FramePool
    extras: Extras
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
        database = Database(options.store)
        store, coding = JobStore(database), Coding(AnnotationStore(database))
        return cls(
            options,
            offers,
            files,
            database,
            store,
            coding,
            Sight(store, coding),
            LoadedResults(),
            Dispatcher(options, offers, store, files),
            FramePool(options),
            Extras(options),
            threading.Event(),
            review,
        )

    def close(self) -> None:
        """Stop everything; what was running is queued again."""
        self.stopping.set()
        self.dispatcher.stop()
        self.frames.close()
        self.extras.close()
        self.database.close()
        if self.review is not None:
            self.review.close()

    def submit(self, requests: list[JobRequest]) -> list[tuple[Job, bool]]:
        """Queue jobs, all or none; True where work was added. They come as somebody without a name sees them.

        Raises NotFoundError for a file that is not there, NotOfferedError for such a model,
        QueueFullError.
        """
        for request in requests:
            self.offers.check(request.settings)
        jobs = self.store.submit([self._entry(request) for request in requests], self.options.queue)
        self.dispatcher.wake()
        return [(self.sight.shown(job, None), new) for job, new in jobs]

    def _entry(self, request: JobRequest) -> Entry:
        """The job a request asks for. Content under another name than its first is an entry of its own."""
        names = []
        for digest in request.files:
            if not self.files.has(digest):
                raise NotFoundError(f"No uploaded file has the SHA-256 {digest[:12]}...; upload it first.")
            known = self.store.medium(digest)
            names.append(known[0] if known else digest[:12])
        usual, given = " → ".join(names), request.name.strip()
        work = request.key(__version__, self.offers.identity_of(request.settings))
        if request.parent:
            own = [] if self.store.work(request.parent) in (None, request.parent) else [request.parent]
        else:
            own = [given] if given and given != usual else []
        name = given or usual
        return Entry(entry_id(work, *own) if own else work, work, name, request)

    def describe(self, job: str, change: CardChange) -> Job:
        """Change a clip's name and what people note about it."""
        found = self.job(job)
        said = change.model_dump(exclude_none=True)
        name = said.pop("name", None)
        card = Card.model_validate({key: getattr(found, key) for key in Card.model_fields} | said)
        self.store.describe(job, name.strip() or None if name else None, card)
        return self.job(job)

    def neighbours(self, job: str, wanted: Wanted) -> Neighbours:
        """The clips before and after one in the gallery."""
        previous, after = self.store.neighbours(self.job(job).id, wanted)
        return Neighbours(previous=previous, next=after)

    def job(self, job: str, viewer: str | None = None) -> Job:
        """A job as it stands, as a viewer may see it. Raises NotFoundError."""
        found = self.store.job(job)
        if found is None:
            raise NotFoundError(f"There is no job {job[:40]!r}; it may have been deleted.")
        if found.state == "running":
            found.progress = self.dispatcher.progress(job)
        return self.sight.shown(found, viewer)

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
        found = self.done(job)
        try:
            report = self.loaded.report(self.files.result(found.id) / "report.json")
        except ValidationError:
            raise MellmError("Another version of mellm wrote this result: analyse the clip again.") from None
        return named(report, found.name)

    def seen(self, job: str, viewer: str | None) -> Report:
        """The same for somebody; raises BlindError where the program's marks are hidden from them."""
        self.sight.check_program(self.done(job), viewer)
        return self.report(job)

    def moment(self, job: str, number: int, viewer: str | None) -> MicroExpression:
        """A micro-expression by its lasting number; raises as `seen` does, and NotFoundError."""
        found = by_number(self.seen(job, viewer), number)
        if found is None:
            raise NotFoundError(f"The report has no micro-expression {number}.")
        return found

    def partial(self, job: Job) -> Partial:
        """What is known of a job's clip, whatever its state."""
        if job.state == "done":
            report = self.report(job.id)
            moments = [
                Spotted.of(me.number or k, me.person, me.interval)
                for k, me in enumerate(report.micro_expressions, 1)
            ]
            return Partial(
                complete=True,
                moments=moments,
                **{name: getattr(report, name) for name in Partial.model_fields if hasattr(report, name)},
            )
        running = self.dispatcher.running(job.id)
        return (running.partial() if running else None) or Partial()

    def table(self, job: Job) -> FrameTable:
        """The frames of a job's clip: as analysed once that is done, before that as far as the file tells."""
        files, settings = job.request.files, job.request.settings
        table = self.frames.table(self.files.medium(files[0]), settings.fps)
        if len(files) == 2:
            return table.model_copy(update={"times": [0.0, 0.0], "count": 2, "fps": None, "sound": False})
        times = self.times(job) if job.state == "done" else []
        return table.model_copy(update={"times": times, "count": len(times)}) if times else table

    def picture(self, job: Job, name: str) -> bytes | None:
        """One picture (PNG) of a result, or of one on its way; None where there is none of this name."""
        running = self.dispatcher.running(job.id)
        draft = None if running is None else running.draft
        return self.files.picture(job.id, draft, name)

    def sound(self, job: Job) -> Path:
        """The sound of a job's clip. Raises NotFoundError where it has none, and as `Extras.made` does."""
        if not self.table(job).sound:
            raise NotFoundError("This clip has no sound.")
        medium = self.files.medium(job.request.files[0])
        return self.extras.made(self.files.made(medium.name, "sound.ogg"), medium, None, {"make": "sound"})

    def magnified(self, job: Job, me: MicroExpression, factor: float) -> Path:
        """A moment of a job's clip as a magnified video; raises as `Extras.made` does."""
        files, when = job.request.files, me.interval
        if len(files) == 2:
            raise NotFoundError("A pair has no frames between its two: only clips are made a video of.")
        last = when.offset_frame if when.offset_frame is not None else when.apex_frame
        wish: Wish = {
            "make": "video",
            "frames": list(range(when.onset_frame, last + 1)),
            "apex": when.apex_frame,
            "face": centre(me),
            # Several times as fast as the learned one; what it misses is too small to be seen magnified.
            "estimator": "dis",
            "factor": factor,
        }
        name = f"{when.onset_frame}-{when.apex_frame}-{last}_p{me.person}_{factor:g}.webm"
        medium = self.files.medium(files[0])
        return self.extras.made(self.files.made(medium.name, name), medium, job.request.settings.fps, wish)

    def times(self, job: Job) -> list[float]:
        """Seconds of each frame of a finished job's clip; a re-read has its parent's."""
        file = self._home(job) / FRAMES_FILE
        return self.loaded.times(file) if file.is_file() else []

    def names(self, job: Job) -> list[str]:
        """File names of the frames of a finished folder; empty for other clips, and for older results."""
        file = self._home(job) / NAMES_FILE
        return self.loaded.names(file) if file.is_file() else []

    def _home(self, job: Job) -> Path:
        """The result folder that knows a clip's frames: a re-read's is its parent's."""
        return self.files.result(job.request.parent if job.request.frames and job.request.parent else job.id)

    def jpeg(self, job: Job, index: int, width: int) -> bytes:
        """One frame of a job's clip (of a pair: 0 the onset, 1 the apex picture)."""
        files, settings = job.request.files, job.request.settings
        if len(files) == 2:
            if index not in (0, 1):
                raise NotFoundError("A pair has the frames 0 (onset) and 1 (apex).")
            return self.frames.jpeg(self.files.medium(files[index]), None, 0, width)
        return self.frames.jpeg(self.files.medium(files[0]), settings.fps, index, width)
