import re
import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from made_up_report import (
    SHOWN,
    SMILE,
    made_up_flow,
    made_up_regions,
    made_up_report,
    made_up_trace,
    motion_of,
    portrait,
)
from mellm.render.pictures import KINDS, MOVING, STILL, draw_pictures, draw_regions, encode_png, face_box
from mellm.render.timeline import timeline_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn():
    face, regions, motion = portrait(), made_up_regions(), motion_of(SMILE)
    flow = made_up_flow(face.shape[:2], regions, motion)
    return draw_pictures(face, face, flow, regions, motion, box=SHOWN, magnify=8.0)


def test_every_kind_is_drawn_at_one_width(drawn):
    assert set(drawn) == set(KINDS)
    assert {picture.shape[1] for picture in drawn.values()} == {560}
    assert all(picture.dtype == np.uint8 and picture.shape[2] == 3 for picture in drawn.values())


def test_without_magnification_there_is_no_such_picture():
    face, regions, motion = portrait(), made_up_regions(), motion_of(SMILE)
    pictures = draw_pictures(face, face, made_up_flow(face.shape[:2], regions, motion), regions, motion)
    assert "magnified" not in pictures
    assert pictures["onset"].shape[1] == 560


def test_colour_lies_where_it_moved(drawn):
    onset = drawn["onset"]
    scale = 560 / SHOWN[2]
    x, y = ((p - o) * scale for p, o in zip((199.4, 139.1), SHOWN[:2], strict=True))
    saturation = cv2.cvtColor(drawn["mmc"][: onset.shape[0]], cv2.COLOR_RGB2HSV)[..., 1]
    assert saturation[round(y), round(x)] > 40
    assert saturation[:40, :40].max() < 10


def test_moving_regions_are_orange_and_still_ones_blue():
    face = np.zeros((512, 512, 3), np.uint8)
    out = draw_regions(face, made_up_regions(), motion_of(SMILE))
    colours = {tuple(int(c) for c in pixel) for pixel in out.reshape(-1, 3)}
    assert MOVING in colours
    assert STILL in colours
    nothing = draw_regions(face, made_up_regions(), motion_of({}))
    assert MOVING not in {tuple(int(c) for c in pixel) for pixel in nothing.reshape(-1, 3)}


def test_arrows_point_where_the_region_moved():
    face = np.full((512, 512, 3), 90, np.uint8)
    regions = made_up_regions()
    chin = next(r for r in regions if r.name == "chin")
    out = draw_regions(face, [chin], motion_of({"chin": (0.8, 0.0)}))[:512]
    white = np.argwhere((out == 255).all(-1))
    assert white[:, 1].mean() > chin.center[0] + 10
    assert abs(white[:, 0].mean() - chin.center[1]) < 3


def test_png_round_trip(drawn):
    back = cv2.imdecode(np.frombuffer(encode_png(drawn["onset"]), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.cvtColor(back, cv2.COLOR_BGR2RGB), drawn["onset"])


def test_face_box_holds_every_region_and_stays_in_the_picture():
    left, top, width, height = face_box(made_up_regions(), 512, 512)
    for region in made_up_regions():
        assert left <= region.center[0] <= left + width
        assert top <= region.center[1] <= top + height
    assert left >= 0
    assert left + width <= 512
    assert top + height <= 512


def timeline(**more):
    report, _ = made_up_report(with_pictures=False)
    micro = list(enumerate(report.micro_expressions, 1))
    return ET.fromstring(timeline_svg(made_up_trace(), micro, report.other_events, **more))


def texts(svg):
    return [element.text for element in svg.iter(f"{SVG}text")]


def test_timeline_has_lanes_events_seconds_and_frames():
    svg = timeline()
    words = texts(svg)
    for expected in (
        "brows",
        "chin",
        "ME 1",
        "ME 2",
        "blink",
        "longer expression",
        "head motion",
        "s",
        "frame",
    ):
        assert expected in words, expected
    lanes = [g for g in svg.iter(f"{SVG}g") if g.get("class") == "lane"]
    assert [lane.get("data-area") for lane in lanes] == ["brows", "eyes", "nose", "cheeks", "mouth", "chin"]
    seconds = words.index("2")
    assert words[seconds + 1] == "60"


def test_a_gap_is_a_gap():
    lane = next(g for g in timeline().iter(f"{SVG}g") if g.get("data-area") == "mouth")
    lines = [p.get("d") for p in lane.iter(f"{SVG}path") if p.get("fill") == "none"]
    assert len(lines) == 2
    ends = [[float(x) for x in re.findall(r"[ML]([\d.]+) ", line)] for line in lines]
    seconds_per_px = 12.38 / (1100 - 64 - 14)
    assert (ends[1][0] - ends[0][-1]) * seconds_per_px == pytest.approx(1.0, abs=0.08)


def test_frames_left_out_are_a_gap_too():
    trace = made_up_trace()
    keep = [k for k in range(150) if not 60 <= k < 90]
    sparse = trace.model_copy(
        update={
            "frames": [trace.frames[k] for k in keep],
            "times": [trace.times[k] for k in keep],
            "areas": {area: [curve[k] for k in keep] for area, curve in trace.areas.items()},
        }
    )
    svg = ET.fromstring(timeline_svg(sparse, []))
    lane = next(g for g in svg.iter(f"{SVG}g") if g.get("data-area") == "mouth")
    assert sum(p.get("fill") == "none" for p in lane.iter(f"{SVG}path")) == 2


def test_a_window_shows_only_what_is_in_it():
    words = texts(timeline(window=(3.9, 4.6)))
    assert "ME 1" in words
    assert "ME 2" not in words
    assert "blink" not in words


def test_a_long_clip_stays_small_and_keeps_its_peaks():
    long = made_up_trace(frames=30000)
    peaks = long.model_copy(update={"areas": {"mouth": [3.0 if k == 12345 else 0.1 for k in range(30000)]}})
    svg = timeline_svg(peaks, [])
    assert len(svg) < 120_000
    heights = [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", svg)]
    assert min(heights) < max(heights) - 20


def test_too_little_to_draw_is_no_picture():
    assert timeline_svg(made_up_trace(frames=1), []) == ""


def test_strips_are_written_in_the_reports_language(monkeypatch: pytest.MonkeyPatch) -> None:
    face, regions, motion = portrait(), made_up_regions(), motion_of(SMILE)
    english, chinese = (
        draw_regions(face, regions, motion, language=language)[-26:] for language in ("en", "zh")
    )
    # What differs is words, in ink, behind the scale's bar.
    assert (chinese > 200).any() and not np.array_equal(english, chinese)
    monkeypatch.delattr("cv2.FontFace", raising=False)
    assert np.array_equal(draw_regions(face, regions, motion, language="zh")[-26:], english)
