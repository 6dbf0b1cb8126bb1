"""How far two people agree on a clip, or a person and the program. Knows reports and annotations, no HTTP.

Action units are counted as FACS coders do: twice the units on which both agree over all units both scored
(Ekman, Friesen and Hager 2002, "FACS Investigator's Guide"). Sides and grades are not compared.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mellm.evaluate.intervals import match, overlap
from mellm.facs.codes import parse_code
from mellm.instruct.kappa import cohens_kappa, kappa_of_counts
from mellm.report import MicroExpression, Report
from mellm.web.annotation import Annotation, CodedMoment
from mellm.web.contract import Frames
from mellm.web.corrected import as_coded
from mellm.web.elan_rows import frames_of
from mellm.web.wire import WireModel

PROGRAM, FINAL = "program:", "final:"
"""What stands for the program's marks, and for the final ones, in place of a coder's name."""

NONE = "none"
"""The label of a moment without one."""

_ANY = 1e-9
"""Least overlap by which two moments are taken for the same one."""


_Mask = NDArray[np.bool_]


class UnitAgreement(WireModel):
    """Agreement on one action unit, or on all; `reliability` is null where nobody scored any."""

    au: int | None
    agreed: int
    codes_a: int
    codes_b: int
    reliability: float | None


class MomentPair(WireModel):
    """The same moment as both see it; null on the side of one who does not have it."""

    a: CodedMoment | None
    b: CodedMoment | None
    frames_a: Frames | None
    frames_b: Frames | None
    units_a: list[str]
    units_b: list[str]
    emotion_a: str | None
    emotion_b: str | None
    overlap: float = Field(
        description="Intersection over union of the frames; 0 where one has no such moment"
    )
    differs: list[str] = Field(description="Of `frames`, `units` and `emotion`")


class PhaseDifference(WireModel):
    """Mean distance of the phases of matched moments, frames; null where there is none."""

    onset: float | None
    apex: float | None
    offset: float | None


class Agreement(WireModel):
    """How far two agree on one clip. Each kappa is null where chance alone explains everything."""

    a: str
    b: str
    moments_a: int
    moments_b: int
    matched: int
    overlap: float | None = Field(description="Mean intersection over union of matched moments")
    kappa_frames: float | None = Field(description="Cohen's kappa of frames: within a moment or not")
    kappa_emotions: float | None = Field(description="Cohen's kappa of the labels of matched moments")
    units: UnitAgreement
    by_unit: list[UnitAgreement]
    phases: PhaseDifference
    pairs: list[MomentPair]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One moment as somebody sees it."""

    person: int
    frames: Frames
    units: tuple[str, ...]
    emotion: str | None
    moment: CodedMoment | None

    @property
    def span(self) -> tuple[int, int]:
        """First and last frame."""
        return self.frames.onset, self.frames.apex if self.frames.offset is None else self.frames.offset

    @property
    def aus(self) -> set[int]:
        """Numbers of the units."""
        return {parse_code(code).au for code in self.units}


def moments_of(
    report: Report, annotation: Annotation | None, times: Sequence[float], rereads: Mapping[str, Report]
) -> list[_Seen]:
    """Return what somebody takes for a moment: what a person agreed with, changed or added, or the program's.

    What a coder did not speak about, or rejected, is not among them.
    """
    if annotation is None:
        return [_of_report(me, None) for me in report.micro_expressions]
    found = []
    for moment in annotation.moments:
        frames = frames_of(moment, report)
        if frames is None or moment.verdict in ("open", "rejected"):
            continue
        me = as_coded(report, moment, annotation.coder, times, rereads)
        if me is not None:
            found.append(_of_report(me, moment))
            continue
        units = tuple(unit.code for unit in moment.units if unit.verdict != "rejected")
        label = moment.emotion.label if moment.emotion else None
        found.append(_Seen(moment.person, frames, units, label, moment))
    return found


def _of_report(me: MicroExpression, moment: CodedMoment | None) -> _Seen:
    when = me.interval
    frames = Frames(onset=when.onset_frame, apex=when.apex_frame, offset=when.offset_frame)
    units = tuple(unit.code for unit in me.action_units if unit.present)
    return _Seen(me.person, frames, units, me.emotion.label, moment)


