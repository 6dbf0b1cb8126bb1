"""What people code on the clips of one server: saved, exported, compared. Knows no HTTP.

A clip may be coded as soon as it is there; what was said before its analysis had ended is brought to the
report once somebody asks for it.
"""

from collections.abc import Collection

from mellm.report import Report
from mellm.web.agreement import FINAL, PROGRAM, Agreement, agreement, moments_of
from mellm.web.annotation import Annotation, CoderState, NewAnnotation, Role
from mellm.web.coding import Coding
from mellm.web.coding_ground import Ground, early_ground, ground_of
from mellm.web.contract import ENDED, Job
from mellm.web.elan_reading import read_elan
from mellm.web.result_exports import Result
from mellm.web.service import Service
from mellm.web.sight import whose
from mellm.web.wire import Card


def annotate(service: Service, job: str, new: NewAnnotation) -> Annotation:
    """Save what a person says, checked against what is known of the clip; see `Coding.save`."""
    found = service.job(job)
    ids = {moment.reread for moment in new.moments if moment.reread}
    return coded(service, job).save(job, new, _ground(service, found), _rereads(service, job, ids))


def coded(service: Service, job: str) -> Coding:
    """What people say about a clip; what they said before its analysis had ended is brought to its report.

    Raises NotFoundError.
    """
    if service.job(job).state == "done" and service.coding.store.early(job):
        service.coding.take_over(job, ground_of(service.report(job)), _rereads(service, job))
    return service.coding


def coders(service: Service, job: str, viewer: str | None) -> list[CoderState]:
    """Everybody who has saved something; how much is hidden from who codes blind."""
    found, states = service.job(job), coded(service, job).coders(job)
    for one in states:
        if service.sight.hides_coders(found, viewer, [whose(one.role, one.coder)]):
            one.moments = None
    return states


def _ground(service: Service, job: Job) -> Ground:
    if job.state in ENDED:
        return ground_of(service.report(job.id))
    return early_ground(service.partial(job), service.table(job).count)


def _rereads(service: Service, job: str, named: Collection[str] | None = None) -> dict[str, Report]:
    """The reports of a clip's moments that were read anew, by job; of the jobs that are `named` alone."""
    children = [one for one in service.store.children(job) if named is None or one in named]
    return {one: service.report(one) for one in children if service.job(one).state == "done"}


def result(
    service: Service,
    job: str,
    *,
    program: bool,
    coder: str | None = None,
    role: Role | None = None,
    viewer: str | None = None,
) -> Result:
    """What exports are made of.

    `program` leaves people's corrections out. Otherwise those of a coder, or the final ones; where nobody
    is named, the final ones, else the newest that the viewer may see. Raises BlindError, InputError for a
    coder who has saved nothing.
    """
    found = service.done(job)
    service.sight.check_program(found, viewer)
    coding = coded(service, job)
    everybody: list[Annotation] = []
    if not program and (coder is not None or role is not None):
        everybody = [coding.one_of(job, role or "coder", coder or "")]
        service.sight.check_coders(found, viewer, [whose(role, coder)])
    elif not program:
        everybody = [
            one
            for one in coding.store.series(job)
            if not service.sight.hides_coders(found, viewer, [whose(one.role, one.coder)])
        ]
    last_word = max(everybody, key=lambda one: (one.role == "final", one.version), default=None)
    rereads = {
        moment.reread: service.files.result(moment.reread)
        for one in everybody
        for moment in one.moments
        if moment.reread and (service.files.result(moment.reread) / "report.json").is_file()
    }
    return Result(
        job,
        service.files.result(job),
        service.times(found),
        last_word,
        rereads,
        found.name,
        tuple(everybody),
        Card.model_validate({name: getattr(found, name) for name in Card.model_fields}),
        names=service.names(found),
    )


def compared(service: Service, job: str, a: str, b: str, viewer: str | None) -> Agreement:
    """How far two coders agree; `program:` and `final:` stand for those. Raises as `result` does."""
    found, report = service.done(job), service.report(job)
    seen = []
    for name in (a, b):
        role: Role | None = "final" if name == FINAL else None
        named = None if name in (PROGRAM, FINAL) else name
        one = result(service, job, program=name == PROGRAM, coder=named, role=role, viewer=viewer)
        seen.append(moments_of(report, one.annotation, one.times, one.reread_reports()))
    return agreement((a, b), seen[0], seen[1], max(report.source.frames, len(service.times(found))))


def import_elan(
    service: Service, job: str, data: bytes, coder: str, base_version: int, *, merge: bool
) -> Annotation:
    """Save what a coder's tiers of an ELAN file say; raises as `annotate` does."""
    report, found = service.report(job), service.done(job)
    said = read_elan(data, coder, report, service.times(found), _rereads(service, job))
    body = said.model_dump(exclude={"coder"})
    new = NewAnnotation(**body, coder=coder, base_version=base_version, merge=merge)
    return annotate(service, job, new)
