"""The renderer that the page ships is the one that docs/dependencies.md names, with its licence."""

import hashlib
import re
from pathlib import Path

import mellm.web

PAGE = Path(mellm.web.__file__).parent / "page"
DOCS = Path(__file__).parents[2] / "docs" / "dependencies.md"


def test_the_shipped_renderer_is_the_documented_one() -> None:
    row = r"^\| `([\w.-]+)` \|[^|]*\| `([0-9a-f]{64})` \|$"
    listed = dict(re.findall(row, DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    shipped = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in PAGE.iterdir()
        if path.name.startswith(("preact", "htm", "renderer")) and not path.name.endswith(".d.ts")
    }
    assert listed == shipped and len(shipped) == 4


def test_the_renderer_needs_no_eval() -> None:
    for name in ("preact.js", "preact-hooks.js", "htm.js"):
        text = (PAGE / name).read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function", text) and "renderer-licences.txt" in text
