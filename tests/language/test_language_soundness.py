"""Sentences held against measurements: which units a part must, may and must not be given."""

from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import parse_code
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language.compact_prompt import Findings
from mellm.language.sentence_check import unsound


def motion(**upward: float) -> list[RegionMotion]:
    """Regions that move straight up by so many px; the others rest."""
    sizes = {name: upward.get(name.replace(" ", "_"), 0.0) for name in REGION_NAMES}
    return [
        RegionMotion(name, 0.0, -s, s, s, s / 100, 90.0 if s else None, "up" if s else None, 1.0, s > 0)
        for name, s in sizes.items()
    ]


CHEEKS = motion(left_cheek=2.0, right_cheek=2.0, left_mouth_corner=2.0, right_mouth_corner=2.0)


def units(**probabilities: float) -> list[AUEvidence]:
    return [AUEvidence(int(au[2:]), "both", p, None, ()) for au, p in probabilities.items()]


def ends(sentence: str, spoken: tuple[str, ...], found: list[AUEvidence]) -> tuple[str, ...] | None:
    units_spoken = [parse_code(code) for code in spoken]
    turn = unsound(sentence, units_spoken, Findings(CHEEKS, aus=found))
    assert turn is None or sentence.startswith(turn.kept)
    return turn and turn.options


def test_a_unit_the_part_bears_out_is_named_the_first_time():
    found = units(au6=0.9, au12=0.9)
    assert ends("Cheeks go up (2.0 px): AU 12.", ("12",), found) == (
        " AU 6 (cheek raiser).",
        " AU 6 (cheek raiser), AU 12.",
    )
    assert ends("Cheeks go up (2.0 px): AU 12.", ("6", "12"), found) is None
    assert ends("Cheeks go up (2.0 px): AU 6 (cheek raiser).", ("12",), found) is None


def test_no_unit_is_said_only_of_parts_that_bear_out_none():
    told = ("6", "12")
    assert ends("Cheeks go up (2.0 px): no unit.", told, units(au6=0.9, au12=0.2)) == (
        " AU 6.",
        " AU 6, AU 12.",
    )
    assert ends("Cheeks go up (2.0 px): no unit.", (), units(au6=0.3)) is None
    assert ends("Cheeks go up (2.0 px): no unit.", (), units(au1=0.9)) is None


def test_a_likely_unit_may_be_named_and_one_not_borne_out_may_not():
    assert ends("Cheeks go up (2.0 px): AU 6 (cheek raiser).", (), units(au6=0.3)) is None
    assert ends("Cheeks go up (2.0 px): AU 15 (lip corner depressor).", (), units(au6=0.3)) == (
        " no unit.",
        " AU 6 (cheek raiser).",
    )


def test_what_does_not_belong_to_the_form_is_left_out():
    turn = unsound("Cheeks go up (2.0 px) and inward (2.0 px): no unit.", (), Findings(CHEEKS, aus=[]))
    assert turn is not None
    assert (turn.kept, turn.options) == ("Cheeks go up (2.0 px)", (":",))
