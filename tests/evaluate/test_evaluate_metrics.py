import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from mellm.errors import InputError
from mellm.evaluate.classification import LabelScores, UnitScores
from mellm.evaluate.flow_error import EndPointError
from mellm.evaluate.intervals import SpottingScores, match, overlap
from mellm.evaluate.uncertainty import bootstrap_interval, confusion_by_person, paired_test, uar_of, uf1_of
from mellm.facs.unit_figures import calibration_error

LABELS = ("negative", "positive", "surprise")


def spelt(numbers: list[int]) -> list[str]:
    return [LABELS[n] for n in numbers]


def test_figures_by_hand() -> None:
    # truth 0: 3 right, 1 as 1; truth 1: 1 right, 1 as 0; truth 2: 0 right, 2 as 0
    scores = LabelScores(LABELS)
    scores.update(spelt([0, 0, 0, 0, 1, 1, 2, 2]), spelt([0, 0, 0, 1, 1, 0, 0, 0]))
    found = scores.compute()
    assert found.confusion == [[3, 1, 0], [1, 1, 0], [2, 0, 0]]
    assert found.accuracy == pytest.approx(4 / 8)
    # F1: 6/(4+6)=.6, 2/(2+2)=.5, 0
    assert found.uf1 == pytest.approx((0.6 + 0.5 + 0) / 3)
    assert found.uar == pytest.approx((0.75 + 0.5 + 0) / 3)
    assert found.per_class["negative"].precision == pytest.approx(3 / 6)
    assert found.per_class["surprise"].support == 2


def test_folds_are_pooled_not_averaged() -> None:
    pooled = LabelScores(LABELS)
    folds = [([0, 0, 1], [0, 0, 0]), ([2, 0], [2, 0]), ([1, 1, 2], [1, 1, 0])]
    single = []
    for truth, called in folds:
        pooled.update(spelt(truth), spelt(called))
        alone = LabelScores(LABELS)
        alone.update(spelt(truth), spelt(called))
        single.append(alone.compute().uf1)
    truth = [t for fold in folds for t in fold[0]]
    called = [c for fold in folds for c in fold[1]]
    assert pooled.compute().uf1 == pytest.approx(f1_score(truth, called, average="macro"))
    assert pooled.compute().uar == pytest.approx(balanced_accuracy_score(truth, called))
    assert pooled.compute().uf1 != pytest.approx(np.mean(single))


def test_a_class_with_an_empty_row_is_not_skipped() -> None:
    scores = LabelScores(LABELS)
    scores.update(spelt([0, 0, 1, 1]), spelt([0, 0, 1, 1]))
    assert scores.compute().uf1 == pytest.approx(2 / 3)
    assert scores.compute().uar == pytest.approx(2 / 3)
    scores.update(spelt([0]), spelt([2]))
    assert scores.compute().per_class["surprise"].f1 == 0


def test_reset_forgets_and_empty_is_zero() -> None:
    scores = LabelScores(LABELS)
    scores.update(["negative"], ["negative"])
    scores.reset()
    found = scores.compute()
    assert (found.accuracy, found.uf1, found.uar) == (0.0, 0.0, 0.0)


def test_a_label_outside_the_taxonomy_is_refused() -> None:
    with pytest.raises(InputError, match="'others'"):
        LabelScores(LABELS).update(["others"], ["negative"])


def test_action_units_and_sides_by_hand() -> None:
    scores = UnitScores((1, 4, 12))
    truth = [["4", "7"], ["L12"], ["R12"], ["12"], ["1", "L12"]]
    called = [["4"], ["L12"], ["L12"], ["R12"], ["1"]]
    scores.update(truth, called)
    found = scores.compute()
    units = found.per_unit
    assert units["4"].f1 == 1
    # AU 12: 3 hits, 0 false, 1 missed
    assert units["12"].f1 == pytest.approx(6 / 7)
    assert units["12"].balanced_accuracy == pytest.approx((0.75 + 1) / 2)
    assert found.macro_f1 == pytest.approx((1 + 1 + 6 / 7) / 3)
    # one-sided and found: L12 right, R12 called L; the missed L12 is not asked, nor the two-sided 12
    assert (found.side_asked, found.side_accuracy) == (2, 0.5)


