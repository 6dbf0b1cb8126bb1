"""Everything a user can choose for an analysis, each once: name, type, default, bounds and description.

The command line, the API of the server, the page's form, the keywords of Python and the provenance of a
report are made from these fields. Knows no stage: a stage is imported when its names are asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from mellm import plug_ins
from mellm.errors import InputError
from mellm.wording.languages import languages, wording_of
from mellm.wording.shown import shown

if TYPE_CHECKING:
    from mellm.media import Limits
else:
    Limits = Any  # `mellm --help` reads these fields, and must not wait for the video decoders


class OptionModel(BaseModel):
    """A group of options. Its fields cannot be changed; a wrong value raises InputError."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            if first["type"] == "extra_forbidden":
                raise InputError(
                    f"There is no option {name!r}; choose from {', '.join(cls.model_fields)}."
                ) from None
            what = first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
            raise InputError(f"{name} cannot be {first['input']!r}: {what}.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """How a field appears on the command line, where that is not what its name, type and bounds say.

    flag: the option's name, such as `--people`; a bool with a flag has no `--no-` form
    panel: heading in `--help`
    help: text in `--help` instead of the field's description
    minimum, maximum: bounds on the command line only, in its unit
    unit: what one counts there, in the field's unit (1048576: MiB on the command line, bytes in the field)
    shown: False keeps the field off the command line
    """

    flag: str | None = None
    panel: str | None = None
    help: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: int = 1
    shown: bool = True


@dataclass(frozen=True, slots=True)
class ChosenFrom:
    """The names a page or an API offers for a field, as `names` returns them (it may import a stage)."""

    names: Callable[[], Sequence[str]]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Add the names as `enum`."""
        return {**handler(core_schema), "enum": list(self.names())}


class Local:
    """Marks a field that names files or limits of this machine: no request to a server may set it."""


def _estimators() -> Sequence[str]:
    from mellm.flow import estimators

    return estimators()


def _compensations() -> Sequence[str]:
    from mellm.flow import COMPENSATIONS

    return ("auto", *COMPENSATIONS)


def _taxonomies() -> Sequence[str]:
    from mellm.facs import TAXONOMIES

    return tuple(TAXONOMIES)


def _emotion_models() -> Sequence[str]:
    return ("learned", "clean", "prototypes")


def _conventions() -> Sequence[str]:
    from mellm.facs.learned_emotion import CONVENTIONS

    return tuple(CONVENTIONS)


def _limits() -> Limits:
    from mellm.media import Limits

    return Limits()


_WORDS: Final = "The reading in words"
_CLEAN: Final = {
    "estimator": ("meflownet", "dis"),
    "emotion_model": ("learned", "clean"),
    "llm": ("embedded", "none"),
}
"""What a clean analysis takes in place of a default that rests on bound data."""
_REFUSALS: Final = {
    "route": "There is no route {!r}; choose flow (motion as numbers) or vision (MMC-Map).",
    "decide": "There is no {!r} to decide; choose facs, model or both.",
}


class Settings(OptionModel):
    """Everything a user can choose; names and defaults are those of `mellm analyze`.

    Raises InputError for a value out of bounds and for a language, taxonomy or route that does not exist.
    The other names are looked up by the stage that uses them, when an `Analyzer` is made.

    >>> Settings(language="zh").max_people
    4
    """

    estimator: Annotated[str, ChosenFrom(_estimators)] = Field(
        "meflownet",
        description="Optical flow: meflownet (learned), dis (fastest), tvl1, farneback, ...",
    )
    compensation: Annotated[str, ChosenFrom(_compensations)] = Field(
        "auto",
        description="Head motion: auto (the estimator's own), mesh-rigid, nose-patch (the papers') or none.",
    )
    au_model: str = Field(
        "evidence",
        description="Action units: evidence (documented rules), learned, or a file of weights.",
    )
    emotion_model: Annotated[str, ChosenFrom(_emotion_models)] = Field(
        "learned",
        description="Emotion from units: learned (from annotation sheets for research), clean (from none) "
        "or prototypes.",
    )
    taxonomy: Annotated[str, ChosenFrom(_taxonomies)] = Field(
        "7", description="Emotion classes: 3, 5, 6 or 7."
    )
    convention: Annotated[str, ChosenFrom(_conventions)] = Field(
        "unknown",
        description="Whose words for emotions: unknown, or the data set a clip is from (casme2, dfme, ...).",
    )
    language: Annotated[str, ChosenFrom(languages)] = Field(
        "en", description="Language of the report: en, zh, or a plug-in's."
    )
    llm: Annotated[str, CommandLine(panel=_WORDS)] = Field(
        "embedded",
        description="Who writes the reading: embedded (built in), none (the evidence's own words), "
        "openai:URL,model=NAME, or transformers:PATH.",
    )
    route: Annotated[Literal["flow", "vision"], CommandLine(panel=_WORDS)] = Field(
        "flow", description="What the model is given: flow (motion as numbers) or vision (the MMC-Map)."
    )
    told: Annotated[bool, CommandLine(panel=_WORDS)] = Field(
        False,
        description="Tell the built-in model what the FACS stage found, not what its own encoder sees.",
    )
    decide: Annotated[Literal["facs", "model", "both"], CommandLine(panel=_WORDS)] = Field(
        "facs",
        description="Who decides units and label: facs (the FACS stage), model (the built-in "
        "model's encoder) or both, weighed.",
    )
    read_motion: Annotated[bool, CommandLine(panel=_WORDS)] = Field(
        False,
        description="Show the built-in model the motion itself, not words on what its encoder sees; "
        "it then finds the units by itself.",
    )
    always_ask: Annotated[bool, CommandLine(panel=_WORDS)] = Field(
        False, description="Ask the language model although the FACS stage finds no evidence."
    )
    prompt: Annotated[Path | None, Local(), CommandLine(panel=_WORDS)] = Field(
        None,
        description="Prompt template of your own (a file), for a model trained with another; published: "
        "the prompt of the checkpoints the papers' authors published.",
    )
    clean: Annotated[bool, CommandLine(flag="--clean")] = Field(
        False,
        strict=True,
        description="Nothing that rests on research-only sheets or on footage of people: dis, the rules, the "
        "clean emotion model and encoder, the rules' words. Frames must be marked.",
    )
    max_people: Annotated[int, CommandLine(flag="--people")] = Field(
        4, ge=1, description="Follow at most this many faces."
    )
    fps: float | None = Field(
        None, ge=0.1, description="Frame rate of a folder of pictures (frames per second)."
    )
    fps_of: Annotated[Literal["all", "untimed"], Local(), CommandLine(shown=False)] = Field(
        "all",
        description="What `fps` is for: every source, or only those that have no times of their own.",
    )
    landmarks: Annotated[Path | None, Local()] = Field(
        None, description="Use these landmarks (OpenFace CSV or WFLW-98 CSV) for the face."
    )
    false_alarms_per_minute: float = Field(
        0.3,
        ge=0.1,
        le=10,
        description="False micro-expressions a minute that are put up with: 0.3, 1 or 3 (misses less).",
    )
    magnify: float | None = Field(
        None, ge=1, description="Also draw the apex with its motion magnified this many times."
    )
    limits: Annotated[Limits, Local(), CommandLine(shown=False)] = Field(
        default_factory=_limits, exclude=True, description="The largest source that is decoded."
    )

    @model_validator(mode="before")
    @classmethod
    def _cleanly(cls, values: object) -> object:
        """Put what is clean in the place of defaults; what else is chosen stays, or is refused."""
        if not isinstance(values, dict) or values.get("clean") is not True:
            return values
        chosen = dict(values)
        for name, (usual, clean) in _CLEAN.items():
            if chosen.get(name, usual) == usual:
                chosen[name] = clean
        bound = str(chosen["estimator"]).startswith("meflownet")
        if bound or chosen.get("au_model", "evidence") != "evidence":
            raise InputError(
                "What is clean goes with the rules for action units and with an estimator that learned from "
                "nobody: leave au_model out, or clean; docs/rights.md says what each file rests on."
            )
        return chosen

    @field_validator("language", mode="before")
    @classmethod
    def _in_languages(cls, value: object) -> object:
        if value not in languages():
            *others, last = languages()
            raise InputError(f"There is no reading in {value!r}; choose {', '.join(others)} or {last}.")
        plug_ins.load("languages", str(value))
        try:
            wording_of(str(value))
        except TypeError as error:
            raise InputError(f"The language {value!r} cannot be used: {error}.") from error
        return value

    @field_validator("route", "decide", mode="before")
    @classmethod
    def _in_choices(cls, value: object, info: ValidationInfo) -> object:
        name = info.field_name or ""
        if value not in get_args(cls.model_fields[name].annotation):
            raise InputError(_REFUSALS[name].format(value))
        return value

    @field_validator("taxonomy")
    @classmethod
    def _in_taxonomies(cls, value: str) -> str:
        from mellm.facs import get_taxonomy

        get_taxonomy(value)
        return value

    def spotting_dial(self) -> float:
        """Return the dial; raises InputError for a clean analysis, which has nothing to spot with."""
        if self.clean:
            raise InputError(
                "A clean analysis spots nothing, since every spotter here learned from footage of people: "
                "name the frames (--onset-frame, --apex-frame), give a pair (--onset, --apex), or leave "
                "--clean out."
            )
        return self.false_alarms_per_minute

    def recorded(self) -> dict[str, str | int | float | bool | None]:
        """What the report's provenance says of the settings: all but `limits`; `fps_of` if not all."""
        values = self.model_dump(mode="json", exclude={"fps_of"} if self.fps_of == "all" else None)
        return {name: shown(value) if isinstance(value, str) else value for name, value in values.items()}
