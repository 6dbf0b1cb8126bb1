"""Two crops of stored flow: told apart by their strain, brought to one."""

import numpy as np

from mellm.datasets.flow_crops import ENOUGH, TIGHT, WIDE, crop_of, in_tight_crop, turned_round


def straining_lids(count: int, rows: tuple[int, int], columns: tuple[int, int]) -> np.ndarray:
    """Pictures (N, 28, 28, 3) that strain about both eyes, and a little everywhere."""
    rng = np.random.default_rng(0)
    flows = rng.integers(0, 40, (count, 28, 28, 3)).astype(np.uint8)
    for column in columns:
        flows[:, rows[0] : rows[1], column - 2 : column + 3, 2] = 255
    return flows


def test_the_crop_is_read_from_where_lids_strain() -> None:
    tight, wide = straining_lids(30, (6, 9), (5, 22)), straining_lids(30, (9, 12), (6, 20))
    assert crop_of(tight, WIDE) is TIGHT and crop_of(tight, TIGHT) is TIGHT
    assert crop_of(wide, TIGHT) is WIDE and crop_of(wide, WIDE) is WIDE
    # Few pictures, or none that tells, are taken for what they are called.
    assert crop_of(wide[: ENOUGH - 1], TIGHT) is TIGHT
    assert crop_of(np.zeros((40, 28, 28, 3), np.uint8), WIDE) is WIDE


def test_a_wide_picture_is_read_where_the_tight_crop_has_it() -> None:
    flows = np.zeros((2, 28, 28, 3), np.uint8)
    flows[:, 11, 6, 1] = 200
    there = in_tight_crop(flows, WIDE)
    row, column = np.unravel_index(there[0, ..., 1].argmax(), (28, 28))
    assert (row, column) == (8, 4)
    assert in_tight_crop(flows, TIGHT) is flows


def test_turned_round_twice_is_the_same() -> None:
    flows = np.random.default_rng(1).integers(0, 256, (3, 28, 28, 3)).astype(np.uint8)
    turned = turned_round(flows)
    assert np.array_equal(turned[..., 2], flows[..., 2])
    assert (turned[..., 0].astype(int) == 255 - flows[..., 0].astype(int)).all()
    assert np.array_equal(turned_round(turned), flows)
