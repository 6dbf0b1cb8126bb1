"""Opinions and their combination with the FACS stage."""

from dataclasses import replace

import numpy as np
import pytest
from motion_regions import HALF_SMILE, regions

from mellm.facs.findings import AUEvidence
from mellm.language.motion.combination import CombinationWeights, combined_labels, combined_units
from mellm.language.motion.opinion import Opinion, borne_out
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, UNITS, options


def opinion(fine: str = "happiness", coarse: str = "positive", **units: tuple[str, float]) -> Opinion:
    shares = []
    for au in UNITS:
        side, p = units.get(f"au{au}", ("both", 0.02))
        share = np.full(4, (0.1 * p) / 2)
        share[0], share[("both", "left", "right").index(side) + 1] = 1 - p, 0.9 * p
        shares.append(share)
    for label, labels in ((fine, FINE_LABELS), (coarse, COARSE_LABELS)):
        share = np.full(len(labels), 0.2 / (len(labels) - 1))
        share[labels.index(label)] = 0.8
        shares.append(share)
    return Opinion.of(tuple(shares))


WEIGHTS = CombinationWeights((0.6, 0.6, 0.0), (0.5, 0.5))


def test_units_are_called_with_the_subjects_side():
    found = opinion(au12=("left", 0.9), au6=("both", 0.8), au4=("both", 0.05)).called
    assert [unit.code.code for unit in found] == ["6", "L12"]


def test_labels_of_every_taxonomy_leave_nothing_out_of_account():
    found = opinion(fine="none", coarse="none")
    assert found.nothing == pytest.approx(0.8)
    for taxonomy in ("3", "5", "6", "7"):
        labels = found.labels(taxonomy)
        assert "none" not in labels
        assert sum(labels.values()) == pytest.approx(1)
    assert max(opinion().labels("7").items(), key=lambda item: item[1])[0] == "happiness"


def test_every_question_has_its_options():
    assert [len(found) for found in options()] == [4] * len(UNITS) + [len(FINE_LABELS), len(COARSE_LABELS)]


def test_two_that_agree_are_surer_than_each_and_two_that_differ_are_not():
    stage = [AUEvidence(12, "both", 0.8, "B", ("left mouth corner",)), AUEvidence(4, "both", 0.8, None, ())]
    found = {unit.au: unit for unit in combined_units(stage, opinion(au12=("left", 0.85)), WEIGHTS)}
    assert found[12].probability > 0.85
    assert found[12].side == "left" and found[12].evidence == ("left mouth corner",)
    assert found[4].probability < 0.5


def test_a_unit_that_one_of_them_does_not_know_is_kept():
    found = {
        unit.au: unit for unit in combined_units([AUEvidence(22, "both", 0.7, None, ())], opinion(), WEIGHTS)
    }
    assert found[22].probability == 0.7
    assert set(found) == {22, *UNITS}


def test_labels_are_weighed():
    stage = {"negative": 0.5, "positive": 0.45, "surprise": 0.05}
    found = combined_labels(stage, opinion().labels("3"), WEIGHTS)
    assert max(found, key=found.__getitem__) == "positive"
    assert sum(found.values()) == pytest.approx(1)


def test_a_text_speaks_of_no_unit_that_no_region_bears_out():
    moving = [replace(part, octant="up-left" if part.moving else None) for part in regions(**HALF_SMILE)]
    seen = opinion(au12=("right", 0.9), au4=("both", 0.8)).evidence(moving)
    told = {unit.au for unit in borne_out(seen)}
    assert {12, 4} <= {unit.au for unit in seen}
    assert 12 in told and 4 not in told
