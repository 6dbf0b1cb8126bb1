"""From a set's sheet to the uniform table. Knows nothing of pictures; `check` looks at those."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from mellm.datasets.annotation_sheets import Row, cell, read_sheet
from mellm.datasets.published_sets import DatasetSpec, get_set
from mellm.datasets.sample import Sample
from mellm.errors import InputError
from mellm.facs.taxonomies import canonical
from mellm.media.folder_contents import is_system

TABLE_COLUMNS = tuple(f.name for f in fields(Sample))
"""Columns of the table file, in order."""

ANY_TEXT = "not a number"
"""In the corrections: whatever is written there, as long as it is no number."""


def index(name: str, root: str | Path, sheet: str | Path | None = None) -> list[Sample]:
    """Read a set's annotations: one `Sample` per micro-expression, corrections applied and noted.

    `root` is the folder as its makers ship it; `sheet` names the annotation file where it lies elsewhere.
    Samples without frames on this machine are kept (`check` tells). Raises InputError for an unknown set,
    or a sheet that is missing or not this set's.
    """
    spec = get_set(name)
    root = Path(root)
    path = Path(sheet) if sheet else find_sheet(spec, root)
    wanted = [spec.columns[f] for f in ("subject", "clip", "onset") if f in spec.columns]
    rows = read_sheet(path, wanted, header=spec.header)
    clips = _Naming.of(spec, root)
    samples = [sample for row in rows if (sample := _sample(spec, row, root, clips)) is not None]
    if not samples:
        raise InputError(f"{path.name} holds no micro-expression of {spec.title}: is it this set's sheet?")
    return [_corrected(sample) for sample in _unique(samples)]


def find_sheet(spec: DatasetSpec, root: Path) -> Path:
    """The set's annotation sheet below `root`; InputError says what was looked for."""
    if root.is_file():
        return root
    if not root.is_dir():
        raise InputError(f"There is no folder {root}: give the folder of {spec.title}.")
    for pattern in spec.sheets:
        for place in (root.glob(pattern), root.glob(f"*/{pattern}")):
            if found := sorted(
                p for p in place if not is_system(p.name, folder=False) and "naming_rule" not in p.name
            ):
                return found[0]
    raise InputError(
        f"No annotation sheet of {spec.title} was found in {root}: put it there ({spec.sheets[0]}), "
        "or name it with --sheet."
    )


def write_table(path: str | Path, samples: Iterable[Sample]) -> None:
    """Write the uniform table as CSV (UTF-8); None becomes an empty cell."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, TABLE_COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(sample) for sample in samples)


def read_table(path: str | Path) -> list[Sample]:
    """Read a table that `write_table` wrote. Raises InputError where columns are missing."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path.") from error
    if rows and (missing := set(TABLE_COLUMNS) - set(rows[0])):
        raise InputError(
            f"{Path(path).name} lacks the columns {', '.join(sorted(missing))}: index the set again."
        )
    return [
        Sample(
            **{k: row[k] for k in TABLE_COLUMNS if k not in ("onset", "apex", "offset", "fps")},
            onset=_number(row["onset"]),
            apex=_number(row["apex"]),
            offset=_number(row["offset"]),
            fps=float(row["fps"]) if row["fps"] else None,
        )
        for row in rows
    ]


def corrections() -> Iterator[Row]:
    """The versioned table of corrections: dataset, key, field, written, corrected, reason."""
    with (files("mellm.datasets") / "corrections.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


class _Naming:
    """CAS(ME)2's two naming sheets: sheet numbers -> subject folders, clip numbers -> clip names."""

    def __init__(self, subjects: dict[str, str], clips: dict[str, str]) -> None:
        self.subjects = subjects
        self.clips = clips

    @classmethod
    def of(cls, spec: DatasetSpec, root: Path) -> "_Naming":
        if spec.name != "casme2-spotting" or not root.is_dir():
            return cls({}, {})
        tables = []
        for name in ("naming_rule1.csv", "naming_rule2.csv"):
            path = root / name
            rows = read_sheet(path, (), header=False) if path.is_file() else []
            tables.append({row["0"]: row["1"] for row in rows if "1" in row})
        return cls(tables[0], tables[1])


def _sample(spec: DatasetSpec, row: Row, root: Path, naming: _Naming) -> Sample | None:
    """One row as a sample; None for rows that are empty or no micro-expression."""
    values = {name: cell(row, titles) for name, titles in spec.columns.items()}
    if not values.get("subject") or not values.get("clip"):
        return None
    for column, accepted in spec.keep.items():
        if cell(row, spec.columns.get(column, (column,))).lower() not in accepted:
            return None
    subject = _subject(spec, values["subject"], naming)
    clip = naming.clips.get(values["clip"].split("_")[0], values["clip"]) if naming.clips else values["clip"]
    names = {**values, "subject": subject, "clip": clip, "number": "".join(filter(str.isdigit, subject))}
    names["emotion_written"] = values.get("emotion", "")
    candidates = [pattern.format(**names) for pattern in spec.paths]
    path = next((p for p in candidates if root.is_dir() and (root / p).exists()), candidates[-1])
    notes = [
        f"{name} is written '{values[name]}'"
        for name in ("onset", "apex", "offset")
        if values.get(name) and _number(values[name]) is None
    ]
    return Sample(
        dataset=spec.name,
        key=spec.key.format(**names),
        subject=subject,
        onset=_number(values.get("onset", "")),
        apex=_number(values.get("apex", "")),
        offset=_number(values.get("offset", "")),
        fps=float(values["fps"]) if values.get("fps") else spec.fps,
        emotion=canonical(values.get("emotion", "")),
        action_units=values.get("action_units", ""),
        path=path,
        note="; ".join(notes),
    )


def _subject(spec: DatasetSpec, written: str, naming: _Naming) -> str:
    """The subject as the folders write it: padded and prefixed where a spreadsheet ate that."""
    if written in naming.subjects:
        return naming.subjects[written]
    padded = written.zfill(spec.subject_width) if written.isdigit() else written
    return padded if padded.startswith(spec.subject_prefix) else f"{spec.subject_prefix}{padded}"


def _number(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


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
