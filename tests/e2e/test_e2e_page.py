"""The page in a real browser: upload, step, correct, save, export; keyboard; languages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from browser import WAIT_MS, analysed, at_frame, by_rules, expect, frame, open_page, opened, uploaded

from writing_model import WritingModel

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(ServerOptions(store=tmp_path_factory.mktemp("page"), port=0)) as address:
        yield address.rstrip("/")


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from open_page(browser, address)


@pytest.fixture(scope="module")
def clip(browser: Any, address: str, smile_clip: tuple[Path, ClipTruth]) -> str:
    """Upload the clip through the page, as a person does; the address of its result."""
    return uploaded(browser, address, smile_clip[0])


def painted(page: Any) -> list[int]:
    """The pixels of the player, small, once it shows the frame whose number is shown."""
    page.locator(f"#stage[data-shown='{frame(page)}']").wait_for()
    return list(page.evaluate(
        """async () => {
          await new Promise((done) => setTimeout(done, 250));
          const small = document.createElement("canvas");
          [small.width, small.height] = [24, 24];
          const pen = small.getContext("2d");
          pen.drawImage(document.querySelector("#screen"), 0, 0, 24, 24);
          return Array.from(pen.getImageData(0, 0, 24, 24).data);
        }"""
    ))  # fmt: skip


def repainted(page: Any, before: list[int]) -> list[int]:
    """The player's pixels once they differ from `before`; a picture is fetched when first shown."""
    for _ in range(40):
        if (now := painted(page)) != before:
            return now
    return before


def test_the_result_shows_what_was_put_in(page: Any, clip: str, smile_clip: tuple[Path, ClipTruth]) -> None:
    opened(page, clip)
    (event,) = smile_clip[1].events
    assert abs(frame(page) - event.apex) <= 2
    expect(page.locator("#time")).to_have_text(f"{frame(page) / 30:.3f} s", use_inner_text=True)
    expect(page.locator("#emotion .big")).to_contain_text("happiness", use_inner_text=True)
    assert {"12", "6"} <= {text[:2].rstrip("ABCDE") for text in page.locator(".unit .code").all_inner_texts()}
    expect(page.locator("#marks .region.moving").nth(3)).to_be_attached()
    expect(page.locator("#marks .arrow").nth(3)).to_be_attached()
    assert max(painted(page)[:-4:4]) > 60


def test_a_clip_is_opened_before_its_analysis_has_ended(
    page: Any, address: str, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    """Its frames are there at once, its moments once they are spotted, and the rest comes in by itself."""
    other = tmp_path / "other.mp4"
    other.write_bytes(smile_clip[0].read_bytes() + b"\0\0\0\x08free")
    page.goto(address)
    by_rules(page)
    page.set_input_files("#files", str(other))
    page.wait_for_url("**/clips/*")
    job = page.url.rpartition("/")[2]
    page.locator("#progress .busy").wait_for()
    state = page.evaluate(
        f"fetch('/api/v1/jobs/{job}').then((answer) => answer.json()).then((job) => job.state)"
    )
    assert state in ("queued", "running")
    page.locator("#stage[data-shown]:not(.late)").wait_for()
    page.locator(".tab", has_text="ME 1").wait_for()
    page.locator("#progress:empty").wait_for(state="attached")
    expect(page.locator("#emotion .big")).to_contain_text("happiness", use_inner_text=True)
    expect(page.locator(".lane")).to_have_count(6)


def test_an_empty_page_offers_the_demonstration_clip(browser: Any, tmp_path: Path) -> None:
    """Where nothing was analysed yet, a result is shown and a clip offered; the keyboard sees where it is."""
    with serving(ServerOptions(store=tmp_path, port=0)) as address:
        for page in open_page(browser, address.rstrip("/"), refused="404"):
            page.goto(address)
            page.locator(".example img").wait_for()
            page.locator(".example img").evaluate("picture => picture.decode()")
            page.locator("#files").focus()
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.querySelector('#drop')).outlineStyle")
            assert page.evaluate("document.activeElement.id") == "files" and outline == "solid"
            page.click("#try-demo")
            page.wait_for_url("**/clips/*")
            page.locator("#name", has_text="demonstration.mp4").wait_for()
            page.goto(f"{address}clips/{'0' * 20}")
            page.get_by_role("heading", name="There is no such clip here").wait_for()


