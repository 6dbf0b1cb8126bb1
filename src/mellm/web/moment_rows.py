"""Parts of a report for pages that show long clips: a row per moment, and motion over time by the pixel.

The types, and how they come out of a report. Knows no storage and no HTTP.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mellm.render.numbers import lasting_number
from mellm.report import MicroExpression, Person, Report, Source, Trace
from mellm.web.clip_parts import Spotted
from mellm.web.wire import WireModel


class MomentRow(Spotted):
    """A micro-expression in a list."""

    emotion: str | None
    probability: float | None = Field(description="Of the emotion")
    units: str = Field(description="Codes of the units that are present, such as L12B+6A")
    strongest_px: float = Field(description="Mean motion of the region that moves most, px of the picture")


class OtherRow(WireModel):
    """A blink, speech, a longer expression: what is no micro-expression."""

    person: int
    kind: str
    onset: int
    apex: int
    offset: int


class Summary(WireModel):
    """A report without what takes room: no regions, no readings, no curves, no times of frames."""

    source: Source
    people: list[Person]
    verdict: str
    warnings: list[str]
    moments: list[MomentRow]
    other_events: list[OtherRow]


class MomentPage(WireModel):
    """Some micro-expressions in the report's order."""

    moments: list[MicroExpression]
    total: int


class Band(WireModel):
    """Least and greatest motion of a face area in each bin, px of the crop; null where no face was seen."""

    low: list[float | None]
    high: list[float | None]


class Curves(WireModel):
    """Motion from frame `first` to `last`, in bins of `step` traced frames; `frames` begin the bins."""

    person: int
    first: int
    last: int
    step: int
    frames: list[int]
    areas: dict[str, Band]


def summary_of(report: Report) -> Summary:
    """Return a report in rows."""
    return Summary(
        source=report.source.model_copy(update={"frame_times": []}),
        people=report.people,
        verdict=report.verdict,
        warnings=report.warnings,
        moments=[_row(k, me) for k, me in enumerate(report.micro_expressions)],
        other_events=[
            OtherRow(
                person=event.person,
                kind=event.kind,
                onset=event.onset_frame,
                apex=event.apex_frame,
                offset=event.offset_frame,
            )
            for event in report.other_events
        ],
    )


def _row(place: int, me: MicroExpression) -> MomentRow:
    present = sorted((unit for unit in me.action_units if unit.present), key=lambda unit: unit.au)
    label = me.emotion.label
    return MomentRow(
        **Spotted.of(lasting_number(me, place), me.person, me.interval).model_dump(),
        emotion=label,
        probability=None if label is None else me.emotion.probabilities.get(label),
        units="+".join(unit.code for unit in present),
        strongest_px=max((region.mean_px for region in me.regions), default=0.0),
    )


def curves_of(trace: Trace, first: int, last: int, points: int) -> Curves:
    """Return a trace from frame `first` to `last` in at most `points` bins."""
    frames = np.asarray(trace.frames, np.int64)
    begin, end = (int(k) for k in np.searchsorted(frames, (first, last + 1)))
    step = max(1, math.ceil((end - begin) / points))
    starts = list(range(begin, end, step))
    areas = {
        area: _band(np.asarray(values[begin:end], np.float64), step) for area, values in trace.areas.items()
    }
    chosen = [trace.frames[k] for k in starts]
    return Curves(person=trace.person, first=first, last=last, step=step, frames=chosen, areas=areas)


def _band(values: NDArray[np.float64], step: int) -> Band:
    bins = -(-len(values) // step)
    padded = np.full(bins * step, np.nan)
    padded[: len(values)] = values
    rows = padded.reshape(bins, step)
    known = ~np.isnan(rows)
    low = np.where(known, rows, np.inf).min(axis=1, initial=np.inf)
    high = np.where(known, rows, -np.inf).max(axis=1, initial=-np.inf)
    return Band(low=_numbers(low), high=_numbers(high))


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [round(float(v), 3) if np.isfinite(v) else None for v in values]
