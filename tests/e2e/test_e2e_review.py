"""The review room in a real browser: keys, edits, decisions, languages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import expect, open_page

from mellm.instruct import open_store
from mellm.instruct.review import Review
from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions
from review_samples import review_store


@pytest.fixture(scope="module")
def room(
    smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    store = review_store(smile_clip[0], tmp_path_factory.mktemp("data"))
    options = ServerOptions(
        store=tmp_path_factory.mktemp("store"), port=0, workers=0, instruct=store.root, instruct_share=1.0
    )
    with serving(options) as address:
        yield address.rstrip("/"), store.root


@pytest.fixture
def page(browser: Any, room: tuple[str, Path]) -> Iterator[Any]:
    yield from open_page(browser, room[0])


def test_a_person_reviews_with_the_keyboard(page: Any, room: tuple[str, Path]) -> None:
    address, folder = room
    page.goto(address)
    page.click("nav a[href='/review']")
    page.get_by_text("Enter your name to begin.").wait_for()
    page.fill("#who", "Anna")
    page.keyboard.press("Enter")
    page.locator("#title", has_text="1. Understanding, flow route").wait_for()
    expect(page.locator("#problems")).to_contain_text("emotion: the conclusion names", use_inner_text=True)
    expect(page.locator("#motion")).to_contain_text("left mouth corner", use_inner_text=True)
    assert page.locator("#picture").evaluate("img => img.decode().then(() => img.naturalWidth)") == 400
    page.keyboard.press("e")
    before = page.input_value("#answer")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("names another emotion")
    page.keyboard.press("Escape")
    expect(page.locator("#note")).not_to_be_focused()
    page.keyboard.press("r")
    page.locator("#title", has_text="2. Understanding, vision route").wait_for()
    expect(page.locator("#progress")).to_have_text("1 of 26 decided", use_inner_text=True)
    page.keyboard.press("a")
    page.locator("#title", has_text="3. ").wait_for()
    page.locator("#progress", has_text="2 of 26").wait_for()
    page.keyboard.press("k")
    page.locator("#accept[aria-pressed=true]").wait_for()
    page.keyboard.press("u")
    page.get_by_text("Taken back").wait_for()
    expect(page.locator("#accept[aria-pressed=true]")).to_have_count(0)
    page.keyboard.press("k")
    page.locator("#reject[aria-pressed=true]").wait_for()
    expect(page.locator("#note")).to_have_value("names another emotion")
    expect(page.locator("#answer")).to_have_value(before)
    review = Review(open_store(folder))
    assert [h["verdict"] for h in review.history(review.item(0)[0].id)] == ["reject"]
    review.close()


def test_an_edit_is_kept_while_it_is_written_and_checked(page: Any, room: tuple[str, Path]) -> None:
    page.goto(f"{room[0]}/review")
    page.fill("#who", "Bert")
    page.keyboard.press("Enter")
    page.locator("#title", has_text="1. ").wait_for()
    page.keyboard.press("e")
    text = page.input_value("#answer")
    review = Review(open_store(room[1]))
    record, case, _ = review.item(0)
    review.close()
    conclusion = f"AU {' + '.join(case.truth.action_units or ())}. This suggests {record.target['label']}."
    with page.expect_response("**/review/typing"):
        page.fill("#answer", f"{text.rpartition(chr(10))[0]}\n{conclusion}")
    page.get_by_text("Every check passes.").wait_for()
    page.reload()
    page.get_by_text("unsaved text restored").wait_for()
    assert conclusion in page.input_value("#answer")
    page.keyboard.press("a")
    page.get_by_text("The answer was changed").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator("#title", has_text="2. ").wait_for()
    page.click("#language")
    page.locator("#title", has_text="理解").wait_for()
    expect(page.locator("#progress")).to_have_text("已决定 1 / 26", use_inner_text=True)
    expect(page.locator("#motion")).to_contain_text("左侧嘴角", use_inner_text=True)
