"""Results that are there already: which input a report is of, known by content, and whose folder it is.

A batch leaves `inputs.json` beside each report: where the clip lay, and SHA-256 of everything that was read.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from mellm.analysis.settings import Settings
from mellm.errors import InputError
from mellm.media.folder_contents import pictures_in
from mellm.report import Report
from mellm.version import __version__
from mellm.wording.shown import shown

_RECORD: Final = "inputs.json"


class Inputs(BaseModel):
    """What a report was made from."""

    path: str
    """Where the clip lay, from the root of the file system."""
    sha256: dict[str, str]
    """Of the clip (of a folder: of its pictures' names and bytes) and of every file the settings name."""


def inputs_of(clip: str | Path, settings: Settings) -> Inputs:
    """Read a clip and the files that the settings name; raises OSError where one cannot be read."""
    named = {"landmarks": settings.landmarks, "prompt": settings.prompt, "au_model": Path(settings.au_model)}
    files = {name: file for name, file in named.items() if file is not None and file.is_file()}
    digests = {name: _sha256(file) for name, file in files.items()}
    return Inputs(path=shown(Path(clip).resolve()), sha256={"clip": _sha256(Path(clip)), **digests})


def keep_inputs(folder: str | Path, inputs: Inputs) -> None:
    """Write what a report was made from beside it; raises OSError where that fails."""
    draft = Path(folder, f".{_RECORD}")
    draft.write_text(inputs.model_dump_json(indent=1), encoding="utf-8")
    draft.replace(Path(folder, _RECORD))


def former_report(clip: str | Path, folder: str | Path, settings: Settings) -> Report | None:
    """The report in `folder` where it would come out the same: clip, settings, their files and version.

    Raises InputError where the report there is of another clip, which would be lost.
    """
    kept = _kept(folder)
    try:
        report = Report.load(folder)
        now = inputs_of(clip, settings)
    except (OSError, ValueError):
        return None
    if kept is None:
        return None
    if kept.sha256.get("clip") != now.sha256["clip"] and kept.path != now.path:
        raise InputError(
            f"{shown(folder)} holds the report of another clip ({kept.path}): choose another --out."
        )
    same = report.provenance.mellm_version == __version__ and kept.sha256 == now.sha256
    return report if same and report.provenance.settings == settings.recorded() else None


def default_folder(source: Path, apex: Path | None = None) -> tuple[Path, str]:
    """Where a report goes when nobody says: NAME.mellm in the working folder; and what to say about it.

    Where a report of another input lies there, the file's whole name is taken, then a number is added.
    """
    name = name_of(source)
    short = name if source.is_dir() else Path(name).stem
    whole = name if apex is None else f"{short}-{apex.stem}"
    tries = chain([short, whole], (f"{whole}-{number}" for number in count(2)))
    said = ""
    for folder in (Path(f"{one}.mellm") for one in tries):
        if (other := report_of_another(folder, source, apex)) is None:
            return folder, said
        said = said or f"{shown(folder)} holds the report of another input ({other}), which is kept."
    raise AssertionError


def name_of(source: Path) -> str:
    """What a file or folder is called, also where it is given as `.` or `..`."""
    return (source if source.name not in ("", "..") else source.resolve()).name or "clip"


def report_of_another(folder: Path, source: Path, apex: Path | None = None) -> str | None:
    """The path of the input whose report lies in `folder`, where that is another input; None otherwise."""
    file = folder / "report.json"
    try:
        made_of = json.loads(file.read_text(encoding="utf-8"))["source"]
        former = [made_of["path"], made_of.get("apex_path")]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "something else" if file.exists() else None
    here = [source, apex]
    if [_place(path) for path in former] == [_place(path) for path in here]:
        return None
    return str(former[0])


def refuse_report_of_another(folder: Path, source: Path, apex: Path | None = None) -> None:
    """Raise InputError where `folder` holds the report of another input."""
    if (other := report_of_another(folder, source, apex)) is not None:
        raise InputError(
            f"{shown(folder)} holds the report of another input already ({other}): "
            "choose another --out, or delete that report."
        )


def told_apart(places: Iterator[Path]) -> Iterator[Path]:
    """Yield the places, with a number where a file system that ignores case would mix them up."""
    taken: set[str] = set()
    for place in places:
        numbered = (place.with_name(f"{place.stem}-{number}{place.suffix}") for number in count(2))
        for one in chain([place], numbered):
            key = unicodedata.normalize("NFC", str(one)).casefold()
            if key not in taken:
                taken.add(key)
                yield one
                break


def _place(path: str | Path | None) -> str | None:
    return None if path is None else shown(Path(path).resolve())


def _kept(folder: str | Path) -> Inputs | None:
    try:
        return Inputs.model_validate_json(Path(folder, _RECORD).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def _sha256(path: Path) -> str:
    if not path.is_dir():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    files = sorted(pictures_in(path), key=lambda file: file.name)
    lines = (f"{shown(file.name)}\0{_sha256(file)}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
