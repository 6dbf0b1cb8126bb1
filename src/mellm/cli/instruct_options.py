"""The options of `mellm data instruct build` and `export`, and what they stand for in `mellm.instruct`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import Field

from mellm.analysis.settings import CommandLine, OptionModel
from mellm.errors import InputError

if TYPE_CHECKING:
    from mellm.instruct.export import Chosen
    from mellm.instruct.sources import Source
    from mellm.instruct.tasks import Annotator, Wanted

_Name = TypeVar("_Name", bound=str)


def names_of(text: str, known: tuple[_Name, ...], what: str) -> tuple[_Name, ...]:
    """Return the names in a text with commas; raises InputError for none, and for one not in `known`."""
    by_text = {str(name): name for name in known}
    names = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [name for name in names if name not in by_text]
    if unknown or not names:
        raise InputError(
            f"There is no {what} '{', '.join(unknown) or text}'; choose from {', '.join(known)}."
        )
    return tuple(by_text[name] for name in names)


class BuildOptions(OptionModel):
    """How instruction data are built."""

    frames: Path | None = Field(None, description="The set's folder of frames, for a table.")
    estimator: str = Field(
        "dis", description="Flow estimator; for a MEFlowDataset also truth, its exact flow."
    )
    tasks: str = Field("meu,mer,vqa", description="Tasks, with commas.")
    routes: str = Field("flow,vision", description="Routes, with commas.")
    languages: str = Field("en,zh", description="Languages, with commas.")
    annotator: str = Field("rules", description="Who writes the answers: rules or openai.")
    map_scale: float = Field(
        1.0, ge=0, description="Motion of full brightness in the maps, px; 0: each map by its own."
    )
    prompts: str = Field(
        "full", description="full, or compact: few tokens, for small models (flow route, English)."
    )
    evidence: bool = Field(True, description="compact: tell what the FACS stage found.")
    pairs: int = Field(6000, ge=1, description="sheets: samples to generate.")
    limit: int | None = Field(None, ge=1, description="Only the first samples of a MEFlowDataset.")
    unseen: bool = Field(False, description="Also answers from faces whose motion shows none of the labels.")
    seed: int = Field(0, description="Seed of the wording and of what is asked.")
    workers: int = Field(2, ge=1, description="Processes.")
    measured: Path | None = Field(
        None, description="Take measurements over from data built of the same source."
    )
    url: str = Field(
        "http://127.0.0.1:8000/v1",
        description="openai: base of the API; its key is read from MELLM_OPENAI_KEY.",
    )
    model: str = Field("", description="openai: the model's name at the server.")
    per_minute: float = Field(0, ge=0, description="openai: most requests a minute; 0: any.")
    threads: int = Field(4, ge=1, description="openai: requests at a time.")
    price: tuple[float, float] = Field(
        (0.0, 0.0), description="openai: price per million tokens, in and out."
    )
    budget: float = Field(0, ge=0, description="openai: most to spend; 0: any.")

    def open_source(self, name: str) -> "Source":
        """Open what `--from` names; raises InputError where it is no source."""
        from mellm.instruct.sheet_cases import SheetsSource
        from mellm.instruct.sources import MEFlowSource, open_source

        if name.startswith("sheets:"):
            files = tuple(Path(file.strip()) for file in name.removeprefix("sheets:").split(","))
            return SheetsSource(files, self.pairs, self.seed)
        source = open_source(Path(name), self.frames, self.estimator, self.map_scale or None)
        if self.limit and isinstance(source, MEFlowSource):
            source.limit = self.limit
        return source

    def wanted(self) -> "Wanted":
        """Return which records are wanted of each case; raises InputError for a name that does not exist."""
        from mellm.instruct.records import FORMS, LANGUAGES, ROUTES, TASKS
        from mellm.instruct.tasks import Wanted

        return Wanted(
            tasks=names_of(self.tasks, TASKS, "task"),
            routes=names_of(self.routes, ROUTES, "route"),
            languages=names_of(self.languages, LANGUAGES, "language"),
            seed=self.seed,
            unseen=self.unseen,
            form=names_of(self.prompts, FORMS, "form of prompts")[0],
            evidence=self.evidence,
        )

    def make_annotator(self, out: Path) -> "Annotator":
        """Return who writes the answers; drafts of a model are kept below `out`."""
        from mellm.instruct.tasks import Rules

        if self.annotator == "rules":
            return Rules(self.seed)
        if self.annotator != "openai":
            raise InputError(f"There is no annotator '{self.annotator}'; choose rules or openai.")
        if not self.model:
            raise InputError("Say which model drafts, with --model.")
        from mellm.instruct.drafts import Endpoint, OpenAIDrafts

        endpoint = Endpoint(
            self.url,
            self.model,
            key=os.environ.get("MELLM_OPENAI_KEY", ""),
            per_minute=self.per_minute,
            threads=self.threads,
            price_in=self.price[0],
            price_out=self.price[1],
            budget=self.budget,
        )
        return OpenAIDrafts(endpoint, out)


class ExportOptions(OptionModel):
    """Which records are written, and in which form."""

    form: Annotated[str, CommandLine(flag="--format")] = Field(
        "trl", description="trl, llama-factory, ms-swift, llava or canonical."
    )
    tasks: str = Field("", description="Tasks, with commas; all where not given.")
    routes: str = Field("", description="Routes, with commas.")
    languages: str = Field("", description="Languages, with commas.")
    splits: str = Field("", description="Splits, with commas: train, val, test.")
    without: str = Field("", description="People to leave out, as DATASET/SUBJECT, with commas.")
    only: str = Field("", description="Only these people, as DATASET/SUBJECT, with commas.")
    balance: Annotated[bool, CommandLine(flag="--balance")] = Field(
        False, description="Leave records out until the labels asked for are even."
    )
    absolute: bool = Field(True, description="Write the pictures' full paths.")

    def chosen(self) -> "Chosen":
        """Return which records are wanted; raises InputError for a name that does not exist."""
        from mellm.instruct.export import Chosen
        from mellm.instruct.records import LANGUAGES, ROUTES, SPLITS, TASKS

        def given(text: str, known: tuple[str, ...], what: str) -> tuple[str, ...]:
            return names_of(text, known, what) if text else ()

        return Chosen(
            tasks=given(self.tasks, TASKS, "task"),
            routes=given(self.routes, ROUTES, "route"),
            languages=given(self.languages, LANGUAGES, "language"),
            splits=given(self.splits, SPLITS, "split"),
            without=tuple(filter(None, self.without.split(","))),
            only=tuple(filter(None, self.only.split(","))),
        )
