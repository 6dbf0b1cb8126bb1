import numpy as np
import pytest

from mellm.flow.cubic import read_picture
from mellm.flow.meflownet.chart import HEIGHT, WIDTH, cell_pixels, chart_pixels, make_chart, slope


@pytest.fixture
def bent(template):
    """A face wider at the jaw, turned by 12 degrees, half the chart's size."""
    angle = np.radians(12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    points = template.copy()
    points[:, 0] += 0.1 * (points[:, 1] - 200) * np.sign(points[:, 0] - 199.5) * (points[:, 1] > 200)
    flat = (points[:, :2] - 200) @ turn.T * 0.5 + np.array([150, 130], np.float32)
    return make_chart(np.concatenate([flat, points[:, 2:] * 0.5], axis=1).astype(np.float32), template)


def test_locate_inverts_place(bent):
    at = chart_pixels()[::16, ::16]
    assert np.abs(bent.locate(bent.place(at)) - at).max() < 0.05
    assert bent.scale == pytest.approx(0.5, abs=0.05)


def test_flow_survives_the_way_to_the_chart_and_back(bent):
    y, x = np.mgrid[0:260, 0:300].astype(np.float32)
    flow = np.stack([2 * np.sin(x / 40), np.cos(y / 30) - 0.5], axis=-1)
    there = bent.from_source(flow, cell_pixels())
    back = bent.to_source(there, (300, 260))
    seen = bent.covers((300, 260))
    error = np.hypot(*(back - flow)[seen].T)
    assert seen.sum() > 20000
    # The chart's own edge, where nothing beyond is known, may be worse.
    assert error.mean() < 0.01
    assert np.percentile(error, 99) < 0.1


def test_chart_flow_is_in_chart_pixels(bent):
    still = np.zeros((260, 300, 2), np.float32)
    moved = bent.from_source(still + np.float32(1.0), chart_pixels())
    # One source pixel diagonally is sqrt(2) / scale chart pixels.
    length = np.hypot(moved[..., 0], moved[..., 1])
    assert np.median(length) == pytest.approx(np.sqrt(2) / bent.scale, rel=0.15)


def test_a_face_in_profile_does_not_fold_the_chart(template):
    turned = template.copy()
    angle = np.radians(70)
    turned[:, 0] = np.cos(angle) * (template[:, 0] - 200) + np.sin(angle) * template[:, 2] + 200
    chart = make_chart(turned, template)
    assert np.linalg.det(slope(chart.affine, chart.bend)).min() > 0


def test_picture_lands_where_the_template_is(template):
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    eye = template[33, :2]
    picture[int(eye[1]) - 3 : int(eye[1]) + 4, int(eye[0]) - 3 : int(eye[0]) + 4] = 255
    drawn = make_chart(template, template).picture(picture)
    y, x = np.unravel_index(drawn.argmax(), drawn.shape)
    assert np.hypot(x - eye[0], y - eye[1]) < 5


def test_reading_a_ramp_between_pixels_is_unbiased():
    ramp = np.tile(np.arange(64, dtype=np.float32), (32, 1)) * 3
    at = np.stack(np.meshgrid(np.linspace(5, 50, 91), np.arange(8, 20)), axis=-1).astype(np.float32)
    assert np.abs(read_picture(ramp, at) / 3 - at[..., 0]).max() < 1e-4
