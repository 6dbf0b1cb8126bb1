"""Unit sets of generated motion: from sheets, or written by hand so that no sheet takes part."""

from pathlib import Path

from mellm.facs.codes import parse_codes
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.taxonomies import FINE
from mellm.instruct.motion_fields import Pattern
from mellm.instruct.motion_patterns import patterns_of, written_patterns
from mellm.language.motion.questions import UNITS


def test_without_a_sheet_unit_sets_are_the_written_ones_and_even_ones() -> None:
    found = patterns_of(())
    assert found == patterns_of(())  # the same every time
    assert {p.emotion for p in found} == set(FINE)
    assert {au for p in found for au, _ in p.units} == set(UNITS)
    assert Pattern(((12, "left"),), "contempt") in found
    for emotion in FINE:
        of = [p for p in found if p.emotion == emotion]
        written = {
            tuple(sorted(u.au for u in parse_codes(code).present))
            for code in EMOTION_UNITS[emotion].combinations
        }
        share = sum(tuple(sorted(au for au, _ in p.units)) in written for p in of) / len(of)
        assert 0.4 < share < 0.75, emotion  # as many as the even ones, some of which are written too


def test_an_even_set_is_named_as_the_prototypes_weigh_it() -> None:
    found = [p for p in written_patterns(even=400) if p.units == ((12, "both"),)]
    assert sum(p.emotion == "happiness" for p in found) > len(found) / 2


def test_a_sheet_takes_the_place_of_the_written_sets(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Subject,AU,Emotion\n1,6+12,happiness\n")
    found = patterns_of([sheet])
    assert {p.emotion for p in found} == {"happiness", "repression"}
