"""A server whose analyses stand still: a test says what a running one has found, and when it ends.

The long report's clips are used (`long_report`); nothing is analysed, so that a page or a program can be
watched at every stage.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from long_report import store_long_report
from mellm.report import MessageRecord, MicroExpression, Report
from mellm.web.clip_parts import Partial, Spotted
from mellm.web.dispatcher import Dispatcher
from mellm.web.running_job import RunningJob
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from mellm.web.service import Service
from mellm.wording.message import Message


@dataclass
class HeldAnalysis:
    """The analysis of one stored clip, put back to its beginning."""

    service: Service
    job: str
    report: Report
    running: RunningJob

    @classmethod
    def of(cls, service: Service, job: str) -> "HeldAnalysis":
        """Let a finished job run again."""
        report = service.report(job).model_copy(deep=True)
        with service.database.change() as db:
            db.execute(
                "UPDATE jobs SET state = 'running', verdict = NULL, message = NULL WHERE id = ?", (job,)
            )
        running = RunningJob()
        service.dispatcher._running[job] = running
        return cls(service, job, report, running)

    def watched(self) -> None:
        """Everything is spotted, nothing is measured."""
        mes = self.report.micro_expressions
        known = Partial(
            source=self.report.source,
            people=self.report.people,
            moments=[Spotted.of(me.number or 0, me.person, me.interval) for me in mes],
            other_events=self.report.other_events,
            traces=self.report.traces,
        )
        self.running.hear({"watched": known.model_dump(mode="json")})

    def measured(self, number: int) -> None:
        """One moment has its reading."""
        me = next(me for me in self.report.micro_expressions if me.number == number)
        self.running.hear({"moment": me.model_dump(mode="json")})

    def restarted(self) -> None:
        """The server began it anew: nothing is known any more."""
        self.running.begin(self.service.files.draft_folder())

    def ended(self, moments: Sequence[MicroExpression] | None = None) -> None:
        """It is done; the report has these moments."""
        self.report.spotted = len(self.report.micro_expressions)
        if moments is not None:
            self.report.micro_expressions = list(moments)
        folder = self.service.files.result(self.job)
        (folder / "report.json").write_text(self.report.model_dump_json(), encoding="utf-8")
        self.service.dispatcher._running.pop(self.job, None)
        self.service.store.finish(
            self.job,
            verdict=MessageRecord.of(Message.plain(self.report.verdict)),
            emotions=[me.emotion.label or "" for me in self.report.micro_expressions],
            people=1,
        )


@contextlib.contextmanager
def held_server(
    store: Path, clips: int, monkeypatch: pytest.MonkeyPatch, moments: int = 5
) -> Iterator[tuple[str, Service, list[str]]]:
    """Address, parts and finished clips of a server that analyses nothing by itself."""
    jobs = [store_long_report(store, 0.5, moments, name=f"clip {n}.mp4", seed=n) for n in range(clips)]
    opened: list[Service] = []

    def kept(options: ServerOptions) -> Service:
        opened.append(open_service(options))
        return opened[-1]

    open_service = Service.open
    monkeypatch.setattr(Service, "open", kept)
    monkeypatch.setattr(Dispatcher, "start", lambda self: None)
    with serving(ServerOptions(store=store, port=0)) as address:
        yield address.rstrip("/"), opened[0], jobs
