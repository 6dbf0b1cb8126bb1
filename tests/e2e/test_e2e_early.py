"""A coder works on a clip whose analysis still runs; nothing is lost when its report comes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import choose, expect, open_page, opened

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

from held_analysis import HeldAnalysis, held_server
from mellm.web.service import Service

Server = tuple[str, Service, list[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        pytest.MonkeyPatch.context() as patch,
        held_server(tmp_path_factory.mktemp("early"), 2, patch, 4) as server,
    ):
        yield server


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    yield from open_page(browser, server[0])


def tab(page: Any, number: str) -> Any:
    return page.locator(".tab", has_text=re.compile(rf"ME {re.escape(number)}\b"))


def save(page: Any, version: int) -> None:
    page.locator("#save").click()
    page.locator("#saved", has_text=f"Saved as version {version}").wait_for()


def test_marks_of_an_open_clip_outlive_the_rest_of_its_report(page: Any, server: Server) -> None:
    address, service, (job, _) = server
    held = HeldAnalysis.of(service, job)
    opened(page, f"{address}/clips/{job}")
    page.fill("#coder", "Ada")
    page.keyboard.press("Tab")
    page.locator("[data-focus=add-first]").click()
    page.locator(".tab.person").wait_for()
    save(page, 1)
    held.watched()
    tab(page, "2").click()
    page.locator("[data-focus=agree]").click()
    page.locator("#said", has_text="being measured").wait_for()
    expect(page.locator(".judge .chip")).to_have_count(0)
    held.measured(2)
    page.locator(".unit").first.wait_for()
    page.locator("[data-focus=agree]").click()
    tab(page, "3").click()
    page.locator("[data-focus=reject]").click()
    save(page, 2)
    # Not saved when the report comes: a word on one that it has, and on one that it has not in the end.
    tab(page, "1").click()
    page.locator("[data-focus=reject]").click()
    tab(page, "4").click()
    page.locator("[data-focus=reject]").click()
    page.locator("[data-focus=undo]").click()
    apex = int(page.input_value("[data-focus=apex]"))
    page.locator("[data-focus=apex]").fill(str(apex + 1))
    page.keyboard.press("Tab")
    waiting: list[Any] = []
    page.route("**/report", lambda route: waiting.append(route), times=1)
    with page.expect_request("**/report"):
        held.ended([me for me in held.report.micro_expressions if me.number != 4])
    # It counts as running until its report is here.
    expect(page.locator("#progress .busy")).to_have_count(1)
    waiting[0].continue_()
    page.locator("#progress:empty").wait_for(state="attached")
    tab(page, "4").click()
    expect(page.locator(".judge .chip")).to_have_text("yours", use_inner_text=True)
    expect(page.locator("[data-focus=apex]")).to_have_value(str(apex + 1))
    tab(page, "1").click()
    expect(page.locator(".judge .chip")).to_have_text("rejected", use_inner_text=True)
    # What was done before goes on to be undone, in its new form.
    page.locator("[data-focus=undo]").click()
    page.locator("[data-focus=undo]").click()
    page.locator(".judge .chip").wait_for(state="detached")
    page.locator("[data-focus=redo]").click()
    page.locator("[data-focus=redo]").click()
    save(page, 4)
    opened(page, f"{address}/clips/{job}")
    words = {}
    for number in ("1", "2", "3", "4", "5"):
        choose(tab(page, number))
        words[number] = page.locator(".judge .chip").inner_text()
    assert words == {"1": "rejected", "2": "agreed", "3": "rejected", "4": "yours", "5": "yours"}
    expect(page.locator(".tab")).to_have_count(5)


def test_a_draft_of_a_running_clip_comes_back_after_its_end(page: Any, server: Server) -> None:
    address, service, (_, job) = server
    held = HeldAnalysis.of(service, job)
    held.watched()
    opened(page, f"{address}/clips/{job}")
    tab(page, "2").click()
    page.locator("[data-focus=reject]").click()
    page.goto(f"{address}/gallery")
    held.ended([me for me in held.report.micro_expressions if me.number != 2])
    opened(page, f"{address}/clips/{job}")
    page.locator("#said", has_text="not saved").wait_for()
    save(page, 1)
    answer = page.request.get(f"{address}/api/v1/jobs/{job}/annotation").json()
    assert [(m["id"], m["number"], m["verdict"]) for m in answer["moments"]] == [(2, None, "rejected")]
