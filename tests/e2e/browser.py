"""Chromium for the tests of the page: where it is, how it is started, what a page must not do."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WAIT_MS = 300_000
"""How long anything may take, ms: many times what it takes, so that a busy machine fails no test."""

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip


def open_page(browser: Any, address: str, refused: str = "never") -> Iterator[Any]:
    """A page of 1280x720 that must make no mistake in its scripts and ask nobody but the server.

    `refused` is a status the server is meant to answer with, such as "409": Chromium reports it as a mistake.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type == "error" and f"status of {refused}" not in message.text
            else None
        ),
    )
    page.on(
        "request",
        lambda request: wrong.append(request.url) if not request.url.startswith((address, "blob:")) else None,
    )
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()
    assert wrong == [], wrong


def opened(page: Any, url: str) -> None:
    """Open a room and wait until it has drawn itself."""
    page.goto(url)
    page.locator("body[data-ready]").wait_for()


def expect(locator: Any) -> Any:
    """What Playwright waits for after a press: the page draws itself a moment later."""
    from playwright.sync_api import expect as wait_for

    wait_for.set_options(timeout=WAIT_MS)
    return wait_for(locator)


def frame(page: Any) -> int:
    """The frame that is shown now."""
    return int(page.input_value("#frame"))


def at_frame(page: Any, wanted: int) -> None:
    """Wait until a frame is the one that is shown."""
    expect(page.locator("#frame")).to_have_value(str(wanted))


def choose(moment: Any) -> None:
    """Press a moment's tab and wait until it is the one that is shown."""
    moment.click()
    expect(moment).to_have_attribute("aria-pressed", "true")


def by_rules(page: Any) -> None:
    """Choose readings by rules, as a person does: the language model takes most of an analysis."""
    page.click("#settings summary")
    page.select_option("select[name=llm]", "none")


def uploaded(browser: Any, address: str, path: Path) -> str:
    """Upload a clip through the page and wait until it is analysed by rules; return its address."""
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    by_rules(page)
    page.set_input_files("#files", str(path))
    url = analysed(page)
    page.close()
    return url


def analysed(page: Any) -> str:
    """Wait on the page of a clip until its analysis has ended; return its address."""
    page.wait_for_url("**/clips/*")
    page.locator("body[data-ready]").wait_for()
    page.locator("#progress:empty").wait_for(state="attached")
    return str(page.url)
