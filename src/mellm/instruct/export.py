"""The canonical records in the forms that training tools read: TRL, LLaMA-Factory, ms-swift, LLaVA.

Text records (flow route) and picture records (vision route) go to files of their own: most trainers want one
schema per file. Pictures stay where they are; paths are relative to the dataset's folder, or absolute on
request. Streams; knows nothing about how records were made.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from mellm.errors import InputError
from mellm.instruct.records import Record
from mellm.instruct.task_prompts import IMAGE
from mellm.version import __version__

_HEAD = "---\npretty_name: MEU-Instruct\n"
_SPLIT_NAMES = {"val": "validation"}
"""A split's name here -> the one `datasets` expects."""

Line = dict[str, object]
"""One line of an export, as JSON."""


def trl(record: Record) -> Line:
    """TRL's conversational format: `messages`; with a picture, content parts and an `images` column."""
    if not record.images:
        return {"messages": _messages(record)}
    text = record.prompt.replace(IMAGE, "").lstrip("\n")
    user = [{"type": "image", "text": None}, {"type": "text", "text": text}]
    assistant = [{"type": "text", "text": record.answer}]
    return {
        "messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}],
        "images": list(record.images),
    }


def llama_factory(record: Record) -> Line:
    """LLaMA-Factory's sharegpt format with `<image>` in the text, OpenAI role names."""
    line: Line = {"messages": _messages(record)}
    if record.images:
        line["images"] = list(record.images)
    return line


def ms_swift(record: Record) -> Line:
    """ms-swift's standard format: `messages` with `<image>` in the text, `images`."""
    return llama_factory(record)


def llava(record: Record) -> Line:
    """LLaVA's format: `conversations` from human and gpt, one `image`."""
    line: Line = {"id": record.id}
    if record.images:
        line["image"] = record.images[0]
    line["conversations"] = [
        {"from": "human", "value": record.prompt},
        {"from": "gpt", "value": record.answer},
    ]
    return line


def canonical(record: Record) -> Line:
    """The dataset's own line, whole."""
    line: Line = json.loads(record.to_json())
    return line


def _messages(record: Record) -> list[dict[str, str]]:
    return [{"role": "user", "content": record.prompt}, {"role": "assistant", "content": record.answer}]


@dataclass(frozen=True, slots=True)
class Format:
    """One tool's form: how a record becomes a line, and whether a file is one JSON list."""

    line: Callable[[Record], Line]
    as_list: bool = False

    @property
    def suffix(self) -> str:
        """File ending."""
        return ".json" if self.as_list else ".jsonl"


FORMATS: dict[str, Format] = {
    "trl": Format(trl),
    "llama-factory": Format(llama_factory),
    "ms-swift": Format(ms_swift),
    "llava": Format(llava, as_list=True),
    "canonical": Format(canonical),
}
"""Name -> form."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records are wanted; empty means all. `without` names people (`dataset/subject`) to leave out."""

    tasks: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def __call__(self, record: Record) -> bool:
        """True for a record that is wanted."""
        wanted = (
            (self.tasks, record.task),
            (self.routes, record.route),
            (self.languages, record.language),
            (self.splits, record.split),
        )
        person = f"{record.provenance['dataset']}/{record.provenance['subject']}"
        return (
            all(not chosen or value in chosen for chosen, value in wanted)
            and person not in self.without
            and (not self.only or person in self.only)
        )


def export(
    records: Iterable[Record],
    out: str | Path,
    name: str,
    chosen: Callable[[Record], bool] | None = None,
) -> dict[str, int]:
    """Write records in one tool's form; return file name -> number of records.

    Files are `ROUTE.SPLIT.jsonl` (LLaVA: `.json`). Beside them lies a README.md that tells Hugging Face's
    `datasets` which file is which split, and for LLaMA-Factory a dataset_info.json. Raises InputError for an
    unknown form.
    """
    if name not in FORMATS:
        raise InputError(f"There is no export format '{name}'; choose from {', '.join(FORMATS)}.")
    form, folder = FORMATS[name], Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    files: dict[str, IO[str]] = {}
    try:
        for record in filter(chosen or Chosen(), records):
            file_name = f"{record.route}.{record.split}{form.suffix}"
            if file_name not in files:
                files[file_name] = (folder / f"{file_name}.partial").open("w", encoding="utf-8", newline="\n")
            text = json.dumps(form.line(record), ensure_ascii=False)
            before = ("[\n" if not counts[file_name] else ",\n") if form.as_list else ""
            files[file_name].write(before + text + ("" if form.as_list else "\n"))
            counts[file_name] += 1
        for file in files.values():
            file.write("\n]\n" if form.as_list else "")
    finally:
        for file in files.values():
            file.close()
    for file_name in files:
        (folder / f"{file_name}.partial").replace(folder / file_name)
    if name == "llama-factory":
        (folder / "dataset_info.json").write_text(
            json.dumps(dataset_info(counts), indent=2), encoding="utf-8"
        )
    card = folder / "README.md"
    # A README that somebody wrote stays.
    if not card.exists() or card.read_text(encoding="utf-8", errors="replace").startswith(_HEAD):
        card.write_text(dataset_card(counts, name), encoding="utf-8", newline="\n")
    return dict(sorted(counts.items()))


def with_pictures_below(records: Iterable[Record], root: Path) -> Iterator[Record]:
    """Yield the records with the full paths of their pictures, which lie below `root`."""
    for record in records:
        yield replace(record, images=tuple(str((root / image).resolve()) for image in record.images))


def dataset_card(counts: Mapping[str, int], name: str) -> str:
    """Return the card with which `datasets.load_dataset(FOLDER, ROUTE)` finds the files of `export`."""
    splits: dict[str, list[tuple[str, str]]] = {}
    for file in sorted(counts):
        route, split = file.split(".")[:2]
        splits.setdefault(route, []).append((_SPLIT_NAMES.get(split, split), file))
    lines = [*_HEAD.splitlines(), "configs:"]
    for route, files in splits.items():
        lines += [f"- config_name: {route}", "  data_files:"]
        for split, file in files:
            lines += [f"  - split: {split}", f"    path: {file}"]
    lines += ["---", "# MEU-Instruct", ""]
    lines += [
        f"Instruction data for reading micro-expressions, written by mellm {__version__} as `{name}`.",
        "",
    ]
    lines += ["| file | records |", "|---|---|", *(f"| {file} | {count} |" for file, count in counts.items())]
    route = next(iter(splits), "flow")
    lines += ["", "```python", "from datasets import load_dataset", ""]
    lines += [f'rows = load_dataset("FOLDER", "{route}")', "```", ""]
    lines += ["The licences of the sets that the records were measured in bind this folder too.", ""]
    return "\n".join(lines)


def dataset_info(files: Iterable[str]) -> Line:
    """Return LLaMA-Factory's dataset_info.json for files of `export`."""
    info: Line = {}
    for file_name in sorted(files):
        columns = {"messages": "messages"}
        if file_name.startswith("vision"):
            columns["images"] = "images"
        info[f"meu_instruct_{file_name.removesuffix('.jsonl').replace('.', '_')}"] = {
            "file_name": file_name,
            "formatting": "sharegpt",
            "columns": columns,
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
            },
        }
    return info
