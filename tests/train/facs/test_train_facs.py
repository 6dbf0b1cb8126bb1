from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face.regions import REGION_NAMES
from mellm.facs.findings import AUEvidence
from mellm.facs.learned import motion_scale
from mellm.facs.learned_emotion import LearnedEmotion, load_emotion_model
from mellm.facs.unit_figures import f1
from mellm.facs.unit_rules import NOISE_FLOOR, UNITS
from mellm.flow import create
from mellm.simulate.gallery import Gallery
from mellm.simulate.origins import Origin
from mellm.train.facs.described_motion import describe, with_errors
from mellm.train.facs.emotion_model import EmotionConfig, fit_emotion_model, read_rows
from mellm.train.facs.lid_motion import with_moving_lids
from mellm.train.facs.region_model import RegionsConfig, fit_au_model
from mellm.train.facs.region_pairs import RegionPairs, join, load_region_pairs, measure_pairs
from mellm.train.facs.trainings import read_facs_recipe, train_from_recipe

ALL = tuple(sorted(unit.au for unit in UNITS))


def made_up(count: int, seed: int) -> RegionPairs:
    rng = np.random.default_rng(seed)
    return describe([Origin.TABLE, Origin.MUSCLE], ALL, count, None, rng)


def test_a_short_training_reads_units_and_sides() -> None:
    config = RegionsConfig(faces="", ict="", hidden=48, epochs=20, mix=0.0, lids=0.1, nets=2)
    model = fit_au_model(made_up(600, 0), made_up(200, 1), config)
    test = made_up(200, 2)
    present = test.halves.any(axis=1)
    assert f1(model.probabilities(test.vectors) >= 0.5, present) > 0.5
    halves = model.half_logits(test.vectors)
    one = present & (test.halves.sum(axis=1) == 1)
    # The picture's left half is the subject's right.
    assert ((halves[:, 0] > halves[:, 1])[one] == (test.halves[:, 1] == 1)[one]).mean() > 0.9


def test_described_motion_goes_where_facs_says() -> None:
    made = made_up(300, 3)
    alone = made.halves.any(axis=1).sum(axis=1) == 1
    corner, column = REGION_NAMES.index("left mouth corner"), ALL.index(12)
    # The picture's left is the subject's right.
    smile = made.vectors[alone & (made.halves[:, 1, column] == 1), corner]
    assert len(smile) > 2 and (smile[:, 0] < 0).all() and np.median(smile[:, 1]) < 0
    assert np.array_equal(made.vectors, made.truth)


def test_errors_come_from_pairs_of_similar_strength() -> None:
    rng, made = np.random.default_rng(0), made_up(120, 4)
    truth = np.full_like(made.vectors, 1e-4)
    truth[60:] = 0.05
    errors = np.where(truth > 0.01, np.float32(-1), np.float32(1))
    measured = replace(made, vectors=truth + errors, truth=truth)
    assert np.allclose(with_errors(np.zeros((8, 29, 2), np.float32), measured, rng), 1, atol=1e-3)
    assert np.allclose(with_errors(np.full((8, 29, 2), 0.9, np.float32), measured, rng), -0.1, atol=1e-3)


def test_an_origin_that_is_left_out_teaches_nothing() -> None:
    made = describe([Origin.TABLE, Origin.MUSCLE], ALL, 300, None, np.random.default_rng(7))
    lied = replace(
        made,
        vectors=np.where(np.array([d == "muscle" for d in made.description])[:, None, None], 0, made.vectors),
    )
    config = RegionsConfig(faces="", ict="", hidden=8, epochs=1, nets=1, pool=20, without="muscle")
    models = [fit_au_model(pairs, pairs, config) for pairs in (made, lied)]
    assert np.array_equal(models[0].hidden, models[1].hidden)


