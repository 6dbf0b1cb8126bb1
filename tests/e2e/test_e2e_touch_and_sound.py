"""Two fingers, sound, the face's curves, and a file that comes back from ELAN; in a real browser."""

import json
import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from browser import choose, expect, open_page, opened

from long_report import FPS, SIDE, store_long_report
from mellm.face.regions import REGION_NAMES

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.web.face_tracks import _CHOSEN, TRACKS_FILE
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions

FRAMES = 180
RATE = 44_100


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A server with three clips of six seconds: with sound and a followed face, and two to code."""
    store = tmp_path_factory.mktemp("senses")
    jobs = [store_long_report(store, FRAMES / FPS / 60, 4, name=f"clip {n}.mp4", seed=n) for n in range(3)]
    with_face(store / "results" / jobs[0])
    with serving(ServerOptions(store=store, port=0)) as address:
        first = address.rstrip("/")
        yield first, jobs


@pytest.fixture
def page(browser: Any, address: tuple[str, list[str]], request: pytest.FixtureRequest) -> Iterator[Any]:
    # Sound that is still made is 503; a file that is no ELAN document is meant to be refused.
    refused = "422" if "elan" in request.node.name else "503"
    for page in open_page(browser, address[0], refused=refused):
        page.add_init_script("localStorage.setItem('mellm-coder', 'Ada')")
        yield page


def with_face(folder: Path) -> None:
    """A face that turns: yaw grows from 0 to 17.9 degrees; the left mouth corner moves."""
    points = np.zeros((FRAMES, len(_CHOSEN), 2), np.uint16)
    points[..., 0] = np.linspace(0, 60, len(_CHOSEN), dtype=np.uint16)
    points[..., 1] = np.arange(FRAMES, dtype=np.uint16)[:, None] % 60
    pose = np.zeros((FRAMES, 3), np.float16)
    pose[:, 0] = np.arange(FRAMES) / 10
    motion = np.zeros((FRAMES, len(REGION_NAMES)), np.float16)
    motion[:, list(REGION_NAMES).index("left mouth corner")] = np.arange(FRAMES) / 100
    with (folder / TRACKS_FILE).open("wb") as out:
        np.savez(
            out,
            **{
                "1/frames": np.arange(FRAMES, dtype=np.int32),
                "1/points": points,
                "1/scale": np.asarray([30.0, 1.0]),
                "1/pose": pose,
                "1/traced": np.arange(FRAMES, dtype=np.int32),
                "1/motion": motion,
                "1/regions": np.asarray(list(REGION_NAMES)),
            },
        )  # type: ignore[arg-type]


def talking_clip(path: Path) -> None:
    """Six seconds of pictures with a tone."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        audio = out.add_stream("aac", rate=RATE)
        audio.codec_context.layout = "mono"
        for number in range(FRAMES):
            picture = np.full((SIDE, SIDE, 3), number, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        samples = FRAMES * RATE // FPS
        tone = (8000 * np.sin(np.arange(samples) * 2 * np.pi * 440 / RATE)).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))


def span(page: Any) -> float:
    start, end = re.findall(r"[\d.]+", page.get_attribute("#overview", "aria-valuetext"))
    return float(end) - float(start)


def until(page: Any, what: str) -> None:
    """Wait for something; the page's policy lets no text be run inside it."""
    end = time.monotonic() + 60
    while not page.evaluate(what):
        assert time.monotonic() < end, what
        page.wait_for_timeout(50)


