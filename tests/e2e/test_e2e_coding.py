"""What a coder does is never swallowed, lost or taken for something else; in a real browser."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import at_frame, expect, frame, open_page, opened

from long_report import store_long_report

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A server with stored results of half a minute with five moments each: one for each test that saves."""
    store = tmp_path_factory.mktemp("coding")
    jobs = [store_long_report(store, 0.5, 5, name=f"clip {n}.mp4", seed=n) for n in range(6)]
    with serving(ServerOptions(store=store, port=0)) as address:
        yield address.rstrip("/"), jobs


@pytest.fixture
def page(browser: Any, address: tuple[str, list[str]]) -> Iterator[Any]:
    yield from open_page(browser, address[0])


def clip(address: tuple[str, list[str]], which: int = 0) -> str:
    return f"{address[0]}/clips/{address[1][which]}"


def save_as(page: Any, coder: str) -> None:
    page.fill("#coder", coder)
    page.keyboard.press("Tab")
    page.locator("#save").click()
    page.locator("#saved", has_text=re.compile("Saved as version")).wait_for()


def test_a_click_lands_while_a_field_is_left(page: Any, address: tuple[str, list[str]]) -> None:
    """The field that loses the keyboard takes what was typed; what was pressed is still there."""
    opened(page, clip(address))
    page.locator("#coder").press_sequentially("Ada")
    page.locator("[data-focus=agree]").click()
    expect(page.locator(".judge .chip")).to_have_text("agreed", use_inner_text=True)
    onset = int(page.input_value("[data-focus=onset]"))
    page.locator("[data-focus=onset]").fill(str(onset + 1))
    page.locator(".unit .sign[data-focus^=reject]").first.click()
    expect(page.locator(".unit.rejected")).to_have_count(1)
    expect(page.locator("[data-focus=onset]")).to_have_value(str(onset + 1))
    page.locator("[data-focus=apex]").fill(str(onset + 4))
    page.locator("[data-focus=reject]").click()
    expect(page.locator(".judge .chip")).to_have_text("rejected", use_inner_text=True)


def test_a_reason_is_typed_where_it_belongs(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    before = frame(page)
    page.locator(".unit .sign[data-focus^=reject]").first.click()
    page.keyboard.type("no, from AU 12")
    expect(page.locator(".unit.rejected input")).to_have_value("no, from AU 12")
    at_frame(page, before)
    expect(page.locator("#play")).to_have_text("▶", use_inner_text=True)


def test_letter_keys_can_be_changed_and_switched_off(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    page.keyboard.press("y")
    expect(page.locator(".judge .chip")).to_have_text("agreed", use_inner_text=True)
    page.keyboard.press("x")
    expect(page.locator(".judge .chip")).to_have_text("rejected", use_inner_text=True)
    page.click("#keys")
    # A key goes where the focus is, and an open dialog takes the focus.
    page.locator("#help").wait_for()
    key = page.get_by_label("agree with the micro-expression")
    key.press("g")
    expect(key).to_have_value("g")
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="detached")
    page.keyboard.press("y")
    expect(page.locator(".judge .chip")).to_have_text("rejected", use_inner_text=True)
    page.keyboard.press("g")
    expect(page.locator(".judge .chip")).to_have_text("agreed", use_inner_text=True)
    page.keyboard.press("ArrowRight")
    at = frame(page)
    page.keyboard.press("Shift+A")
    expect(page.locator("[data-focus=apex]")).to_have_value(str(at))
    page.click("#keys")
    page.uncheck("#letters")
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="detached")
    page.keyboard.press("x")
    page.keyboard.press("n")
    expect(page.locator(".judge .chip")).to_have_text("changed", use_inner_text=True)
    at_frame(page, at)


