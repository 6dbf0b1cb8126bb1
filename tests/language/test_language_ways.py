"""Ways to reason, strength on one scale, and coders' sides that the motion does not show."""

import math

import pytest

from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import parse_code
from mellm.facs.findings import AUEvidence
from mellm.facs.region_support import supporting_regions
from mellm.flow.region_motion import OCTANTS, RegionMotion
from mellm.instruct.records import Case, Truth
from mellm.instruct.rules_annotator import write_answer
from mellm.instruct.truth import labels_of
from mellm.language import unsupported_claims, write_reading
from mellm.language.unit_claims import unsupported_units


def motion(**vectors):
    found = []
    for name in REGION_NAMES:
        u, v = vectors.get(name.replace(" ", "_"), (0.0, 0.0))
        size, angle = math.hypot(u, v), math.degrees(math.atan2(-v, u)) % 360
        octant = OCTANTS[int((angle + 22.5) // 45) % 8] if size else None
        found.append(RegionMotion(name, u, v, size, size, size / 200, angle, octant, 1.0, size > 0))
    return found


LEFT_CORNER = motion(left_mouth_corner=(-1.4, -1.2))  # the picture's left: the subject's right
SMILE = motion(left_mouth_corner=(-1.4, -1.2), right_mouth_corner=(1.4, -1.2))


def unit(code, found, probability=0.9):
    parsed = parse_code(code)
    return AUEvidence(parsed.au, parsed.side, probability, None, supporting_regions(parsed, found))


def answer(codes, emotion, found, route="flow", language="en", seed=0):
    truth = Truth(tuple(codes), emotion, labels_of(emotion))
    case = Case("k", "d", "s", "n", "train", "px", tuple(found), truth, None, False, {"map_scale_px": 1.0})
    return write_answer(case, route, language, "7", seed)


def reasonings(**emotion):
    """The reasonings of slightly different smiles, which take different ways."""
    found = set()
    for k in range(40):
        moved = motion(left_mouth_corner=(-1.4 - k / 50, -1.2), right_mouth_corner=(1.4, -1.2))
        found.add(write_reading(moved, [unit("12", moved)], emotion, taxonomy="7").reasoning)
    return found


def test_near_rivals_may_come_first_and_distant_ones_do_not():
    assert any(text.startswith("Two labels lie close") for text in reasonings(happiness=0.5, contempt=0.4))
    assert not any("close together" in text for text in reasonings(happiness=0.8, contempt=0.2))


def test_what_is_missing_may_come_first():
    found = reasonings(happiness=0.9, surprise=0.02)
    assert any("incomplete" in text or "one would look for" in text.split(".")[0] for text in found)
    assert len({text.split(" ")[0] for text in found}) > 1


def test_one_side_speaks_for_contempt():
    one = [unit("R12", LEFT_CORNER)]
    texts = {
        write_reading(
            motion(left_mouth_corner=(-1.4 - k / 50, -1.2)), one, {"contempt": 0.7}, taxonomy="7"
        ).reasoning
        for k in range(20)
    }
    assert any("contempt is told by" in text or "sets contempt apart" in text for text in texts)


@pytest.mark.parametrize(
    ("language", "speech", "slow"), [("en", "in speech", "0.31 s"), ("zh", "说话时", "0.31 秒")]
)
def test_speech_and_a_slow_rise_speak_against(language, speech, slow):
    moved = motion(left_mouth_corner=(-1.4, 0.0), right_mouth_corner=(1.4, 0.0))
    told = {}
    for rise in (0.31, 0.1):
        reading = write_reading(
            moved, [unit("20", moved)], {"fear": 0.6}, taxonomy="7", language=language, rise=rise
        )
        told[rise] = reading.reasoning
    assert speech in told[0.31] and slow in told[0.31]
    assert slow not in told[0.1]


def test_a_smile_is_not_put_down_to_speech():
    assert (
        "speech" not in write_reading(SMILE, [unit("12", SMILE)], {"happiness": 0.9}, taxonomy="7").reasoning
    )


def test_a_coders_side_that_the_motion_does_not_show_is_said():
    turned = answer(["L12"], "contempt", LEFT_CORNER).analysis
    assert "L12" not in turned and "subject's right." in turned
    alike = answer(["R12"], "contempt", SMILE).analysis
    assert "though both sides move alike" in alike
    plain = answer(["R12"], "contempt", LEFT_CORNER).analysis
    assert "alike" not in plain and "was coded" not in plain


def test_a_map_is_told_by_brightness_and_lengths_by_strength():
    found = motion(chin=(0.0, -0.7))
    flow, vision = (answer(["17"], "sadness", found, route).analysis for route in ("flow", "vision"))
    assert "very faintly (0.70 px)" in flow
    assert "(in bright violet)" in vision and "faint" not in vision and "strongly" not in vision


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("route", ["flow", "vision"])
def test_every_way_makes_true_claims_only(language, route):
    for seed in range(30):
        for codes, emotion, found in (
            (["12"], "happiness", SMILE),
            (["L12"], "contempt", LEFT_CORNER),
            (["R12", "17"], "contempt", SMILE),
        ):
            told = answer(codes, emotion, found, route, language, seed)
            text = f"{told.analysis}\n{told.reasoning}"
            assert unsupported_claims(text, found, language) == []
            assert unsupported_units(told.analysis, found, language) == [], told.analysis
