"""Colours of flow: the eight names of the paper, scales, the Middlebury wheel, legends."""

import colorsys

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.flow import annotate, image_scale, legend, middlebury, mmc_colours, mmc_map
from mellm.flow.colour import DIRECTION_COLOURS, WHEEL
from mellm.flow.region_motion import OCTANTS

# What a person calls these colours, as hue ranges in degrees (HSV).
HUES = {
    "red": (345, 15),
    "orange": (30, 50),
    "yellow-green": (65, 100),
    "green": (105, 150),
    "cyan": (165, 195),
    "blue": (205, 245),
    "violet": (255, 285),
    "magenta": (295, 330),
}


def pointing(name, length=1.0):
    angle = np.radians(45.0 * OCTANTS.index(name))
    return np.full((4, 4, 2), (length * np.cos(angle), -length * np.sin(angle)), np.float32)


@pytest.mark.parametrize("name", OCTANTS)
def test_each_direction_has_the_colour_the_paper_names(name):
    rgb = mmc_colours(pointing(name), scale_px=1.0)[0, 0] / 255
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    low, high = HUES[DIRECTION_COLOURS[name]]
    degrees = hue * 360
    assert (low <= degrees <= high) if low < high else (degrees >= low or degrees <= high)
    assert saturation == pytest.approx(1.0) and value == pytest.approx(1.0, abs=0.01)


def test_the_map_adds_colour_onto_the_grey_onset(rng):
    onset = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    grey = cv2.cvtColor(onset, cv2.COLOR_RGB2GRAY).astype(int)
    shown = mmc_map(pointing("right", 0.5), onset, scale_px=1.0)
    assert np.array_equal(shown[..., 0], np.minimum(255, grey + 128))
    assert np.array_equal(shown[..., 1], grey) and np.array_equal(shown[..., 2], grey)
    with pytest.raises(InputError, match="flow was estimated on"):
        mmc_map(pointing("right"), onset[:2])


def test_a_fixed_scale_keeps_maps_comparable_and_the_papers_does_not():
    flow = np.zeros((2, 2, 2), np.float32)
    flow[0, 0, 0] = 1.0
    assert np.array_equal(mmc_colours(flow), mmc_colours(3 * flow))
    assert image_scale(3 * flow) == pytest.approx(3.0)
    weak, strong = mmc_colours(flow, scale_px=3.0), mmc_colours(3 * flow, scale_px=3.0)
    assert (weak[0, 0, 0], strong[0, 0, 0]) == (85, 255)
    assert not mmc_colours(flow, scale_px=3.0)[1].any()
    with pytest.raises(InputError, match="above 0"):
        mmc_colours(flow, scale_px=0.0)


def test_a_still_picture_is_black_not_noise():
    assert not mmc_colours(np.zeros((3, 3, 2), np.float32)).any()


def test_quantised_directions_and_the_mask_of_weak_flow():
    angles = np.radians(np.arange(0, 360, 1.0))
    flow = np.stack([np.cos(angles), np.sin(angles)], -1)[None].astype(np.float32)
    assert len(np.unique(mmc_colours(flow, scale_px=1.0, quantise=30)[0], axis=0)) == 12
    ramp = np.zeros((1, 100, 2), np.float32)
    ramp[0, :, 0] = np.arange(1, 101)
    shown = mmc_colours(ramp, scale_px=100.0, percentile=75)[0, :, 0]
    assert (shown > 0).sum() == 25 and not shown[:75].any()


def test_middlebury_wheel():
    assert WHEEL.shape == (55, 3)
    assert WHEEL[0].tolist() == [255, 0, 0] and WHEEL[15].tolist() == [255, 255, 0]
    assert (middlebury(np.zeros((2, 2, 2), np.float32)) == 255).all()
    # Baker et al.: right is red, left cyan-blue, down yellow, up violet-blue.
    right, left = (middlebury(pointing(n), scale_px=1.0)[0, 0].astype(int) for n in ("right", "left"))
    assert right[0] > 250 and right[1:].max() < 50
    assert left[0] < 10 and left[2] > 200
    down = middlebury(pointing("down"), scale_px=1.0)[0, 0].astype(int)
    assert down[0] > 200 and down[1] > 200 and down[2] < 60
    half = middlebury(pointing("right", 0.5), scale_px=1.0)[0, 0].astype(int)
    assert half[0] > 250 and 120 < half[1] < 140


@pytest.mark.parametrize("palette", ["mmc", "middlebury"])
def test_the_legend_shows_each_direction_in_its_colour(palette):
    size = 320
    wheel = legend(size, palette)
    assert wheel.shape == (size, size, 3) and wheel.dtype == np.uint8
    for name in OCTANTS:
        # Between the arrows, near the rim.
        angle = np.radians(45.0 * OCTANTS.index(name) + 12)
        u, v = np.cos(angle), -np.sin(angle)
        at = wheel[round(159.5 + 0.32 * size * v), round(159.5 + 0.32 * size * u)].astype(int)
        vector = np.full((1, 1, 2), (u, v), np.float32)
        colours = mmc_colours if palette == "mmc" else middlebury
        assert np.abs(at - colours(vector, scale_px=1.0)[0, 0]).max() < 60
    with pytest.raises(InputError, match="palette"):
        legend(palette="jet")


def test_annotating_leaves_the_picture_alone_and_prints_the_scale(rng):
    picture = rng.integers(0, 256, (120, 400, 3)).astype(np.uint8)
    two, three = annotate(picture, 2.0), annotate(picture, 3.0)
    assert np.array_equal(two[:120], picture) and two.shape[1] == 400 and two.shape[0] > 120
    assert not np.array_equal(two[120:], three[120:])
    assert not np.array_equal(two, annotate(picture, 2.0, fixed=False))
    reds = (two[120:].astype(int) - two[120:].astype(int).max(-1, keepdims=True) == 0)[..., 0]
    assert reds.any()
    assert annotate(picture[:, :120], 2.0).shape[1] == 120
