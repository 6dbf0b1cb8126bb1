"""The shipped encoders on motion anyone can tell."""

import numpy as np
import pytest
from motion_regions import HALF_SMILE, SMILE, regions

from mellm.errors import InputError
from mellm.face.anchors import ANCHOR_NAMES
from mellm.face.mean_face import MEAN_FACE
from mellm.flow.colour import mmc_colours
from mellm.language.motion.encoders import MotionEncoder, shipped_encoder


def likelihoods(found) -> dict[int, float]:
    return {unit.au: unit.likelihood for unit in found.units}


def map_of(*moves: tuple[str, float, float], size: float = 16.0) -> np.ndarray:
    """A map of the crop where skin about named anchors moves by (u, v) px."""
    flow = np.zeros((480, 400, 2), np.float32)
    y, x = np.mgrid[:480, :400]
    for name, u, v in moves:
        at = MEAN_FACE[ANCHOR_NAMES.index(name), :2] * 200 + (200, 0.39 * 480)
        bump = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * size**2))
        flow += (bump[..., None] * (u, v)).astype(np.float32)
    return mmc_colours(flow, scale_px=1.0)


def test_the_flow_route_sees_a_smile_and_its_side():
    both = shipped_encoder("flow").read_regions(regions(**SMILE))
    assert max(likelihoods(both), key=likelihoods(both).__getitem__) == 12
    assert both.labels("3")["positive"] > 0.5
    # The picture's left is the subject's right.
    alone = shipped_encoder("flow").read_regions(regions(**HALF_SMILE))
    [corner] = [unit for unit in alone.units if unit.au == 12]
    assert corner.side == "right"


def test_the_vision_route_tells_brows_up_from_brows_down():
    up = [
        (f"{side} brow {place}", 0.0, -1.0)
        for side in ("left", "right")
        for place in ("outer top", "inner top")
    ]
    raised = likelihoods(shipped_encoder("vision").read_map(map_of(*up)))
    lowered = likelihoods(shipped_encoder("vision").read_map(map_of(*((n, -u, -v) for n, u, v in up))))
    assert raised[1] + raised[2] > lowered[1] + lowered[2] + 0.3
    assert lowered[4] > raised[4] + 0.3


@pytest.mark.parametrize("known", ["px", "relative"])
def test_a_still_face_shows_nothing(known):
    found = shipped_encoder("flow").read_regions(regions(), known)
    assert found.called == ()
    assert found.nothing > 0.5


def test_a_black_map_shows_nothing():
    found = shipped_encoder("vision").read_map(np.zeros((480, 400, 3), np.uint8))
    assert found.called == ()


def test_the_report_can_say_which_weights_read():
    encoder = MotionEncoder("flow")
    assert encoder.name == "language_regions" and len(encoder.sha256) == 64


def test_an_encoder_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"no encoder language_maps_clean\.onnx"):
        MotionEncoder("vision", tmp_path, clean=True)


def test_what_a_language_model_is_shown_is_worked_out_when_it_is_asked_for():
    encoder = MotionEncoder("flow")
    opinion = encoder.read_regions(regions(**SMILE))
    assert "_shown" not in vars(encoder)
    tokens = opinion.tokens
    assert tokens is not None and tokens.shape == (24, 576) and np.array_equal(tokens, opinion.tokens)
    assert encoder.read_regions(regions()).tokens is not None
    assert not np.array_equal(tokens, encoder.read_regions(regions()).tokens)
