"""Routes under /api/v1/review: people proof-read instruction data in the room `mellm serve --instruct` opens.

What is decided is kept by `mellm.instruct.review`, beside the data; this module only carries it.
"""

import json
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from pydantic import Field

from mellm.errors import InputError
from mellm.facs.region_support import supporting_regions
from mellm.instruct.records import Case, Record
from mellm.instruct.review import Decision, Review
from mellm.language.answer import HEADINGS
from mellm.web.contract import Problem
from mellm.web.dependencies import Current, Responses
from mellm.web.service import NotFoundError
from mellm.web.wire import WireModel
from mellm.wording.unit_names import au_name

Reviewer = Annotated[str, Field(min_length=1, max_length=80, pattern=r"\S", description="Who decides")]
Asked = Annotated[str, Query(max_length=80, description="Whose decisions; nobody sees another's")]

_BAD: Responses = {
    400: {"model": Problem, "description": "The body is not JSON"},
    404: {"model": Problem, "description": "There is no such record, or the server has no instruction data"},
    422: {"model": Problem, "description": "The request cannot be used; the sentence says why"},
}


class Typing(WireModel):
    """A text that is being written."""

    record: str = Field(max_length=200, description="The record's id")
    who: Reviewer
    answer: str = Field(max_length=20_000)


class NewDecision(Typing):
    """What a person decides about a record; `open` takes the last decision back."""

    verdict: Literal["accept", "edit", "reject", "open"]
    note: str = Field(default="", max_length=500)


class Finding(WireModel):
    """One thing a check found wrong."""

    kind: str
    detail: str


class Findings(WireModel):
    """Everything the checks found wrong; empty where they all pass."""

    problems: list[Finding]


class Decided(WireModel):
    """A decision that is kept."""

    record: str
    reviewer: str
    verdict: Literal["accept", "edit", "reject", "open"]
    answer: str
    note: str
    at: str = Field(description="ISO 8601, UTC")


class ReviewState(WireModel):
    """How far a person is: records in all, decided ones by verdict, place of the next open one (from 0)."""

    total: int
    counts: dict[str, int]
    next: int | None


class Kept(WireModel):
    """The answer to a decision."""

    decision: Decided
    counts: dict[str, int]


class UnitShown(WireModel):
    """A labelled action unit, and the regions whose motion bears it out."""

    code: str
    au: int
    name: str
    support: list[str]


class Item(WireModel):
    """A record with what it must be true to: measured motion and labels."""

    place: int
    folder: Literal["queue", "records"] = Field(description="`queue`: failed a check; `records`: drawn")
    record: dict[str, object] = Field(description="The canonical line")
    headings: list[str]
    answer: str = Field(description="The reader's own text where there is one, else the record's")
    unsaved: bool
    decision: Decided | None
    problems: list[Finding]
    motion: list[dict[str, object]]
    scale: Literal["px", "relative"]
    picture: bool
    units: list[UnitShown]
    labels: dict[str, str]
    origin: str
    dataset: str


router = APIRouter(prefix="/api/v1/review", tags=["review"], responses=_BAD)


async def _review(service: Current) -> Review:
    if service.review is None:
        raise NotFoundError("This server has no instruction data: start it with --instruct FOLDER.")
    return service.review


Room = Annotated[Review, Depends(_review)]
"""The review that the server was started with, as a parameter; 404 where there is none."""


def _found(review: Review, record: str) -> tuple[Record, Case]:
    try:
        return review.find(record)[:2]
    except InputError as error:
        raise NotFoundError(str(error)) from None


@router.get("/state")
def state(review: Room, who: Asked = "", after: Annotated[int, Query(ge=-1, le=2**31)] = -1) -> ReviewState:
    """How far a person is, and which record comes next after place `after`."""
    return ReviewState(total=len(review), counts=review.counts(who), next=review.next_open(who, after))


@router.get("/items/{place}")
def item(review: Room, place: int, who: Asked = "") -> Item:
    """The record at a place, counted from 0, as one person sees it."""
    if not 0 <= place < len(review):
        raise NotFoundError(f"There is no record {place}; there are {len(review)}, counted from 0.")
    return _item(review, place, who)


@router.get(
    "/picture",
    response_class=FileResponse,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The motion map of a record's case"}},
)
def picture(review: Room, record: Annotated[str, Query(max_length=200)]) -> FileResponse:
    """The motion map that belongs to a record."""
    file = review.picture(_found(review, record)[1])
    if file is None:
        raise NotFoundError("This record has no picture.")
    return FileResponse(file, media_type="image/jpeg")


@router.put("/typing")
def typing(review: Room, text: Typing) -> Findings:
    """Keep a text that is being written, and check it."""
    record, case = _found(review, text.record)
    review.keep_typing(record.id, text.who, text.answer)
    return Findings(problems=_findings(review, record, case, text.answer))


@router.post("/decisions")
def decide(review: Room, wanted: NewDecision) -> Kept:
    """Keep a decision; nothing is ever overwritten, a later one only counts more."""
    _found(review, wanted.record)
    made = review.decide(wanted.record, wanted.who, wanted.verdict, wanted.answer, wanted.note)
    return Kept(decision=_decided(made), counts=review.counts(wanted.who))


def _item(review: Review, place: int, who: str) -> Item:
    record, case, folder = review.item(place)
    own = review.decisions(who, record.id)
    typed = review.typed(record.id, who)
    text = typed if typed is not None else own[0].answer if own else record.answer
    return Item(
        place=place,
        folder="queue" if folder == "queue" else "records",
        record=json.loads(record.to_json()),
        headings=list(HEADINGS[record.language]),
        answer=text,
        unsaved=typed is not None,
        decision=_decided(own[0]) if own else None,
        problems=_findings(review, record, case, text),
        motion=[asdict(region) for region in case.motion],
        scale=case.scale,
        picture=review.picture(case) is not None,
        units=[
            UnitShown(
                code=unit.code,
                au=unit.au,
                name=au_name(unit.au, record.language),
                support=list(supporting_regions(unit, case.motion)),
            )
            for unit in case.truth.units
        ],
        labels=dict(case.truth.labels),
        origin=case.truth.origin,
        dataset=case.dataset,
    )


def _findings(review: Review, record: Record, case: Case, answer: str) -> list[Finding]:
    return [Finding(kind=p.kind, detail=p.detail) for p in review.problems(record, case, answer)]


def _decided(decision: Decision) -> Decided:
    return Decided(**asdict(decision))
