"""A hook of MkDocs: pages from outside docs/ come into the site, and links lead to where they lie there.

The README is the front page, in both languages. A link to a file that no page shows (a recipe, a module)
becomes the file's name: the site does not know where the repository is kept.
"""

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {
    "README.md": "index.md",
    "README.zh.md": "index.zh.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
    "CODE_OF_CONDUCT.md": "CODE_OF_CONDUCT.md",
    "examples/mellm-example-plugin/README.md": "example-plugin.md",
}
"""Path in the repository -> path in the site."""
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/, and the notebooks as `make notebooks` wrote them."""
    for source, place in OUTSIDE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for written in sorted((ROOT / "build" / "notebooks").glob("*")):
        files.append(File.generated(config, f"notebooks/{written.name}", abs_src_path=str(written)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn each link from where its page lies in the repository to where it lies in the site."""
    place = page.file.src_uri
    source = next((path for path, shown in OUTSIDE.items() if shown == place), f"docs/{place}")

    def turned(match: re.Match[str]) -> str:
        picture, words, target, part = match.groups()
        if ":" in target:
            return match[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        shown = OUTSIDE.get(wanted, wanted.removeprefix("docs/"))
        if shown.startswith("notebooks/") and shown.endswith(".py"):
            shown = shown.removesuffix(".py") + ".md"
        if files.get_file_from_path(shown) is None and (ROOT / wanted).exists():
            return words
        there = posixpath.relpath(shown, posixpath.dirname(place) or ".")
        return f"{picture}[{words}]({there}{part or ''})"

    return LINK.sub(turned, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Say in which language the page is, and what the dialog for searching is called."""
    output = output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    chinese = page.file.src_uri.endswith(".zh.md")
    return output.replace('<html lang="en"', '<html lang="zh-CN"', 1) if chinese else output


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would fetch something from another host."""
    loads = re.compile(
        r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//|<link[^>]+rel=["']?stylesheet[^>]+href=["']?(?:https?:)?//"""
    )
    for path in Path(config.site_dir).rglob("*.html"):
        if found := loads.search(path.read_text(encoding="utf-8")):
            raise SystemExit(f"{os.path.relpath(path)}: loads from another host: {found[0]}")
