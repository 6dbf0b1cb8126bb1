"""Models on the page: chosen in the settings, compared side by side, and whose words one reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import WAIT_MS, by_rules, expect, open_page, opened

from writing_model import WritingModel

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.simulate.generated_clip import ClipTruth
from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a language model of its own, which prefers the learned model of action units."""
    model = WritingModel()
    model.go_on.set()
    store = tmp_path_factory.mktemp("models")
    with serving(ServerOptions(store=store, port=0, llm=model.spec, au_model="learned")) as address:
        yield address.rstrip("/")
    model.shutdown()
    model.server_close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from open_page(browser, address)


@pytest.fixture(scope="module")
def clip(browser: Any, address: str, smile_clip: tuple[Path, ClipTruth]) -> str:
    """The clip as read by the server's own language model; the address of its result."""
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.locator("#choices select[name=llm] option").nth(2).wait_for(state="attached")
    page.set_input_files("#files", str(smile_clip[0]))
    page.wait_for_url("**/clips/*")
    url = str(page.url)
    page.close()
    return url


def test_the_settings_offer_what_the_server_has(page: Any, address: str) -> None:
    page.goto(address)
    page.click("#settings summary")
    page.locator("#choices select[name=llm] option").nth(2).wait_for(state="attached")
    expect(page.locator("select[name=au_model]")).to_have_value("learned")
    expect(page.locator("select[name=route]")).to_be_enabled()
    page.select_option("select[name=llm]", "embedded")
    expect(page.locator("select[name=route]")).not_to_be_enabled()  # only the server's own may see pictures
    page.select_option("select[name=language]", "zh")
    page.get_by_text("the built-in model writes English only").wait_for()
    page.select_option("select[name=language]", "en")
    expect(page.get_by_text("the built-in model writes English only")).to_have_count(0)


def test_the_readers_language_decides_whose_words_come_first(page: Any, clip: str) -> None:
    opened(page, clip)
    page.locator("#reading .conclusion", has_text="This suggests happiness.").wait_for()
    page.locator("[data-focus=by-rules]").click()
    page.locator("#reading .text", has_text="Mouth:").wait_for()
    expect(page.locator("#reading")).to_contain_text("written by rules", use_inner_text=True)
    page.locator("[data-focus=by-model]").click()
    page.locator("#reading .conclusion", has_text="This suggests happiness.").wait_for()
    opened(page, clip)
    page.click("#language")
    page.get_by_text("语言模型的原文为英文").wait_for()
    page.locator("#reading .text", has_text="嘴部").wait_for()
    page.locator("[data-focus=by-model]").click()
    page.locator("#reading .conclusion", has_text="This suggests happiness.").wait_for()
    expect(page.locator("#reading .text")).to_have_attribute("lang", "en")
    expect(page.get_by_text("语言模型的原文为英文")).to_have_count(0)


def test_models_are_compared_side_by_side(page: Any, clip: str) -> None:
    opened(page, clip)
    page.locator("#compare summary").click()
    for other, heads, row in (
        ("estimator:dis", ["meflownet", "dis"], "strongest motion"),
        ("au_model:evidence", ["learned", "documented rules"], "Action units"),
        ("llm:none", ["your own model server", "rules (no model)"], "Reading"),
    ):
        page.select_option("[data-focus=other]", other)
        page.locator("[data-focus=measure]").click()
        page.locator(".compared").wait_for()
        assert page.locator(".compared thead th").all_inner_texts() == heads
        cells = page.locator(".compared tr", has=page.get_by_role("rowheader", name=row)).locator("td")
        expect(cells).to_have_count(2)
        assert all(cells.all_inner_texts())


def test_a_pair_is_compared_too(page: Any, address: str, pair: tuple[Path, Path]) -> None:
    page.goto(address)
    by_rules(page)
    page.set_input_files("#files", [str(path) for path in pair])
    page.locator("#pair button.primary").click()
    page.wait_for_url("**/clips/*")
    page.locator("body[data-ready]").wait_for()
    page.locator("#compare summary").click()
    page.select_option("[data-focus=other]", "estimator:dis")
    page.locator("[data-focus=measure]").click()
    page.locator(".compared").wait_for()
    expect(page.locator(".compared b", has_text="12")).to_have_count(2)
