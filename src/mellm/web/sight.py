"""Who may see what the program found: on a clip that is coded blind to it, nobody who has not handed in.

What was made for a clip (a moved moment read anew, another model on the same moment) is as blind as the clip.
There are no accounts: a name is what its person says. Knows jobs and annotations, no HTTP.
"""

from collections.abc import Sequence

from mellm.web.annotation import Role
from mellm.web.coding import BlindError, Coding
from mellm.web.contract import Job
from mellm.web.job_store import JobStore
from mellm.wording.message import Message


def whose(role: Role | None, coder: str | None) -> str | None:
    """Return whose word an annotation is; None for what was decided, which is nobody's own."""
    return None if role == "final" else coder


class Sight:
    """What somebody sees of the jobs of one server."""

    def __init__(self, store: JobStore, coding: Coding) -> None:
        """Take the jobs and who has handed in."""
        self._store, self._coding = store, coding

    def hides_program(self, job: Job, viewer: str | None) -> bool:
        """Whether the program's marks are hidden from somebody."""
        clip = self._clip(job)
        return clip.blind == "program" and not self._coding.handed_in(clip.id, viewer)

    def check_program(self, job: Job, viewer: str | None) -> None:
        """Raise BlindError where the program's marks are hidden from somebody."""
        if self.hides_program(job, viewer):
            raise BlindError(Message("coding.blind", {"who": Message("coding.program")}))

    def hides_coders(self, job: Job, viewer: str | None, coders: Sequence[str | None]) -> bool:
        """Whether a clip is coded blind, and one of the coders (None: what was decided) is not the viewer."""
        if job.blind == "none" or all(one == viewer for one in coders):
            return False
        return not self._coding.handed_in(job.id, viewer)

    def check_coders(self, job: Job, viewer: str | None, coders: Sequence[str | None]) -> None:
        """Raise BlindError where these coders' marks are hidden from somebody."""
        if self.hides_coders(job, viewer, coders):
            raise BlindError(Message("coding.blind", {"who": Message("coding.others")}))

    def shown(self, job: Job, viewer: str | None) -> Job:
        """A job without the program's verdict where that is hidden from somebody."""
        if job.verdict is not None and self.hides_program(job, viewer):
            job.verdict, job.emotions = None, []
            job.with_messages([])
        return job

    def _clip(self, job: Job) -> Job:
        """The clip that a job was made for."""
        parent = None if job.request.parent is None else self._store.job(job.request.parent)
        return job if parent is None or parent.id == job.id else self._clip(parent)
