"""The documentation: its Python blocks run, and the files it names are there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mellm.cli import app

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
BLOCKS = re.findall(
    r"^### ([^\n]+)\n(?:(?!^###).)*?^```python\n(.*?)^```", ARCHITECTURE, re.MULTILINE | re.DOTALL
)
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted(ROOT.glob("examples/*/*.md")),
]


GUIDES = [
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
    ROOT / "README.zh.md",
    ROOT / "docs" / "plugins.md",
]
COMMAND = re.compile(r"(?:^|`)mellm ((?:[a-z][a-z0-9-]* ?)+)", re.MULTILINE)


@pytest.mark.parametrize("page", GUIDES, ids=[page.name for page in GUIDES])
def test_a_guide_names_verbs_that_exist(page: Path) -> None:
    group = typer.main.get_command(app)
    named = [words.split() for words in COMMAND.findall(page.read_text(encoding="utf-8"))]
    assert named or page.name == "join-in.md"
    for words in named:
        command: Any = group
        for word in words:
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"mellm {' '.join(words)}"
            command = command.commands[word]


def test_every_section_on_adding_things_has_code() -> None:
    section = ARCHITECTURE.split("## Where to add things")[1].split("\n## ")[0]
    assert [title for title, _ in BLOCKS] == re.findall(r"^### (.+)$", section, re.MULTILINE)


@pytest.mark.parametrize(("title", "code"), BLOCKS, ids=[title for title, _ in BLOCKS])
def test_the_code_on_adding_things_runs(title: str, code: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_linked_files_are_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_named_source_files_are_there(page: Path) -> None:
    named = set(
        re.findall(r"`(?:src/mellm/|mellm/)?([a-z_0-9/]+/[a-z_0-9]+\.py)`", page.read_text(encoding="utf-8"))
    )
    source = ROOT / "src" / "mellm"
    assert [
        name for name in sorted(named) if not (source / name).exists() and not (ROOT / name).exists()
    ] == []


def test_both_readmes_say_the_same() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))

    def figures(text: str) -> list[list[str]]:
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        return [sorted(re.findall(r"\d*\.\d+", row)) for row in rows]

    def commands(text: str) -> list[str]:
        blocks = re.findall(r"```\w+\n(.*?)```", text, re.DOTALL)
        lines = [
            re.sub(r"  +# .*| --language zh", "", line).strip() for line in "\n".join(blocks).splitlines()
        ]
        return [re.sub(r'".*"', '"..."', line) for line in lines]

    def links(text: str) -> set[str]:
        return set(re.findall(r"\]\(([^)]+)\)", text)) - {"README.md", "README.zh.md"}

    assert figures(english) == figures(chinese) and len(figures(english)) > 15
    assert commands(english) == commands(chinese)
    assert links(english) == links(chinese)
    assert english.count("\n## ") == chinese.count("\n## ")
