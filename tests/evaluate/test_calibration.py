"""Calibration: known errors of known probabilities, a fit that mends what it should, a picture of both."""

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.evaluate.calibration import (
    Said,
    along_line,
    at_temperature,
    fitted_line,
    fitted_temperature,
    reliability,
)
from mellm.evaluate.calibration_drawing import reliability_svg
from mellm.facs.unit_figures import calibration_error


def said(p: list[float], true: list[bool], people: str) -> Said:
    return Said(np.array(p), np.array(true), tuple(people))


def test_the_error_is_the_gap_of_the_bins_weighted_by_their_share() -> None:
    found = reliability(said([0.95, 0.95, 0.95, 0.95, 0.15], [True, True, False, False, False], "aabbb"))
    # four of five say .95 and half are right (.45 off), one says .15 and is wrong (.15 off)
    assert found.ece == pytest.approx(0.8 * 0.45 + 0.2 * 0.15)
    assert [(b.count, round(b.said, 2), b.true) for b in found.bins] == [(1, 0.15, 0.0), (4, 0.95, 0.5)]
    assert (found.count, found.people, found.sure, found.right) == (5, 2, pytest.approx(0.95), 0.5)


def test_the_interval_redraws_people_and_not_samples() -> None:
    # Everyone is alike: whoever is drawn, the error is the same.
    alike = reliability(said([0.9, 0.9] * 3, [True, False] * 3, "aabbcc"))
    assert alike.interval == (pytest.approx(0.4), pytest.approx(0.4))
    # One is always right, one never: it depends on who is drawn.
    apart = reliability(said([0.9] * 4, [True, True, False, False], "aabb"))
    assert apart.interval == (pytest.approx(0.1), pytest.approx(0.9))


def test_a_fit_mends_probabilities_that_are_too_sure_and_moved() -> None:
    rng = np.random.default_rng(0)
    honest = rng.uniform(0.02, 0.98, 20_000)
    true = rng.random(20_000) < honest
    told = along_line(honest, (3.0, 1.5))
    slope, offset = fitted_line(Said(told, true, ("a",) * 20_000))
    assert (slope, offset) == (pytest.approx(1 / 3, abs=0.02), pytest.approx(-0.5, abs=0.05))
    assert (
        calibration_error(told, true)
        > 0.1
        > 0.02
        > calibration_error(along_line(told, (slope, offset)), true)
    )


def test_a_temperature_changes_how_sure_a_label_is_and_not_which_it_is() -> None:
    rng = np.random.default_rng(1)
    shares = rng.dirichlet(np.ones(3), 8_000)
    truth = np.array([rng.choice(3, p=row) for row in shares])
    sharp = at_temperature(shares, 0.5)
    assert fitted_temperature(sharp, truth) == pytest.approx(2.0, abs=0.1)
    assert (sharp.argmax(1) == shares.argmax(1)).all()
    people = ["a"] * len(truth)
    before, after = (
        reliability(Said.of_labels(s, truth, people), draws=10).ece
        for s in (sharp, at_temperature(sharp, 2.0))
    )
    assert before > 0.1 > 0.02 > after


def test_units_are_pooled_sample_by_sample() -> None:
    found = Said.of_units(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([[0, 1], [1, 0]], bool), ["a", "b"])
    assert found.p.tolist() == [0.1, 0.9, 0.2, 0.8] and found.people == ("a", "a", "b", "b")
    assert found.true.tolist() == [False, True, True, False]


def test_nothing_said_is_refused() -> None:
    with pytest.raises(InputError, match="no probabilities"):
        reliability(said([], [], ""))


def test_the_picture_shows_every_bin_before_and_after() -> None:
    before = reliability(said([0.95, 0.15], [True, False], "ab"), draws=10)
    after = reliability(said([0.9], [True], "a"), draws=10)
    drawn = reliability_svg([("rules & co", "muscles", before, after), ("flow", "real", before, None)])
    assert drawn.count("<circle") == 4 and drawn.count("L0 ") == 1
    assert "rules &amp; co" in drawn and f"ECE {before.ece:.3f}, {after.ece:.3f}" in drawn
