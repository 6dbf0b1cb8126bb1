"""`mellm export`: results as other programs read them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mellm.cli.options import to_folder
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.web.result_exports import Result

REPORT = "report.json"


def export(
    results: Annotated[
        list[Path], typer.Argument(help="Folders of results, or folders that hold such folders.")
    ],
    to: Annotated[str, typer.Option("--to", help="eaf, boris, vtt, bids, fex, csv, mes, html, json or zip.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=to_folder, help="Folder for the files.")
    ] = Path(),
    elan: Annotated[
        Path | None,
        typer.Option("--elan", help="Lay a coder's tiers of this ELAN file over the one result."),
    ] = None,
    coder: Annotated[str, typer.Option("--coder", help="Whose tiers of it.")] = "",
) -> None:
    """Write results for ELAN, BORIS, py-feat, BIDS, a player or a spreadsheet.

    Of several results `mes` is one table and `boris` one project; everything else is a file for each.

    Example: mellm export clip.mellm --to eaf
    """
    from mellm.web.result_exports import GATHERED, export_all, free_name
    from mellm.web.result_exports import export as write

    found = [_result(folder) for folder in _folders(results)]
    if elan is not None:
        if len(found) != 1:
            raise InputError(f"An ELAN file belongs to one result, and {len(found)} are named: name one.")
        found = [_with_tiers(found[0], elan, coder)]
    if len(found) > 1 and to in GATHERED:
        files = [export_all([(result, result.clip.report.source.path) for result in found], to)]
    else:
        files = [write(result, result.program.source.path, to) for result in found]
    out.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for data, _, name in files:
        name = free_name(name, taken)
        taken.add(name)
        target = out / name
        target.write_bytes(data)
        typer.echo(f"written  {target}")


def _folders(given: Sequence[Path]) -> Iterator[Path]:
    """The result folders among what was named, in order of their names."""
    for path in given:
        if (path / REPORT).is_file():
            yield path
            continue
        inside = sorted(report.parent for report in path.glob(f"*/{REPORT}")) if path.is_dir() else []
        if not inside:
            raise InputError(f"'{path}' is no result and holds none: name a folder that mellm analyze wrote.")
        yield from inside


def _result(folder: Path) -> "Result":
    from mellm.report import Report
    from mellm.web.result_exports import Result

    return Result("", folder, Report.load(folder).source.times(), None, {})


def _with_tiers(result: "Result", file: Path, coder: str) -> "Result":
    """The result with what a coder's tiers say laid over it."""
    from dataclasses import replace

    from mellm.web.annotation import Annotation
    from mellm.web.annotation_check import settled
    from mellm.web.coding_ground import ground_of
    from mellm.web.elan_reading import read_elan

    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"The ELAN file '{file}' cannot be read ({error.strerror}).") from error
    report = result.program
    said = settled(read_elan(data, coder, report, result.times, {}), ground_of(report), {}, highest_id=0)
    annotation = Annotation(job="", version=1, **said.model_dump())
    return replace(result, annotation=annotation)
