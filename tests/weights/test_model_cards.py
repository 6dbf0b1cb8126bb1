"""Model cards: one schema, and every shipped file of weights on exactly one of them."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from safetensors import safe_open

from mellm.weights.model_store import SHIPPED_FOLDER, SHIPPED_SUFFIXES

ROOT = Path(__file__).parents[2]
CARDS = sorted(SHIPPED_FOLDER.glob("*.md"))
ROWS = ("Weights", "Recipe", "Trained on", "Seed, time", "Licence", "Commercial use")
"""What the table of a card says at least, in this order where all are there."""


def rows(card: Path) -> dict[str, str]:
    return dict(re.findall(r"^\| ([A-Z][^|]*?) \| (.+) \|$", card.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("card", CARDS, ids=[card.stem for card in CARDS])
def test_a_card_has_the_schema(card: Path) -> None:
    text, found = card.read_text(encoding="utf-8"), rows(card)
    assert text.startswith(f"# {card.stem}\n\n"), "the title is the model's name"
    assert [row for row in ROWS if not found.get(row)] == []
    assert re.match(r"(not )?clear\b", found["Commercial use"])
    assert re.search(r"^(\*\*)?Figures\b", text, re.MULTILINE), "how good it is, or where that stands"
    assert re.search(r"^(\*\*)?Limits\b", text, re.MULTILINE), "what it cannot do"
    assert re.match(r"\d+", found["Seed, time"])


@pytest.mark.parametrize("card", CARDS, ids=[card.stem for card in CARDS])
def test_what_a_card_names_is_there(card: Path) -> None:
    found = rows(card)
    recipes = re.findall(r"recipes/[\w-]+\.yaml", found["Recipe"])
    assert recipes and all((ROOT / recipe).is_file() for recipe in recipes)
    assert all((SHIPPED_FOLDER / name).is_file() for name in weights_of(card))


def test_every_file_of_weights_has_one_card() -> None:
    shipped = {path.name for path in SHIPPED_FOLDER.iterdir() if path.suffix in SHIPPED_SUFFIXES}
    assert Counter(name for card in CARDS for name in weights_of(card)) == Counter(shipped)


@pytest.mark.parametrize("file", sorted(SHIPPED_FOLDER.glob("*.safetensors")), ids=lambda path: path.stem)
def test_what_a_file_says_of_itself_names_no_folder_of_its_maker(file: Path) -> None:
    with safe_open(file, "np") as opened:
        told = json.dumps(opened.metadata() or {})
    assert re.findall(r"(?<![\w.])(?:/|[A-Z]:\\)\w+/[^\"\\]*", told) == []


def weights_of(card: Path) -> list[str]:
    return re.findall(r"`([\w-]+\.(?:safetensors|onnx))`", rows(card)["Weights"])
