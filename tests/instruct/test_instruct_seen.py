"""What a model that is shown motion is asked and is to answer."""

import numpy as np
import pytest

from mellm.face.regions import REGION_NAMES
from mellm.instruct.motion_samples import MotionSamples
from mellm.instruct.seen_records import sample_case, seen_records
from mellm.language.answer import Answer
from mellm.language.backends.protocol import MOTION_PLACE
from mellm.language.motion.questions import COARSE_LABELS, FINE_LABELS, UNITS


def samples(
    known: bool = True, units: dict[int, int] | None = None, emotion: str = "happiness"
) -> MotionSamples:
    """One sample: both mouth corners up and outward by 2 px."""
    numbers, moving = np.zeros((1, 29, 3), np.float32), np.zeros((1, 29), bool)
    for name, u in (("left mouth corner", -1.4), ("right mouth corner", 1.4)):
        row = list(REGION_NAMES).index(name)
        numbers[0, row] = np.array([u, -1.4, 2.0]) / 200
        moving[0, row] = True
    told = np.zeros((1, len(UNITS)), np.uint8)
    for au, side in ({12: 1} if units is None else units).items():
        told[0, UNITS.index(au)] = side
    empty = np.zeros((1, 6), np.float32)
    return MotionSamples(
        numbers, moving, np.array([known]), told, np.array([FINE_LABELS.index(emotion)], np.uint8),
        np.array([COARSE_LABELS.index("positive")], np.uint8), np.array(["table" if known else "stored"]),
        empty.astype(np.int32), empty, np.zeros(1, np.int32), np.zeros((1, 2), np.int32), empty[:, :2], empty,
        np.array([True]), np.array([True]), np.zeros((1, 2), np.int32),
    )  # fmt: skip


def answers(found: MotionSamples, *kinds: str) -> dict[str, str]:
    return {r.kind: r.answer for r in seen_records(sample_case(found, 0), 0, kinds, 0)}


def test_codes_a_label_and_a_reading_of_one_sample():
    said = answers(samples(), "codes", "label", "reading")
    assert said["codes"] in ("AU 12. Label: happiness.", "AU 12. Label: positive.")
    assert said["label"] in ("happiness", "positive")
    reading = Answer.parse(said["reading"], "en")
    assert "outward (2.0 px): AU 12 (lip corner puller)" in reading.analysis
    assert reading.conclusion.startswith("AU 12. Label: ")


def test_units_that_nothing_bears_out_are_not_named():
    assert answers(samples(units={12: 1, 4: 1}), "codes")["codes"].startswith("AU 12.")
    assert answers(samples(units={12: 2}), "codes")["codes"].startswith("AU L12.")
    assert answers(samples(units={4: 1}), "codes", "label") == {"codes": "no micro-expression."}


def test_the_few_labels_of_a_small_set_are_said_alike():
    def asked_for_three(emotion: str) -> int:
        case = sample_case(samples(emotion=emotion), 0)
        found = (next(seen_records(case, 0, ("label",), seed)) for seed in range(200))
        return sum("3 labels" in record.prompt for record in found)

    # Happiness alone is positive, six words are negative: of seven labels it is one like each of them.
    assert asked_for_three("happiness") > 3 * asked_for_three("disgust") > 0


@pytest.mark.parametrize("known", [True, False])
def test_prompts_hold_the_place_of_the_embeddings_once_and_none_in_words(known):
    case = sample_case(samples(known), 0)
    found = {r.kind: r.prompt for r in seen_records(case, 0, ("codes", "label", "reading", "words"), 0)}
    for kind, prompt in found.items():
        assert prompt.count(MOTION_PLACE) == (kind != "words")
    assert ("words" in found) == known  # the FACS stage of stored flow is not worked out from regions
    assert ("in px" in found["reading"]) == known
