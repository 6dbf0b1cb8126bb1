"""What several people code on one clip: saving beside each other, who may see whose marks. Knows no HTTP.

There are no accounts: a coder's name is what that person says. Blind coding is kept by everybody who does not
claim another's name, as with paper sheets.
"""

import threading
from collections.abc import Sequence

from mellm.errors import InputError
from mellm.report import Report
from mellm.web.annotation import Annotation, CoderState, Conflict, NewAnnotation, Role
from mellm.web.annotation_check import settled
from mellm.web.annotation_merge import merge
from mellm.web.annotation_store import AnnotationStore
from mellm.web.wire import Blind
from mellm.wording.message import Message


class ConflictError(InputError):
    """Another version stands in the way; `conflict` holds both, and what they make together."""

    def __init__(self, conflict: Conflict) -> None:
        """Keep both versions."""
        super().__init__(Message("coding.newer", {"version": conflict.theirs.version}))
        self.conflict = conflict


class BlindError(InputError):
    """The clip is coded blind, and who asks has not handed in yet."""


class Coding:
    """Saving and seeing annotations."""

    def __init__(self, store: AnnotationStore) -> None:
        """Take the store."""
        self.store = store
        self._one_at_a_time = threading.Lock()

    def save(self, job: str, new: NewAnnotation, report: Report, rereads: dict[str, Report]) -> Annotation:
        """Save an annotation; what its coder saved meanwhile is merged in where that was asked for.

        Raises InputError for what is not in the report, ConflictError where a newer version is in the way.
        """
        with self._one_at_a_time:
            body = settled(new.body(), report, rereads, highest_id=self.store.highest_id(job))
            version = self.store.save(job, body, new.base_version)
            if version is None:
                theirs = self.store.newest(job, body.role, body.coder)
                conflict = merge(self._base(job, new), theirs, body)
                if not new.merge or conflict.moments or conflict.note:
                    raise ConflictError(conflict)
                version = self.store.save(job, conflict.merged, theirs.version)
        found = self.store.version(job, version or 0)
        assert found is not None
        return found

    def restore(self, job: str, version: int, base_version: int) -> Annotation | None:
        """Make an older version the newest of its series again; None where there is no such version."""
        old = self.store.version(job, version)
        if old is None:
            return None
        body = NewAnnotation(
            **old.model_dump(exclude={"job", "version", "created"}), base_version=base_version
        )
        with self._one_at_a_time:
            saved = self.store.save(job, body.body(), base_version)
            if saved is None:
                theirs = self.store.newest(job, old.role, old.coder)
                raise ConflictError(merge(self._base(job, body), theirs, body.body()))
        return self.store.version(job, saved)

    def _base(self, job: str, new: NewAnnotation) -> Annotation:
        """The version of its series that a writer began with."""
        older = [v for v in self.store.versions(job, new.role, new.coder) if v.version <= new.base_version]
        return older[-1] if older else Annotation(job=job, version=0, coder=new.coder, role=new.role)

    def coders(self, job: str) -> list[CoderState]:
        """Everybody who has saved something, with how far they are."""
        return [
            CoderState(
                coder=one.coder,
                role=one.role,
                version=one.version,
                created=one.created,
                finished=one.finished,
                moments=len(one.moments),
            )
            for one in self.store.series(job)
        ]

    def one_of(self, job: str, role: Role, coder: str) -> Annotation:
        """The newest annotation of a coder. Raises InputError where that coder has none."""
        found = self.store.newest(job, role, coder)
        if found.version == 0:
            known = ", ".join(state.coder or "-" for state in self.coders(job)) or "-"
            raise InputError(Message("coding.nobody", {"coder": coder or "-", "known": known}))
        return found

    def handed_in(self, job: str, viewer: str | None) -> bool:
        """Whether somebody has finished coding a clip."""
        return viewer is not None and self.store.newest(job, "coder", viewer).finished

    def seen_by(self, job: str, blind: Blind, viewer: str | None) -> list[Annotation]:
        """The newest annotations that somebody may see: their own alone where the clip is coded blind."""
        everybody = self.store.series(job)
        if blind == "none" or self.handed_in(job, viewer):
            return everybody
        return [one for one in everybody if one.role == "coder" and one.coder == viewer]

    def check_sight(self, job: str, blind: Blind, viewer: str | None, coders: Sequence[str | None]) -> None:
        """Raise BlindError where the clip is coded blind and one of the coders is not the viewer."""
        if blind != "none" and any(one != viewer for one in coders) and not self.handed_in(job, viewer):
            raise BlindError(Message("coding.blind", {"who": Message("coding.others")}))

    def check_program(self, job: str, blind: Blind, viewer: str | None) -> None:
        """Raise BlindError where the program's marks are hidden from somebody."""
        if self.hides_program(job, blind, viewer):
            raise BlindError(Message("coding.blind", {"who": Message("coding.program")}))

    def hides_program(self, job: str, blind: Blind, viewer: str | None) -> bool:
        """Whether the program's marks are hidden from somebody."""
        return blind == "program" and not self.handed_in(job, viewer)
