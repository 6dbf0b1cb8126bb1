import math

import pytest

from mellm.face.regions import REGION_NAMES
from mellm.facs import AUEvidence, abstains, create_au_model, create_emotion_model
from mellm.flow.region_motion import RegionMotion

INTER_OCULAR = 180.0


def motion(vectors: dict[str, tuple[float, float]], scale: float = 1.0) -> list[RegionMotion]:
    """All 29 regions, those named moving by (u, v) pixels, the rest still."""
    regions = []
    for name in REGION_NAMES:
        u, v = (scale * c for c in vectors.get(name, (0.0, 0.0)))
        length = math.hypot(u, v)
        angle = math.degrees(math.atan2(-v, u)) % 360 if length else None
        regions.append(
            RegionMotion(name, u, v, length, length, length / INTER_OCULAR, angle, None, 1.0, length > 0)
        )
    return regions


SMILE = {"left mouth corner": (-1.0, -1.0), "right mouth corner": (1.0, -1.0)}
FROWN = {"left inner brow": (0.8, 1.0), "right inner brow": (-0.8, 1.0)}
BROWS_UP = {f"{s} {p} brow": (0.0, -1.0) for s in ("left", "right") for p in ("inner", "outer")}
SHOWN = {
    12: SMILE,
    4: FROWN,
    1: {"left inner brow": (0.0, -1.0), "right inner brow": (0.0, -1.0)},
    2: BROWS_UP,
    15: {"left mouth corner": (0.0, 1.0), "right mouth corner": (0.0, 1.0)},
    17: {"chin": (0.0, -1.0), "lower lip centre": (0.0, -1.0)},
    20: {
        "left mouth corner": (-1.0, 0.0),
        "right mouth corner": (1.0, 0.0),
        "lower lip left": (-0.8, 0.0),
        "lower lip right": (0.8, 0.0),
    },
    14: {"left mouth corner": (-1.0, 0.0), "right mouth corner": (1.0, 0.0)},
    26: {"chin": (0.0, 1.0), "lower lip centre": (0.0, 1.0)},
    9: {"left nostril wing": (0.0, -1.0), "right nostril wing": (0.0, -1.0), **FROWN},
    10: {"upper lip left": (0.0, -1.0), "upper lip right": (0.0, -1.0)},
    6: {"left cheek": (0.0, -1.0), "right cheek": (0.0, -1.0)},
}


@pytest.mark.parametrize("au", SHOWN)
def test_the_motion_facs_describes_is_read_as_its_unit(au: int) -> None:
    seen = {e.au: e for e in create_au_model().predict(motion(SHOWN[au]))}
    assert seen[au].probability > 0.5
    assert seen[au].side == "both"
    assert seen[au].evidence


def test_the_side_is_the_subjects() -> None:
    best = create_au_model().predict(motion({"left mouth corner": (-1.0, -1.0)}))[0]
    assert (best.au, best.side) == (12, "right")
    assert best.evidence == ("left mouth corner",)


