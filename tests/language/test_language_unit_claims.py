"""Claims on units: what counts as one, and that a claim is held against the motion."""

import pytest
from test_language_check import MOTION

from mellm.language.unit_claims import unit_claims, unsupported_units


@pytest.mark.parametrize(
    ("language", "text", "units"),
    [
        ("en", "The brows show AU 4 (brow lowerer) and AU 12.", ["AU 4", "AU 12"]),
        ("en", "AU 10 + 12 fit happiness.", ["AU 10", "AU 12"]),
        ("en", "AU 12 is seen. AU 6 is missing.", ["AU 12"]),
        ("en", "AU 4, the brow lowerer, would lower the outer brows too.", []),
        ("en", "AU 12 and AU 15 were considered.", []),
        ("en", "AU R12 carries it; AU 15 does not.", ["AU R12"]),
        ("en", "AU 45 closes the eyes.", []),
        ("zh", "由此看到的是AU12（拉嘴角）、AU4（降眉）。", ["AU12".replace("AU", "AU "), "AU 4"]),
        ("zh", "未见AU6。", []),
        ("zh", "通常应出现的AU6未被观察到；AU12由两侧嘴角支持。", ["AU 12"]),
    ],
)
def test_what_is_claimed(language, text, units):
    assert [str(claim) for claim in unit_claims(text, language)] == units


def test_a_unit_that_no_region_bears_out_is_reported_with_its_sentence():
    text = "AU 12 is borne out by the mouth corners. AU 15 and AU 4 are there."
    (found,) = unsupported_units(text, MOTION, "en")
    assert found == "AU 15 and AU 4 are there. -> AU 15: no region moves so"
    assert unsupported_units("可见AU15（降口角）。", MOTION, "zh") == [
        "可见AU15（降口角）。 -> AU 15: no region moves so"
    ]


def test_a_side_is_claimed_too():
    still_right = [m if m.name != "left mouth corner" else MOTION[-1] for m in MOTION]
    assert unsupported_units("AU L12 is seen.", still_right, "en") == []
    assert len(unsupported_units("AU R12 is seen.", still_right, "en")) == 1
    assert unsupported_units("AU R12 is seen.", still_right, "en", mirrored=True) == []
