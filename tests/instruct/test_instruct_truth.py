from collections import Counter
from dataclasses import replace

import pytest

from mellm.datasets.vqa_questions import QuestionKind
from mellm.face.regions import REGION_NAMES
from mellm.facs.codes import parse_codes
from mellm.facs.learned_emotion import shipped_emotion_model
from mellm.facs.region_support import supporting_regions
from mellm.facs.taxonomies import get_taxonomy
from mellm.flow.region_motion import RegionMotion
from mellm.instruct.records import Stage
from mellm.instruct.truth import (
    as_evidence,
    coded_truth,
    generated_truth,
    is_seen,
    reasoned_label,
    shown_truth,
    suggested,
    taxonomies_of,
    true_evidence,
)
from mellm.instruct.vqa_dialogues import QuestionForm


def motion(**moved):
    """Regions by name with underscores: (u, v); the rest is still."""
    vectors = {name.replace("_", " "): vector for name, vector in moved.items()}
    found = []
    for name in REGION_NAMES:
        u, v = vectors.get(name, (0.0, 0.0))
        size = (u**2 + v**2) ** 0.5
        octant = "up" if size else None
        found.append(RegionMotion(name, u, v, size, size, size / 200, 90.0, octant, 1.0, size > 0))
    return found


def unit(code):
    return parse_codes(code).units[0]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("4+7", ("4", "7")),
        ("1+L2", ("1", "L2")),
        ("R2+L2B", ("R2", "L2B")),
        ("12 or 14", None),
        ("4?", None),
        ("", None),
        ("what", None),
        ("4+12(k)", ("4",)),
        ("4+M59", ("4",)),
    ],
)
def test_codes_as_they_may_be_learned(text, codes):
    assert coded_truth(text, "disgust").action_units == codes


def test_emotions_in_every_taxonomy_that_has_a_word():
    assert coded_truth("4", "Disgust").labels == {
        "3": "negative",
        "5": "disgust",
        "6": "disgust",
        "7": "disgust",
    }
    assert coded_truth("14", "repression").labels == {"3": "negative"}
    assert coded_truth("14", "others").labels == {}
    only_coarse = coded_truth("", "", "positive")
    assert (only_coarse.emotion, only_coarse.labels) == (None, {"3": "positive"})


def test_taxonomies_are_the_sets_own_and_the_coarse_one():
    truth = coded_truth("4", "disgust")
    assert taxonomies_of("casme2", truth) == ("5", "3")
    assert taxonomies_of("dfme", truth) == ("7", "3")
    assert taxonomies_of("casme2", coded_truth("14", "repression")) == ("3",)


def test_generated_labels_are_drawn_as_the_sheets_say():
    smile = [(6, "both"), (12, "both")]
    drawn = Counter(generated_truth(smile, True, f"key{i}").emotion for i in range(1500))
    expected = shipped_emotion_model().fine(as_evidence([unit("6"), unit("12")]))
    for emotion, probability in expected.items():
        assert drawn[emotion] / 1500 == pytest.approx(probability, abs=0.05)
    one = generated_truth(smile, True, "key1")
    assert one == generated_truth(smile, True, "key1")
    assert one.origin == "sheets"
    assert one.labels["3"] == get_taxonomy("3").label_of(one.emotion)
    blink = generated_truth([(45, "both")], True, "key")
    assert (blink.expression, blink.labels, blink.action_units) == (False, {}, ("45",))
    assert generated_truth([], False, "key").expression is False


def test_reasoned_answers_take_the_likeliest_label_where_it_was_drawn():
    drawn = replace(coded_truth("12", "anger"), origin="sheets")
    assert (reasoned_label(drawn, "3"), reasoned_label(drawn, "7")) == ("positive", "happiness")
    assert reasoned_label(coded_truth("12", "anger"), "3") == "negative"
    assert reasoned_label(replace(drawn, labels={}), "3") is None


def test_what_shows_is_borne_out_by_motion_or_found_by_the_stage():
    truth = coded_truth("12+L4+45+R2+L2", "happiness")
    moved = motion(left_mouth_corner=(-0.5, -0.6), left_outer_brow=(0, -1), right_outer_brow=(0, -1))
    stage = Stage(((4, "both", 0.8), (12, "both", 0.2), (7, "both", 0.9)), {})
    assert shown_truth(truth, moved, None).action_units == ("2", "12")
    assert shown_truth(truth, moved, stage).action_units == ("2", "L4", "12")


def test_units_alone_suggest_labels_with_coarse_classes_equally_common():
    assert sum(suggested([unit("4")], "3").values()) == pytest.approx(1)
    coarse, model = suggested([unit("12")], "3"), shipped_emotion_model()
    plain = model.predict(as_evidence([unit("12")]), "3")
    assert coarse["positive"] > plain["positive"]
    assert suggested([unit("12")], "7") == pytest.approx(model.predict(as_evidence([unit("12")]), "7"))


def test_support_is_looked_for_on_the_units_own_side():
    smile = motion(left_mouth_corner=(-0.5, -0.6), right_mouth_corner=(0.5, -0.6))
    assert supporting_regions(unit("12"), smile) == ("left mouth corner", "right mouth corner")
    # The subject's left is the picture's right.
    assert supporting_regions(unit("L12"), smile) == ("right mouth corner",)
    assert supporting_regions(unit("R12"), smile) == ("left mouth corner",)
    assert supporting_regions(unit("15"), smile) == ()
    assert supporting_regions(unit("51"), smile) == ()


def test_still_regions_bear_nothing_out():
    assert supporting_regions(unit("12"), motion()) == ()
    truth = coded_truth("12", "happiness")
    assert not is_seen(truth, motion())
    assert is_seen(truth, motion(left_mouth_corner=(-0.5, -0.6)))


def test_a_unit_coded_on_each_side_is_one_piece_of_evidence():
    truth = coded_truth("R2+L2", "surprise")
    found = true_evidence(truth, motion(left_outer_brow=(0, -1.0), right_outer_brow=(0, -1.0)))
    assert [(e.au, e.side, len(e.evidence)) for e in found] == [(2, "both", 2)]


@pytest.mark.parametrize(
    ("text", "kind", "asked"),
    [("coarse", QuestionKind.COARSE, None), ("shown:12", QuestionKind.SHOWN, 12), ("side:4", "side", 4)],
)
def test_the_form_of_a_question_is_read_and_written(text, kind, asked):
    form = QuestionForm.parse(text)
    assert (form.kind, form.unit, str(form)) == (kind, asked, text)
    with pytest.raises(ValueError, match="weather"):
        QuestionForm.parse("weather")
