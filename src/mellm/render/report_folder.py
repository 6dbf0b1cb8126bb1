"""A report on disk: report.json, report.html, report.csv, mes.csv and the pictures, never half-written.

Everything is written to a hidden folder first and moved into place file by file, report.json last; files
of an earlier report in the same folder that the new one does not have are removed, anything else is left.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mellm.errors import MellmError
from mellm.render.csv import frame_tables, me_table
from mellm.render.html import render_html
from mellm.report import Report


def save_report(report: Report, folder: str | Path, pictures: Mapping[str, bytes] | None = None) -> Path:
    """Write a report and its pictures (file name -> bytes, as named in the report) into `folder`.

    Makes the folder if need be and returns the page's path (report.html). A second save
    replaces the first. Raises MellmError where the folder cannot be written.
    """
    target = Path(folder)
    pictures = pictures or {}
    files: dict[str, bytes] = {_plain(name): data for name, data in pictures.items()}
    files |= {name: text.encode() for name, text in frame_tables(report).items()}
    files["mes.csv"] = me_table(report).encode()
    files["report.html"] = render_html(report, pictures).encode()
    files["report.json"] = report.to_json().encode()
    draft: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".saving-", dir=target))
        for name, data in files.items():
            (draft / name).write_bytes(data)
        stale = _names_of_former(target) - set(files)
        for name in files:
            (draft / name).replace(target / name)
        for name in stale:
            (target / name).unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise MellmError(
            f"The report cannot be written to '{target}' ({why}); choose another folder with --out."
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
    return target / "report.html"


def _names_of_former(folder: Path) -> set[str]:
    """File names the report already in `folder` brought with it; empty if there is none to be read."""
    with contextlib.suppress(OSError, ValueError):
        former = Report.load(folder)
        names = {name for me in former.micro_expressions for name in me.pictures.values()}
        names |= set(frame_tables(former))
        return {name for name in names if Path(name).name == name}
    return set()


def _plain(name: str) -> str:
    if Path(name).name != name or name.startswith("."):
        raise MellmError(f"'{name}' is not a plain file name; name pictures such as me1_onset.png.")
    return name