def test_what_a_correction_waits_for_is_said(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    job = page.evaluate(f"fetch('/api/v1/jobs/{address[1][0]}').then((answer) => answer.text())")
    queued = job.replace('"state":"done"', '"state":"queued"').replace('"position":null', '"position":2')
    page.route(
        "**/api/v1/jobs",
        lambda route: route.fulfill(status=202, content_type="application/json", body=queued),
    )
    page.route(
        "**/events",
        lambda route: route.fulfill(content_type="text/event-stream", body=f"event: job\ndata: {queued}\n\n"),
    )
    page.locator(".handle.apex").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("waiting: 2 analyses before it").wait_for()


def test_what_cannot_be_is_refused_with_a_word(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    onset, apex = (page.input_value(f"[data-focus={part}]") for part in ("onset", "apex"))
    page.fill("[data-focus=onset]", str(int(apex) + 1))
    page.keyboard.press("Enter")
    page.locator("#said", has_text="The onset comes before the apex").wait_for()
    expect(page.locator("[data-focus=onset]")).to_have_value(onset)
    page.fill("[data-focus=offset]", "90000")
    page.keyboard.press("Enter")
    page.locator("#said", has_text="There is no such frame").wait_for()
    code = page.locator(".unit .code").first.inner_text()
    page.locator("[data-focus=add]").click()
    page.select_option("select[name=au]", re.sub(r"\D", "", code))
    page.locator(".unit-form button.primary").click()
    page.locator("#said", has_text="is there already").wait_for()
    expect(page.locator(".unit.added")).to_have_count(0)


def test_two_windows_lose_nothing(browser: Any, page: Any, address: tuple[str, list[str]]) -> None:
    """What only one of them changed is merged; where both changed a moment, a person chooses."""
    url = clip(address, 1)
    opened(page, url)
    save_as(page, "Ada")
    for other in open_page(browser, address[0], refused="409"):
        other.add_init_script("localStorage.setItem('mellm-coder', 'Ada')")
        opened(other, url)
        other.locator("[data-focus=agree]").click()
        other.keyboard.press("Control+s")
        other.locator("#saved", has_text="Saved as version 2").wait_for()
        page.keyboard.press("n")
        page.locator("[data-focus=reject]").click()
        page.keyboard.press("Control+s")
        page.locator("#saved", has_text="Saved as version 3").wait_for()
        expect(page.locator(".tab.agreed")).to_have_count(1)
        expect(page.locator(".tab.rejected")).to_have_count(1)
        page.keyboard.press("n")
        page.locator("[data-focus=note]").fill("mine")
        page.keyboard.press("Control+s")
        page.locator("#saved", has_text="Saved as version 4").wait_for()
        for _ in range(2):
            other.keyboard.press("n")
        other.locator("[data-focus=note]").fill("theirs")
        other.keyboard.press("Control+s")
        dialog = other.locator("dialog.conflict")
        dialog.wait_for()
        expect(dialog).to_contain_text("mine", use_inner_text=True)
        expect(dialog).to_contain_text("theirs", use_inner_text=True)
        dialog.get_by_label("theirs: mine").check()
        dialog.locator("button.primary").click()
        other.locator("#saved", has_text="Saved as version 5").wait_for()
        expect(other.locator("[data-focus=note]")).to_have_value("mine")
        expect(other.locator(".tab.rejected")).to_have_count(1)


def test_an_added_moment_has_a_number_of_its_own(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address, 2))
    for _ in range(2):
        page.locator("[data-focus=next-moment]").click()
    page.locator("[data-focus=reject]").click()
    page.locator("[data-focus=add-moment]").click()
    save_as(page, "Ada")
    page.locator(".tab.added", has_text="ME 6").wait_for()
    page.reload()
    page.locator("body[data-ready]").wait_for()
    page.locator("[data-focus=all-moments]").click()
    names = page.locator(".row b").all_inner_texts()
    assert len(names) == len(set(names)) == 6 and "✎ ME 6" in names and "ME 3" in names


def test_agreement_is_void_once_something_is_moved(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    page.locator("[data-focus=agree]").click()
    page.locator(".handle.apex").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".judge .chip")).to_have_text("changed", use_inner_text=True)
    page.locator("[data-focus=agree]").click()
    page.locator("#said", has_text="kept as your correction").wait_for()
    expect(page.locator(".judge .chip")).to_have_text("changed", use_inner_text=True)


def test_a_clip_is_renamed_and_coders_keep_apart(
    browser: Any, page: Any, address: tuple[str, list[str]]
) -> None:
    url = clip(address, 3)
    opened(page, url)
    page.locator("[data-focus=agree]").click()
    save_as(page, "Ada")
    page.locator("[data-focus=describe]").click()
    page.fill("dialog.about input[name=name]", "访谈 一.mp4")
    page.fill("dialog.about input[name=tags]", "pilot, smile")
    page.locator("dialog.about button.primary").click()
    page.locator("#name", has_text="访谈 一.mp4").wait_for()
    for other in open_page(browser, address[0]):
        other.add_init_script("localStorage.setItem('mellm-coder', 'Bo')")
        opened(other, url)
        expect(other.locator("#name")).to_have_text("访谈 一.mp4", use_inner_text=True)
        expect(other.locator(".tab.agreed")).to_have_count(0)
    page.goto(f"{address[0]}/gallery")
    page.locator(".cards li", has_text="访谈 一.mp4").locator(".chip.tag", has_text="pilot").click()
    page.locator(".cards li").nth(1).wait_for(state="detached")
    expect(page.locator(".cards .name")).to_have_text("访谈 一.mp4", use_inner_text=True)


