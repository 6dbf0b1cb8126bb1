"""What inference reads from stored 28x28 flow: sides by hand-made scores, and agreement of its parts."""

import subprocess
import sys

import numpy as np
import pytest

from flow_folder import flow_of, stored
from mellm.facs.emotion_units import EMOTION_UNITS
from mellm.facs.findings import AUEvidence
from mellm.facs.stored_flow import COARSE, coarse_findings, fine_emotion
from mellm.facs.stored_flow_units import SIDE_GAP, called_units, read_units, stronger_half, unit_evidence
from mellm.facs.taxonomies import FINE, get_taxonomy
from mellm.facs.unit_rules import EXPRESSIVE, EYE_CLOSURE


def test_a_unit_is_called_by_the_mean_of_its_halves_and_one_sided_by_their_gap() -> None:
    left = (0.3, 0.3 - SIDE_GAP - 0.01)
    scores = np.array([left, left[::-1], (0.2, 0.1), (0.4, -0.5)]).T
    assert [u.code for u in called_units(scores, (12, 14, 4, 9))] == ["L12", "R14", "4"]
    assert [stronger_half(pair) for pair in scores.T] == ["left", "right", "left", "left"]


@pytest.mark.parametrize("label", COARSE)
def test_known_motion_is_read_without_training(label: str) -> None:
    picture = stored(flow_of(label, np.random.default_rng(3)))
    found = coarse_findings(picture).probabilities
    assert found.sum() == pytest.approx(1) and COARSE[int(found.argmax())] == label
    evidence = unit_evidence(picture)
    called = {
        u.au: u.side for u in called_units(read_units(picture[None], EXPRESSIVE).scores()[0], EXPRESSIVE)
    }
    assert {e.au: e.side for e in evidence if e.probability > 0.5} == called
    assert not {e.au for e in evidence} & EYE_CLOSURE


def test_a_unit_no_source_knows_is_never_called() -> None:
    picture = stored(flow_of("positive", np.random.default_rng(3)))
    assert (read_units(picture[None], (99,)).scores() < 0).all()


def test_fine_emotions_keep_the_coarse_shares() -> None:
    coarse = np.array([0.5, 0.2, 0.3])
    fine = fine_emotion(coarse, [AUEvidence(15, "left", 0.9, None, ())])
    assert tuple(fine) == FINE
    for share, members in zip(coarse, get_taxonomy("3").members.values(), strict=True):
        assert sum(fine[name] for name in members) == pytest.approx(share)


def test_the_table_of_emotions_covers_every_fine_emotion_and_agrees_with_itself() -> None:
    assert tuple(EMOTION_UNITS) == FINE
    assert sum(row.prior for row in EMOTION_UNITS.values()) == pytest.approx(1)
    for row in EMOTION_UNITS.values():
        assert all(group <= row.signs for group in row.core)
        assert {au for au, weight in row.weights.items() if weight >= 1.5} <= row.signs


def test_the_zero_shot_path_needs_no_evaluation_and_no_scikit_learn() -> None:
    code = (
        "import sys, numpy as np\n"
        "from mellm.instruct.facs_findings import stage_of_stored_flow\n"
        "stage_of_stored_flow(np.random.default_rng(0).integers(0, 255, (28, 28, 3), np.uint8))\n"
        "print([m for m in sys.modules if m.startswith(('sklearn', 'mellm.evaluate', 'mellm.train'))])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