def agreement(
    names: tuple[str, str], first: Sequence[_Seen], second: Sequence[_Seen], frames: int
) -> Agreement:
    """Compare what two see in a clip of so many frames; moments are matched by overlap, the best first."""
    matched: list[tuple[_Seen, _Seen]] = []
    people = sorted({one.person for one in (*first, *second)})
    for person in people:
        ours, theirs = ([one for one in side if one.person == person] for side in (first, second))
        pairs = match([one.span for one in ours], [one.span for one in theirs], _ANY)
        matched += [(ours[i], theirs[j]) for i, j in pairs]
    together = [
        *matched,
        *((one, None) for one in first if all(one is not a for a, _ in matched)),
        *((None, one) for one in second if all(one is not b for _, b in matched)),
    ]
    shares = [overlap(a.span, b.span) for a, b in matched]
    counts = _unit_counts(first, second, matched)
    inside = [_inside(side, people, frames) for side in (first, second)]
    return Agreement(
        a=names[0],
        b=names[1],
        moments_a=len(first),
        moments_b=len(second),
        matched=len(matched),
        overlap=float(np.mean(shares)) if shares else None,
        kappa_frames=_kappa(np.concatenate(inside[0]), np.concatenate(inside[1])) if people else None,
        kappa_emotions=cohens_kappa((a.emotion or NONE, b.emotion or NONE) for a, b in matched),
        units=_reliability(None, *(sum(counter.values()) for counter in counts)),
        by_unit=[
            _reliability(au, *(counter[au] for counter in counts)) for au in sorted({*counts[1], *counts[2]})
        ],
        phases=_phases(matched),
        pairs=[_pair(a, b) for a, b in sorted(together, key=_begin)],
    )


def _begin(pair: tuple[_Seen | None, _Seen | None]) -> int:
    return min(one.frames.onset for one in pair if one is not None)


def _inside(side: Sequence[_Seen], people: Sequence[int], frames: int) -> list[_Mask]:
    """Per person, whether each frame lies within a moment."""
    found = []
    for person in people:
        mask = np.zeros(frames, bool)
        for one in side:
            if one.person == person:
                mask[one.span[0] : one.span[1] + 1] = True
        found.append(mask)
    return found


def _kappa(a: _Mask, b: _Mask) -> float | None:
    """Cohen's kappa of frames: within a moment or not."""
    cells = ((x, y) for x in (False, True) for y in (False, True))
    return kappa_of_counts({(x, y): int(np.count_nonzero((a == x) & (b == y))) for x, y in cells})


def _unit_counts(
    first: Sequence[_Seen], second: Sequence[_Seen], matched: Sequence[tuple[_Seen, _Seen]]
) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """By unit: how often both scored it in the same moment, and how often each did at all."""
    agreed = Counter(au for a, b in matched for au in a.aus & b.aus)
    ours, theirs = (Counter(au for one in side for au in one.aus) for side in (first, second))
    return agreed, ours, theirs


def _reliability(au: int | None, agreed: int, codes_a: int, codes_b: int) -> UnitAgreement:
    total = codes_a + codes_b
    share = 2 * agreed / total if total else None
    return UnitAgreement(au=au, agreed=agreed, codes_a=codes_a, codes_b=codes_b, reliability=share)


def _phases(matched: Sequence[tuple[_Seen, _Seen]]) -> PhaseDifference:
    def mean(name: str) -> float | None:
        both = [(getattr(a.frames, name), getattr(b.frames, name)) for a, b in matched]
        known = [abs(x - y) for x, y in both if x is not None and y is not None]
        return float(np.mean(known)) if known else None

    return PhaseDifference(onset=mean("onset"), apex=mean("apex"), offset=mean("offset"))


def _pair(a: _Seen | None, b: _Seen | None) -> MomentPair:
    differs: list[str] = []
    if a is not None and b is not None:
        same = {
            "frames": a.frames == b.frames,
            "units": set(a.units) == set(b.units),
            "emotion": a.emotion == b.emotion,
        }
        differs = [name for name, alike in same.items() if not alike]
    return MomentPair(
        a=a.moment if a else None,
        b=b.moment if b else None,
        frames_a=a.frames if a else None,
        frames_b=b.frames if b else None,
        units_a=list(a.units) if a else [],
        units_b=list(b.units) if b else [],
        emotion_a=a.emotion if a else None,
        emotion_b=b.emotion if b else None,
        overlap=overlap(a.span, b.span) if a and b else 0.0,
        differs=differs,
    )
