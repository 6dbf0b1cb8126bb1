from pathlib import Path

import numpy as np
import pytest
from test_facs_evidence import BROWS_UP, FROWN, SHOWN, SMILE, evidence, motion

from mellm.errors import InputError, MellmError
from mellm.facs import FINE, PRESENT, AUEvidence, abstains, create_au_model, create_emotion_model
from mellm.facs.learned import load_au_model, mirrored_motion, save_au_model, shipped_au_model
from mellm.facs.learned_emotion import load_emotion_model, save_emotion_model, shipped_emotion_model


@pytest.mark.parametrize("au", SHOWN)
def test_the_motion_facs_describes_is_read_as_its_unit(au: int) -> None:
    seen = {e.au: e for e in create_au_model("learned").predict(motion(SHOWN[au]))}
    assert seen[au].probability > PRESENT
    assert seen[au].side == "both"
    assert seen[au].intensity is not None
    assert set(seen[au].evidence) <= set(SHOWN[au])


def test_the_side_is_the_subjects() -> None:
    seen = {e.au: e for e in create_au_model("learned").predict(motion({"left mouth corner": (-1.0, -1.0)}))}
    assert seen[12].side == "right"
    assert seen[12].evidence == ("left mouth corner",)


def test_a_mirrored_face_swaps_halves_exactly() -> None:
    v = np.random.default_rng(0).normal(0, 0.02, (20, 29, 2)).astype(np.float32)
    model = shipped_au_model()
    halves, turned = model.half_logits(v), model.half_logits(mirrored_motion(v))
    assert np.allclose(halves, turned[:, ::-1], atol=1e-4)
    assert np.allclose(model.probabilities(v), model.probabilities(mirrored_motion(v)), atol=1e-5)
    assert np.array_equal(mirrored_motion(mirrored_motion(v)), v)


def test_nothing_moving_abstains() -> None:
    seen = create_au_model("learned").predict(motion({}))
    assert len(seen) == 26 and all(e.probability == 0 and not e.evidence for e in seen)
    assert abstains(seen)


def test_without_a_known_scale_only_ratios_count() -> None:
    model = create_au_model("learned", known_scale=False)
    small, large = model.predict(motion(FROWN, 0.01)), model.predict(motion(FROWN, 100.0))
    assert small[0].probability == pytest.approx(large[0].probability, abs=1e-4)
    assert large[0].intensity is None


def test_saved_weights_answer_the_same(tmp_path: Path) -> None:
    v = np.random.default_rng(1).normal(0, 0.02, (5, 29, 2)).astype(np.float32)
    save_au_model(shipped_au_model(), tmp_path / "a", {"format": "test"})
    assert np.array_equal(load_au_model(tmp_path / "a").probabilities(v), shipped_au_model().probabilities(v))
    save_emotion_model(shipped_emotion_model(), tmp_path / "e", {})
    assert load_emotion_model(tmp_path / "e").fine(evidence(4, 7)) == shipped_emotion_model().fine(
        evidence(4, 7)
    )
    (tmp_path / "cut").write_bytes((tmp_path / "a").read_bytes()[:900])
    with pytest.raises(MellmError, match="cut"):
        load_au_model(tmp_path / "cut")


def test_emotion_taxonomies_are_views_of_one_distribution() -> None:
    model, seen = create_emotion_model("learned"), evidence(4, 7, 12)
    answers = {name: model.predict(seen, name) for name in ("3", "5", "6", "7")}
    for name, answer in answers.items():
        assert sum(answer.values()) == pytest.approx(1)
        assert answer["positive" if name == "3" else "happiness"] == pytest.approx(answers["7"]["happiness"])
        assert answer["surprise"] == pytest.approx(answers["7"]["surprise"])
    assert shipped_emotion_model().prior.sum() == pytest.approx(1) and len(FINE) == 8


@pytest.mark.parametrize("au_model", ["evidence", "learned"])
@pytest.mark.parametrize(
    ("vectors", "label"), [(SMILE, "happiness"), (BROWS_UP, "surprise")], ids=["smile", "brows"]
)
def test_motion_leads_to_its_emotion(
    au_model: str, vectors: dict[str, tuple[float, float]], label: str
) -> None:
    answer = create_emotion_model("learned").predict(create_au_model(au_model).predict(motion(vectors)), "7")
    assert max(answer, key=lambda name: answer[name]) == label


def test_a_one_sided_corner_speaks_for_contempt() -> None:
    model, one_sided = create_emotion_model("learned"), [AUEvidence(12, "left", 0.95, "A", ())]
    assert model.predict(one_sided, "7")["contempt"] > 2 * model.predict(evidence(12), "7")["contempt"]
    dfme = create_emotion_model("learned", "dfme").predict(one_sided, "7")
    assert max(dfme, key=lambda name: dfme[name]) == "contempt"


def test_a_convention_says_the_words_of_its_coders() -> None:
    model, seen = shipped_emotion_model(), evidence(15, 17)
    own = model.under("casme2").fine(seen)
    assert max(own, key=lambda name: own[name]) == "repression"
    assert own["anger"] == own["contempt"] == 0.0
    unknown = model.fine(seen)
    assert 0 < unknown["repression"] < 0.5 * own["repression"] and min(unknown.values()) > 0
    for words in (model.under("samm"), model.without("casme2").under("samm")):
        assert words.fine(seen)["repression"] == 0.0 and words.fine(seen)["contempt"] > 0
    assert sum(unknown.values()) == pytest.approx(1) == sum(own.values())
    with pytest.raises(InputError, match="choose unknown"):
        create_emotion_model("learned", "nobody")


def test_without_a_sheet_its_rows_say_nothing() -> None:
    model, seen = shipped_emotion_model(), evidence(15, 17)
    left_out = model.without("casme2")
    assert "casme2" not in left_out.sheets and left_out.fine(seen) != model.fine(seen)
    # The set's labels without its weights.
    words = left_out.under("casme2").fine(seen)
    assert words["anger"] == 0.0 and 0 < words["repression"] < model.under("casme2").fine(seen)["repression"]


def test_weights_in_a_file_are_a_model(tmp_path: Path) -> None:
    save_au_model(shipped_au_model(), tmp_path / "mine.safetensors", {})
    mine = create_au_model(str(tmp_path / "mine.safetensors"))
    assert mine.name.startswith("mine (")
    seen = motion(SHOWN[12])
    assert mine.predict(seen) == create_au_model("learned").predict(seen)
    (tmp_path / "odd.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="holds no weights"):
        create_au_model(str(tmp_path / "odd.safetensors"))
    with pytest.raises(InputError, match="There is no file"):
        create_au_model(str(tmp_path / "none.safetensors"))
