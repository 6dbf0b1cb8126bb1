"""Results in the format someone asks for, one or many at once. Knows the folders of results, no HTTP.

With an annotation, tables and the page show the person's version, in which every change is written out;
`json` holds the program's report, the annotation, and the report as corrected.
"""

import datetime
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mellm.errors import InputError
from mellm.render.csv import frame_tables, me_table, me_tables
from mellm.render.fex import fex_table
from mellm.render.html import render_html
from mellm.report import Report
from mellm.web.annotation import Annotation
from mellm.web.corrected import corrected
from mellm.web.elan import elan_document
from mellm.web.event_tables import Clip, bids_files, boris_project, webvtt
from mellm.web.wire import Card


@dataclass(frozen=True, slots=True)
class Result:
    """What an export is made of.

    `folder` is the job's; `rereads` maps ids of re-read moments to their folders; `annotation` is None
    where nobody has saved one, or the program's version is asked for; `name` is what people call the
    clip, `everybody` whose tiers an ELAN file has (nobody named: the annotation's), `card` what people note,
    `names` the file names of a folder's frames.
    """

    job: str
    folder: Path
    times: list[float]
    annotation: Annotation | None
    rereads: dict[str, Path]
    name: str | None = None
    everybody: tuple[Annotation, ...] = ()
    card: Card = field(default_factory=Card)
    names: list[str] = field(default_factory=list)

    @property
    def program(self) -> Report:
        """The program's report, under the name that people gave the clip."""
        return named(Report.load(self.folder), self.name)

    @property
    def whose(self) -> str:
        """Who has the last word, as file names say it."""
        if self.annotation is None:
            return "program"
        return "final" if self.annotation.role == "final" else self.annotation.coder or "coder"

    @property
    def clip(self) -> Clip:
        """What tables of events are made of."""
        coder = self.annotation.coder if self.annotation else ""
        return Clip(self.final, self.times, self.card.subject, self.card.session, coder)

    @property
    def final(self) -> Report:
        """The report with the person's corrections, if there are any."""
        if self.annotation is None:
            return self.program
        return corrected(self.program, self.annotation, self.times, self.reread_reports(), self.names)

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
    everybody = result.everybody or ((result.annotation,) if result.annotation else ())
    return elan_document(result.program, everybody, result.times, result.reread_reports(), date=_now())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _vtt(result: Result) -> bytes:
    return webvtt(result.clip).encode()


def _boris(result: Result) -> bytes:
    return boris_project([(result.program.source.path, result.clip)], _now()).encode()


def _fex(result: Result) -> bytes:
    return fex_table(result.final, result.names).encode()


def _bids(result: Result) -> bytes:
    return _packed(bids_files(result.clip, Path(result.program.source.path).stem))


def _packed(files: Mapping[str, str | bytes]) -> bytes:
    """Files by name as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _zip(result: Result) -> bytes:
    report = result.final
    files: dict[str, str | bytes] = dict(frame_tables(report))
    files |= {
        "mes.csv": me_table(report),
        "result.json": _json(result),
        "report.html": _html(result),
        "report.eaf": _eaf(result),
        "report.vtt": _vtt(result),
        "report.fex.csv": _fex(result),
        "report.boris": _boris(result),
    }
    files |= bids_files(result.clip, Path(report.source.path).stem)
    files |= {f"pictures/{name}": data for name, data in result.pictures(report).items()}
    return _packed(files)


FORMATS: dict[str, tuple[Callable[[Result], bytes], str, str]] = {
    "html": (_html, "text/html; charset=utf-8", ".html"),
    "json": (_json, "application/json", ".json"),
    "csv": (_csv, "text/csv; charset=utf-8", ".openface.csv"),
    "mes": (_mes, "text/csv; charset=utf-8", ".mes.csv"),
    "eaf": (_eaf, "application/xml", ".eaf"),
    "boris": (_boris, "application/json", ".boris"),
    "vtt": (_vtt, "text/vtt; charset=utf-8", ".vtt"),
    "bids": (_bids, "application/zip", ".bids.zip"),
    "fex": (_fex, "text/csv; charset=utf-8", ".fex.csv"),
    "zip": (_zip, "application/zip", ".zip"),
}
"""Format -> what makes it, its media type, the end of its file name."""

GATHERED = ("mes", "boris")
"""Formats in which many clips are one file."""

MEDIA_TYPES = sorted({media_type.split(";")[0] for _, media_type, _ in FORMATS.values()})
"""What an export's content type may be."""


def export(result: Result, name: str, kind: str) -> tuple[bytes, str, str]:
    """Return the file's bytes, media type and a name for it. Raises InputError for an unknown format."""
    make, media_type, suffix = _format(kind)
    return make(result), media_type, f"{file_stem(name)}.{file_stem(result.whose + '.')}{suffix}"


def export_all(results: Iterable[tuple[Result, str]], kind: str) -> tuple[bytes, str, str]:
    """Return the same of many results, each with its clip's name: one table or project, or a ZIP.

    Raises InputError for an unknown format.
    """
    _, media_type, suffix = _format(kind)
    if kind == "mes":
        return me_tables(result.final for result, _ in results).encode(), media_type, f"mellm{suffix}"
    if kind == "boris":
        clips: dict[str, Clip] = {}
        for result, name in results:
            clips[free_name(name, clips)] = result.clip
        return boris_project(list(clips.items()), _now()).encode(), media_type, f"mellm{suffix}"
    files: dict[str, str | bytes] = {}
    for result, name in results:
        if kind == "bids":
            described = bids_files(result.clip, Path(name).stem)
            files |= {free_name(file, files): text for file, text in described.items()}
        else:
            data, _, file = export(result, name, kind)
            files[free_name(file, files)] = data
    return _packed(files), "application/zip", f"mellm.{kind}.zip"


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number before its ending where there is one like it already."""
    stem, dot, ending = name.partition(".")
    number, free = 2, name
    while free in taken:
        free, number = f"{stem}-{number}{dot}{ending}", number + 1
    return free


def _format(kind: str) -> tuple[Callable[[Result], bytes], str, str]:
    if kind not in FORMATS:
        raise InputError(f"There is no export format {kind!r}; choose one of {', '.join(FORMATS)}.")
    return FORMATS[kind]


def file_stem(name: str) -> str:
    """Return a safe file name, without its ending, from the name that people gave an analysis.

    Letters and digits of every script stay.
    """
    return re.sub(r"[^\w.-]+", "_", Path(name).stem).strip("._")[:100] or "clip"
