"""Pictures of every room for the documentation.

    PYTHONPATH=tests python tests/e2e/screenshots.py docs/images
    PYTHONPATH=tests python tests/e2e/screenshots.py docs/images report    # report.png alone

Made with the shipped portrait's demonstration clip only. Pictures get a palette of 256 colours.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from browser import ARGUMENTS, CHROMIUM, analysed, opened
from playwright.sync_api import sync_playwright

from mellm import Analyzer, Settings
from mellm.simulate.generated_clip import demo_clip
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from review_samples import review_store

WIDTH, HEIGHT = 1280, 760
REPORT_HEIGHT = 1290


def main() -> None:
    """Serve, walk through the rooms, take the pictures."""
    out = Path(sys.argv[1])
    report_page(out / "report.png")
    if sys.argv[2:] == ["report"]:
        return
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        clip = Path(place) / "interview.mp4"
        demo_clip(clip)
        data = review_store(clip, Path(place) / "review")
        options = ServerOptions(store=Path(place) / "store", port=0, instruct=data.root, instruct_share=1.0)
        with serving(options) as address:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            context.set_default_timeout(120_000)
            rooms(context.new_page(), address.rstrip("/"), clip, out)
            browser.close()


def report_page(path: Path) -> None:
    """The top of the demonstration's report, as a browser opens the file."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        clip = Path(place) / "demo.mp4"
        demo_clip(clip)
        Analyzer(Settings(llm="none")).analyze(clip).save(Path(place) / "out")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH, "height": REPORT_HEIGHT})
        page.goto((Path(place) / "out" / "report.html").as_uri())
        keep(page, path)
        browser.close()


def rooms(page: Any, address: str, clip: Path, out: Path) -> None:
    """One after another, as a coder would go through them."""
    page.goto(address)
    page.locator(".example").wait_for()
    page.locator("#try-demo").scroll_into_view_if_needed()
    page.click("#settings summary")
    page.locator("#choices select[name=llm]").wait_for()
    keep(page, out / "application-settings.png")
    keep_small(page, out / "day-01-drop.webp")
    page.set_input_files("#files", str(clip))
    page.wait_for_url("**/clips/*", timeout=120_000)
    page.locator("body[data-ready]").wait_for()
    page.locator(".tab").first.wait_for(timeout=120_000)
    shown(page)
    keep_small(page, out / "day-02-look.webp")
    result = analysed(page)
    opened(page, result)
    shown(page)
    keep(page, out / "application.png")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    shown(page)
    keep_small(page, out / "day-03-step.webp")
    correct(page, out)
    second(page, out, result)
    page.goto(f"{address}/gallery")
    page.locator(".cards li").first.wait_for()
    keep(page, out / "application-gallery.png")
    page.goto(f"{address}/review")
    page.fill("#who", "Ada")
    page.keyboard.press("Enter")
    page.locator("#title", has_text="1. ").wait_for()
    page.locator("#picture").evaluate("picture => picture.decode()")
    keep(page, out / "application-review.png")


def correct(page: Any, out: Path) -> None:
    """Ada moves the apex, changes and agrees with units, says why, saves."""
    page.fill("#coder", "Ada")
    page.locator(".handle.apex").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#heading s.was").wait_for()
    page.locator("#heading .busy").wait_for(state="detached", timeout=120_000)
    keep_small(page, out / "day-04-correct.webp")
    page.locator(".unit .sign[data-focus^=edit-12]").first.click()
    page.select_option("select[name=side]", "left")
    page.select_option("select[name=grade]", "B")
    page.fill("input[name=why]", "the left corner leads by two frames")
    keep_small(page, out / "day-05-reason.webp")
    page.locator(".unit-form button.primary").click()
    page.locator(".unit .sign[data-focus^=agree-6]").first.click()
    page.select_option("[data-focus=your-emotion]", "contempt")
    page.select_option("#overlay", "mmc")
    shown(page)
    page.locator("#heading").scroll_into_view_if_needed()
    keep(page, out / "application-corrections.png")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as version 1.").wait_for()
    keep_small(page, out / "day-06-save.webp")
    page.locator("#compare summary").click()
    page.locator("[data-focus=measure]").click()
    page.locator(".compared").wait_for(timeout=120_000)
    page.locator("#compare").scroll_into_view_if_needed()
    keep(page, out / "application-compare.png")


def second(page: Any, out: Path, result: str) -> None:
    """Bo codes the same clip; both are compared; what is exported; the next morning."""
    page.fill("#coder", "Bo")
    page.keyboard.press("Tab")
    page.locator(".unit.changed").wait_for(state="detached")
    page.select_option("#looking", "side")
    page.locator(".comparator canvas[data-painted]").nth(1).wait_for()
    page.locator("[data-focus=agree]").click()
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as version").wait_for()
    keep_small(page, out / "day-07-second-coder.webp")
    page.click("#coders")
    page.locator(".agreement summary").click()
    page.locator("[data-focus=agreement]").click()
    page.locator(".agreement .figures").first.wait_for()
    keep_small(page, out / "day-08-agreement.webp")
    page.keyboard.press("Escape")
    page.select_option("#looking", "one")
    page.click("#export summary")
    keep_small(page, out / "day-09-export.webp")
    page.keyboard.press("Escape")
    page.locator("[data-focus=note]").fill("look at frame 38 again")
    opened(page, result)
    page.get_by_text("What you had not saved is back.").wait_for()
    shown(page)
    keep_small(page, out / "day-10-restart.webp")


def shown(page: Any) -> None:
    """Wait until the player shows the frame whose number stands below it."""
    page.locator(f"#stage[data-shown='{page.input_value('#frame')}']:not(.late)").wait_for(timeout=60_000)


def keep_small(page: Any, path: Path) -> None:
    """Take the picture once it rests, and write it as WebP."""
    page.mouse.move(2, HEIGHT - 2)
    page.wait_for_timeout(500)
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_WEBP_QUALITY, 60])
    print(f"{path}  {path.stat().st_size / 1000:.0f} KB")


def keep(page: Any, path: Path) -> None:
    """Take the picture once it rests, and write it with a palette."""
    page.mouse.move(2, HEIGHT - 2)
    page.wait_for_timeout(700)
    data = np.frombuffer(page.screenshot(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=picture.shape[1], height=picture.shape[0], format="rgb24", time_base="1/1"
    )
    split, palette = graph.add("split"), graph.add("palettegen", "stats_mode=full")
    use, sink = graph.add("paletteuse", "dither=bayer:bayer_scale=4"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    drawn = graph.pull()
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = drawn.width, drawn.height, "pal8"
        stream.options = {"compression_level": "9", "pred": "mixed"}
        drawn.pts = 0
        container.mux(stream.encode(drawn))
        container.mux(stream.encode())
    print(f"{path}  {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