def test_two_fingers_zoom_the_timeline_and_move_it(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][1]}")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    page.locator("#timeline").scroll_into_view_if_needed()
    box = page.locator("#timeline").bounding_box()
    middle, y = box["x"] + box["width"] / 2, box["y"] + 60

    def touch(kind: str, *places: float) -> None:
        points = [{"x": x, "y": y, "id": k} for k, x in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    whole = span(page)
    touch("touchStart", middle - 40, middle + 40)
    for reach in range(50, 210, 10):
        touch("touchMove", middle - reach, middle + reach)
    touch("touchEnd")
    page.wait_for_timeout(300)
    closer = span(page)
    assert 0.1 * whole < closer < 0.35 * whole, "four to five times as far apart"
    start = float(re.findall(r"[\d.]+", page.get_attribute("#overview", "aria-valuetext"))[0])
    touch("touchStart", middle - 40, middle + 40)
    for by in range(0, 160, 20):
        touch("touchMove", middle - 40 - by, middle + 40 - by)
    touch("touchEnd")
    page.wait_for_timeout(300)
    later = float(re.findall(r"[\d.]+", page.get_attribute("#overview", "aria-valuetext"))[0])
    assert later > start and abs(span(page) - closer) < 0.2 * closer
    touch("touchStart", middle - 200, middle + 200)
    for reach in range(190, 30, -10):
        touch("touchMove", middle - reach, middle + reach)
    touch("touchEnd")
    page.wait_for_timeout(300)
    assert span(page) > 2 * closer


def test_the_sound_follows_the_picture(page: Any, address: tuple[str, list[str]], tmp_path: Path) -> None:
    """It plays where the picture is, at its speed or the slowest a browser has, and stops with it."""
    talking_clip(tmp_path / "talk.mp4")
    api = f"{address[0]}/api/v1"
    sent = page.request.post(f"{api}/media?name=talk.mp4", data=(tmp_path / "talk.mp4").read_bytes())
    job = page.request.post(
        f"{api}/jobs", data={"media": sent.json()["sha256"], "settings": {"llm": "none"}}
    ).json()
    page.add_init_script(
        "window.Audio = class extends Audio { constructor(a) { super(a); window.heard = this; } }"
    )
    opened(page, f"{address[0]}/clips/{job['id']}")
    page.select_option("#speed", "1")
    page.check("#sound")
    until(page, "Boolean(window.heard)")
    page.fill("#frame", "30")
    page.keyboard.press("Tab")
    page.uncheck("#loop")
    page.locator("#play").click()
    until(page, "!heard.paused && heard.currentTime > 1.2")
    apart = page.evaluate("heard.currentTime - parseFloat(document.querySelector('#time').textContent)")
    assert abs(apart) < 0.5 and page.evaluate("heard.playbackRate") == 1
    page.locator("#play").click()
    until(page, "heard.paused")
    page.select_option("#speed", "0.05")
    page.locator("#play").click()
    until(page, "!heard.paused && heard.playbackRate === 0.0625")
    page.uncheck("#sound")
    until(page, "heard.paused")
    page.locator("#play").click()


def test_the_faces_lines_and_curves_go_with_the_frame(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][0]}")
    page.select_option("#overlay", "landmarks")
    page.fill("#frame", "100")
    page.keyboard.press("Tab")
    page.locator("#legend", has_text="10.0°").wait_for()
    lines = page.locator("#marks path, #marks line, #marks polyline, #marks circle")
    expect(lines.nth(0)).to_be_attached()
    before = page.inner_html("#marks")
    page.fill("#frame", "120")
    page.keyboard.press("Tab")
    page.locator("#legend", has_text="12.0°").wait_for()
    until(page, f"document.querySelector('#marks').innerHTML !== {json.dumps(before)}")
    page.locator("#pose summary").click()
    page.locator("#pose .chart").nth(1).wait_for()
    charts = page.locator("#pose .chart")
    expect(charts).to_have_count(2)
    expect(charts.first.locator("path[stroke]")).to_have_count(3)
    page.select_option("#pose select", "left mouth corner")
    moment = page.locator("#pose .key").last
    frame = int(page.input_value("[data-focus=apex]"))
    page.fill("#frame", str(frame))
    page.keyboard.press("Tab")
    page.locator("#pose .chart path.cursor").nth(1).wait_for(state="attached")
    moment.get_by_text(f"{frame / 100:.1f} px").wait_for()
    page.locator("#pose .key").first.get_by_text(f"{frame / 10:.1f}°").wait_for()


