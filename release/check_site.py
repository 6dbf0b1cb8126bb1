"""Opens pages of the built site from the disk: axe-core finds nothing, no request leaves, search answers.

python release/check_site.py build/site        # needs the development tools and Chromium
"""

import argparse
import shutil
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

PAGES = (
    "index.html",
    "index.zh.html",
    "guides/code-a-video.html",
    "notebooks/code-a-video.html",
    "api/index.html",
    "leaderboard.html",
    "glossary.html",
)
LOOKS = (("light", 1280), ("dark", 390))
"""Colours and width in px that each page is seen in."""
SEARCHED = {"index.html": "laterality apex", "index.zh.html": "微表情"}


def faults(page: Any) -> list[str]:
    """What axe finds on the open page, one line per element."""
    report = Axe().run(page).response
    assert len(report["passes"]) > 10, "axe has looked at the page"
    return [
        f"{issue['id']} ({issue['impact']}): {node['html'][:160]}"
        for issue in report["violations"]
        for node in issue["nodes"]
    ]


def watch(page: Any, wrong: list[str]) -> None:
    """Write down requests to hosts and mistakes of scripts."""

    def asked(request: Any) -> None:
        if request.url.startswith("http"):
            wrong.append(f"asks {request.url}")

    page.on("request", asked)
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))


def look(browser: Any, site: Path, wrong: list[str]) -> int:
    """Show every page in light and wide, dark and narrow; return how many views there were."""
    views = [(scheme, width, name) for scheme, width in LOOKS for name in PAGES]
    for scheme, width, name in views:
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        watch(page, wrong)
        page.goto((site / name).as_uri())
        page.wait_for_timeout(300)
        found = faults(page)
        print(f"{name}, {scheme}, {width} px: {len(found)} faults", flush=True)
        wrong += [f"{name}, {scheme}, {width} px: {fault}" for fault in found]
        page.close()
    return len(views)


def search(browser: Any, site: Path, wrong: list[str]) -> None:
    """Ask the search of a page; an answer must come."""
    for name, words in SEARCHED.items():
        page = browser.new_page()
        watch(page, wrong)
        page.goto((site / name).as_uri())
        page.locator("input.md-search__input").fill(words)
        page.locator(".md-search-result__item").first.wait_for(state="attached", timeout=60_000)
        print(f"{name}: {page.locator('.md-search-result__item').count()} pages for {words!r}")
        page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("site", type=Path)
    site: Path = parser.parse_args().site.resolve()
    wrong: list[str] = []
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        views = look(browser, site, wrong)
        search(browser, site, wrong)
        browser.close()
    print(f"{views} views of {len(PAGES)} pages, {len(wrong)} faults")
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
