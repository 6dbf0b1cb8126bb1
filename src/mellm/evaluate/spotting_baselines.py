"""Spotters without training to stand beside ours: peaks of directional difference and of flow.

Both see the same trace as ours does, so that they differ in the decision alone. Their thresholds follow the
papers: relative to the clip's own strongest movement. A score is given to each peak, so that both can be
    set to a rate of false alarms as ours can.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mellm.face.region_id import Part
from mellm.face.regions import OUTSIDE_EYES, REGION_NAMES
from mellm.spot import RegionalMotion
from mellm.spot.series import Segment, running_median, segments, smoothed

Array = NDArray[np.float64]

MICRO = 0.4
"""Seconds of a typical micro-expression: the window of both."""
SHARE = 0.55
"""Of the way from the mean to the greatest difference of a clip: the threshold of MDMD."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A brief movement found: seconds, and its strength."""

    onset: float
    apex: float
    offset: float
    score: float


def directional_difference(motion: RegionalMotion) -> list[Peak]:
    """Peaks of the maximal difference in the main direction (Wang et al. 2017), best first.

    Each frame is compared with those half a window before and after; in each region the larger of the two
    differences along the main direction counts, and of the regions the mean of the third that moved most.
    """
    found: list[Peak] = []
    for segment in segments(motion, 0.25):
        reach = segment.samples(MICRO / 2)
        moved = segment.displacement[:, OUTSIDE_EYES]
        if len(moved) < 2 * reach + 3:
            continue
        before, after = moved[reach:-reach] - moved[: -2 * reach], moved[reach:-reach] - moved[2 * reach :]
        direction = before / np.maximum(np.linalg.norm(before, axis=2, keepdims=True), 1e-9)
        both = np.minimum(np.linalg.norm(before, axis=2), (after * direction).sum(axis=2))
        strongest = np.sort(both, axis=1)[:, -max(1, both.shape[1] // 3) :].mean(axis=1)
        course = np.pad(strongest, reach, constant_values=0.0)
        found += _peaks(course, segment)
    return sorted(found, key=lambda peak: -peak.score)


def flow_peaks(motion: RegionalMotion) -> list[Peak]:
    """Peaks of the motion of brows and mouth corners from the level around (He, ACM Multimedia 2021)."""
    rows = [k for k, r in enumerate(REGION_NAMES) if r.part in (Part.BROW, Part.MOUTH_CORNER)]
    found: list[Peak] = []
    for segment in segments(motion, 0.25):
        calm = smoothed(segment.displacement[:, rows], segment.samples(0.15) | 1)
        length = np.linalg.norm(calm - running_median(calm, segment.step, 4 * MICRO), axis=2)
        found += _peaks(length.max(axis=1), segment)
    return sorted(found, key=lambda peak: -peak.score)


def above_threshold(found: list[Peak]) -> list[Peak]:
    """The peaks above the papers' threshold: a share of the way from the mean of all to the greatest."""
    if not found:
        return []
    scores = np.array([peak.score for peak in found])
    least = scores.mean() + SHARE * (scores.max() - scores.mean())
    return [peak for peak in found if peak.score >= least]


def _peaks(course: Array, segment: Segment) -> list[Peak]:
    reach = segment.samples(MICRO / 2)
    left, found = course.copy(), []
    while len(left) and float(left.max()) > 0:
        at = int(left.argmax())
        score = float(course[at])
        left[max(0, at - 2 * reach) : at + 2 * reach + 1] = 0
        first, last = max(0, at - reach), min(len(course) - 1, at + reach)
        onset, apex, offset = (float(segment.times[k]) for k in (first, at, last))
        found.append(Peak(onset, apex, offset, score))
    return found
