"""The guess at an answer: true to what is measured, in the form that a model writes."""

from dataclasses import replace

from mellm.face.regions import REGION_NAMES
from mellm.facs.findings import AUEvidence
from mellm.flow.region_motion import RegionMotion
from mellm.language.compact_answer import CompactAnswer
from mellm.language.compact_draft import compact_draft
from mellm.language.compact_prompt import Findings

RISING = {"left mouth corner", "right mouth corner"}
MOTION = [
    RegionMotion(name, 0.0, -2.0, 2.0, 2.0, 0.02, 90.0, "up", 1.0, True)
    if name in RISING
    else RegionMotion(name, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 1.0, False)
    for name in REGION_NAMES
]
SMILE = AUEvidence(12, "both", 0.9, "B", tuple(sorted(RISING)))


def test_a_draft_tells_every_part_its_units_and_the_label():
    text = compact_draft(Findings(MOTION, aus=[SMILE, replace(SMILE, au=4, probability=0.2)]), "happiness")
    assert CompactAnswer.parse(text) is not None
    assert "Mouth corners go up (2.0 px): AU 12 (lip corner puller)." in text
    assert text.endswith("Conclusion: AU 12. Label: happiness.")
    assert "AU 4" not in text


def test_a_draft_reasons_nothing_where_no_unit_is_told_and_says_so_of_a_still_face():
    told = compact_draft(Findings(MOTION), "happiness")
    assert "Mouth corners go up (2.0 px): no unit." in told and told.endswith("no micro-expression.")
    still = [replace(region, moving=False) for region in MOTION]
    assert "Nothing moves." in compact_draft(Findings(still), None)