def test_the_keyboard_steps_frame_by_frame(page: Any, clip: str) -> None:
    opened(page, clip)
    apex = frame(page)
    for key, wanted in (
        ("ArrowRight", apex + 1), ("ArrowLeft", apex), ("Shift+ArrowLeft", apex - 10), ("Home", 0),
        ("ArrowLeft", 0), ("End", 71), ("ArrowRight", 71), ("a", apex),
    ):  # fmt: skip
        page.keyboard.press(key)
        at_frame(page, wanted)
    page.fill("#frame", "12")
    page.keyboard.press("Enter")
    page.locator("#stage").click(position={"x": 5, "y": 5})
    at_frame(page, 12)
    expect(page.locator("#time")).to_have_text("0.400 s", use_inner_text=True)
    page.keyboard.press("m")
    expect(page.locator("#overlay")).to_have_value("regions")
    page.keyboard.press("?")
    page.locator("#help").wait_for()
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="hidden")


def test_overlays_change_the_picture_only_where_they_belong(page: Any, clip: str) -> None:
    opened(page, clip)
    page.select_option("#overlay", "none")
    plain = painted(page)
    page.select_option("#overlay", "mmc")
    fixed = repainted(page, plain)
    page.uncheck("#fixed")
    own = repainted(page, fixed)
    assert plain != fixed != own
    page.locator("#opacity").fill("0")
    assert painted(page) == plain
    page.click("#first")
    expect(page.locator("#notice")).to_be_visible()
    page.click("#to-apex")
    expect(page.locator("#notice")).not_to_be_visible()


def test_the_moment_is_looked_at_in_other_ways(page: Any, clip: str) -> None:
    """Onset and apex side by side and in turn; the magnified picture's legend in the reader's language."""
    opened(page, clip)
    page.select_option("#looking", "side")
    page.locator(".comparator canvas[data-painted]").nth(1).wait_for()
    onset, apex = (page.input_value(f"[data-focus={part}]") for part in ("onset", "apex"))
    shown = page.locator(".comparator canvas").evaluate_all("all => all.map((one) => one.dataset.frame)")
    assert shown == [onset, apex]
    page.select_option("#looking", "blink")
    seen = {page.inner_text(".comparator figcaption").split()[0]}
    for _ in range(12):
        page.wait_for_timeout(150)
        seen.add(page.inner_text(".comparator figcaption").split()[0])
    assert seen == {"onset", "apex"}
    page.locator(".comparator .close").click()
    page.select_option("#overlay", "magnified")
    page.locator("#legend", has_text="4 times as strong").wait_for()
    page.click("#language")
    page.locator("#legend", has_text="放大至 4 倍").wait_for()


def test_units_and_regions_light_each_other(page: Any, clip: str) -> None:
    opened(page, clip)
    page.locator(".unit").first.hover()
    expect(page.locator("#marks .region.lit[data-region='left mouth corner']")).to_be_attached()
    expect(page.locator(".lane.dim[data-area=brows]")).to_have_count(1)
    page.mouse.move(5, 300)
    expect(page.locator("#marks .region.lit")).to_have_count(0)
    page.locator("#marks .region[data-region='left cheek']").hover()
    expect(page.locator(".unit.lit").nth(0)).to_be_attached()
    page.locator(".linked").first.focus()
    expect(page.locator("#marks .region.lit").nth(0)).to_be_attached()


