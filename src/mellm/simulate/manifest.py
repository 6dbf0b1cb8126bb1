"""The manifest of a MEFlowDataset: what was built from what, and which files there are.

On disk it is `manifest.json`. The module knows nothing of how pairs are made or stored.
"""

import json
import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, JsonValue, ValidationError

from mellm.errors import InputError
from mellm.simulate.gallery import Split

FILE = "manifest.json"


class ShardEntry(BaseModel):
    """One file of pairs: its SHA-256, how many pairs it holds, and the index of the first in its split."""

    sha256: str
    pairs: int
    first: int


class PairRecipe(BaseModel):
    """The part of a recipe that says how pairs look. size: (width, height), px."""

    size: tuple[int, int]


class SourceRecipe(BaseModel):
    """The part of a recipe that says what pairs are made from. faces: name of the folder of portraits."""

    faces: str
    pair: PairRecipe


class BuildRecipe(BaseModel):
    """What a reader of a dataset needs of the recipe that it was built by."""

    source: SourceRecipe
    seed: int


class Manifest(BaseModel):
    """A dataset as it was built so far.

    signature: digest of the recipe and the identities; recipe: everything that decides the content
    identities: split -> people; shards: path of a file within the folder -> what it holds
    """

    format: str
    signature: str
    recipe: dict[str, JsonValue]
    identities: dict[Split, list[str]]
    complete: bool
    shards: dict[str, ShardEntry]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the manifest in `folder`. Raises InputError where it is missing or damaged."""
        path = folder / FILE
        if not path.is_file():
            raise InputError(f"{folder} holds no {FILE}; it is not a MEFlowDataset folder.")
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise InputError(f"{path} is damaged ({why}); delete the folder and build again.") from error

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`; the old one stays until the new one is complete."""
        partial = folder / f"{FILE}.partial"
        with partial.open("w", encoding="utf-8") as file:
            json.dump(self.model_dump(mode="json"), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / FILE)

    @property
    def built_by(self) -> BuildRecipe:
        """The named parts of the recipe."""
        return BuildRecipe.model_validate(self.recipe)

    @property
    def pairs(self) -> int:
        """How many pairs are written."""
        return sum(entry.pairs for entry in self.shards.values())
