import math

import pytest

from mellm.face.regions import REGION_NAMES
from mellm.facs.blinks import CLOSING, FEIGNED, OUTDOES, feigned_units
from mellm.flow.region_motion import RegionMotion

LIDS = tuple(f"{s} upper eyelid {p}" for s in ("left", "right") for p in ("outer", "centre", "inner"))
BROWS = ("left inner brow", "right inner brow", "left outer brow", "right outer brow")


def motion(vectors: dict[str, tuple[float, float]]) -> list[RegionMotion]:
    """All 29 regions of a face of 200 px; those named move by (u, v) pixels."""
    found = []
    for name in REGION_NAMES:
        u, v = vectors.get(name, (0.0, 0.0))
        size = math.hypot(u, v)
        found.append(RegionMotion(name, u, v, size, size, size / 200, None, None, 1.0, size > 0))
    return found


@pytest.mark.parametrize("lids", [LIDS, LIDS[:3], LIDS[4:5]])
def test_lids_that_outdo_the_rest_of_the_face_feign_units(lids: tuple[str, ...]) -> None:
    assert feigned_units(motion(dict.fromkeys(lids, (0.0, 6.0)))) == FEIGNED


def test_lids_that_open_or_hardly_close_feign_none() -> None:
    assert not feigned_units(motion(dict.fromkeys(LIDS, (0.0, -6.0))))
    assert not feigned_units(motion(dict.fromkeys(LIDS, (0.0, 0.9 * 200 * CLOSING))))
    assert not feigned_units(motion({}))


def test_lids_that_go_with_an_expression_feign_none() -> None:
    closing = dict.fromkeys(LIDS, (0.0, 6.0))
    assert not feigned_units(motion(closing | dict.fromkeys(BROWS, (0.0, 1.1 * 6 / OUTDOES))))
    assert feigned_units(motion(closing | dict.fromkeys(BROWS, (0.0, 0.9 * 6 / OUTDOES))))
