"""What goes over the wire: the API's requests and answers as types. Knows no storage and no HTTP.

Frames count from 0, times are seconds, as in `mellm.report`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    computed_field,
    field_validator,
    model_validator,
)

from mellm.analysis.settings import Settings
from mellm.facs import TAXONOMIES
from mellm.flow import COMPENSATIONS, estimators
from mellm.report import Report
from mellm.wording.sentences import in_language

State = Literal["queued", "running", "done", "failed", "cancelled"]

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
"""States a job stays in."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of an uploaded file")]


def _whole(value: object) -> object:
    """4.0 as 4; everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""JSON knows one kind of number: 4.0 is the integer 4 (a text with digits is none, nor is true)."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Frames(_Wire):
    """A moment a person named: nothing is spotted, this is read. Frame indices from 0."""

    onset: Annotated[int, Field(ge=0, le=10_000_000, strict=True), WHOLE]
    apex: Annotated[int, Field(ge=1, le=10_000_000, strict=True), WHOLE]
    offset: Annotated[int, Field(ge=1, le=10_000_000, strict=True), WHOLE] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Frames":
        if not self.onset < self.apex or (self.offset is not None and self.offset < self.apex):
            raise ValueError("the frames are not in order: onset < apex <= offset is needed")
        return self


Reader = Literal["none", "embedded", "server"]
"""`none`: the evidence's own words; `embedded`: the built-in language model; `server`: the one this server
was started with (`--llm`). Clients name no address: the server must not call what they choose."""

UnitModel = Literal["evidence", "learned", "server"]
"""`evidence`: documented rules; `learned`: from generated pairs; `server`: the weights this server was
started with (`--au-model`). Clients name no file: the server must not open what they choose."""

Route = Literal["flow", "vision"]
"""`flow`: the language model is given motion as text; `vision`: the MMC-Map, which takes one that sees."""


_SEEING: dict[str, Any] = {
    "anyOf": [
        {"properties": {"route": {"const": "flow"}}},
        {"properties": {"llm": {"const": "server"}}, "required": ["llm"]},
    ]
}
"""Which settings go together, in the words of JSON Schema."""

_ONE_SOURCE: dict[str, Any] = {
    "oneOf": [
        {
            "properties": {"media": {"type": "string"}, "onset": {"type": "null"}, "apex": {"type": "null"}},
            "required": ["media"],
        },
        {
            "properties": {
                "media": {"type": "null"},
                "frames": {"type": "null"},
                "onset": {"type": "string"},
                "apex": {"type": "string"},
            },
            "required": ["onset", "apex"],
        },
    ]
}
"""A clip or a pair, in the words of JSON Schema."""


class JobSettings(_Wire):
    """How to analyse; names and defaults are those of `mellm analyze`."""

    model_config = ConfigDict(json_schema_extra=_SEEING)

    estimator: str = Field(default="meflownet", json_schema_extra={"enum": list(estimators())})
    compensation: str = Field(default="auto", json_schema_extra={"enum": ["auto", *COMPENSATIONS]})
    au_model: UnitModel = Field(default="evidence", description="Who says which action units there are")
    taxonomy: str = Field(default="7", json_schema_extra={"enum": list(TAXONOMIES)})
    language: Literal["en", "zh"] = "en"
    llm: Reader = Field(default=cast(Reader, Settings().llm), description="Who writes the reading")
    route: Route = Field(default="flow", description="What a language model is given")
    max_people: Annotated[int, Field(ge=1, le=16, strict=True), WHOLE] = 4
    fps: float | None = Field(default=None, ge=0.1, le=100_000, description="Replaces the file's own times")
    magnify: float | None = Field(default=4.0, ge=1, le=20, description="Draw motion this many times as far")

    @model_validator(mode="after")
    def _seen(self) -> "JobSettings":
        if self.route == "vision" and self.llm != "server":
            raise ValueError(
                "the vision route takes a language model that sees: choose llm `server`, or route `flow`"
            )
        return self

    @field_validator("estimator", "compensation", "taxonomy")
    @classmethod
    def _known(cls, value: str, info: object) -> str:
        name = getattr(info, "field_name", "")
        known = {
            "estimator": estimators(),
            "compensation": ("auto", *COMPENSATIONS),
            "taxonomy": tuple(TAXONOMIES),
        }[name]
        if value not in known:
            raise ValueError(f"there is no {name} {value!r}; choose one of {', '.join(known)}")
        return value


class JobRequest(_Wire):
    """A clip (`media`), or the pair `onset` and `apex`, all uploaded before."""

    model_config = ConfigDict(json_schema_extra=_ONE_SOURCE)

    media: Digest | None = None
    onset: Digest | None = None
    apex: Digest | None = None
    name: str = Field(
        default="", max_length=200, description="What people call it; the upload's name if empty"
    )
    settings: JobSettings = Field(default_factory=JobSettings)
    frames: Frames | None = None
    parent: str | None = Field(
        default=None, max_length=40, description="The job this one re-reads; it is then not listed by itself"
    )

    @model_validator(mode="after")
    def _one_source(self) -> "JobRequest":
        clip = self.media is not None and self.onset is None and self.apex is None
        pair = self.media is None and self.onset is not None and self.apex is not None
        if not clip and not pair:
            raise ValueError("give either `media` (a clip), or both `onset` and `apex` (two pictures)")
        if pair and self.frames is not None:
            raise ValueError("`frames` go with a clip; a pair is one moment already")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """Digests of what is read."""
        return (self.media,) if self.media else (self.onset or "", self.apex or "")

    def key(self, version: str, own: Mapping[str, str]) -> str:
        """Identity of the work: contents, settings, frames and program version; not the name.

        `own`: what `server` stands for in the settings, where they say so (setting -> model).
        """
        identity = {
            "files": self.files,
            "settings": self.settings.model_dump(),
            "frames": self.frames.model_dump() if self.frames else None,
            "version": version,
            **own,
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:20]


class Batch(_Wire):
    """Many jobs in one request."""

    jobs: list[JobRequest] = Field(min_length=1, max_length=500)


class MediaFile(_Wire):
    """An uploaded file."""

    sha256: str
    name: str
    bytes: int
    new: bool = Field(description="False where the same content was there already")


class Progress(_Wire):
    """How far a running job is. `total` is null while it is not known."""

    stage: str
    done: int
    total: int | None


class Job(_Wire):
    """One analysis: what was asked, and how it stands."""

    id: str
    state: State
    name: str
    kind: Literal["clip", "pair"]
    request: JobRequest
    created: str = Field(description="ISO 8601, UTC")
    started: str | None = None
    finished: str | None = None
    progress: Progress | None = None
    position: int | None = Field(default=None, description="Jobs before this one in the queue")
    error: str | None = Field(default=None, description="Why it failed, and what to do")
    verdict: str | None = None
    emotions: list[str] = Field(default_factory=list, description="What each micro-expression suggests")
    people: int | None = None
    annotated: bool = False

    @computed_field(description="Verdict and error in Chinese, by their English sentence")  # type: ignore[prop-decorator]
    @property
    def chinese(self) -> dict[str, str]:
        """What the page shows to Chinese readers."""
        return chinese_of(text for text in (self.verdict, self.error) if text)


def chinese_of(sentences: Iterable[str]) -> dict[str, str]:
    """English sentence -> Chinese, for those that have one."""
    found = {text: in_language(text, "zh") for text in sentences}
    return {text: chinese for text, chinese in found.items() if chinese != text}


class Sentences(_Wire):
    """A report's verdict, warnings and notes in Chinese, by their English sentence."""

    chinese: dict[str, str]