def test_corrections_are_measured_saved_and_exported(page: Any, clip: str) -> None:
    opened(page, clip)
    page.fill("#coder", "Ada")
    before = frame(page)
    handle = page.locator(".handle.apex")
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".busy").wait_for(state="detached")
    page.locator("#heading s.was").wait_for()
    expect(page.locator("#heading s.was")).to_have_text(str(before), use_inner_text=True)
    expect(page.locator("[data-focus=apex]")).to_have_value(str(before + 1))
    page.locator(".unit .sign[data-focus^=edit-12]").click()
    page.select_option("select[name=side]", "left")
    page.select_option("select[name=grade]", "C")
    page.fill("input[name=why]", "one corner leads")
    page.locator(".unit-form button.primary").click()
    changed = page.locator(".unit.changed")
    expect(changed).to_contain_text("L12C", use_inner_text=True)
    expect(changed.locator("s.was")).to_have_text(re.compile("^12"), use_inner_text=True)
    page.locator(".unit .sign[data-focus^=reject-6]").click()
    page.locator("input[data-focus^=why-6]").fill("no cheek moves")
    page.select_option("[data-focus=your-emotion]", "contempt")
    page.locator("[data-focus=rewrite]").click()
    page.fill("textarea[name=conclusion]", "I see contempt.")
    page.locator(".rewrite button.primary").click()
    page.locator("[data-focus=note]").fill("see frame 38")
    page.keyboard.press("Control+s")
    page.get_by_text("Saved as version 1.").wait_for()
    opened(page, clip)
    expect(page.locator(".unit.changed")).to_contain_text("L12C", use_inner_text=True)
    expect(page.locator(".unit.rejected")).to_have_count(1)
    expect(page.locator(".unit.rejected input")).to_have_value("no cheek moves")
    expect(page.locator("#emotion .person-text")).to_contain_text("contempt", use_inner_text=True)
    expect(page.locator("#emotion .was")).to_contain_text("happiness", use_inner_text=True)
    expect(page.locator("[data-focus=note]")).to_have_value("see frame 38")
    expect(page.locator("[data-focus=apex]")).to_have_value(str(before + 1))
    page.locator("#export summary").click()
    with page.expect_download() as download:
        page.locator("#exports a[data-kind=json]").first.click()
    whole = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    (mine,) = whole["corrected"]["micro_expressions"]
    (theirs,) = whole["report"]["micro_expressions"]
    assert (
        mine["interval"]["apex_frame"] == theirs["interval"]["apex_frame"] + 1
        and mine["emotion"]["label"] == "contempt"
    )
    assert mine["reading"]["conclusion"] == "I see contempt."


def test_a_coder_adds_and_drops_a_moment(page: Any, clip: str) -> None:
    opened(page, clip)
    page.keyboard.press("Home")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.locator("[data-focus=add-moment]").click()
    page.locator(".busy").wait_for(state="detached")
    expect(page.locator(".tab")).to_have_count(2)
    expect(page.locator("[data-focus=apex]")).to_have_value("8")
    page.locator("[data-focus=drop]").click()
    expect(page.locator(".tab")).to_have_count(1)


def placed(page: Any, selector: str) -> Any:
    """Where an element is, once it stays there: pictures that arrive late still move the timeline."""
    before = None
    for _ in range(50):
        box = page.locator(selector).bounding_box()
        if box and box == before:
            return box
        before = box
        page.wait_for_timeout(200)
    raise AssertionError(f"{selector} finds no place on the page")


def test_dragging_measures_again_and_can_be_undone(page: Any, clip: str) -> None:
    opened(page, clip)
    offset = int(page.input_value("[data-focus=offset]"))
    box = placed(page, ".handle.offset")
    x, y = box["x"] + box["width"] / 2, box["y"] + 40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=5)
    dragged = frame(page)
    page.mouse.up()
    assert dragged > offset
    expect(page.locator("[data-focus=offset]")).to_have_value(str(dragged))
    expect(page.locator(".moment.person .ghost")).to_have_count(1)
    page.locator(".busy").wait_for(state="detached")
    page.locator("[data-focus=back]").click()
    expect(page.locator(".moment.person")).to_have_count(0)


def test_the_page_speaks_chinese_and_wears_dark(page: Any, clip: str) -> None:
    opened(page, clip)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#language")
    page.locator("#reading .text").get_by_text("嘴部").first.wait_for(state="attached")
    expect(page.locator("#save")).to_have_text("保存", use_inner_text=True)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    for _ in range(2):
        page.click("#look")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light


