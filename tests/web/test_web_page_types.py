"""The page's types say what the server's models say, and ask for elements that the pages hold."""

import re
from pathlib import Path

import pytest

import mellm.report
import mellm.web.annotation
import mellm.web.clip_parts
import mellm.web.contract
import mellm.web.moment_rows
import mellm.web.wire

pytest.importorskip("fastapi", reason="the `web` extra is not installed")

import mellm.web.agreement
import mellm.web.routes_review

PAGE = Path(mellm.web.contract.__file__).parent / "page"
TYPES = (PAGE / "types.d.ts").read_text(encoding="utf-8")
SERVER, OWN = TYPES.split("// The page's own\n")
MODULES = (
    mellm.report,
    mellm.web.contract,
    mellm.web.wire,
    mellm.web.clip_parts,
    mellm.web.moment_rows,
    mellm.web.annotation,
    mellm.web.agreement,
    mellm.web.routes_review,
)


def interfaces(text: str) -> dict[str, list[str]]:
    """Interface -> names of its fields."""
    found = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r"^  (\w+)\??:", body, re.MULTILINE) for name, body in found}


def model_fields(name: str) -> set[str]:
    """Fields of the server's model of this name, those it computes too."""
    models = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    assert models, f"the server has no model {name}"
    return {field for model in models for field in (*model.model_fields, *model.model_computed_fields)}


@pytest.mark.parametrize("name", interfaces(SERVER))
def test_the_page_knows_the_servers_fields_by_their_names(name: str) -> None:
    fields = interfaces(SERVER)[name]
    assert fields
    assert set(fields) <= model_fields(name)


def test_the_order_of_a_moments_frames() -> None:
    assert interfaces(OWN)["FrameRange"] == list(mellm.web.contract.Frames.model_fields)


def test_every_element_that_is_asked_for_is_drawn_by_a_page() -> None:
    known = set(re.findall(r'^  "#([\w-]+)": ', TYPES, re.MULTILINE))
    drawn = "".join(file.read_text() for kind in ("*.html", "*.js") for file in PAGE.glob(kind))
    held = set(re.findall(r'\bid="([\w-]+)"', drawn))
    asked = {
        name
        for script in PAGE.glob("*.js")
        for name in re.findall(r'\bat\("#([\w-]+)"\)', script.read_text())
    }
    assert asked - known == set()
    assert known - held == set()
