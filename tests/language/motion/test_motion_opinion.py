"""Opinions and their combination with the FACS stage."""

from dataclasses import replace

import numpy as np
import pytest
from motion_regions import HALF_SMILE, regions

from mellm.facs import abstains, create_au_model
from mellm.facs.blinks import feigned_units
from mellm.facs.findings import AUEvidence
from mellm.language.motion.combination import (
    HEARD,
    CombinationWeights,
    combined_labels,
    combined_units,
    held_back,
    weights_of,
)
from mellm.language.motion.encoders import shipped_encoder
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


def test_an_encoder_alone_calls_no_unit():
    seen = opinion(au4=("both", 0.95), au12=("both", 0.95))
    for likeliest, called in ((HEARD - 0.01, set()), (HEARD, {4, 12})):
        stage = [AUEvidence(4, "both", likeliest, None, ()), AUEvidence(12, "both", 0.3, None, ())]
        # Closing eyes are no reason to listen.
        stage.append(AUEvidence(43, "both", 0.9, None, ()))
        found = combined_units(stage, seen, WEIGHTS)
        assert {unit.au for unit in found if unit.probability >= 0.5} - {43} == called


def test_a_unit_that_only_the_encoder_knows_is_not_called_on_a_still_face():
    still = combined_units([AUEvidence(4, "both", 0.1, None, ())], opinion(au12=("both", 0.95)), WEIGHTS)
    assert max(unit.probability for unit in still) == HEARD


def test_units_that_lids_may_feign_are_left_to_the_stage():
    stage = [AUEvidence(4, "both", 0.45, None, ()), AUEvidence(12, "both", 0.45, None, ())]
    seen = opinion(au4=("both", 0.95), au12=("both", 0.95))
    found = {unit.au: unit.probability for unit in combined_units(stage, seen, WEIGHTS, {4})}
    assert found[4] == 0.45 and found[12] > 0.5
    # What the encoder doubts still counts.
    doubted = {unit.au: unit.probability for unit in combined_units(stage, opinion(), WEIGHTS, {4})}
    assert doubted[4] < 0.45


def test_no_blink_is_called_by_both_together_nor_by_an_encoder_that_decides():
    """The fold of a closing lid draws the skin below the brow along, and flow spreads a little everywhere."""
    lids = {f"{s}_upper_eyelid_{p}" for s in ("left", "right") for p in ("outer", "centre", "inner")}
    called = 0
    for closing in (1.0, 3.0, 9.0, 16.0):
        moving = dict.fromkeys(lids, (0.0, closing))
        moving |= {f"{s}_inner_brow": (0.0, 0.2 * closing) for s in ("left", "right")}
        blink = regions(**moving)
        seen = shipped_encoder("flow").read_regions(blink)
        called += any(unit.likelihood >= 0.5 for unit in seen.units)
        alone = held_back(seen.evidence(blink), feigned_units(blink))
        assert not any(unit.probability >= 0.5 for unit in alone)
        for name in ("evidence", "learned"):
            stage = create_au_model(name).predict(blink)
            found = combined_units(stage, seen, weights_of("flow", "px"), feigned_units(blink))
            assert abstains(found)
    assert called  # The encoder as it is does call some.


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