def test_two_one_sided_codes_make_both_sides() -> None:
    scores = UnitScores((2,))
    scores.update([["L2", "R2"]], [["2"]])
    assert scores.compute().side_asked == 0


def test_calibration_error_by_hand() -> None:
    sure, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, True, True, False])
    assert calibration_error(sure, right, bins=10) == pytest.approx((2 * 0.05 + 2 * 0.05) / 4)
    assert calibration_error(sure[:0], right[:0]) == 0


def test_end_point_error_by_hand() -> None:
    truth = np.zeros((4, 4, 2), np.float32)
    truth[..., 0] = 2
    estimate = truth + np.array([3, 4], np.float32)
    error = EndPointError()
    error.update(estimate, truth)
    where = np.zeros((4, 4), bool)
    where[0, 0] = True
    error.update(truth, truth, where)
    found = error.compute()
    assert found.pixels == 17
    assert found.epe == pytest.approx(5 * 16 / 17)
    assert found.relative == pytest.approx(5 * 16 / (2 * 17))


def test_intervals_are_inclusive_and_matched_once() -> None:
    assert overlap((0, 9), (0, 9)) == 1
    assert overlap((0, 9), (10, 19)) == 0
    assert overlap((5, 5), (5, 5)) == 1
    assert match([(0, 9)], [(0, 9), (1, 9)]) == [(0, 0)]
    assert match([(0, 9)], [(0, 4)]) == [(0, 0)]
    assert match([(0, 10)], [(0, 4)]) == []


def test_spotting_is_pooled_over_videos() -> None:
    scores = SpottingScores()
    scores.update([(0, 9), (50, 59)], [(1, 9)])
    scores.update([], [(3, 9)])
    scores.update([(5, 9)], [(5, 9)])
    found = scores.compute(recognition_f1=0.5)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.strs == pytest.approx(found.f1 * 0.5)


def test_intervals_of_confidence_hold_the_figure_and_shrink_with_people() -> None:
    rng = np.random.default_rng(0)

    def counts(people: int) -> np.ndarray:
        truth = rng.integers(0, 3, people * 6)
        called = np.where(rng.random(people * 6) < 0.7, truth, rng.integers(0, 3, people * 6))
        names = [str(i // 6) for i in range(people * 6)]
        return confusion_by_person(spelt(list(truth)), spelt(list(called)), names, LABELS)

    few, many = counts(10), counts(200)
    low, high = bootstrap_interval(few, uf1_of)
    assert low < float(uf1_of(few.sum(0))) < high
    narrow = bootstrap_interval(many, uf1_of)
    assert narrow[1] - narrow[0] < (high - low) / 2


def test_people_are_resampled_not_samples() -> None:
    # Two people, one always right, one always wrong: whole people drawn give 0, 1/2 or 1 and no more.
    truth, called = ["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["a"] * 50
    by_person = confusion_by_person(truth, called, ["x"] * 50 + ["y"] * 50, ["a", "b"])
    assert bootstrap_interval(by_person, uar_of) == (0.0, 0.5)


def test_paired_test_finds_a_difference_and_only_then() -> None:
    truth = spelt([0, 1, 2] * 40)
    people = [str(i // 6) for i in range(120)]
    good = confusion_by_person(truth, truth, people, LABELS)
    bad = confusion_by_person(truth, spelt([0, 0, 0] * 40), people, LABELS)
    found = paired_test(bad, good, uf1_of, draws=500)
    assert found.difference > 0.5
    assert found.low > 0
    assert found.p < 0.01
    assert paired_test(good, good, uf1_of, draws=500).p == 1