class JobPage(_Wire):
    """Some jobs, newest first. Pass `next` as `before` to get older ones."""

    jobs: list[Job]
    next: str | None = None


class BatchAnswer(_Wire):
    """The jobs of a batch, in the order of the request."""

    jobs: list[Job]


class FrameTable(_Wire):
    """The frames of a job's clip: `times[i]` is when frame i is shown, seconds."""

    width: int
    height: int
    fps: float | None
    times: list[float]


class Choices(_Wire):
    """What this server offers: names for settings, names of action units, limits."""

    version: str
    estimators: list[str]
    compensations: list[str]
    taxonomies: dict[str, list[str]]
    languages: list[str]
    action_units: dict[int, dict[str, str]]
    emotions: dict[str, dict[str, str]]
    regions: dict[str, dict[str, str]]
    areas: dict[str, list[str]]
    octants: dict[str, str]
    upload_bytes: int
    max_duration: float
    queue: int
    au_models: list[UnitModel] = Field(description="Models of action units; the first one is preferred")
    readers: list[Reader] = Field(description="Who may write readings here; the first one is preferred")
    routes: list[Route] = Field(description="What the server's own language model may be given")
    review: bool = Field(description="Whether instruction data can be reviewed here")


class Problem(_Wire):
    """Every error: one sentence that says what is wrong and what to do."""

    error: str


Result = Report
"""A finished job's result is the report of `mellm analyze`, unchanged."""