def test_lids_move_besides_and_nothing_else_does() -> None:
    made = made_up(3000, 0)
    motion, labels = made.vectors, made.halves[:, 1]
    same, kept = with_moving_lids(motion, labels, ALL, 0.0, np.random.default_rng(1))
    assert np.array_equal(same, motion) and np.array_equal(kept, labels)
    moved, said = with_moving_lids(motion, labels, ALL, 1.0, np.random.default_rng(1))
    lids = np.array(["eyelid" in name for name in REGION_NAMES])
    assert np.array_equal(moved[:, ~lids], motion[:, ~lids])
    added = (moved - motion)[:, REGION_NAMES.index("left upper eyelid centre")]
    reach = np.abs(added[:, 1]) / np.hypot(motion_scale(motion), NOISE_FLOOR)
    assert 0.8 < np.median(reach) < 1.4 and 3 < np.quantile(reach, 0.9) < 8
    assert 0.55 < (added[:, 1] > 0).mean() < 0.65
    changed = (said != labels).any(axis=0)
    assert [au for au, c in zip(ALL, changed, strict=True) if c] == [43]
    # Only lids that go down close.
    assert (added[(said != labels).any(axis=1), 1] > 0).all()


@pytest.mark.shared
def test_measured_pairs_are_the_same_twice(shared_data: Path, tmp_path: Path) -> None:
    gallery = Gallery(shared_data / "faces")
    ict = shared_data / "ict_facekit/ict_facekit_compact.npz"
    first, again = (measure_pairs(gallery, ict, "val", range(3), create("dis"), ALL, 4) for _ in range(2))
    assert np.array_equal(first.vectors, again.vectors) and first.vectors.any()
    first.save(tmp_path / "pairs.npz")
    kept = load_region_pairs(tmp_path / "pairs.npz")
    assert np.array_equal(kept.halves, first.halves) and np.array_equal(kept.sizes, first.sizes)
    # The mean magnitude is never less than the length of the mean.
    assert (first.sizes >= np.linalg.norm(first.vectors, axis=-1) - 1e-6).all() and first.sizes.any()
    assert np.array_equal(join([kept, kept.rows(np.array([1]))]).sizes, kept.sizes[[0, 1, 2, 1]])


def test_emotion_is_learned_from_a_sheet(tmp_path: Path) -> None:
    rows = [("12+6", "happy"), ("4+7", "disgust"), ("1+2", "surprise"), ("L12", "contempt")] * 15
    text = "Subject,AU,Emotion\n" + "".join(f"{i % 7},{au},{e}\n" for i, (au, e) in enumerate(rows))
    (tmp_path / "sheet.csv").write_text(text)
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"model: emotion\nsheets: ['{tmp_path / 'sheet.csv'}']\ncopies: 3\n")
    train_from_recipe(recipe, tmp_path / "w.safetensors")
    model = load_emotion_model(tmp_path / "w.safetensors")
    for au, side, label in ((12, "both", "happiness"), (4, "both", "disgust"), (12, "left", "contempt")):
        answer = model.predict([AUEvidence(au, side, 0.9, None, ())], "7")
        assert max(answer, key=lambda name: answer[name]) == label
    assert set(model.sheets) == {"prototypes", "sheet"} and model.sheets["sheet"].known.sum() == 4


def test_a_coarse_word_stands_for_its_emotions(tmp_path: Path) -> None:
    rows = [("12", "positive"), ("4+9", "negative"), ("1+2", "surprise"), ("4", "others")] * 10
    text = "Participant,AU,Emotion\n" + "".join(f"{i % 5},{au},{e}\n" for i, (au, e) in enumerate(rows))
    (tmp_path / "coarse.csv").write_text(text)
    found = read_rows(tmp_path / "coarse.csv")
    assert len(found) == 30 and {len(row.covers) for row in found} == {1, 6}
    model = fit_emotion_model({"coarse": found}, EmotionConfig(sheets=(), copies=2))
    frown = [AUEvidence(au, "both", 0.95, None, ()) for au in (4, 9)]
    alone = LearnedEmotion({"coarse": model.sheets["coarse"]})
    assert alone.predict(frown, "3")["negative"] > 0.8
    # Which negative one, it has from the prototypes.
    fine = alone.fine(frown)
    assert max(fine, key=lambda name: fine[name]) == "disgust"


@pytest.mark.parametrize(
    ("text", "words"),
    [("model: x", "choose grid"), ("model: emotion", "lacks"), ("[1]", "not a FACS recipe")],
)
def test_wrong_recipes_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_facs_recipe(tmp_path / "r.yaml")
