"""What several people code on one clip: saving beside each other, who may see whose marks. Knows no HTTP.

There are no accounts: a coder's name is what that person says. Blind coding is kept by everybody who does not
claim another's name, as with paper sheets.
"""

import contextlib
import threading
from collections.abc import Mapping, Sequence

from mellm.errors import InputError
from mellm.report import Report
from mellm.web.annotation import (
    Annotation,
    AnnotationBody,
    CodedMoment,
    CoderState,
    Conflict,
    NewAnnotation,
    Role,
)
from mellm.web.annotation_check import settled
from mellm.web.annotation_merge import merge
from mellm.web.annotation_store import AnnotationStore
from mellm.web.coding_ground import Ground
from mellm.web.early_words import taken_over
from mellm.wording.message import Message


class ConflictError(InputError):
    """Another version stands in the way; `conflict` holds both, and what they make together."""

    def __init__(self, conflict: Conflict) -> None:
        """Keep both versions."""
        super().__init__(Message("coding.newer", {"version": conflict.theirs.version}))
        self.conflict = conflict


class NobodyError(InputError):
    """Nobody of that name has coded the clip."""


class BlindError(InputError):
    """The clip is coded blind, and who asks has not handed in yet."""


class Coding:
    """Saving and seeing annotations."""

    def __init__(self, store: AnnotationStore) -> None:
        """Take the store."""
        self.store = store
        self._one_at_a_time = threading.Lock()

    def save(self, job: str, new: NewAnnotation, ground: Ground, rereads: Mapping[str, Report]) -> Annotation:
        """Save an annotation; what its coder saved meanwhile is merged in where that was asked for.

        Raises InputError for what is not in the clip, ConflictError where a newer version is in the way.
        """
        with self._one_at_a_time:
            ids = self._ids(job, new.role, new.coder)
            given = new.body().model_copy(update={"moments": _numbered(new.moments, ids)})
            body = settled(given, ground, rereads, highest_id=self.store.highest_id(job))
            version = self.store.save(job, body, new.base_version)
            if version is None:
                theirs = self.store.newest(job, body.role, body.coder)
                base = self._base(job, new)
                known = [taken_over(moment, ground) for moment in _numbered(base.moments, ids)]
                conflict = merge(base.model_copy(update={"moments": known}), theirs, body)
                if not new.merge or conflict.moments or conflict.note:
                    raise ConflictError(conflict)
                version = self.store.save(job, conflict.merged, theirs.version)
        found = self.store.version(job, version or 0)
        assert found is not None
        return found

    def take_over(self, job: str, ground: Ground, rereads: Mapping[str, Report]) -> None:
        """Bring what was saved before an analysis had ended to its report, as a version of its own.

        What cannot stand beside the report (a frame beyond the clip's last) stays as it was saved; its coder
        hears of it at the next save.
        """
        with self._one_at_a_time:
            for one in self.store.early(job):
                body = AnnotationBody.model_validate(one.model_dump(exclude={"job", "version", "created"}))
                with contextlib.suppress(InputError):
                    body = settled(body, ground, rereads, highest_id=self.store.highest_id(job))
                    self.store.save(job, body, one.version)

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

    def _ids(self, job: str, role: Role, coder: str) -> dict[str, int]:
        """The number that each moment somebody added has had, by its key."""
        moments = (m for version in self.store.versions(job, role, coder) for m in version.moments)
        return {m.key: m.id for m in moments if m.number is None and m.key is not None and m.id is not None}

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
        """The newest annotation of a coder. Raises NobodyError where that coder has none."""
        found = self.store.newest(job, role, coder)
        if found.version == 0:
            known = ", ".join(state.coder or "-" for state in self.coders(job)) or "-"
            raise NobodyError(Message("coding.nobody", {"coder": coder or "-", "known": known}))
        return found

    def handed_in(self, job: str, viewer: str | None) -> bool:
        """Whether somebody has finished coding a clip."""
        return viewer is not None and self.store.newest(job, "coder", viewer).finished


def _numbered(moments: Sequence[CodedMoment], ids: Mapping[str, int]) -> list[CodedMoment]:
    """Added moments under the numbers they have already, whether or not their writer knows of them."""

    def known(moment: CodedMoment) -> CodedMoment:
        own = ids.get(moment.key or "")
        if moment.number is not None or moment.id is not None or own is None:
            return moment
        return moment.model_copy(update={"id": own})

    return list(map(known, moments))
