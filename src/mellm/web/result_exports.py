"""One result in the format someone asks for. Knows the store's folders, no HTTP.

With an annotation, tables and the page show the person's version, in which every change is written out;
`json` holds the program's report, the annotation, and the report as corrected.
"""

import datetime
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mellm.errors import InputError
from mellm.render.csv import frame_tables, me_table
from mellm.render.html import render_html
from mellm.report import Report
from mellm.web.annotation import Annotation
from mellm.web.corrected import corrected
from mellm.web.elan import elan_document


@dataclass(frozen=True, slots=True)
class Result:
    """What an export is made of.

    `folder` is the job's; `rereads` maps ids of re-read moments to their folders; `annotation` is None
    where nobody has saved one, or the program's version is asked for; `name` is what people call the clip.
    """

    job: str
    folder: Path
    times: list[float]
    annotation: Annotation | None
    rereads: dict[str, Path]
    name: str | None = None

    @property
    def program(self) -> Report:
        """The program's report, under the name that people gave the clip."""
        return named(Report.load(self.folder), self.name)

    @property
    def final(self) -> Report:
        """The report with the person's corrections, if there are any."""
        if self.annotation is None:
            return self.program
        return corrected(self.program, self.annotation, self.times, self.reread_reports())

    def reread_reports(self) -> dict[str, Report]:
        """The reports of re-read moments; their pictures are called `<job>-<name>`."""
        rereads = {job: Report.load(folder) for job, folder in self.rereads.items()}
        for job, report in rereads.items():
            for me in report.micro_expressions:
                me.pictures = {kind: f"{job}-{name}" for kind, name in me.pictures.items()}
        return rereads

    def pictures(self, report: Report) -> dict[str, bytes]:
        """The pictures a report names: its own, and those of re-read moments."""
        names = (name for me in report.micro_expressions for name in me.pictures.values())
        return {name: data for name in names if (data := self.picture(name)) is not None}

    def picture(self, name: str) -> bytes | None:
        """One picture by the name a report gives it; None where it is not there."""
        job, _, rest = name.rpartition("-")
        file = self.rereads.get(job, self.folder) / (rest if job in self.rereads else name)
        return file.read_bytes() if file.is_file() else None


def named(report: Report, name: str | None) -> Report:
    """Return a report under the name that people gave its clip; a pair keeps its two."""
    if name is None or report.source.apex_path is not None or report.source.path == name:
        return report
    return report.model_copy(update={"source": report.source.model_copy(update={"path": name})})


def _html(result: Result) -> bytes:
    report = result.final
    return render_html(report, result.pictures(report)).encode()


def _json(result: Result) -> bytes:
    report = json.loads(result.program.to_json())
    if result.annotation is None:
        return json.dumps({"report": report, "annotation": None}, indent=2, ensure_ascii=False).encode()
    whole = {
        "report": report,
        "annotation": result.annotation.model_dump(mode="json"),
        "corrected": json.loads(result.final.to_json()),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode()


def _csv(result: Result) -> bytes:
    return next(iter(frame_tables(result.final).values())).encode()


def _mes(result: Result) -> bytes:
    return me_table(result.final).encode()


def _eaf(result: Result) -> bytes:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return elan_document(result.program, result.annotation, result.times, date=now)


def _zip(result: Result) -> bytes:
    report = result.final
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in frame_tables(report).items():
            archive.writestr(name, text)
        archive.writestr("mes.csv", me_table(report))
        archive.writestr("result.json", _json(result))
        archive.writestr("report.html", _html(result))
        archive.writestr("report.eaf", _eaf(result))
        for name, data in result.pictures(report).items():
            archive.writestr(f"pictures/{name}", data)
    return out.getvalue()


FORMATS: dict[str, tuple[Callable[[Result], bytes], str, str]] = {
    "html": (_html, "text/html; charset=utf-8", ".html"),
    "json": (_json, "application/json", ".json"),
    "csv": (_csv, "text/csv; charset=utf-8", ".openface.csv"),
    "mes": (_mes, "text/csv; charset=utf-8", ".mes.csv"),
    "eaf": (_eaf, "application/xml", ".eaf"),
    "zip": (_zip, "application/zip", ".zip"),
}
"""Format -> what makes it, its media type, the end of its file name."""

MEDIA_TYPES = sorted({media_type.split(";")[0] for _, media_type, _ in FORMATS.values()})
"""What an export's content type may be."""


def export(result: Result, name: str, kind: str) -> tuple[bytes, str, str]:
    """Return the file's bytes, media type and a name for it. Raises InputError for an unknown format."""
    if kind not in FORMATS:
        raise InputError(f"There is no export format {kind!r}; choose one of {', '.join(FORMATS)}.")
    make, media_type, suffix = FORMATS[kind]
    return make(result), media_type, file_stem(name) + suffix


def file_stem(name: str) -> str:
    """Return a safe file name, without its ending, from the name that people gave an analysis."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", Path(name).stem).strip("._") or "clip"
