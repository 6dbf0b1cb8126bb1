"""Magnification: larger motion, the same head, no holes."""

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.flow import Flow, create, magnify
from mellm.flow.magnify import invert, without_folds


@pytest.fixture
def smile(face):
    expression = face.bump(61, -0.8, -0.8, 22.0)
    head = np.full_like(expression, (0.6, 0.3))
    return Flow(head + expression, head, "known", "known")


def test_the_onset_moves_by_the_factor_and_the_head_stays(face, smile, epe):
    shown = magnify(face.picture, smile, 5.0)
    seen = create("dis", compensation="none").estimate(face.picture, shown)
    around = np.linalg.norm(smile.expression, axis=-1) > 0.5
    ratio = seen.facial[around].sum(0) / smile.expression[around].sum(0)
    assert ratio == pytest.approx([5.0, 5.0], rel=0.15)
    assert np.abs(seen.facial[np.linalg.norm(smile.expression, axis=-1) < 1e-3]).mean() < 0.05


def test_factor_one_of_the_apex_is_the_apex_and_zero_of_the_onset_the_onset(face, smile):
    apex = face.moved(smile.facial)
    assert np.array_equal(magnify(apex, smile, 1.0, frame="apex"), apex)
    assert np.array_equal(magnify(face.picture, smile, 0.0), face.picture)


def test_the_apex_moves_on_from_where_it_is(face, smile):
    apex = face.moved(smile.facial)
    shown = magnify(apex, smile, 4.0, frame="apex")
    seen = create("dis", compensation="none").estimate(face.picture, shown).facial - smile.head
    around = np.linalg.norm(smile.expression, axis=-1) > 0.5
    ratio = seen[around].sum(0) / smile.expression[around].sum(0)
    assert ratio == pytest.approx([4.0, 4.0], rel=0.2)


def test_a_huge_factor_neither_folds_nor_leaves_holes(face, smile):
    move = smile.expression * np.float32(60)
    calm = without_folds(move)
    assert max(np.abs(np.diff(calm, axis=k)).sum(-1).max() for k in (0, 1)) <= 0.75
    white = np.full_like(face.picture, 255)
    assert (magnify(white, smile, 60.0) == 255).all()


def test_the_inverse_undoes_the_move(face):
    move = face.bump(61, 4.0, -3.0, 25.0)
    back = invert(move)
    x, y = face.grid()
    again = cv2.remap(move, x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
    assert np.abs(again + back).max() < 1e-2


def test_wrong_sizes_and_factors_are_refused(face, smile):
    with pytest.raises(InputError, match="flow was estimated on"):
        magnify(face.picture[:100], smile)
    with pytest.raises(InputError, match="0 or more"):
        magnify(face.picture, smile, -1.0)