def test_a_file_from_elan_is_read_on_the_page(page: Any, address: tuple[str, list[str]]) -> None:
    """One coder's tiers, some changed in ELAN, stand on the page as that coder's marks."""
    (url, jobs), api = address, f"{address[0]}/api/v1"
    body = {
        "coder": "Ada",
        "base_version": 0,
        "moments": [
            {"number": 1, "verdict": "agreed"},
            {"number": 2, "verdict": "rejected", "note": "a blink"},
            {"verdict": "added", "frames": {"onset": 5, "apex": 9, "offset": 14}, "note": "a twitch"},
        ],
    }
    assert page.request.put(f"{api}/jobs/{jobs[1]}/annotation", data=body).ok
    file = page.request.get(f"{api}/jobs/{jobs[1]}/export/eaf?coder=Ada").text()
    assert file.count("ME 1 agreed") == 1
    # The same clip again, without a mark on it.
    media = page.request.get(f"{api}/jobs/{jobs[1]}").json()["request"]["media"]
    again = page.request.post(f"{api}/jobs", data={"media": media, "name": "again.mp4"}).json()["id"]
    opened(page, f"{url}/clips/{again}")
    page.locator("#progress:empty").wait_for(state="attached")
    page.click("#coders")
    changed = file.replace("ME 1 agreed", "ME 1 rejected")
    given = {"name": "采访.Ada.eaf", "mimeType": "application/xml", "buffer": changed.encode()}
    page.locator("dialog.coders input[type=file]").set_input_files(files=[given])
    page.locator("#said", has_text="采访.Ada.eaf").wait_for()
    page.keyboard.press("Escape")
    page.locator("#saved", has_text="Saved as version 1").wait_for()
    seen = {}
    for tab in page.locator(".tab").all():
        choose(tab)
        chip = page.locator(".judge .chip")
        name = re.search(r"ME (\d+)", tab.inner_text())
        seen[name[1] if name else ""] = chip.inner_text() if chip.count() else ""
    assert seen == {"1": "rejected", "2": "rejected", "3": "", "4": "", "5": "yours"}
    page.locator(".tab.person").click()
    expect(page.locator("[data-focus=note]")).to_have_value("a twitch")
    expect(page.locator("[data-focus=apex]")).to_have_value("9")
    page.click("#coders")
    page.locator("dialog.coders input[type=file]").set_input_files(
        files=[{"name": "bad.eaf", "mimeType": "application/xml", "buffer": b"<svg/>"}]
    )
    page.locator("#said.error, #said .error, #said", has_text="no ELAN document").first.wait_for()


def test_the_maps_legend_is_in_the_readers_language(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][2]}")
    page.select_option("#overlay", "mmc")
    english = page.locator("#legend .colours")
    english.wait_for()
    expect(english).to_contain_text("down-right", use_inner_text=True)
    expect(english).to_contain_text("full colour = 1.00 px", use_inner_text=True)
    page.click("#language")
    page.locator("#legend", has_text="右下").wait_for()
    expect(page.locator("#legend")).not_to_have_text(re.compile("[A-Za-z]{3}"), use_inner_text=True)
    page.uncheck("#fixed")
    page.locator("#legend", has_text="2.46 px 运动（仅限本图）").wait_for()
    # The hues are those of the map: right is red, up is violet.
    strokes = page.locator("#legend svg path").evaluate_all(
        "all => all.map((one) => one.getAttribute('stroke'))"
    )
    assert strokes[0] == "hsl(0 100% 50%)" and strokes[6] == "hsl(270 100% 50%)"
    page.click("#language")


def test_a_note_needs_no_measurement_and_exports_are_ones_own(
    page: Any, address: tuple[str, list[str]]
) -> None:
    url, jobs = address
    said = {"coder": "Zoë", "base_version": 0, "moments": [{"number": 1, "verdict": "rejected"}]}
    assert page.request.put(f"{url}/api/v1/jobs/{jobs[2]}/annotation", data=said).ok
    opened(page, f"{url}/clips/{jobs[2]}")
    page.locator("#export summary").click()
    links = page.locator("#exports a[data-kind=mes]")
    # Ada has said nothing: hers is the program's, never the one who saved last.
    assert "version=program" in links.first.get_attribute("href")
    expect(page.locator("#exports a[data-kind=eaf]")).to_have_count(3)
    page.keyboard.press("Escape")
    page.locator("[data-focus=add-moment]").click()
    page.locator("[data-focus=note]").fill("too dark to measure")
    page.locator("#save").click()
    page.locator("#saved", has_text="Saved as version").wait_for()
    address_of = links.first.get_attribute("href")
    assert "version=person" in address_of and "coder=Ada" in address_of
    text = page.request.get(
        f"{url}{page.locator('#exports a[data-kind=eaf]').first.get_attribute('href')}"
    ).text()
    assert "too dark to measure" in text and "ME Zoë" not in text


def test_nothing_is_wider_than_a_narrow_window(browser: Any, address: tuple[str, list[str]]) -> None:
    url, jobs = address
    context = browser.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    page = context.new_page()
    for room in (f"/clips/{jobs[1]}", "/gallery", "/"):
        page.goto(url + room)
        page.locator("#language").wait_for()
        if room != "/":
            page.locator("body[data-ready]").wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, room
    page.goto(f"{url}/clips/{jobs[1]}")
    page.locator("body[data-ready]").wait_for()
    page.locator("#export summary").click()
    box = page.locator("#exports").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    context.close()
