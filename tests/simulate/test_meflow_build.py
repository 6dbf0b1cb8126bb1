"""Building on disk: resumable, checked, split by identity."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.simulate import pair_build as building
from mellm.simulate.gallery import split_of
from mellm.simulate.manifest import Manifest
from mellm.simulate.pair import FlowPair
from mellm.simulate.pair_build import BuildConfig, build
from mellm.simulate.pair_check import MEFlowDataset, check
from mellm.simulate.pair_stream import MEFlowConfig, PairSource
from mellm.simulate.photo_pairs import PairConfig
from mellm.simulate.shards import STEP


@pytest.fixture(scope="module")
def config(portrait_folder: Path, mesh_cache: Path) -> BuildConfig:
    source = MEFlowConfig(portrait_folder, cache=mesh_cache, pair=PairConfig(size=(80, 96)))
    return BuildConfig(source, pairs=12, shard=3, val=0.25, test=0.25)


@pytest.fixture(scope="module")
def built(config: BuildConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    build(config, out)
    return out


def test_a_build_is_sound_and_described(built: Path) -> None:
    result = check(built)
    assert result.ok, result.problems
    assert result.pairs == 12
    assert (built / "contact_sheet.jpg").stat().st_size > 1000
    assert "| train | 6 |" in (built / "DATASHEET.md").read_text()


def test_stored_pairs_are_the_generated_ones(built: Path, config: BuildConfig) -> None:
    stored = MEFlowDataset(built, "train")
    source = PairSource(config.source, "train", config.seed)
    assert len(stored) == 6
    for index in (0, 4):
        pair, fresh = stored[index], source.pair(index)
        assert pair.key == fresh.key and pair.action_units == fresh.action_units
        assert np.array_equal(pair.onset, fresh.onset) and np.array_equal(pair.apex, fresh.apex)
        assert np.array_equal(pair.valid, fresh.valid) and np.array_equal(pair.face, fresh.face)
        assert np.abs(pair.head - fresh.head).max() <= STEP / 2 + 1e-5 < 0.002
        assert np.abs(pair.facial - fresh.facial).max() < 0.002 + 1e-5


def test_a_killed_build_goes_on_without_damage_or_doubles(
    built: Path, config: BuildConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = building.write_shard, []

    def dies(path: Path, pairs: Iterable[FlowPair]) -> str:
        calls.append(path)
        if len(calls) == 2:
            path.with_name("00001.999.partial").write_bytes(b"half a shard")
            raise KeyboardInterrupt
        return real(path, pairs)

    monkeypatch.setattr(building, "write_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        build(config, tmp_path)
    monkeypatch.setattr(building, "write_shard", real)
    assert any("not finished" in p for p in check(tmp_path).problems)
    build(config, tmp_path)
    assert check(tmp_path).ok
    whole, resumed = (json.loads((d / "manifest.json").read_text()) for d in (built, tmp_path))
    assert whole["shards"] == resumed["shards"]


def test_splits_are_disjoint_on_disk(built: Path) -> None:
    seen = {s: {MEFlowDataset(built, s)[i].identity for i in range(3)} for s in ("train", "val", "test")}
    assert not (seen["train"] & seen["test"] or seen["val"] & seen["test"] or seen["train"] & seen["val"])


def test_damage_is_found_and_named(built: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    shard = copy / "train" / "00000.npz"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 0xFF
    shard.write_bytes(bytes(data))
    (copy / "val" / "00000.npz").unlink()
    problems = " ".join(check(copy).problems)
    assert "train/00000.npz has changed" in problems and "val/00000.npz is missing" in problems


def test_another_recipe_is_not_mixed_in(built: Path, config: BuildConfig) -> None:
    with pytest.raises(InputError, match="another recipe"):
        build(replace(config, seed=9), built)


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json"):
        check(tmp_path)


def test_a_few_pictures_are_enough(portrait_folder: Path, mesh_cache: Path, tmp_path: Path) -> None:
    one = next(p for p in portrait_folder.glob("*.png") if split_of(p.stem) == "train")
    (tmp_path / "faces").mkdir()
    shutil.copy(one, tmp_path / "faces" / one.name)
    source = MEFlowConfig(tmp_path / "faces", cache=mesh_cache, pair=PairConfig(size=(80, 96)))
    build(BuildConfig(source, pairs=4), tmp_path / "out")
    assert check(tmp_path / "out").ok
    assert len(MEFlowDataset(tmp_path / "out", "train")) == 4
    with pytest.raises(InputError, match="no test split"):
        MEFlowDataset(tmp_path / "out", "test")


@pytest.mark.slow
def test_workers_make_the_same_bytes(built: Path, config: BuildConfig, tmp_path: Path) -> None:
    manifest = build(replace(config, workers=2), tmp_path)
    assert manifest.shards == Manifest.read(built).shards


@pytest.mark.slow
def test_a_build_survives_being_killed(built: Path, config: BuildConfig, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from mellm.simulate.pair_build import BuildConfig, build
from mellm.simulate.gallery import split_of
from mellm.simulate.photo_pairs import PairConfig
from mellm.simulate.pair_stream import MEFlowConfig
source = MEFlowConfig(Path({str(config.source.faces)!r}), cache=Path({str(config.source.cache)!r}),
                      pair=PairConfig(size=(80, 96)))
build(BuildConfig(source, pairs=12, shard=3, val=0.25, test=0.25), {str(tmp_path)!r})
"""
    process = subprocess.Popen([sys.executable, "-c", script])
    while process.poll() is None and not (tmp_path / "train" / "00000.npz").is_file():
        time.sleep(0.01)
    process.kill()
    process.wait()
    build(config, tmp_path)
    assert check(tmp_path).ok
    whole, resumed = (json.loads((d / "manifest.json").read_text()) for d in (built, tmp_path))
    assert whole["shards"] == resumed["shards"]


def test_a_manifest_is_read_back_or_refused(built: Path, tmp_path: Path) -> None:
    manifest = Manifest.read(built)
    assert manifest.complete and manifest.pairs == 12
    assert manifest.built_by.source.pair.size == (80, 96)
    manifest.write(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == (built / "manifest.json").read_bytes()
    (tmp_path / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(InputError, match="is damaged"):
        Manifest.read(tmp_path)