def test_what_nothing_bears_out_stands_apart(page: Any, address: tuple[str, list[str]]) -> None:
    """A moment without any evidence is no tab and draws no arrows; a person can take it up."""

    def without_evidence(route: Any) -> None:
        report = json.loads(route.fetch().text())
        me = report["micro_expressions"][1]
        me["interval"]["confidence"], me["emotion"]["label"] = 0.45, None
        me["action_units"][0]["present"] = False
        for region in me["regions"]:
            region.update(moving=False, u_px=1e-9, v_px=0)
        route.fulfill(json=report)

    page.route("**/report?*", without_evidence)
    page.route("**/report", without_evidence)
    opened(page, clip(address))
    expect(page.locator(".tab")).to_have_count(4)
    page.locator("[data-focus=all-moments]").click()
    page.locator(".doubtful summary", has_text="Not taken for micro-expressions (1)").click()
    page.locator(".doubtful .row").click()
    page.locator("#legend", has_text="Nothing moves here").wait_for()
    expect(page.locator("#emotion .big")).to_contain_text("No evidence", use_inner_text=True)
    page.keyboard.press("y")
    expect(page.locator(".tab")).to_have_count(5)


def test_the_reading_follows_corrections(page: Any, address: tuple[str, list[str]]) -> None:
    """What the person coded stands above the program's words, whose conclusion is struck through."""
    opened(page, clip(address))
    expect(page.locator(".your-word")).to_have_count(0)
    expect(page.locator("#reading .was")).to_have_count(0)
    page.select_option("[data-focus=your-emotion]", "contempt")
    page.locator(".unit .sign[data-focus^=reject]").first.click()
    expect(page.locator(".your-word")).to_have_text("✎ You: none; contempt.", use_inner_text=True)
    expect(page.locator("#reading .was .conclusion")).to_have_count(1)


def test_everything_can_be_undone_and_done_again(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address))
    onset = page.input_value("[data-focus=onset]")
    page.locator("[data-focus=agree]").click()
    page.locator(".unit .sign[data-focus^=reject]").first.click()
    page.keyboard.type("because")
    page.locator(".handle.onset").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-focus=onset]")).to_have_value(str(int(onset) - 1))
    page.keyboard.press("Control+z")
    expect(page.locator("[data-focus=onset]")).to_have_value(onset)
    page.keyboard.press("Control+z")
    expect(page.locator(".unit.rejected input")).to_have_value("")  # the letters of one reason are one step
    page.locator("[data-focus=undo]").click()
    expect(page.locator(".unit.rejected")).to_have_count(0)
    page.locator("[data-focus=undo]").click()
    expect(page.locator(".judge .chip")).to_have_count(0)
    expect(page.locator("[data-focus=undo]")).to_be_disabled()
    for _ in range(4):
        page.locator("[data-focus=redo]").click()
    expect(page.locator(".unit.rejected input")).to_have_value("because")
    expect(page.locator("[data-focus=onset]")).to_have_value(str(int(onset) - 1))


def test_what_was_not_saved_is_there_again(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, clip(address, 4))
    page.locator("[data-focus=note]").fill("see frame 38")
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("[data-focus=note]")).to_have_value("see frame 38")
    page.locator("#said", has_text="is back").wait_for()
    save_as(page, "Ada")
    page.reload()
    page.locator("body[data-ready]").wait_for()
    expect(page.locator("[data-focus=note]")).to_have_value("see frame 38")
    expect(page.locator("#said")).to_have_text("", use_inner_text=True)


def test_a_whole_correction_by_keyboard_alone(page: Any, address: tuple[str, list[str]]) -> None:
    """Name, frames, a unit with its reason, another unit, the verdict, saving: the mouse is never touched."""
    opened(page, clip(address, 5))

    def go(name: str) -> None:
        for _ in range(150):
            if page.evaluate("document.activeElement.dataset?.focus ?? document.activeElement.id") == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{name} is not reached with Tab")

    go("coder")
    page.keyboard.type("Ada")
    go("apex")
    apex = int(page.input_value("[data-focus=apex]"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("[data-focus=apex]")).to_have_value(str(apex + 1))
    code = page.locator(".unit .code").first.inner_text()
    go(f"reject-{code}")
    page.keyboard.press("Enter")
    page.keyboard.type("no such motion")
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-focus='undo-{code}']")).to_be_focused()
    go("add")
    page.keyboard.press("Enter")
    expect(page.locator("[name=au]:focus")).to_be_attached()
    page.keyboard.type("17")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("C")
    page.keyboard.press("Tab")
    page.keyboard.type("the chin rises")
    page.keyboard.press("Enter")
    expect(page.locator(".unit.added")).to_contain_text("17C", use_inner_text=True)
    expect(page.locator("[data-focus=unit-17C]")).to_be_focused()
    page.keyboard.press("Control+s")
    page.locator("#saved", has_text="Saved as version 1").wait_for()
    page.keyboard.press("n")
    page.keyboard.press("y")
    expect(page.locator(".judge .chip")).to_have_text("agreed", use_inner_text=True)
    page.keyboard.press("Control+s")
    page.locator("#saved", has_text="Saved as version 2").wait_for()
