"""Pictures of every room for the documentation.

    PYTHONPATH=tests python tests/e2e/screenshots.py docs/images

Made with the shipped portrait's demonstration clip only. Pictures get a palette of 256 colours.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from browser import ARGUMENTS, CHROMIUM, opened
from playwright.sync_api import sync_playwright

from mellm.simulate.generated_clip import demo_clip
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from review_samples import review_store

WIDTH, HEIGHT = 1280, 760


def main() -> None:
    """Serve, walk through the rooms, take the pictures."""
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        clip = Path(place) / "interview.mp4"
        demo_clip(clip)
        data = review_store(clip, Path(place) / "review")
        options = ServerOptions(store=Path(place) / "store", port=0, instruct=data.root, instruct_share=1.0)
        with serving(options) as address:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
            rooms(context.new_page(), address.rstrip("/"), clip, out)
            browser.close()


def rooms(page: Any, address: str, clip: Path, out: Path) -> None:
    """One after another, as a coder would go through them."""
    page.goto(address)
    page.click("#settings summary")
    page.locator("#choices select[name=llm]").wait_for()
    keep(page, out / "application-settings.png")
    page.set_input_files("#files", str(clip))
    page.wait_for_url("**/clips/*", timeout=120_000)
    result = page.url
    opened(page, result)
    shown(page)
    keep(page, out / "application.png")
    page.fill("#coder", "Ada")
    page.locator(".handle.apex").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#heading s.was").wait_for()
    page.locator(".busy").wait_for(state="detached", timeout=60_000)
    page.locator(".unit .sign[data-focus^=edit-12]").first.click()
    page.select_option("select[name=side]", "left")
    page.select_option("select[name=grade]", "B")
    page.fill("input[name=why]", "the left corner leads by two frames")
    page.locator(".unit-form button.primary").click()
    page.locator(".unit .sign[data-focus^=agree-6]").first.click()
    page.select_option("[data-focus=your-emotion]", "contempt")
    page.select_option("#overlay", "mmc")
    shown(page)
    page.locator("#heading").scroll_into_view_if_needed()
    keep(page, out / "application-corrections.png")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as version 1.").wait_for()
    page.locator("#compare summary").click()
    page.locator("[data-focus=measure]").click()
    page.locator(".compared").wait_for(timeout=60_000)
    page.locator("#compare").scroll_into_view_if_needed()
    keep(page, out / "application-compare.png")
    for name in ("pilot.mp4", "session 2.mp4"):
        page.goto(address)
        page.set_input_files("#files", {"name": name, "mimeType": "video/mp4", "buffer": other(clip, name)})
        page.locator(".work a.primary, body[data-ready]").first.wait_for(timeout=120_000)
    page.goto(f"{address}/gallery")
    page.locator(".cards li").nth(2).wait_for()
    keep(page, out / "application-gallery.png")
    page.goto(f"{address}/review")
    page.fill("#who", "Ada")
    page.keyboard.press("Enter")
    page.locator("#title", has_text="1. ").wait_for()
    page.locator("#picture").evaluate("picture => picture.decode()")
    keep(page, out / "application-review.png")


def shown(page: Any) -> None:
    """Wait until the player shows the frame whose number stands below it."""
    page.locator(f"#stage[data-shown='{page.input_value('#frame')}']:not(.late)").wait_for(timeout=60_000)


def other(clip: Path, name: str) -> bytes:
    """The clip under another name: bytes behind the end that no player reads."""
    return clip.read_bytes() + b"\0\0\0\x08free" + b"\0\0\0\x08free" * len(name)


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
