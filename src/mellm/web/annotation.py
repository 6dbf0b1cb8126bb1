"""What a person says about a report: agreed, changed, rejected, added. The report itself is never changed.

Kept in versions beside the report; `corrected` lays one over the other. Knows no storage and no HTTP.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from mellm.errors import InputError
from mellm.facs.codes import parse_code
from mellm.web.contract import WHOLE, Frames
from mellm.web.wire import WireModel

Role = Literal["coder", "final"]
Verdict = Literal["open", "agreed", "changed", "rejected", "added"]


class CodedUnit(WireModel):
    """One action unit as a person sees it; `was` is the program's code, null for one the person added."""

    code: str = Field(
        max_length=8,
        description="FACS code such as L12B; sides are the subject's",
        json_schema_extra={"pattern": r"^(AU|AD|M|GS)?[LRTBU]?[0-9]{1,2}[A-E]?$"},
    )
    verdict: Literal["agreed", "changed", "rejected", "added"]
    was: str | None = Field(default=None, pattern=r"^[LRTBU]?[0-9]{1,2}[A-E]?$")
    note: str = Field(default="", max_length=2000)

    @field_validator("code")
    @classmethod
    def _one_code(cls, value: str) -> str:
        try:
            return parse_code(value).code
        except InputError as error:
            raise ValueError(str(error)) from None


class CodedEmotion(WireModel):
    """The emotion a person sees, in one of the taxonomies."""

    taxonomy: str = Field(max_length=8)
    label: str | None = Field(max_length=40, description="null: none")


class CodedText(WireModel):
    """The reading as a person rewrote it."""

    analysis: str = Field(max_length=20_000)
    reasoning: str = Field(max_length=20_000)
    conclusion: str = Field(max_length=4000)


class CodedMoment(WireModel):
    """One micro-expression as a person sees it.

    `number` is the lasting number of the program's micro-expression (from 1), null for one the person added.
    `reread` is the job that read the person's interval anew, where there is one.
    """

    key: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        description="Its lasting name among one coder's moments, made by the server where null: `me3`",
    )
    id: Annotated[int, Field(ge=1, le=2**31, strict=True), WHOLE] | None = Field(
        default=None,
        description="Its lasting number, given by the server: the program's, or a new one",
    )
    number: Annotated[int, Field(ge=1, le=100_000, strict=True), WHOLE] | None = None
    person: Annotated[int, Field(ge=1, le=1000, strict=True), WHOLE] = 1
    verdict: Verdict = "open"
    frames: Frames | None = Field(default=None, description="The person's interval; null: the program's")
    units: list[CodedUnit] = Field(default_factory=list, max_length=100)
    emotion: CodedEmotion | None = None
    text: CodedText | None = None
    note: str = Field(default="", max_length=20_000)
    reread: str | None = Field(default=None, pattern=r"^[0-9a-f]{20}$")
    spotted: Frames | None = Field(
        default=None,
        description="The program's interval when this was said, where its analysis had not ended",
    )


class Origin(WireModel):
    """A version that a final annotation was made from."""

    coder: str = Field(max_length=100)
    version: Annotated[int, Field(ge=0, le=2**53, strict=True), WHOLE]


class AnnotationBody(WireModel):
    """Everything one person says about one report.

    `role`: `final` is what was decided after two had coded; `sources` are the versions it was made from.
    """

    coder: str = Field(default="", max_length=100)
    role: Role = "coder"
    sources: list[Origin] = Field(default_factory=list, max_length=20)
    finished: bool = Field(
        default=False, strict=True, description="Handed in: the coder may now see the others' marks"
    )
    moments: list[CodedMoment] = Field(default_factory=list, max_length=5000)
    note: str = Field(default="", max_length=20_000)
    early: bool = Field(
        default=False, strict=True, description="Saved before the analysis had ended; set by the server"
    )


class NewAnnotation(AnnotationBody):
    """An annotation to be saved on top of a version: 0 for the first.

    `base_version` is the newest version that its writer has seen. With `merge`, what the same coder saved
    meanwhile is merged in where the two do not touch the same moment.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "coder": "Ada",
                    "base_version": 0,
                    "moments": [
                        {"number": 1, "verdict": "agreed"},
                        {"verdict": "added", "frames": {"onset": 3, "apex": 7, "offset": 12}},
                    ],
                }
            ]
        }
    )

    base_version: Annotated[int, Field(ge=0, le=2**53, strict=True), WHOLE]
    merge: Annotated[bool, Field(strict=True)] = False

    def body(self) -> AnnotationBody:
        """What is saved."""
        return AnnotationBody.model_validate(self.model_dump(exclude={"base_version", "merge"}))


class Annotation(AnnotationBody):
    """A saved annotation. Version 0 is the empty one nobody has saved; versions count through all coders."""

    job: str
    version: int
    created: str | None = None


class Versions(WireModel):
    """All versions of one job's annotation, oldest first."""

    versions: list[Annotation]


class Restore(WireModel):
    """A version that shall be the newest again; `base_version` as in a new annotation."""

    base_version: Annotated[int, Field(ge=0, le=2**53, strict=True), WHOLE]


class Conflict(WireModel):
    """Two versions that stand on the same one and changed the same moments; nothing of either is lost.

    `merged` is all that only one side changed; of the moments in `moments` it has `theirs`. `note`: both
    changed the remark on the whole clip.
    """

    base: Annotation
    theirs: Annotation
    yours: AnnotationBody
    merged: AnnotationBody
    moments: list[str]
    note: bool


class ConflictAnswer(WireModel):
    """What a save is answered where someone else's newer version stands in its way."""

    error: str
    chinese: str | None = None
    conflict: Conflict


class CoderState(WireModel):
    """How far one coder is."""

    coder: str
    role: Role
    version: int
    created: str | None
    finished: bool
    moments: int | None = Field(description="null: hidden from who codes blind")


class Coders(WireModel):
    """Everybody who has saved an annotation of one job."""

    coders: list[CoderState]
