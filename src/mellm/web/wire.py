"""The base of what goes over the wire, and what people note about a clip. Knows no storage and no HTTP."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mellm.analysis.settings import ChosenFrom
from mellm.wording.languages import languages


class WireModel(BaseModel):
    """A request or an answer; fields it does not have are refused."""

    model_config = ConfigDict(extra="forbid")


Blind = Literal["none", "others", "program"]
"""What a coder does not see before handing in: nothing, the other coders' marks, or the program's too."""

_Word = Annotated[str, Field(max_length=100)]


class Card(WireModel):
    """What people note about a clip."""

    subject: str = Field(default="", max_length=100, description="Who is filmed, as a code")
    session: str = Field(default="", max_length=100)
    tags: list[_Word] = Field(default_factory=list, max_length=50)
    note: str = Field(default="", max_length=20_000)
    blind: Blind = "none"


class CardChange(WireModel):
    """What shall be changed of a clip; what is not named stays."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    subject: str | None = Field(default=None, max_length=100)
    session: str | None = Field(default=None, max_length=100)
    tags: list[_Word] | None = Field(default=None, max_length=50)
    note: str | None = Field(default=None, max_length=20_000)
    blind: Blind | None = None


class Neighbours(WireModel):
    """The clips before and after one in the gallery; null at its ends."""

    previous: str | None
    next: str | None


def _spoken(code: str) -> str:
    if code not in languages():
        raise ValueError(f"there is no language {code!r}; choose one of {', '.join(languages())}")
    return code


Spoken = Annotated[str, AfterValidator(_spoken), ChosenFrom(languages)]
"""Code of a language that texts can be written in here."""
