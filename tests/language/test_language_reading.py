import math
import random

import pytest

from mellm.face.regions import REGION_NAMES
from mellm.facs import AUEvidence
from mellm.flow.region_motion import OCTANTS, RegionMotion
from mellm.language import unsupported_claims, write_reading

LANGUAGES = ("en", "zh")


def region(name, u, v, moving=True):
    size, angle = math.hypot(u, v), math.degrees(math.atan2(-v, u)) % 360
    octant = OCTANTS[int((angle + 22.5) // 45) % 8] if moving else None
    return RegionMotion(
        name, u, v, size, 1.5 * size, size / 150, angle, octant, 0.9 if moving else 0.1, moving
    )


def moved(vectors):
    return [region(n, *vectors[n]) if n in vectors else region(n, 0.01, 0.0, False) for n in REGION_NAMES]


SMILE = moved(
    {
        "left mouth corner": (-0.7, -0.6),
        "right mouth corner": (0.7, -0.6),
        "left cheek": (0.0, -0.4),
        "right cheek": (0.0, -0.4),
    }
)
AU12 = AUEvidence(12, "both", 0.94, "B", ("left mouth corner", "right mouth corner"))
AU6 = AUEvidence(6, "both", 0.71, "A", ("left cheek", "right cheek"))
AU4 = AUEvidence(4, "both", 0.80, "C", ("left inner brow", "right inner brow"))
L14 = AUEvidence(14, "left", 0.66, "A", ("right mouth corner",))
HAPPY = {"happiness": 0.83, "surprise": 0.07, "disgust": 0.10}


def read(motion, aus, emotion, language="en", **more):
    return write_reading(motion, aus, emotion, taxonomy="7", language=language, **more)


@pytest.mark.parametrize("language", LANGUAGES)
def test_smile_names_units_emotion_and_sizes(language):
    reading = read(SMILE, [AU12, AU6], HAPPY, language)
    assert reading.model == "evidence"
    assert reading.agrees_with_facs
    assert reading.unsupported_claims == []
    assert "0.92 px" in reading.analysis
    assert "6A + 12B" in reading.conclusion
    assert "0.83" in reading.conclusion
    assert ("happiness" if language == "en" else "高兴") in reading.conclusion


def test_sides_are_said_for_the_picture_and_the_subject():
    reading = read(moved({"right mouth corner": (0.5, 0.0)}), [L14], {"contempt": 0.6, "happiness": 0.4})
    assert "image right (subject's left)" in reading.analysis
    assert "on the subject's left" in reading.analysis
    assert "L14A" in reading.conclusion
    chinese = read(
        moved({"right mouth corner": (0.5, 0.0)}), [L14], {"contempt": 0.6, "happiness": 0.4}, "zh"
    )
    assert "画面右侧的嘴角（被摄者左侧）" in chinese.analysis


def test_mirrored_pictures_swap_the_subjects_side():
    reading = read(moved({"right mouth corner": (0.5, 0.0)}), [L14], {"contempt": 1.0}, mirrored=True)
    assert "image right (subject's right)" in reading.analysis


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_moved_is_no_evidence(language):
    reading = read(moved({}), [], None, language)
    words = "No evidence of a micro-expression" if language == "en" else "没有发现微表情的证据"
    assert words in reading.conclusion
    assert "AU" not in reading.conclusion


def test_motion_without_a_unit_is_no_evidence_and_says_why():
    reading = read(SMILE, [AUEvidence(12, "both", 0.4, None, ("left mouth corner",))], None)
    assert "mouth corners" in reading.analysis
    assert "Too weak to count: AU 12" in reading.analysis
    assert "no action unit reaches" in reading.reasoning
    assert reading.conclusion == "No evidence of a micro-expression."


@pytest.mark.parametrize("language", LANGUAGES)
def test_blink_alone_is_noted_but_no_emotion_follows(language):
    lids = {
        f"{side} upper eyelid {part}": (0.0, 0.9)
        for side in ("left", "right")
        for part in ("outer", "centre")
    }
    blink = AUEvidence(45, "both", 0.9, None, tuple(lids))
    reading = read(moved(lids), [blink], {"fear": 0.6, "anger": 0.4}, language)
    assert ("as in a blink" if language == "en" else "像是眨眼") in reading.analysis
    assert ("No evidence" if language == "en" else "没有发现") in reading.conclusion
    assert ("fear" if language == "en" else "恐惧") not in reading.conclusion


def test_what_speaks_against_the_emotion_is_said():
    reading = read(SMILE, [AU12, AU4], {"happiness": 0.6, "anger": 0.4})
    assert "AU 4 (brow lowerer) does not belong" in reading.reasoning
    assert "AU 6 (cheek raiser), which one would look for, was not found" in reading.reasoning
    assert "anger (0.40)" in reading.reasoning


def test_an_undecided_emotion_is_called_so():
    reading = read(SMILE, [AU12], {"happiness": 0.3, "contempt": 0.28, "anger": 0.22, "fear": 0.2})
    assert "no label stands out" in reading.conclusion


def test_never_proves():
    for language, banned in (("en", ("prove", "certain")), ("zh", ("证明", "肯定"))):
        reading = read(SMILE, [AU12, AU6], HAPPY, language)
        text = reading.analysis + reading.reasoning + reading.conclusion
        assert not any(word in text for word in banned)


def test_same_evidence_same_words_other_evidence_other_words():
    assert read(SMILE, [AU12, AU6], HAPPY) == read(SMILE, [AU12, AU6], HAPPY)
    rng = random.Random(3)
    openings = set()
    for _ in range(30):
        shift = rng.uniform(0.5, 1.2)
        motion = moved({"left mouth corner": (-shift, -shift), "right mouth corner": (shift, -shift)})
        mouth = next(x for x in read(motion, [AU12], HAPPY).analysis.splitlines() if x.startswith("Mouth"))
        openings.add(mouth.split(":")[1])
    assert len(openings) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_readings_of_any_motion_hold_by_construction(language):
    rng = random.Random(0)
    for _ in range(150):
        vectors = {
            name: (rng.gauss(0, 0.6), rng.gauss(0, 0.6))
            for name in rng.sample(REGION_NAMES, rng.randint(0, 14))
        }
        reading = read(moved(vectors), [AU12, AU6, AU4, L14][: rng.randint(0, 4)], HAPPY, language)
        assert reading.unsupported_claims == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_readings_fail_for_the_opposite_motion(language):
    """The check above means something only if the reading's sentences are read as claims at all."""
    opposite = [region(m.name, -m.u, -m.v, m.moving) for m in SMILE]
    text = read(SMILE, [AU12, AU6], HAPPY, language).analysis
    assert len(unsupported_claims(text, opposite, language)) == 2


def test_own_names_for_units():
    assert "Zygomaticus" in read(SMILE, [AU12], HAPPY, au_names={12: "Zygomaticus"}).analysis
