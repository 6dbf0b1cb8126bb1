"""What a person says about a report: agreed, changed, rejected, added. The report itself is never changed.

Kept in versions beside the report; `corrected` lays one over the other. Knows no storage and no HTTP.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from mellm.errors import InputError
from mellm.facs.codes import parse_code
from mellm.web.contract import WHOLE, Frames, WireModel

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

    `number` is the program's micro-expression (from 1), null for one the person added. `reread` is the job
    that read the person's interval anew, where there is one.
    """

    number: Annotated[int, Field(ge=1, le=100_000, strict=True), WHOLE] | None = None
    person: Annotated[int, Field(ge=1, le=1000, strict=True), WHOLE] = 1
    verdict: Verdict = "open"
    frames: Frames | None = Field(default=None, description="The person's interval; null: the program's")
    units: list[CodedUnit] = Field(default_factory=list, max_length=100)
    emotion: CodedEmotion | None = None
    text: CodedText | None = None
    note: str = Field(default="", max_length=20_000)
    reread: str | None = Field(default=None, pattern=r"^[0-9a-f]{20}$")


class AnnotationBody(WireModel):
    """Everything one person says about one report."""

    coder: str = Field(default="", max_length=100)
    moments: list[CodedMoment] = Field(default_factory=list, max_length=5000)
    note: str = Field(default="", max_length=20_000)


class NewAnnotation(AnnotationBody):
    """An annotation to be saved on top of a version: 0 for the first."""

    base_version: Annotated[int, Field(ge=0, le=2**53, strict=True), WHOLE]


class Annotation(AnnotationBody):
    """A saved annotation. Version 0 is the empty one nobody has saved."""

    job: str
    version: int
    created: str | None = None


class Versions(WireModel):
    """All versions of one job's annotation, oldest first."""

    versions: list[Annotation]
