"""Figures of long videos, as types: spotting, recognition of what was spotted, and answers to questions."""

from pydantic import BaseModel

from mellm.evaluate.figures import Interval


class SpotFigures(BaseModel):
    """Intervals found, pooled over videos: a hit overlaps a true one by half of their union, one to one.

    f1_interval: 95%, people redrawn
    """

    true: int
    called: int
    hits: int
    precision: float
    recall: float
    f1: float
    f1_interval: Interval


class CountFigures(BaseModel):
    """Errors of the number of events in a video."""

    mae: float
    rmse: float


class QuestionFigures(BaseModel):
    """Answers to ME-LVQA's questions.

    counts: scope (`any`, `micro`, `macro`) -> errors
    units_f1, units_jaccard: of the units of all micro-expressions of a video: pooled, and mean over the
        videos that have any, or for which any are answered; None where units are not answered
    first_seconds: mean error of the first micro-expression's onset over `first_asked` videos that have one
        and for which one is answered
    """

    counts: dict[str, CountFigures]
    units_f1: float | None = None
    units_jaccard: float | None = None
    first_seconds: float | None = None
    first_asked: int = 0


class LongMethod(BaseModel):
    """One method.

    micro, macro: apart; overall: hits of both kinds pooled; macro and overall None for one that spots none
    false_per_minute: micro-expressions reported that are none
    recognised: hits with a true label; recognition_f1: UF1 of the classes on them; strs: its product with
        micro.f1 (MEGC)
    """

    micro: SpotFigures
    macro: SpotFigures | None = None
    overall: SpotFigures | None = None
    false_per_minute: float
    recognised: int
    recognition_f1: float
    recognition_accuracy: float
    strs: float
    questions: QuestionFigures


class LongFigures(BaseModel):
    """Methods on the same videos; mean_counts: errors of always answering the videos' own mean."""

    videos: int
    minutes: float
    people: int
    methods: dict[str, LongMethod]
    mean_counts: dict[str, CountFigures]


class LongSpan(BaseModel):
    """One interval: kind, frames, the label (true or recognised), units where they were read."""

    kind: str
    onset: int
    apex: int
    offset: int
    label: str | None = None
    units: list[str] = []


class LongSample(BaseModel):
    """One video: what is in it, and what each method found."""

    key: str
    person: str
    seconds: float
    truth: list[LongSpan]
    found: dict[str, list[LongSpan]]
