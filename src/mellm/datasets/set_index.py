"""From a set's sheet to the uniform table. Knows nothing of pictures; `check` looks at those."""

import csv
import glob
import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from mellm.datasets.annotation_sheets import Row, read_sheet
from mellm.datasets.casme2_names import Naming
from mellm.datasets.published_sets import DatasetSpec, get_set
from mellm.datasets.repeated_rows import counted_once, find_repeats
from mellm.datasets.sample import Sample
from mellm.datasets.sheet_text import number
from mellm.datasets.sheet_warnings import Left, kind_of_expression, left_out_rows, remarks_in_cells
from mellm.errors import InputError
from mellm.facs.taxonomies import canonical
from mellm.media.folder_contents import is_system
from mellm.wording.message import Message

_log = logging.getLogger(__name__)

TABLE_COLUMNS = tuple(f.name for f in fields(Sample))
"""Columns of the table file, in order."""

Kind = Literal["micro", "macro"]
"""Which of a sheet's expressions are read."""

ANY_TEXT = "not a number"
"""In the corrections: whatever is written there, as long as it is no number."""


@dataclass(frozen=True, slots=True)
class SetReading:
    """What a sheet holds: its micro-expressions, and what was left out or could not be read."""

    samples: tuple[Sample, ...]
    warnings: tuple[Message, ...]


def index(name: str, root: str | Path, sheet: str | Path | None = None) -> list[Sample]:
    """Read a set's annotations as `read_set` does, without the warnings."""
    return list(read_set(name, root, sheet).samples)


def read_set(
    name: str, root: str | Path, sheet: str | Path | None = None, kind: Kind = "micro"
) -> SetReading:
    """Read a set's annotations: one `Sample` per micro-expression, corrections applied and noted.

    `root` is the folder as its makers ship it; `sheet` names the annotation file where it lies elsewhere.
    Rows that repeat another are counted once; rows that contradict each other are kept, and said.
    `kind` `macro` gives the rows of macro-expressions in their place, without warnings; there may be none.
    Samples without frames on this machine are kept (`check` tells). Raises InputError for an unknown set,
    or a sheet that is missing or not this set's.
    """
    spec = get_set(name)
    root = Path(root)
    path = Path(sheet) if sheet else find_sheet(spec, root)
    wanted = [spec.columns[f] for f in ("subject", "clip", "onset") if f in spec.columns]
    found_rows = find_repeats(
        read_sheet(path, wanted, header=spec.header),
        [spec.columns.get(name, ()) for name in ("subject", "clip", "onset", "apex", "offset", "type")],
        [spec.columns.get(name, ()) for name in ("action_units", "emotion")],
    )
    rows = found_rows.rows
    clips = Naming.of(spec, root, path)
    samples: list[Sample] = []
    left_out: dict[Left, list[int]] = {}
    for row in rows:
        found = _sample(spec, row, root, clips, kind)
        if isinstance(found, str):
            left_out.setdefault(found, []).append(row.number)
        else:
            samples.append(found)
    if kind == "macro":
        return SetReading(tuple(_unique(samples)), ())
    if not samples:
        raise InputError(f"{path.name} holds no micro-expression of {spec.title}: is it this set's sheet?")
    units = spec.columns.get("action_units", ())
    cells = ((row.number, row.column(units), row.text(units)) for row in rows)
    warnings = [*left_out_rows(path.name, left_out), *remarks_in_cells(path.name, cells)]
    warnings += found_rows.repetition(path.name)
    if sentence := found_rows.contradiction(path.name):
        warnings.append(Message.plain(sentence))
    return SetReading(tuple(_corrected(sample) for sample in _unique(samples)), tuple(warnings))


def find_sheet(spec: DatasetSpec, root: Path) -> Path:
    """The set's annotation sheet below `root`; InputError says what was looked for."""
    if root.is_file():
        return root
    if not root.is_dir():
        raise InputError(f"There is no folder {root}: give the folder of {spec.title}.")
    for pattern in spec.sheets:
        for place in (root.glob(pattern), root.glob(f"*/{pattern}")):
            if found := sorted(
                p for p in place if not is_system(p.name, folder=False) and not _is_other(p.name)
            ):
                return found[0]
    raise InputError(
        f"No annotation sheet of {spec.title} was found in {root}: put it there ({spec.sheets[0]}), "
        "or name it with --sheet."
    )


def _is_other(name: str) -> bool:
    """Whether a file is no sheet of annotations: a naming sheet, or what systems and Excel leave behind."""
    return "naming_rule" in name or name.startswith((".", "~$"))


def write_table(path: str | Path, samples: Iterable[Sample]) -> None:
    """Write the uniform table as CSV (UTF-8); None becomes an empty cell."""
    with Path(path).open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, TABLE_COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(sample) for sample in samples)


