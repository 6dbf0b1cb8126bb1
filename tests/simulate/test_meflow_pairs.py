"""Pairs: determinism, statistics, identities, the stream."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.simulate.gallery import Gallery, split_of
from mellm.simulate.origins import Origin, read_origins
from mellm.simulate.pair_stream import MEFlowConfig, MEFlowStream
from mellm.simulate.photo_pairs import PairConfig, PhotoSource
from mellm.simulate.shards import Shard, write_shard
from mellm.simulate.unit_statistics import draw_action_units

SMALL = PairConfig(size=(200, 240))
UNITS = ((Origin.TABLE, 1.0), (Origin.MUSCLE, 1.0))


def test_the_same_index_gives_the_same_pair(gallery: Gallery) -> None:
    first = PhotoSource(gallery, seed=3, config=SMALL).pair(7)
    again = PhotoSource(gallery, seed=3, config=SMALL).pair(7)
    other = PhotoSource(gallery, seed=4, config=SMALL).pair(7)
    assert np.array_equal(first.onset, again.onset) and np.array_equal(first.apex, again.apex)
    assert np.array_equal(first.facial, again.facial) and first.action_units == again.action_units
    assert not np.array_equal(first.onset, other.onset)


def test_a_pair_keeps_its_contract(gallery: Gallery) -> None:
    pair = PhotoSource(gallery, config=SMALL).pair(0)
    assert pair.onset.shape == pair.apex.shape == (240, 200, 3) and pair.onset.dtype == np.uint8
    assert pair.facial.shape == pair.head.shape == (240, 200, 2) and pair.facial.dtype == np.float32
    assert pair.valid.shape == pair.face.shape == (240, 200) and pair.valid.dtype == bool
    assert pair.landmarks.points.shape == (468, 3) and pair.landmarks.scheme == "mesh468"
    assert 0.15 < pair.face.mean() < 0.7


def test_noise_is_independent_in_the_two_frames(gallery: Gallery) -> None:
    still = PairConfig(size=(200, 240), still=1.0, head=0.0, occluded=0.0)
    source = PhotoSource(gallery, config=still)
    different = [np.mean(p.onset != p.apex) for p in (source.pair(i) for i in range(4))]
    assert min(different) > 0.2


def test_shares_of_motion(gallery: Gallery) -> None:
    tiny = PairConfig(size=(80, 96), clean=True)
    pairs = [PhotoSource(gallery, seed=1, config=tiny).pair(i) for i in range(60)]
    turned = np.mean([np.abs(p.head).max() > 0.01 for p in pairs])
    expressive = np.mean([np.abs(p.facial - p.head)[p.face].max() > 0.005 for p in pairs])
    peaks = [np.linalg.norm(p.facial - p.head, axis=-1).max() * 400 / 80 for p in pairs if p.action_units]
    assert 0.3 < turned < 0.7
    assert 0.7 < expressive < 1.0
    assert max(peaks) < 7 and np.percentile(peaks, 20) < 0.9


def test_splits_share_no_identity(gallery: Gallery) -> None:
    names = {s: set(PhotoSource(gallery, split=s).identities) for s in ("train", "val", "test")}
    assert all(names.values())
    assert not (
        names["train"] & names["test"] or names["train"] & names["val"] or names["val"] & names["test"]
    )
    shares = [sum(split_of(f"person{i}") == s for i in range(2000)) / 2000 for s in ("train", "val", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_workers_of_a_stream_share_the_pairs(portrait_folder: Path, mesh_cache: Path) -> None:
    config = MEFlowConfig(portrait_folder, cache=mesh_cache, pair=PairConfig(size=(80, 96)))
    keys = []
    for worker in (0, 1):
        stream = iter(MEFlowStream(config, worker=worker, workers=2))
        keys.append([next(stream).key for _ in range(3)])
    alone = iter(MEFlowStream(config))
    expected = [next(alone).key for _ in range(6)]
    assert keys[0] == expected[::2] and keys[1] == expected[1::2]


def test_drawn_units_follow_the_table() -> None:
    rng = np.random.default_rng(0)
    draws = [draw_action_units(rng) for _ in range(3000)]
    share = {au: np.mean([any(a == au for a, _ in d) for d in draws]) for au in (4, 12, 28)}
    assert share[4] > 0.3 and 0.08 < share[12] < 0.25 and share[28] > 0.002
    sides = [s for d in draws for a, s in d if a == 12]
    assert 0.3 < np.mean([s != "both" for s in sides]) < 0.55
    assert not any(s != "both" for d in draws for a, s in d if a == 24)


def test_damaged_pictures_are_left_out_and_named(portrait_folder: Path, tmp_path: Path) -> None:
    shutil.copy(next(portrait_folder.glob("*.png")), tmp_path / "good.png")
    (tmp_path / "sub").mkdir()
    shutil.copy(tmp_path / "good.png", tmp_path / "sub" / "good.png")
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")
    gallery = Gallery(tmp_path, cache=tmp_path / "cache")
    assert [p.identity for p in gallery.portraits] == ["good", "sub/good"]
    assert [p.name for p in gallery.left_out] == ["bad.jpg"]


def test_a_folder_without_faces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        Gallery(tmp_path, cache=tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        Gallery(tmp_path / "missing")


def test_amplitude_of_a_unit_is_in_pixels(gallery: Gallery) -> None:
    # Large beside the eyes' own motion.
    moving = PairConfig(
        size=(200, 240), smallest=3, largest=6, still=0, head=0, bumps=0, clean=True, origins=UNITS
    )
    source = PhotoSource(gallery, seed=3, config=moving)
    for index in range(5):
        pair = source.pair(index)
        peak = float(np.linalg.norm(pair.facial - pair.head, axis=-1)[pair.face].max())
        amplitudes = [unit.amplitude for unit in pair.action_units]
        # Units overlap: the field's peak lies between the largest unit's and the sum of all.
        assert 0.5 * max(amplitudes) < peak < 1.3 * sum(amplitudes)


def test_pairs_record_the_origin_of_their_motion(gallery: Gallery, tmp_path: Path) -> None:
    config = PairConfig(size=(80, 96), still=0.3, clean=True)
    pairs = [PhotoSource(gallery, config=config).pair(i) for i in range(40)]
    seen = {pair.origin for pair in pairs}
    assert seen == {None, "table", "replayed", "muscle", "smooth"}
    for pair in pairs:
        if pair.origin is not None:  # (a pair without may still look elsewhere)
            assert np.abs(pair.facial - pair.head)[pair.face].max() > 0.005
        assert bool(pair.action_units) == (pair.origin in ("table", "muscle"))
    write_shard(tmp_path / "s.npz", pairs[:6])
    assert [p.origin for p in Shard(tmp_path / "s.npz")] == [p.origin for p in pairs[:6]]


@pytest.mark.parametrize("wrong", ["", "scan", "table=-1", "table=0", "table=x", "muscle=inf"])
def test_wrong_origins_are_refused(wrong: str) -> None:
    with pytest.raises(InputError):
        read_origins(wrong)


def test_origins_are_read_with_shares() -> None:
    assert read_origins("table=2, muscle") == ((Origin.TABLE, 2.0), (Origin.MUSCLE, 1.0))
    assert dict(read_origins("all")).keys() == set(Origin)
