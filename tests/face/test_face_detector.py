"""The detector's arithmetic, and the sampling of rotated regions."""

import cv2
import numpy as np
import pytest

from mellm.face.detector import (
    _ANCHORS,
    _weighted_suppression,
    covered,
    detect,
    intersection_over_union,
    whole,
)
from mellm.face.roi import Roi, cut
from mellm.face.search import tiles


def test_anchor_grid() -> None:
    assert _ANCHORS.shape == (896, 2)
    assert _ANCHORS[0] == pytest.approx([0.5 / 16, 0.5 / 16])
    assert _ANCHORS[2] == pytest.approx([1.5 / 16, 0.5 / 16])
    assert _ANCHORS[512] == pytest.approx([0.5 / 8, 0.5 / 8])
    assert _ANCHORS[-1] == pytest.approx([7.5 / 8, 7.5 / 8])


def test_overlap() -> None:
    assert intersection_over_union((0, 0, 2, 2), (1, 0, 2, 2)) == pytest.approx(2 / 6)
    assert intersection_over_union((0, 0, 2, 2), (2, 0, 2, 2)) == 0
    assert covered((0, 0, 4, 4), (1, 1, 2, 2)) == 1
    assert covered((0, 0, 4, 4), (3, 0, 2, 2)) == pytest.approx(0.5)
    assert covered((0, 0, 1, 1), (5, 5, 1, 1)) == 0


def test_suppression_merges_by_score() -> None:
    shape = np.zeros((3, 8, 2))
    shape[:, 0] = [[0.30, 0.5], [0.34, 0.5], [0.80, 0.5]]
    shape[:, 1] = 0.2
    merged = _weighted_suppression(shape, np.array([0.6, 0.9, 0.7]))
    assert [score for _, score in merged] == [0.9, 0.7]
    assert merged[0][0][0, 0] == pytest.approx((0.3 * 0.6 + 0.34 * 0.9) / 1.5)
    assert merged[1][0][0, 0] == pytest.approx(0.8)


def test_regions_map_there_and_back() -> None:
    roi = Roi(50.0, 40.0, 20.0, np.pi / 2)
    # A quarter turn clockwise on the screen: the square's right edge lies below its centre.
    assert roi.to_image(np.array([1.0, 0.5])) == pytest.approx([50, 50])
    image = np.zeros((100, 100, 3), np.uint8)
    image[45, 50] = 255
    patch = cut(image, roi, 20, border=cv2.BORDER_CONSTANT)
    v, u = np.argwhere(patch[..., 0] > 200)[0]
    assert roi.to_image(np.array([u, v]) / 20) == pytest.approx([50, 45], abs=1e-6)


def test_letterbox_holds_the_whole_picture() -> None:
    wide = np.full((50, 200, 3), 255, np.uint8)
    square = cut(wide, whole(wide), 64, border=cv2.BORDER_CONSTANT)
    assert (square[:20] == 0).all()
    assert (square[-20:] == 0).all()
    assert (square[28:36, 1:63] == 255).all()


@pytest.mark.parametrize("shape", [(1080, 1920), (2160, 3840), (640, 480), (512, 512), (300, 2000)])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_tiles_cover_the_picture(shape: tuple[int, int], level: int) -> None:
    seen = np.zeros(shape, bool)
    squares = list(tiles(np.zeros((*shape, 3), np.uint8), level))
    for tile in squares:
        left, top = round(tile.x - tile.size / 2), round(tile.y - tile.size / 2)
        assert left >= 0
        assert top >= 0
        seen[top : top + round(tile.size), left : left + round(tile.size)] = True
    assert not squares or seen.mean() > 0.99


def test_the_detector_is_not_sure_of_an_upside_down_face(portrait: np.ndarray) -> None:
    upright = detect(portrait, whole(portrait))[0]
    down = np.ascontiguousarray(portrait[::-1, ::-1])
    assert all(found.score < upright.score - 0.1 for found in detect(down, whole(down)))
