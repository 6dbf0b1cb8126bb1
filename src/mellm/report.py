"""The report: the one contract of CLI, API, web page, files and answer parsing.

Units are in the field names or descriptions: pixels of the source picture unless said otherwise, seconds
from the first frame, frame indices from 0, probabilities 0..1. Region names are image sides; action-unit
sides are the *subject's*. The schema only grows within a major version (`schema_version`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from mellm import report_writer
from mellm.wording import message as wording
from mellm.wording.languages import Language, languages
from mellm.wording.message import Message
from mellm.wording.shown import shown

SCHEMA_VERSION = "1.0"

RESPONSIBLE_USE = (
    "For research, and for clinical support by trained people, with the consent of the person filmed. "
    "A movement of the face suggests a state of mind at most; it proves none. Not for lie detection, "
    "hiring, policing or any decision about a person. Everything was computed on this machine."
)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _hold_any_name(cls, data: object) -> object:
        """Names of files that are not UTF-8 are written out, since no file of a report could hold them."""
        return {name: _text(value) for name, value in data.items()} if isinstance(data, dict) else data


def _text(value: object) -> object:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [_text(one) for one in value]
    if isinstance(value, dict) and any(isinstance(one, str) for one in value.values()):
        return {name: _text(one) for name, one in value.items()}
    return value


class Source(_Model):
    """What was analysed."""

    path: str = Field(description="File or folder name as given; for a pair, the onset picture")
    apex_path: str | None = Field(default=None, description="The apex picture, where a pair was given")
    kind: Literal["image", "folder", "animation", "video", "pair"]
    sha256: str
    width: int = Field(description="Pixels, upright")
    height: int = Field(description="Pixels, upright")
    fps: float | None = Field(default=None, description="Average frames per second")
    frames: int = Field(description="Frames decoded")
    duration: float | None = Field(default=None, description="Seconds")
    frame_times: list[float] = Field(
        default_factory=list,
        description="Seconds of each frame; empty where frame k is shown at k / fps",
    )

    def times(self) -> list[float]:
        """Return when each frame is shown, s, frames counted from 0; all 0 where there is no rate."""
        return self.frame_times or [k / self.fps if self.fps else 0.0 for k in range(self.frames)]


class Person(_Model):
    """One face followed through the source."""

    person: int = Field(description="Counts from 1, left to right at first sight")
    frames_seen: int
    first_frame: int
    last_frame: int
    seen: list[tuple[int, int]] = Field(
        default_factory=list,
        description="First and last frame of each run in which the face was seen, of the frames looked at",
    )
    box: tuple[float, float, float, float] = Field(description="Left, top, width, height, first sight, px")
    inter_ocular_px: float = Field(description="Distance between the outer eye corners, px")


class Interval(_Model):
    """When it moved: frame indices from 0 (inclusive) and seconds."""

    onset_frame: int
    apex_frame: int
    offset_frame: int | None = None
    onset_time: float | None = None
    apex_time: float | None = None
    offset_time: float | None = None
    duration: float | None = Field(default=None, description="Seconds, onset to offset")
    files: list[str] = Field(
        default_factory=list,
        description="For a folder of pictures: file names of onset, apex and (where known) offset",
    )
    confidence: float = Field(ge=0, le=1, description="1 where a person set the frames")
    origin: Literal["spotted", "given"]
    set_by: str | None = Field(default=None, description="Who overruled the program's frames, if anybody")


class RegionReading(_Model):
    """How one of the 29 regions moved from onset to apex, head motion removed.

    Directions are those of the picture turned upright for this face (a tilted head is straightened first).
    """

    name: str = Field(description="Image sides")
    u_px: float = Field(description="Mean motion to the picture's right, px of the source picture")
    v_px: float = Field(description="Mean motion downwards, px of the source picture")
    mean_px: float
    max_px: float
    relative: float = Field(description="Mean magnitude / inter-ocular distance")
    angle_deg: float | None = Field(description="0 = picture's right, 90 = up")
    octant: str | None
    concentration: float = Field(ge=0, le=1)
    moving: bool
    box: tuple[float, float, float, float] = Field(description="Left, top, width, height, px of the source")
    picture_box: tuple[float, float, float, float] | None = Field(
        default=None,
        description="Left, top, width, height on the report's pictures, as fractions of the onset picture",
    )


class ActionUnitReading(_Model):
    """One action unit, as FACS writes it."""

    code: str = Field(description="FACS code with laterality prefix and intensity suffix, such as L12B")
    au: int
    side: Literal["both", "left", "right", "top", "bottom"] = Field(description="The subject's side")
    name: str
    probability: float = Field(ge=0, le=1)
    intensity: Literal["A", "B", "C", "D", "E"] | None
    intensity_scale: str
    present: bool
    evidence: list[str] = Field(description="Names of the regions that support it (image sides)")


class EmotionReading(_Model):
    """What the action units suggest."""

    taxonomy: str
    label: str | None = Field(description="None: no evidence of a micro-expression")
    probabilities: dict[str, float]
    also: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="The same distribution in the other taxonomies"
    )
    set_by: str | None = Field(default=None, description="Who overruled the label; probabilities stay")


class MotionOpinion(_Model):
    """What a motion encoder sees, likelihoods of codes and labels, and the FACS stage with it."""

    model: str
    route: Literal["flow", "vision"]
    action_units: dict[str, float]
    probabilities: dict[str, float]
    nothing: float = Field(ge=0, le=1)
    combined_units: dict[str, float]
    combined: dict[str, float]


class Reading(_Model):
    """The words: what moved, why, conclusion."""

    language: str = Field(description="`en`, `zh`, or the code of a plug-in's language")
    model: str = Field(description="What wrote it; `evidence` is the built-in grammar")
    analysis: str
    reasoning: str
    conclusion: str
    agrees_with_facs: bool = Field(description="Its label is the one the FACS stage finds likeliest")
    unsupported_claims: list[str] = Field(default_factory=list)
    raw: str | None = Field(default=None, description="A language model's text as it stands")
    mended: bool = Field(default=False, description="The conclusion was chosen, a model's text having none")
    action_units: list[str] = Field(
        default_factory=list, description="FACS codes (the subject's sides) a language model concludes with"
    )
    label: str | None = Field(
        default=None, description="A language model's label; None: it finds no micro-expression, or none read"
    )
    probabilities: dict[str, float] = Field(
        default_factory=dict, description="Label -> share of a language model's likelihood at its conclusion"
    )
    seconds: float | None = Field(default=None, description="Time a language model took, prompt to end")
    opinion: MotionOpinion | None = None


class MicroExpression(_Model):
    """One micro-expression of one person."""

    number: int | None = Field(default=None, ge=1, description="It lasts; None: the place, from 1")
    person: int
    interval: Interval
    regions: list[RegionReading]
    action_units: list[ActionUnitReading]
    emotion: EmotionReading
    reading: Reading
    head_motion_px: float = Field(description="Mean head motion over the face, onset to apex, px")
    head_turn_deg: float | None = Field(default=None, description="Its turn, degrees; None: unknown")
    pictures: dict[str, str] = Field(
        default_factory=dict, description="Picture kind -> file name in the report's folder"
    )
    map_scales_px: dict[str, float] = Field(default_factory=dict, description="Map -> px of full colour")
    warnings: list[str] = Field(default_factory=list)


class OtherEvent(_Model):
    """Blink, shut eyes, speech, longer expression, fast head; `micro` only where it is too uncertain."""

    person: int
    kind: Literal["micro", "macro", "blink", "closure", "speech", "head"]
    onset_frame: int
    apex_frame: int
    offset_frame: int
    onset_time: float
    apex_time: float
    offset_time: float
    note: str = ""


class Trace(_Model):
    """Regional motion over time for the timeline: per face area, px of the aligned 400x480 crop."""

    person: int
    frames: list[int]
    times: list[float]
    areas: dict[str, list[float | None]] = Field(description="brows, eyes, nose, cheeks, mouth, chin")


class ModelUsed(_Model):
    """A model or algorithm that took part."""

    name: str
    sha256: str | None = None


class MessageRecord(_Model):
    """Where a sentence of the report comes from, so that it can be put into another language."""

    text: str = Field(description="The sentence as it stands in the report")
    code: str
    fields: dict[str, wording.Field]

    @classmethod
    def of(cls, message: Message, language: Language = "en") -> "MessageRecord":
        """Return the record of a message that is written in a language."""
        message = message.mapped(shown)
        text = wording.word(message, language)
        return cls(text=text, code=message.code, fields=dict(message.fields))

    @property
    def message(self) -> Message:
        """The message that was put into words."""
        return Message(self.code, self.fields)

    def word(self, language: Language) -> str:
        """Return the sentence in a language; as it stands where this program does not know its code."""
        try:
            return wording.word(self.message, language)
        except (KeyError, ValueError, TypeError):
            return self.text


class Provenance(_Model):
    """How to get the same report again."""

    mellm_version: str
    command: str | None = None
    created: str = Field(description="ISO 8601, UTC")
    models: dict[str, ModelUsed]
    settings: dict[str, str | int | float | bool | None]
    seed: int | None = None
    seconds: dict[str, float] = Field(description="Time per stage")
    messages: list[MessageRecord] = Field(
        default_factory=list,
        description="Code and fields of each verdict, warning and note",
    )


class Report(_Model):
    """Everything `mellm analyze` found out about one source."""

    schema_version: str = SCHEMA_VERSION
    source: Source
    people: list[Person]
    micro_expressions: list[MicroExpression]
    spotted: int | None = Field(default=None, description="How many were numbered; None: frames were given")
    other_events: list[OtherEvent] = Field(default_factory=list)
    uncertain_events: list[OtherEvent] = Field(default_factory=list, description="Counted, but not reported")
    traces: list[Trace] = Field(default_factory=list)
    verdict: str = Field(description="One sentence; says why when no micro-expression was found")
    warnings: list[str] = Field(default_factory=list)
    provenance: Provenance
    responsible_use: str = RESPONSIBLE_USE
    _pictures: dict[str, bytes] = PrivateAttr(default_factory=dict)
    _draw: Callable[[], dict[str, bytes]] | None = PrivateAttr(default=None)

    @property
    def pictures(self) -> dict[str, bytes]:
        """The report's pictures, file name -> PNG bytes, drawn when first asked for.

        Empty for a report read back from JSON; the files are beside it.
        """
        if self._draw is not None:
            self._pictures, self._draw = self._draw(), None
        return self._pictures

    def with_pictures(self, draw: Callable[[], dict[str, bytes]]) -> "Report":
        """Attach what draws the pictures (file name -> PNG bytes) and return the report itself."""
        self._draw = draw
        return self

    @property
    def language(self) -> Language:
        """The language of the readings; of the settings where there is none; else English."""
        if self.micro_expressions:
            return self.micro_expressions[0].reading.language
        chosen = self.provenance.settings.get("language")
        return chosen if isinstance(chosen, str) and chosen in languages() else "en"

    def record(self, text: str) -> MessageRecord:
        """Return where a verdict, warning or note of this report comes from."""
        found = [record for record in self.provenance.messages if record.text == text]
        return found[0] if found else MessageRecord.of(Message.plain(text))

    def sentence(self, text: str, language: Language) -> str:
        """Return a verdict, warning or note of this report in a language; as it is where it has no code."""
        return self.record(text).word(language)

    def save(self, folder: str | Path) -> Path:
        """Write JSON, page, tables and pictures; return the page's path. MellmError where that fails."""
        return report_writer.write(self, folder, self.pictures)

    def to_json(self) -> str:
        """Return the report as indented JSON."""
        return self.model_dump_json(indent=2)

    def to_frame(self) -> Any:
        """Return the rows of mes.csv as a pandas DataFrame; InputError where pandas is not installed."""
        return report_writer.frame(self)

    @classmethod
    def load(cls, path: str | Path) -> "Report":
        """Read a report.json, or the report.json inside a folder."""
        file = Path(path) / "report.json" if Path(path).is_dir() else Path(path)
        return cls.model_validate_json(file.read_text(encoding="utf-8"))