def test_every_control_has_a_name(page: Any, clip: str, address: str) -> None:
    for url in (address, f"{address}/gallery", clip):
        page.goto(url)
        page.wait_for_timeout(800)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, a, input, select, textarea, [tabindex='0']")]
              .filter((node) => node.checkVisibility() && node.ariaHidden !== "true")
              .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.title
                || node.labels?.[0]?.textContent.trim()))
              .map((node) => node.outerHTML)"""
        )
        assert nameless == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_gallery_finds_opens_and_deletes(
    page: Any, clip: str, address: str, pair: tuple[Path, Path]
) -> None:
    page.goto(address)
    by_rules(page)
    page.set_input_files("#files", str(pair[0]))
    page.get_by_text("One picture shows no motion").wait_for()
    page.set_input_files("#files", str(pair[1]))
    page.locator("#pair button.primary").click()
    page.wait_for_url("**/clips/*")
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#name")).to_contain_text("onset.png → apex.png", use_inner_text=True)
    expect(page.locator("#frame")).to_have_value("1")
    page.goto(f"{address}/gallery")
    page.locator(".cards li").nth(1).wait_for()
    page.fill("#search", "smile")
    page.locator(".cards li").nth(1).wait_for(state="detached")
    expect(page.locator(".cards .name")).to_have_text("smile.mp4", use_inner_text=True)
    page.fill("#search", "onset.png")
    page.locator(".cards .name", has_text="onset.png").wait_for()
    page.get_by_role("button", name="Delete: onset.png").click()
    page.get_by_text("Nothing found.").wait_for()


def test_many_clips_at_once(page: Any, address: str, tmp_path: Path) -> None:
    """More clips than a browser has connections: all of them end, and the page goes on answering."""
    paths = []
    for number in range(9):
        path = tmp_path / f"clip{number}.gif"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("gif", rate=25)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb8"
            for step in range(3):
                picture = np.full((32, 32, 3), 25 * number + step, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="rgb8")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        paths.append(str(path))
    page.goto(address)
    page.set_input_files("#files", paths)
    page.locator(".work a.primary").nth(8).wait_for()
    expect(page.locator(".work .status", has_text="no face was seen")).to_have_count(9)


def test_a_folder_of_recordings_and_clips(
    page: Any, address: str, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    """Frames of one directory are one recording, in the order of their numbers; clips start at once."""
    frames = tmp_path / "sub01" / "EP02_01f"
    frames.mkdir(parents=True)
    with av.open(str(smile_clip[0])) as container:
        for index, picture in enumerate(container.decode(video=0)):
            cv2.imwrite(str(frames / f"img{index + 1}.jpg"), picture.to_ndarray(format="bgr24"))
    (tmp_path / "sub01" / "smile.mp4").write_bytes(smile_clip[0].read_bytes())
    (frames / "notes.txt").write_text("not a frame", encoding="utf-8")
    page.goto(address)
    by_rules(page)
    page.set_input_files("#folder", str(tmp_path / "sub01"))
    page.get_by_text("1 file was left out").wait_for()
    expect(page.locator("#recordings")).to_contain_text(
        "72 frames, img1.jpg to img72.jpg", use_inner_text=True
    )
    page.fill("#recordings input", "30")
    page.locator("#recordings button.primary").click()
    row = page.locator(".work li", has_text="EP02_01f")
    row.locator("a.primary").wait_for()
    page.locator(".work li", has_text="smile.mp4").locator("a.primary").wait_for()
    row.locator("a.primary").click()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("#facts")).to_contain_text("30 fps · 72 frames", use_inner_text=True)
    expect(page.locator("#file")).to_have_text(f"img{frame(page) + 1}.jpg", use_inner_text=True)
    assert abs(frame(page) - smile_clip[1].events[0].apex) <= 2
    painted(page)


def test_what_was_chosen_before_the_script_came_is_taken(page: Any, address: str, tmp_path: Path) -> None:
    (tmp_path / "early.gif").write_bytes(b"GIF89a")
    waiting: list[Any] = []
    page.route("**/static/start.js", lambda route: waiting.append(route))
    # Held back: the page goes on to a single clip as soon as it is there.
    upload = re.compile(r"/media\?name=")
    page.route(upload, lambda route: None)
    page.goto(address, wait_until="commit")
    page.set_input_files("#files", str(tmp_path / "early.gif"))
    page.wait_for_timeout(200)
    expect(page.locator(".work li")).to_have_count(0)
    assert len(waiting) == 1
    with page.expect_request(upload):
        waiting[0].continue_()
        page.locator(".work .name", has_text="early.gif").wait_for()


def test_a_dropped_folder_is_walked_through(page: Any, address: str) -> None:
    """What a browser hands over in a drop: entries in pieces, folders in folders."""
    page.goto(address)
    found = page.evaluate(
        """async () => {
          const { entriesOf, walk, sortOut } = await import("/static/folders.js");
          const file = (name, path) => (
            { isFile: true, fullPath: path, file: (done) => done(new File(["x"], name)) });
          const folder = (path, kids) => ({ isDirectory: true, fullPath: path, createReader: () => {
            const pieces = [kids.slice(0, 2), kids.slice(2), []];
            return { readEntries: (done) => done(pieces.shift()) };
          } });
          const names = ["img10.png", "img9.png", "img1.png", ".DS_Store"];
          const top = folder("/top", [
            folder("/top/a", names.map((name) => file(name, `/top/a/${name}`))),
            folder("/top/@eaDir", ["t1.jpg", "t2.jpg"].map((name) => file(name, `/top/@eaDir/${name}`))),
            ...["b.MOV", "c.MTS", "._c.MTS", "readme.md", "one.jpg", "two.jpg"].map(
              (name) => file(name, `/top/${name}`))]);
          const entries = entriesOf({ items: [{ webkitGetAsEntry: () => top }] });
          const { clips, recordings, left } = sortOut(await walk(entries));
          const files = entriesOf({ items: [{ webkitGetAsEntry: () => file("x.mp4", "/x.mp4") }] });
          return { clips: clips.map(({ name }) => name), left, files,
            recordings: recordings.map(({ name, files }) => [name, files.map((one) => one.name)]) };
        }"""
    )
    assert found == {
        "clips": ["b.MOV", "c.MTS"],
        "recordings": [["top/a", ["img1.png", "img9.png", "img10.png"]]],
        "left": 3,
        "files": None,
    }


def test_a_tablet_needs_no_sideways_scrolling(browser: Any, clip: str) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    opened(page, clip)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator("#next").bounding_box()
    before = frame(page)
    page.touchscreen.tap(box["x"] + 5, box["y"] + 5)
    at_frame(page, before + 1)
    context.close()


def test_a_language_model_is_watched_while_it_writes(
    browser: Any, smile_clip: tuple[Path, ClipTruth], tmp_path: Path
) -> None:
    """While a clip is analysed, and while a moved moment is read again."""
    model = WritingModel()
    with serving(ServerOptions(store=tmp_path, port=0, llm=model.spec)) as address:
        for page in open_page(browser, address.rstrip("/")):
            page.goto(address)
            page.locator("#choices select[name=llm] option").nth(2).wait_for(state="attached")
            expect(page.locator("#choices select[name=llm]")).to_have_value("server")
            page.set_input_files("#files", str(smile_clip[0]))
            page.wait_for_url("**/clips/*")
            page.locator("#reading .live", has_text="Both mouth corners move up.").wait_for()
            expect(page.locator(".unit").nth(1)).to_be_attached()  # what was measured is there already
            model.go_on.set()
            analysed(page)
            page.locator("#reading mark", has_text="brow moves down").wait_for()
            expect(page.locator("#reading")).to_contain_text("openai/toy", use_inner_text=True)
            model.go_on.clear()
            page.locator(".handle.apex").focus()
            page.keyboard.press("ArrowRight")
            page.locator("#reading .live", has_text="Both mouth corners move up.").wait_for()
            expect(page.locator("#heading s.was")).to_have_count(1)  # what was measured is there already
            model.go_on.set()
            page.locator("#reading .live").wait_for(state="detached")
            expect(page.locator("#reading .conclusion")).to_contain_text(
                "This suggests happiness.", use_inner_text=True
            )
    model.shutdown()
    model.server_close()
