"""What goes over the wire: the API's requests and answers as types. Knows no storage and no HTTP.

Frames count from 0, times are seconds, as in `mellm.report`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    computed_field,
    create_model,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from mellm.analysis.settings import ChosenFrom, Local, Settings
from mellm.report import MessageRecord, Report
from mellm.web.wire import Card, WireModel

State = Literal["queued", "running", "done", "failed", "cancelled"]

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
"""States a job stays in."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of an uploaded file")]


def _whole(value: object) -> object:
    """4.0 as 4; everything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
"""JSON knows one kind of number: 4.0 is the integer 4 (a text with digits is none, nor is true)."""


class Frames(WireModel):
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
"""`flow`: the language model is given motion as numbers; `vision`: the MMC-Map, which takes one that sees."""


_SEEING: JsonDict = {
    "anyOf": [
        {"properties": {"route": {"const": "flow"}}},
        {"properties": {"llm": {"enum": ["server", "embedded"]}}},
    ]
}
"""Which settings go together, in the words of JSON Schema."""

_ONE_SOURCE: JsonDict = {
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
    ],
    "examples": [
        {"media": "0" * 64, "settings": {"taxonomy": "5"}},
        {"media": "0" * 64, "parent": "0" * 20, "frames": {"onset": 33, "apex": 38}},
    ],
}
"""A clip or a pair, in the words of JSON Schema."""


def _narrowed(name: str, **other: Any) -> Any:
    """A setting under a server's own bounds and description; the default is that of `mellm analyze`."""
    return Field(**{"default": Settings.model_fields[name].default, **other})


_FIELDS: Any = {
    name: (field.annotation, field)
    for name, field in Settings.model_fields.items()
    if not any(isinstance(mark, Local) for mark in field.metadata)
}
_Offered: Any = create_model("_Offered", __base__=WireModel, **_FIELDS)
"""The settings that a request may hold: all but those of the server's own machine."""


class JobSettings(_Offered):
    """How to analyse; names and defaults are those of `mellm analyze`."""

    model_config = ConfigDict(json_schema_extra=_SEEING)

    au_model: UnitModel = _narrowed("au_model", description="Who says which action units there are")
    llm: Reader = _narrowed("llm", description="Who writes the reading")
    route: Route = _narrowed("route", description="What a language model is given")
    told: bool = _narrowed("told")
    max_people: Annotated[int, Field(ge=1, le=16, strict=True), WHOLE] = _narrowed("max_people")
    fps: float | None = _narrowed("fps", ge=0.1, le=100_000, description="Replaces the file's own times")
    # The page has a view of the magnified motion, so that a server draws it where nobody says otherwise.
    magnify: float | None = _narrowed(
        "magnify", default=4.0, ge=1, le=20, description="Draw motion this many times as far"
    )

    @model_validator(mode="after")
    def _seen(self) -> "JobSettings":
        if self.route == "vision" and (self.llm == "none" or (self.llm == "embedded" and self.told)):
            raise ValueError(
                "the vision route takes a language model that sees: choose llm `embedded` (not told) or "
                "`server`, or route `flow`"
            )
        return self

    @field_validator("*")
    @classmethod
    def _known(cls, value: object, info: ValidationInfo) -> object:
        name = info.field_name or ""
        marks = cls.model_fields[name].metadata
        known = next((mark.names() for mark in marks if isinstance(mark, ChosenFrom)), None)
        if known is not None and value not in known:
            raise ValueError(f"there is no {name} {value!r}; choose one of {', '.join(known)}")
        return value


def _bounds() -> dict[str, dict[str, float]]:
    """Return the bounds of the numbers among the settings: {"max_people": {"min": 1, "max": 16}}."""
    edges = (("min", "ge"), ("max", "le"))
    bounds = {
        name: {edge: getattr(mark, of) for mark in field.metadata for edge, of in edges if hasattr(mark, of)}
        for name, field in JobSettings.model_fields.items()
    }
    return {name: found for name, found in bounds.items() if found}


class JobRequest(WireModel):
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


def entry_id(work: str, *own: str) -> str:
    """Identity of an entry that shares its work with another: the work, and what is its own."""
    return hashlib.sha256(json.dumps([work, *own]).encode()).hexdigest()[:20]


class Batch(WireModel):
    """Many jobs in one request."""

    jobs: list[JobRequest] = Field(min_length=1, max_length=500)


class MediaFile(WireModel):
    """An uploaded file."""

    sha256: str
    name: str
    bytes: int
    new: bool = Field(description="False where the same content was there already")


class Progress(WireModel):
    """How far a running job is. `total` is null while it is not known."""

    stage: str
    done: int
    total: int | None


class Job(Card):
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
    coders: list[str] = Field(default_factory=list, description="Who has saved an annotation")
    waits_for: str | None = Field(default=None, description="Name of what is worked on while this one waits")
    _messages: list[MessageRecord] = PrivateAttr(default_factory=list)

    def with_messages(self, messages: Iterable[MessageRecord]) -> "Job":
        """Attach where verdict and error come from; return the job itself."""
        self._messages = list(messages)
        return self

    @computed_field(description="Verdict and error in Chinese, by their English sentence")  # type: ignore[prop-decorator]
    @property
    def chinese(self) -> dict[str, str]:
        """What the page shows to Chinese readers."""
        return chinese_of(self._messages)


def chinese_of(messages: Iterable[MessageRecord]) -> dict[str, str]:
    """Return sentence -> Chinese, for those that have another text there."""
    found = {message.text: message.word("zh") for message in messages}
    return {text: chinese for text, chinese in found.items() if chinese != text}


class Sentences(WireModel):
    """A report's verdict, warnings and notes in Chinese, by their English sentence."""

    chinese: dict[str, str]


class JobPage(WireModel):
    """Some jobs, newest first. Pass `next` as `before` to get older ones."""

    jobs: list[Job]
    next: str | None = None


class BatchAnswer(WireModel):
    """The jobs of a batch, in the order of the request."""

    jobs: list[Job]


class Choices(WireModel):
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
    settings: JobSettings = Field(
        default_factory=JobSettings, description="How a job is analysed where its request says nothing"
    )
    bounds: dict[str, dict[str, float]] = Field(
        default_factory=_bounds, description="Least and greatest value of settings that are numbers"
    )


class Health(WireModel):
    """That the server answers, and what it has to do."""

    status: Literal["ok"] = "ok"
    version: str
    queued: int
    running: int


class Problem(WireModel):
    """Every error: one sentence that says what is wrong and what to do."""

    error: str
    chinese: str | None = Field(default=None, description="The same in Chinese, where somebody translated it")


Result = Report
"""A finished job's result is the report of `mellm analyze`, unchanged."""