def test_a_mirrored_face_swaps_sides_and_nothing_else() -> None:
    def mirror(vectors: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        swap = {"left": "right", "right": "left"}
        return {" ".join(swap.get(w, w) for w in name.split()): (-u, v) for name, (u, v) in vectors.items()}

    vectors = {"left mouth corner": (-1.0, -0.7), "right inner brow": (-0.4, 0.5), "chin": (0.1, -0.2)}
    side = {"left": "right", "right": "left", "both": "both"}
    seen = {e.au: e for e in create_au_model().predict(motion(vectors))}
    turned = {e.au: e for e in create_au_model().predict(motion(mirror(vectors)))}
    for au, evidence in seen.items():
        assert turned[au].probability == pytest.approx(evidence.probability)
        if evidence.probability > 0.3:
            assert turned[au].side == side[evidence.side]


def test_nothing_moving_is_no_evidence() -> None:
    seen = create_au_model().predict(motion({}))
    assert all(e.probability < 0.1 for e in seen)
    assert all(e.intensity is None for e in seen)
    assert abstains(seen)


def test_motion_at_the_noise_of_estimators_is_no_evidence() -> None:
    assert abstains(create_au_model().predict(motion(SMILE, scale=0.1)))
    assert not abstains(create_au_model().predict(motion(SMILE, scale=1.0)))


def test_without_a_known_scale_only_ratios_count() -> None:
    model = create_au_model(known_scale=False)
    small, large = model.predict(motion(SMILE, 0.01)), model.predict(motion(SMILE, 100.0))
    assert {e.au: e.side for e in small if e.probability > 0.1} == {
        e.au: e.side for e in large if e.probability > 0.1
    }
    assert [e.probability for e in small] == pytest.approx([e.probability for e in large])
    assert large[0].intensity is None


def test_intensity_grows_with_displacement() -> None:
    grades = [create_au_model().predict(motion(SMILE, scale))[0].intensity for scale in (1, 4, 12, 22, 40)]
    assert grades == sorted(grades, key=str)
    assert grades[0] == "A"
    assert grades[-1] == "E"


LIDS = tuple(f"{s} upper eyelid {p}" for s in ("left", "right") for p in ("outer", "centre", "inner"))


def test_a_blink_hides_no_clear_motion() -> None:
    lids = dict.fromkeys(LIDS, (0.0, 6.0))
    smile = {name: (3 * u, 3 * v) for name, (u, v) in SMILE.items()}
    seen = {e.au: e.probability for e in create_au_model().predict(motion({**smile, **lids}))}
    assert seen[12] > 0.5
    frown = {name: (6 * u, 6 * v) for name, (u, v) in FROWN.items()}
    seen = {e.au: e.probability for e in create_au_model().predict(motion({**frown, **lids}))}
    assert seen[4] > 0.5


@pytest.mark.parametrize("model", ["evidence", "learned"])
@pytest.mark.parametrize("closing", [1.0, 3.0, 9.0, 16.0])
def test_what_a_blink_draws_along_is_no_unit(model: str, closing: float) -> None:
    # The fold draws the skin below the brow along, and flow spreads a little everywhere.
    vectors = dict.fromkeys(LIDS, (0.0, closing))
    vectors |= {f"{s} inner brow": (0.0, 0.35 * closing) for s in ("left", "right")}
    vectors |= {f"{s} nostril wing": (0.0, -0.05 * closing) for s in ("left", "right")}
    assert abstains(create_au_model(model).predict(motion(vectors)))


@pytest.mark.parametrize(
    ("shown", "companions"),
    [(9, {10, 11}), (24, {17, 28}), (14, {12, 20}), (4, {43}), (10, {9}), (12, {14, 20})],
)
def test_a_unit_brings_no_companions_along(shown: int, companions: set[int]) -> None:
    pressed = {name: (0.0, v) for name, v in (("upper lip centre", 0.7), ("lower lip centre", -1.0))}
    vectors = {
        9: {**SHOWN[9], "upper lip left": (0.0, -0.5), "upper lip right": (0.0, -0.5)},
        10: {**SHOWN[10], "left nostril wing": (0.0, -0.4), "right nostril wing": (0.0, -0.4)},
        24: {**pressed, "chin": (0.0, -0.3)},
        4: {**FROWN, **dict.fromkeys(LIDS, (0.0, 0.3))},
    }.get(shown, SHOWN.get(shown, {}))
    seen = {e.au for e in create_au_model().predict(motion(vectors)) if e.probability >= 0.5}
    assert shown in seen and not seen & companions


def test_a_blink_alone_names_no_emotion() -> None:
    lids = {f"{s} upper eyelid centre": (0.0, 3.0) for s in ("left", "right")}
    seen = create_au_model().predict(motion(lids))
    assert seen[0].au == 43
    assert abstains(seen)


@pytest.mark.parametrize(
    ("vectors", "label"), [(SMILE, "positive"), (FROWN, "negative"), (BROWS_UP, "surprise")]
)
def test_motion_leads_to_its_coarse_class(vectors: dict[str, tuple[float, float]], label: str) -> None:
    emotion = create_emotion_model().predict(create_au_model().predict(motion(vectors)), "3")
    assert max(emotion, key=lambda c: emotion[c]) == label
    assert sum(emotion.values()) == pytest.approx(1)


def evidence(*units: int) -> list[AUEvidence]:
    return [AUEvidence(au, "both", 0.95, "A", ()) for au in units]


@pytest.mark.parametrize(
    ("units", "label"),
    [((6, 12), "happiness"), ((1, 2, 5), "surprise"), ((9,), "disgust"), ((4, 10), "disgust"),
     ((4, 5, 7, 23), "anger"), ((1, 2, 4, 5, 20), "fear"), ((1, 15), "sadness"), ((1, 4, 15), "sadness")],
)  # fmt: skip
def test_prototypes_reach_their_emotion(units: tuple[int, ...], label: str) -> None:
    emotion = create_emotion_model().predict(evidence(*units), "7")
    assert max(emotion, key=lambda c: emotion[c]) == label


def test_a_one_sided_corner_speaks_for_contempt() -> None:
    model = create_emotion_model()
    one = model.predict([AUEvidence(14, "left", 0.95, "A", ())], "7")["contempt"]
    two = model.predict([AUEvidence(14, "both", 0.95, "A", ())], "7")["contempt"]
    assert one > two


def test_taxonomies_agree_on_shares() -> None:
    model, seen = create_emotion_model(), evidence(4, 7, 12)
    coarse, fine = model.predict(seen, "3"), model.predict(seen, "7")
    assert coarse["positive"] / coarse["surprise"] == pytest.approx(fine["happiness"] / fine["surprise"])
