"""Lids that rise, told from blinks and gaze."""

import numpy as np
import pytest

from mellm.face.regions import REGION_NAMES
from mellm.spot.lids import rising, with_lids


def lids(upper: float, lower: float, side: str = "") -> np.ndarray:
    """Displacement (29, 2): lids down by so much, px, of one side of the picture or of both."""
    moved = np.zeros((len(REGION_NAMES), 2))
    for k, region in enumerate(REGION_NAMES):
        if region.is_eyelid and side in region:
            moved[k, 1] = upper if "upper" in region else lower
    return moved


@pytest.mark.parametrize(
    ("upper", "lower", "rises"),
    [
        (-1.0, 0.0, True),  # upper lid raiser
        (0.3, -0.6, True),  # lid tightener
        (0.0, -0.6, True),
        (-1.0, -0.5, False),  # gaze up
        (1.0, 0.5, False),  # gaze down
        (1.0, -0.15, False),  # blink
        (0.0, 0.0, False),
    ],
)
def test_what_rises(upper: float, lower: float, rises: bool) -> None:
    assert rising(lids(upper, lower)).tolist() == [rises, rises]
    assert rising(lids(upper, lower, "right")).tolist() == [False, rises]


def test_lids_count_only_where_they_rise() -> None:
    size = np.zeros((2, len(REGION_NAMES)))
    found = with_lids(size, np.stack([lids(-2.0, 0.0), lids(2.0, 0.0)]))
    assert found[0].max() == pytest.approx(2.0) and found[1].max() == 0
    assert size.max() == 0
