"""One measurement of a pair: aligned, estimated, measured; in pixels of the crop or of the pictures."""

import numpy as np
import pytest

from mellm.face.alignment import Alignment
from mellm.face.people import Landmarks
from mellm.flow import create, measure_flow, measure_pair


def test_a_pair_is_measured_in_one_crop_fitted_to_both_pictures(crop):
    apex = crop.moved(crop.bump(61, -2.0, -2.0, 30.0))
    points = crop.landmarks.points.copy()
    points[:, 0] += 4.0
    both = crop.landmarks, Landmarks(points)
    estimator = create("dis")
    pair = measure_pair(crop.picture, apex, both, estimator)
    assert (pair.alignment.matrix == Alignment.fit(both).matrix).all()
    assert np.array_equal(pair.apex, pair.alignment.crop(apex))
    there = pair.alignment.landmarks_to_crop(crop.landmarks)
    again = measure_flow(estimator.estimate(pair.onset, pair.apex, there), there)
    assert again.motion == pair.motion
    assert again.regions == pair.regions
    assert len(pair.motion) == 29


def test_motion_comes_out_in_pixels_of_the_crop_or_of_the_pictures(crop):
    apex = crop.moved(crop.bump(61, -2.0, -2.0, 30.0))
    both = crop.landmarks, crop.landmarks
    estimator = create("dis")
    in_crop = measure_pair(crop.picture, apex, both, estimator)
    in_source = measure_pair(crop.picture, apex, both, estimator, source_pixels=True)
    scale = in_crop.alignment.scale
    assert abs(scale - 1) > 0.02
    for one, other in zip(in_crop.motion, in_source.motion, strict=True):
        assert one.u == pytest.approx(other.u * scale)
        assert one.max == pytest.approx(other.max * scale)
        assert one.relative == other.relative
        assert one.moving == other.moving
