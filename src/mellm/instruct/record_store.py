"""The dataset on disk: a folder that a killed build leaves whole.

    manifest.json           what was built, and how
    measured/00000.jsonl    cases: measured motion and truth
    images/ab/abcd....jpg   their MMC-Maps
    skipped/00000.jsonl     samples that could not become a case, and why
    records/00000.jsonl     dialogues that passed every check
    queue/00000.jsonl       dialogues that did not, with the reasons: for people
    DATASHEET.md            counts, wording, known gaps
    drafts.sqlite           answers bought from a language model
    review.sqlite           what people decided

A shard is finished when its last file is there: `measured/` for the first step, `records/` for the second.
Every file appears whole or not at all. Knows nothing about what is in the lines.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import cv2

from mellm.errors import InputError
from mellm.instruct.records import Case, Record, read_cases, read_records
from mellm.media.frame import Image

FORMAT = "meu-instruct-1"
FOLDERS = ("measured", "images", "skipped", "records", "queue")
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]


class Recipe(TypedDict):
    """Everything that decides the measured cases and the lines written, as JSON.

    source, wanted: settings of both; annotator: its name; grammar: its version; shard: samples in each
    """

    source: Mapping[str, object]
    wanted: Mapping[str, object]
    annotator: str
    grammar: str
    shard: int


class Manifest(TypedDict):
    """What was built, and how.

    signature: SHA-256 of the recipe
    counts: cases, skipped samples, records, queued records; there when the build is complete
    """

    format: str
    mellm: str
    signature: str
    recipe: Recipe
    complete: bool
    counts: NotRequired[dict[str, int]]


@dataclass(frozen=True, slots=True)
class Store:
    """Paths of one dataset's folder."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The manifest's path."""
        return self.root / "manifest.json"

    def make(self) -> None:
        """Make the folders, and remove what a killed build left half-written."""
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)
            for stale in (self.root / name).rglob("*.partial"):
                stale.unlink()

    def shard(self, folder: str, number: int) -> Path:
        """Path of one shard's file."""
        return self.root / folder / f"{number:05d}.jsonl"

    def shards(self, folder: str = "records") -> list[int]:
        """Numbers of the finished shards of a folder."""
        return sorted(int(path.stem) for path in (self.root / folder).glob("[0-9]*.jsonl"))

    def line_counts(self, folder: str) -> Iterator[int]:
        """Yield the number of lines of each finished shard."""
        for number in self.shards(folder):
            with self.shard(folder, number).open("rb") as file:
                yield sum(1 for _ in file)

    def picture_name(self, key: str) -> str:
        """Path of a case's map below the root."""
        return f"images/{key[:2]}/{key}.jpg"

    def write_picture(self, key: str, picture: Image) -> str:
        """Write a map as JPEG without colour subsampling (its hue carries the direction)."""
        name = self.picture_name(key)
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        done, data = cv2.imencode(".jpg", picture[..., ::-1], _JPEG)
        if not done:
            raise InputError("A picture could not be packed as JPEG; the installation of OpenCV is broken.")
        partial = path.with_name(f"{key}.{os.getpid()}.partial")
        partial.write_bytes(data.tobytes())
        partial.replace(path)
        return name

    def read_manifest(self) -> Manifest | None:
        """Return the manifest, None where nothing was begun. Raises InputError for a damaged one."""
        if not self.manifest.is_file():
            return None
        try:
            manifest: Manifest = json.loads(self.manifest.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{self.manifest} is damaged ({error}); build into a new folder.") from error
        if manifest.get("format") != FORMAT:
            raise InputError(f"{self.root} is not a MEU-Instruct folder of this version; choose another.")
        return manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest, whole or not at all."""
        partial = self.manifest.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.manifest)

    def cases(self, number: int) -> dict[str, Case]:
        """Return one shard's cases by key."""
        return {case.key: case for case in read_cases(self.shard("measured", number))}

    def records(self, folder: str = "records") -> Iterator[Record]:
        """Yield all records of `records` or `queue`, shard by shard."""
        for number in self.shards(folder):
            yield from read_records(self.shard(folder, number))

    def checked(self, folder: str = "records") -> Iterator[tuple[Record, Case]]:
        """Yield all records of a folder with their cases; one shard's cases in memory at a time."""
        for number in self.shards(folder):
            cases = self.cases(number)
            for record in read_records(self.shard(folder, number)):
                yield record, cases[record.case]


def open_store(folder: Path) -> Store:
    """Return a dataset's store. Raises InputError where the folder holds none."""
    store = Store(folder)
    if store.read_manifest() is None:
        raise InputError(f"{folder} holds no MEU-Instruct data; build it with `mellm data instruct build`.")
    return store
