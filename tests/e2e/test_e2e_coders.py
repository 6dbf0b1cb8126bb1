"""Several people code one clip: apart, blind, compared, decided on; in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from browser import expect, open_page, opened

from long_report import store_long_report

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from mellm.web.server import serving
from mellm.web.server_options import ServerOptions


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A server with stored results of half a minute with five moments each."""
    store = tmp_path_factory.mktemp("coders")
    jobs = [store_long_report(store, 0.5, 5, name=f"clip {n}.mp4", seed=n) for n in range(3)]
    with serving(ServerOptions(store=store, port=0, workers=0)) as address:
        yield address.rstrip("/"), jobs


@pytest.fixture
def page(browser: Any, address: tuple[str, list[str]]) -> Iterator[Any]:
    yield from open_page(browser, address[0])


def code(page: Any, coder: str, keys: str) -> None:
    """Say something about the first moments by keyboard (y, x, n), and save it under a name."""
    page.fill("#coder", coder)
    page.keyboard.press("Tab")
    page.locator("#saved", has_text="").wait_for(state="attached")
    page.wait_for_timeout(500)
    page.locator("#stage").click(position={"x": 5, "y": 5})
    for key in keys:
        page.keyboard.press(key)
    page.keyboard.press("Control+s")
    page.locator("#saved", has_text="Saved as version").wait_for()


def test_two_coders_are_compared_and_decided_on(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][0]}")
    code(page, "Ada", "ynynx")
    opened(page, f"{address[0]}/clips/{address[1][0]}")
    code(page, "Bo", "ynxny")
    page.click("#coders")
    page.locator("dialog.coders table", has_text="Ada").wait_for()
    expect(page.locator("dialog.coders table")).to_contain_text("Bo", use_inner_text=True)
    apart = page.eval_on_selector(
        "dialog.coders table td", "cell => parseFloat(getComputedStyle(cell).paddingRight)"
    )
    assert apart >= 12, "columns do not run together"
    page.locator(".agreement summary").click()
    page.locator("[data-focus=agreement]").click()
    page.locator(".agreement .figures").first.wait_for()
    figures = page.locator(".agreement .figures").first.inner_text()
    assert "Cohen’s kappa, frames" in figures and "2 × agreed / all codes" in figures
    page.locator(".adjudication summary").click()
    page.locator("[data-focus=adjudicate]").click()
    page.locator(".adjudication li").first.wait_for()
    expect(page.locator(".adjudication li")).to_have_count(3)
    assert page.locator("[data-focus=save-final]").is_disabled()
    for row in page.locator(".adjudication li.differs").all():
        row.get_by_label("neither").check()
    page.locator("[data-focus=save-final]").click()
    page.locator("#said", has_text="The final version is saved.").wait_for()


def test_every_version_can_be_had_again(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][1]}")
    code(page, "Ada", "y")
    page.keyboard.press("x")
    page.keyboard.press("Control+s")
    page.locator("#saved", has_text="Saved as version 2").wait_for()
    page.click("#coders")
    page.locator(".versions summary").click()
    page.locator(".versions li button").first.click()
    page.locator("#said", has_text="Version 1 is the newest again").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator(".judge .chip")).to_have_text("agreed", use_inner_text=True)


def test_a_blind_coder_sees_no_mark_until_it_is_handed_in(
    browser: Any, page: Any, address: tuple[str, list[str]]
) -> None:
    url = f"{address[0]}/clips/{address[1][2]}"
    opened(page, url)
    page.locator("[data-focus=describe]").click()
    page.select_option("dialog.about select[name=blind]", "program")
    page.locator("dialog.about button.primary").click()
    page.locator("dialog.about").wait_for(state="detached")
    for other in open_page(browser, address[0], refused="403"):
        other.add_init_script("localStorage.setItem('mellm-coder', 'Cy')")
        opened(other, url)
        expect(other.locator(".tab")).to_have_count(0)
        expect(other.locator("#marks .region")).to_have_count(0)
        expect(other.locator("main")).not_to_contain_text("happiness", use_inner_text=True)
        other.locator("#heading").get_by_text("Blind coding").wait_for()
        other.locator("[data-focus=add-moment]").first.click()
        other.locator(".tab.person").wait_for()
        other.click("#coders")
        other.check("#finished")
        other.locator("dialog.coders").get_by_role("button", name="Save").click()
        other.locator(".tab").nth(4).wait_for()


def test_the_next_clip_is_one_step_away(page: Any, address: tuple[str, list[str]]) -> None:
    opened(page, f"{address[0]}/clips/{address[1][1]}")
    page.locator("a.neighbour").first.click()
    page.locator("body[data-ready]").wait_for()
    assert not page.url.endswith(address[1][1])