def read_table(path: str | Path) -> list[Sample]:
    """Read a table that `write_table` wrote, also once a spreadsheet saved it anew.

    Raises InputError where it cannot be read or columns are missing.
    """
    path = Path(path)
    try:
        read = read_sheet(path, [("key",), ("path",)])
    except InputError as error:
        raise InputError(f"{path.name} is no table of `mellm data index`: {error}") from error
    once = counted_once(_log, path, read, (("dataset",), ("key",)), (("emotion",), ("action_units",)))
    rows = [row.cells for row in once]
    if rows and (missing := set(TABLE_COLUMNS) - set(rows[0])):
        raise InputError(f"{path.name} lacks the columns {', '.join(sorted(missing))}: index the set again.")
    return [
        Sample(
            **{k: row[k] for k in TABLE_COLUMNS if k not in ("onset", "apex", "offset", "fps")},
            onset=_number(row["onset"]),
            apex=_number(row["apex"]),
            offset=_number(row["offset"]),
            fps=number(row["fps"]),
        )
        for row in rows
    ]


def corrections() -> Iterator[dict[str, str]]:
    """The versioned table of corrections: dataset, key, field, written, corrected, reason."""
    with (files("mellm.datasets") / "corrections.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _sample(spec: DatasetSpec, row: Row, root: Path, naming: Naming, wanted: Kind) -> Sample | Left:
    """One row as a sample, or why it is none."""
    values = {name: row.text(titles) for name, titles in spec.columns.items()}
    if not values.get("subject") or not values.get("clip"):
        return "nobody"
    kind = kind_of_expression(values.get("type", ""))
    if kind != wanted:
        return "macro" if kind == "micro" else kind
    subject = _subject(spec, values["subject"], naming)
    frames = {name: _number(values.get(name, "")) for name in ("onset", "apex", "offset")}
    names = {**values, "subject": subject, "clip": naming.clip(values["clip"])}
    names |= {name: str(frame) for name, frame in frames.items() if frame is not None}
    names |= {"number": "".join(filter(str.isdigit, subject)), "emotion_written": values.get("emotion", "")}
    fps = number(values.get("fps", ""))
    notes = [
        f"{name} is written '{values[name]}'"
        for name, read in {**frames, "fps": fps}.items()
        if values.get(name) and read is None
    ]
    if row.column(spec.columns.get("type", ())) and not values["type"]:
        notes.append("type is empty")
    return Sample(
        dataset=spec.name,
        key=spec.key.format(**names),
        subject=subject,
        **frames,
        fps=fps or spec.fps,
        emotion=canonical(values.get("emotion", "")),
        action_units=values.get("action_units", ""),
        path=_path(spec, root, names),
        note="; ".join(notes),
    )


def _path(spec: DatasetSpec, root: Path, names: dict[str, str]) -> str:
    """The first of the set's patterns that exists below the root, else the last."""
    if root.is_dir():
        for pattern in spec.paths:
            if "*" not in pattern:
                place = pattern.format(**names)
                if (root / place).exists():
                    return place
                continue
            exact = {name: glob.escape(text) for name, text in names.items()}
            if found := sorted(root.glob(pattern.format(**exact))):
                return found[0].relative_to(root).as_posix()
    return spec.paths[-1].format(**names)


def _subject(spec: DatasetSpec, written: str, naming: Naming) -> str:
    """The subject as the folders write it: padded and prefixed where a spreadsheet ate that."""
    whole = _number(written)
    if whole is not None and not written.isdigit():
        written = str(whole)  # 1.0, as spreadsheets and pandas write 1
    if written in naming.subjects:
        return naming.subjects[written]
    padded = written.zfill(spec.subject_width) if written.isdigit() else written
    return padded if padded.startswith(spec.subject_prefix) else f"{spec.subject_prefix}{padded}"


def _number(text: str) -> int | None:
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None


def _unique(samples: list[Sample]) -> list[Sample]:
    """Give rows of one key a running letter, so that every key names one sample."""
    seen: dict[str, int] = {}
    result = []
    for sample in samples:
        count = seen[sample.key] = seen.get(sample.key, 0) + 1
        result.append(sample if count == 1 else replace(sample, key=f"{sample.key}.{count}"))
    return result


def _corrected(sample: Sample) -> Sample:
    for row in corrections():
        if (row["dataset"], row["key"]) != (sample.dataset, sample.key):
            continue
        now = getattr(sample, row["field"])
        written = "" if now is None else str(now)
        if row["written"] not in (written, ANY_TEXT if now is None else None):
            continue
        number = row["field"] in ("onset", "apex", "offset")
        changed: dict[str, Any] = {row["field"]: _number(row["corrected"]) if number else row["corrected"]}
        note = f"{row['field']} {written or 'unreadable'} -> {row['corrected'] or 'none'}: {row['reason']}"
        sample = replace(sample, note="; ".join(filter(None, (sample.note, note))), **changed)
    return sample
