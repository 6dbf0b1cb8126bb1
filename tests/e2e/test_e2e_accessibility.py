"""Every room as screen readers and weak eyes meet it: axe-core finds nothing, grave or not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import open_page, opened, uploaded

from review_samples import review_store

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")

from mellm.simulate.generated_clip import ClipTruth  # noqa: E402
from mellm.web.server import serving  # noqa: E402
from mellm.web.server_options import ServerOptions  # noqa: E402


@pytest.fixture(scope="module")
def address(smile_clip: tuple[Path, ClipTruth], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = review_store(smile_clip[0], tmp_path_factory.mktemp("data"))
    options = ServerOptions(
        store=tmp_path_factory.mktemp("store"), port=0, instruct=data.root, instruct_share=1.0
    )
    with serving(options) as address:
        yield address.rstrip("/")


@pytest.fixture(scope="module")
def clip(browser: Any, address: str, smile_clip: tuple[Path, ClipTruth]) -> str:
    """The address of an analysed clip."""
    return uploaded(browser, address, smile_clip[0])


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    yield from open_page(browser, address)


def issues(page: Any, room: str) -> list[str]:
    """What is wrong in the light and in the dark, one line each: rule, element, why."""
    found = []
    for look in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{look}'")
        # Colours fade into each other: what is measured is where they end.
        page.wait_for_timeout(300)
        report = axe.Axe().run(page).response
        found += [
            f"{room}, {look}: {issue['id']}: {node['html'][:160]} {node['failureSummary']}"
            for issue in report["violations"]
            for node in issue["nodes"]
        ]
        assert len(report["passes"]) > 10, "axe has looked at the page"
    return found


def test_the_start_page(page: Any, address: str, pair: tuple[Path, Path]) -> None:
    page.goto(address)
    page.click("#settings summary")
    page.set_input_files("#files", str(pair[0]))
    page.locator("#pair figure").wait_for()
    assert issues(page, "start") == []


def test_the_gallery(page: Any, address: str, clip: str) -> None:
    page.goto(f"{address}/gallery")
    page.locator(".cards img").first.wait_for()
    assert issues(page, "gallery") == []
    page.click("#language")
    assert issues(page, "gallery in Chinese") == []


def test_the_result_with_corrections(page: Any, clip: str) -> None:
    opened(page, clip)
    assert issues(page, "result") == []
    page.locator(".unit .sign[data-focus^=reject]").first.click()
    page.locator(".unit .sign[data-focus^=agree]").first.click()
    page.select_option("[data-focus=your-emotion]", "contempt")
    page.locator(".weak summary").click()
    page.locator("#compare summary").click()
    page.locator("[data-focus=add]").click()
    assert issues(page, "corrections") == []
    page.locator(".unit-form [type=button]").click()
    page.locator("[data-focus=rewrite]").click()
    page.click("#export summary")
    assert issues(page, "rewriting and exporting") == []
    page.keyboard.press("Escape")
    page.click("#keys")
    assert issues(page, "keyboard help") == []


def test_what_surrounds_the_result(page: Any, clip: str) -> None:
    """Coders, description, comparison of frames, a question, pose."""
    opened(page, clip)
    for summary in ("#ask summary", "#pose summary"):
        page.locator(summary).click()
    page.select_option("#looking", "side")
    page.locator(".comparator canvas[data-painted]").nth(1).wait_for()
    assert issues(page, "question, pose, side by side") == []
    page.click("#coders")
    page.locator("dialog.coders p").first.wait_for()
    assert issues(page, "coders") == []
    page.keyboard.press("Escape")
    page.locator("[data-focus=describe]").click()
    assert issues(page, "description") == []


def test_an_unknown_clip(browser: Any, address: str) -> None:
    for page in open_page(browser, address, refused="404"):
        page.goto(f"{address}/clips/{'0' * 20}")
        page.get_by_role("heading", name="There is no such clip here").wait_for()
        assert issues(page, "unknown clip") == []


def test_the_review(page: Any, address: str) -> None:
    page.goto(f"{address}/review")
    page.fill("#who", "Anna")
    page.keyboard.press("Enter")
    page.locator("#title", has_text="1. ").wait_for()
    page.click("#asked summary")
    assert issues(page, "review") == []
