import pytest

from mellm.language.unit_mentions import with_true_names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AU 4 (lip corner puller).", "AU 4 (brow lowerer)."),
        (
            "AU R1 (outer brow raiser), AU 12 (lip corner puller).",
            "AU R1 (inner brow raiser), AU 12 (lip corner puller).",
        ),
        ("AU 12 (both mouth corners).", "AU 12 (both mouth corners)."),
        ("AU 99 (brow lowerer).", "AU 99 (brow lowerer)."),
        ("An AU", "An AU"),
        ("AU 4 (never closed", "AU 4 (never closed"),
        ("No unit at all: A, AU.", "No unit at all: A, AU."),
    ],
)
def test_numbers_and_names_agree_however_the_text_is_cut(text, expected):
    for size in (1, 2, 3, 7, 100):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        assert "".join(with_true_names(pieces)) == expected


def test_text_is_handed_on_as_soon_as_it_is_safe():
    assert next(iter(with_true_names(["Brows go down: ", "AU 4"]))) == "Brows go down: "
