import pytest

from mellm.errors import InputError
from mellm.facs import FINE, TAXONOMIES, canonical, emotion_name, get_taxonomy


def test_the_label_sets_are_those_of_the_field() -> None:
    assert set(get_taxonomy("megc2019").labels) == {"negative", "positive", "surprise"}
    assert set(get_taxonomy("casme2").labels) == {"happiness", "sadness", "fear", "surprise", "disgust"}
    assert set(get_taxonomy(6).labels) == set(get_taxonomy(5).labels) | {"anger"}
    assert set(get_taxonomy("dfme").labels) == set(get_taxonomy(6).labels) | {"contempt"}


def test_emotions_map_to_coarse_classes() -> None:
    coarse = get_taxonomy("3")
    assert coarse.label_of("happiness") == "positive"
    assert coarse.label_of("Happy") == "positive"
    assert {coarse.label_of(e) for e in ("disgust", "repression", "anger", "contempt", "fear", "sad")} == {
        "negative"
    }
    assert coarse.label_of("others") is None
    assert get_taxonomy("5").label_of("contempt") is None


def test_marginals_of_one_distribution_never_contradict() -> None:
    fine = dict(zip(FINE, (0.3, 0.1, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05), strict=True))
    views = {name: t.marginal(fine) for name, t in TAXONOMIES.items()}
    for view in views.values():
        assert sum(view.values()) == pytest.approx(1)
    assert views["3"]["positive"] == pytest.approx(0.3)
    assert views["3"]["negative"] == pytest.approx(0.6)
    for name in ("5", "6", "7"):
        # The same share for every coarse class in each, whatever the set leaves out.
        assert views[name]["happiness"] == pytest.approx(0.3)
        assert views[name]["surprise"] == pytest.approx(0.1)
        assert views[name]["disgust"] / views[name]["fear"] == pytest.approx(2)


def test_a_left_out_emotion_counts_for_its_coarse_class() -> None:
    five = get_taxonomy("5").marginal({"contempt": 1.0})
    assert five["fear"] == pytest.approx(1 / 3) and five["happiness"] == 0.0
    # One-sided lip corner: contempt .5 was left out, and happiness .35 grew to .63 beside negative .65.
    smirk = {"happiness": 0.35, "contempt": 0.5, "disgust": 0.15}
    assert get_taxonomy("5").marginal(smirk)["happiness"] == pytest.approx(0.35)
    assert get_taxonomy("3").marginal(smirk)["negative"] == pytest.approx(0.65)


def test_labels_have_chinese_names_that_read_back() -> None:
    for taxonomy in TAXONOMIES.values():
        for label in taxonomy.labels:
            assert canonical(emotion_name(label, "zh")) == label


def test_an_unknown_taxonomy_is_named() -> None:
    with pytest.raises(InputError, match="'9'"):
        get_taxonomy("9")
