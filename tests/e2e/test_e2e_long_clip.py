"""An hour of video with three hundred moments is a place to move in; in a real browser."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import expect, open_page, opened

from long_report import store_long_report

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = tmp_path_factory.mktemp("long")
    job = store_long_report(store, 60, 300)
    with serving(ServerOptions(store=store, port=0, workers=0, duration=3700)) as address:
        yield f"{address.rstrip('/')}/clips/{job}"


@pytest.fixture
def page(browser: Any, clip: str) -> Iterator[Any]:
    # A frame far into a long clip is looked for first: 503 meanwhile, and the page asks again.
    for page in open_page(browser, clip.partition("/clips/")[0], refused="503"):
        opened(page, clip)
        yield page


def shown(page: Any) -> tuple[float, float]:
    """The part of the clip that the timeline shows, seconds."""
    start, end = re.findall(r"[\d.]+", page.get_attribute("#overview", "aria-valuetext"))
    return float(start), float(end)


def test_three_hundred_moments_are_a_list(page: Any) -> None:
    assert page.locator(".tab").count() <= 7
    page.locator("[data-focus=all-moments]").click()
    expect(page.locator(".rows li").first).to_have_attribute("aria-setsize", "300")
    assert page.locator(".rows li").count() < 40, "only what is in sight is drawn"
    page.locator(".rows").evaluate("rows => rows.scrollTo(0, 30 * 199)")
    page.locator(".rows li[aria-posinset='200'] button").click()
    expect(page.locator("[data-focus=all-moments]")).to_have_text(
        re.compile(r"^200 / 300"), use_inner_text=True
    )
    for _ in range(3):
        page.keyboard.press("n")
    expect(page.locator("[data-focus=all-moments]")).to_have_text(
        re.compile(r"^203 / 300"), use_inner_text=True
    )
    page.locator("[data-focus=agree]").click()
    page.select_option("[data-focus=filter]", "agreed")
    expect(page.locator(".rows li")).to_have_count(1)
    page.select_option("[data-focus=filter]", "every")
    page.select_option("[data-focus=order]", "by_confidence")
    best = [float(text) for text in page.locator(".rows .row .soft").all_inner_texts()]
    assert best == sorted(best, reverse=True)


def test_the_timeline_zooms_and_pans(page: Any) -> None:
    """Wheel, keys, the strip with the whole clip; where the pointer is stays where it is."""
    assert shown(page) == (0.0, 3599.97)
    box = page.locator("#timeline").bounding_box()
    x = box["x"] + 70 + 0.25 * (box["width"] - 84)
    page.mouse.move(x, box["y"] + 60)
    for _ in range(12):
        page.mouse.wheel(0, -200)
    page.wait_for_function("document.querySelector('#overview').ariaValueText !== '0.00–3599.97 s'")
    page.wait_for_timeout(400)
    start, end = shown(page)
    assert end - start < 300 and start < 900 < end
    page.mouse.wheel(500, 0)
    page.wait_for_timeout(300)
    assert shown(page)[0] > start
    page.locator("#overview").focus()
    before = shown(page)
    page.keyboard.press("ArrowRight")
    assert shown(page)[0] > before[0]
    page.locator("#timeline").click(position={"x": 300, "y": 60})
    page.keyboard.press("+")
    assert shown(page)[1] - shown(page)[0] < before[1] - before[0]
    page.keyboard.press("0")
    assert shown(page) == (0.0, 3599.97)
    strip = page.locator("#overview").bounding_box()
    for _ in range(9):
        page.keyboard.press("+")
    page.mouse.click(strip["x"] + strip["width"] / 2, strip["y"] + 10)
    start, end = shown(page)
    assert start < 1800 < end


def test_grips_on_one_pixel_are_taken_one_by_one(page: Any) -> None:
    """Twelve frames of an hour are less than a pixel: the grips stand side by side all the same."""
    page.keyboard.press("0")
    heads = [page.locator(f".handle.{part} .head").bounding_box() for part in ("onset", "apex", "offset")]
    middles = [head["x"] + head["width"] / 2 for head in heads]
    assert middles[1] - middles[0] > 12 and middles[2] - middles[1] > 12
    colours = page.evaluate(
        """() => [".cursor", ".handle.apex .stem"].map(
          (part) => getComputedStyle(document.querySelector(`#timeline ${part}`)).stroke)"""
    )
    assert colours[0] != colours[1]


def test_a_blink_does_not_flatten_a_lane(page: Any) -> None:
    """Every area has a scale of its own, which blinks do not set; what goes beyond it is marked."""
    page.get_by_role("button", name="this moment").click()
    heights = page.locator(".lane .curve").evaluate_all("curves => curves.map((one) => one.getBBox().height)")
    lane = page.locator(".lane .ground").first.bounding_box()["height"]
    assert max(heights) > 0.6 * lane
    expect(page.locator(".lane")).to_have_count(6)


def test_stepping_stays_quick(page: Any) -> None:
    """Measured in the page, from the key to the drawn number; the time itself is reported, not judged."""
    page.keyboard.press("Home")
    times = page.evaluate(
        """async () => {
          const times = [];
          for (let k = 0; k < 40; k += 1) {
            const from = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
            await new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });
            times.push(performance.now() - from);
          }
          return times.sort((a, b) => a - b);
        }"""
    )
    print(f"step: median {times[20]:.0f} ms, 95th percentile {times[38]:.0f} ms")
    expect(page.locator("#frame")).to_have_value("40")
