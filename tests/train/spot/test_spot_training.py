"""Training of the spotting network: movements, pieces, mirror, export, a resumable run."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mellm.errors import InputError  # noqa: E402
from mellm.face.regions import REGION_NAMES  # noqa: E402
from mellm.simulate.unit_fields import canonical_field  # noqa: E402
from mellm.spot.detector import APEX, KINDS, TARGETS, Detector  # noqa: E402
from mellm.spot.evidence import with_evidence  # noqa: E402
from mellm.spot.inputs import CHANNELS, inputs  # noqa: E402
from mellm.train.spot.dial_scores import RATES, dial_of  # noqa: E402
from mellm.train.spot.mirror import backwards, mirrored_inputs  # noqa: E402
from mellm.train.spot.movements import Patterns, pattern, pulse  # noqa: E402
from mellm.train.spot.network import SpottingNetwork, exported  # noqa: E402
from mellm.train.spot.recipe import read_spot_recipe  # noqa: E402
from mellm.train.spot.samples import LENGTH, make_piece  # noqa: E402
from mellm.train.spot.training import SpotRun, train_spot  # noqa: E402
from mellm.train.spot.unrest import kept_trace, mirrored, still_face, varied  # noqa: E402

RECIPE = Path(__file__).parents[3] / "recipes" / "spot.yaml"


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    return Patterns([p for au in (1, 4, 12, 15) if (p := pattern(canonical_field(au))) is not None])


def strongest(vectors: np.ndarray, count: int) -> set[str]:
    return {REGION_NAMES[k] for k in np.argsort(-np.linalg.norm(vectors, axis=1))[:count]}


def test_a_unit_moves_its_own_regions() -> None:
    smile, frown = pattern(canonical_field(12)), pattern(canonical_field(4))
    assert smile is not None and frown is not None
    assert strongest(smile, 2) == {"left mouth corner", "right mouth corner"}
    assert strongest(frown, 2) == {"left inner brow", "right inner brow"}
    assert frown[REGION_NAMES.index("left inner brow"), 1] > 0.4  # down
    assert 0.5 < np.linalg.norm(smile, axis=1).max() <= 1


def test_a_pulse_is_nothing_outside_and_one_at_its_apex() -> None:
    at = np.linspace(0, 1, 101)
    for shape in (0.0, 1.0):
        course = pulse(at, 0.2, 0.4, 0.7, shape)
        assert course[:20].max() == 0 and course[71:].max() == 0
        assert at[course.argmax()] == pytest.approx(0.4) and course.max() == pytest.approx(1)


def test_a_piece_says_where_its_movements_are(patterns: Patterns) -> None:
    rng = np.random.default_rng(3)
    pieces = [make_piece([], patterns, rng) for _ in range(12)]
    for piece in pieces:
        assert piece.seen.shape == (LENGTH, CHANNELS) and piece.target.shape == (LENGTH, TARGETS)
        there = piece.seen[:, -1] == 1
        assert not piece.target[~there].any() and not piece.trust[~there].any()
        apex = np.flatnonzero(piece.target[:, APEX] > 0.9)
        assert piece.target[apex, KINDS.index("micro")].all()
        known = piece.trust[:, APEX + 1] > 0
        both = piece.target[known, APEX + 1] + piece.target[known, APEX + 2]
        assert not known.any() or (both.min() > 3 and both.max() < 17)  # 0.1 to 0.57 s
    assert any(piece.target[:, APEX].any() for piece in pieces)
    assert any(piece.target[:, KINDS.index("blink")].any() for piece in pieces)


def test_lids_alone_are_put_in_and_open_the_eyes() -> None:
    raised = pattern(canonical_field(5), lids=True)
    assert raised is not None and pattern(canonical_field(5)) is None
    assert strongest(raised, 6) <= {name for name in REGION_NAMES if "upper eyelid" in name}
    rng = np.random.default_rng(1)
    pieces = [make_piece([], Patterns([raised], [raised]), rng, 1.0) for _ in range(6)]
    assert any(piece.target[:, APEX].any() for piece in pieces)


def test_a_mirrored_trace_gives_mirrored_inputs() -> None:
    body = still_face(np.random.default_rng(2), 400).body
    straight, turned = (torch.from_numpy(inputs(b))[None] for b in (body, mirrored(body)))
    assert torch.allclose(mirrored_inputs(straight), turned, atol=1e-3)
    assert torch.equal(mirrored_inputs(mirrored_inputs(straight)), straight)


def test_backwards_swaps_what_was_and_what_will_be() -> None:
    seen, target = torch.randn(2, 9, CHANNELS), torch.rand(2, 9, TARGETS)
    back = backwards(seen, target, target)
    assert torch.equal(back[1][:, 0, APEX + 1], target[:, -1, APEX + 2])
    assert torch.allclose(backwards(*back)[0], seen)


def test_a_varied_piece_keeps_its_flags_in_place() -> None:
    unrest = still_face(np.random.default_rng(0), 300)
    eyes = unrest.body.eyes.copy()
    eyes[100:120] = 0.05
    unrest.body.eyes[:] = eyes
    blinks = unrest.blinks.copy()
    blinks[100:120] = True
    marked = type(unrest)(
        "x", unrest.body, blinks, unrest.speech, unrest.no_speech, unrest.no_macro, unrest.micro
    )
    for seed in range(6):
        made = varied(marked, np.random.default_rng(seed), 360)
        inside = made.body.eyes.mean(axis=1) < 0.12
        assert (inside == made.blinks).mean() > 0.98


def test_the_exported_arrays_say_what_the_network_says() -> None:
    torch.manual_seed(0)
    network = SpottingNetwork(24, (1, 2, 4), 0.1).eval()
    arrays = exported(network)
    arrays["dial.rates"], arrays["dial.scores"] = dial_of((1.0, [0.5]))
    seen = np.random.default_rng(0).normal(0, 1, (200, CHANNELS)).astype(np.float32)
    seen[:, -1] = 1
    said = Detector(arrays)(seen)
    with torch.no_grad():
        wanted = network(torch.from_numpy(with_evidence(seen))[None])[0].numpy()
    assert np.allclose(said.apex, 1 / (1 + np.exp(-wanted[:, APEX])), atol=1e-5)
    assert np.allclose(said.since, np.exp(wanted[:, APEX + 1]), rtol=1e-4)


def test_the_dial_lets_through_as_many_as_asked() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.03]
    rates, least = dial_of((1.0, scores))
    assert tuple(rates) == pytest.approx(RATES)
    for rate, score in zip(rates, least, strict=True):
        assert sum(s >= score for s in scores) <= rate + 1e-6
    assert (np.diff(least) <= 0).all()


SMALL = """
clips: [{file: a.mp4, person: a, kind: calm, fold: A}, {file: b.mp4, person: b, kind: calm, fold: B}]
origins: {table: 1}
patterns: 10
pieces: 24
made: 0.5
steps: 6
batch: 2
width: 8
dilations: [1, 2]
"""


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    recipe, kept = tmp_path / "small.yaml", tmp_path / "kept"
    recipe.write_text(SMALL)
    (kept / "traces").mkdir(parents=True)
    for seed, name in enumerate(("a.mp4", "b.mp4")):
        body = still_face(np.random.default_rng(seed + 5), 400).body
        np.savez(
            kept / "traces" / f"{name}.npz",
            frames=np.arange(400),
            times=np.arange(400) / 30,
            displacement=body.displacement.astype(np.float32),
            head=body.head.astype(np.float32),
            eye_opening=body.eyes.astype(np.float32),
            mouth_opening=body.mouth.astype(np.float32),
            pose=np.zeros((400, 6), np.float32),
            inter_ocular=200.0,
        )
    ran = []
    for name, stops in (("one", (None,)), ("two", (2, None))):
        run = SpotRun(tmp_path / name, tmp_path, kept, leave_out=("B",))
        for steps in stops:
            written = train_spot(recipe, run, lambda text: None, steps=steps)
        ran.append(written.read_bytes())
    assert ran[0] == ran[1]
    assert (tmp_path / "one" / "scores.json").is_file()


def test_a_run_needs_people_left_out_for_its_dial(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--leave-out"):
        train_spot(RECIPE, SpotRun(tmp_path, tmp_path))
    with pytest.raises(InputError, match="no fold Z"):
        train_spot(RECIPE, SpotRun(tmp_path, tmp_path, leave_out=("Z",)))
    with pytest.raises(InputError, match="There is no clip"):
        kept_trace(tmp_path / "none.mp4", tmp_path)


def test_nobody_is_in_two_folds() -> None:
    plan = read_spot_recipe(RECIPE)
    folds: dict[str, set[str]] = {}
    for clip in plan.clips:
        folds.setdefault(clip.person, set()).add(clip.fold)
    assert all(len(found) == 1 for found in folds.values())
    for fold in "ABC":
        kinds = {clip.kind for clip in plan.clips if clip.fold == fold}
        assert {"talking", "acting"} <= kinds and kinds & {"calm", "conversation"}
