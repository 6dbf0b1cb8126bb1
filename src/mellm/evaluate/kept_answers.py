"""Answers of a long run, kept line by line beside its output, so that an interrupted run goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Kept = TypeVar("Kept")


def read_kept(path: Path | None, read: Callable[[str], Kept]) -> dict[str, Kept]:
    """Read what a run has kept so far; a line cut off by a kill is left out."""
    found: dict[str, Kept] = {}
    if path is not None and path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                key, value = json.loads(line)
                found[key] = read(value)
            except ValueError:
                continue
    return found


def keep(path: Path | None, key: str, value: str) -> None:
    """Add one answer to what is kept; nothing where a run keeps nothing."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
