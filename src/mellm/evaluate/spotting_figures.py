"""Figures of spotting on real clips with movements put in, as types."""

from pydantic import BaseModel


class PeakFigures(BaseModel):
    """Movements of one peak put into one kind of clip, and how many of them were found (IoU of at least 0.5).

    apex_error: mean distance of the apexes of those found, s; None where none was
    """

    put_in: int
    found: int
    recall: float
    apex_error: float | None


class MethodFigures(BaseModel):
    """One spotter.

    false_per_minute: kind of clip (and `all`) -> reports in clips as they are, a minute; nothing is known
        to be
        in these clips but what the clips' own list says
    recall: what the face does (calm, listening, talking, acting) -> peak, px at 200 px between the eyes ->
        figures
    precision, f1: over all clips with movements put in
    """

    false_per_minute: dict[str, float]
    recall: dict[str, dict[str, PeakFigures]]
    precision: float
    f1: float


class SpottingFigures(BaseModel):
    """A comparison of spotters: minutes of each kind of clip, spotter -> figures, events of ours by kind.

    covered: kind of event -> share of the time of the clips as they are that it covers
    """

    minutes: dict[str, float]
    methods: dict[str, MethodFigures]
    covered: dict[str, float]


class SpottingSample(BaseModel):
    """One clip as it is (`peak` 0) or with movements put in: intervals put in and found, seconds.

    talking: of each interval put in, whether the lips moved as in speech then
    """

    key: str
    person: str
    kind: str
    peak: float
    put_in: list[tuple[float, float, float]]
    found: dict[str, list[tuple[float, float, float, float]]]
    talking: list[bool] = []
