import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from flow_folder import flow_of, stored
from mellm.datasets.megc2019 import read_flow_set
from mellm.errors import InputError
from mellm.evaluate.recognition import evaluate_recognition
from mellm.evaluate.unit_recognition import evaluate_units
from mellm.face.regions import REGION_NAMES
from mellm.flow.normalised import channel_ratio, nose_flow, recover_flow, regional_motion


def test_samples_and_flow_meet_by_key_whatever_the_order(flow_folder: Path) -> None:
    data = read_flow_set(flow_folder)
    assert data.flows.shape == (len(data.samples), 28, 28, 3)
    for sample, flow in zip(data.samples, data.flows, strict=True):
        v = nose_flow(flow)[..., 1]
        if sample.key.endswith("surprise_0"):
            assert v[3:6, 6:9].mean() < -1
    assert data.samples[0].group == "smic/000"
    assert [u.sided for u in data.samples[1].action_units.units] == ["R4"]


def test_plain_string_keys_are_read_too(flow_folder: Path, tmp_path: Path) -> None:
    shutil.copy(flow_folder / "samples.csv", tmp_path)
    data = read_flow_set(flow_folder)
    np.savez(tmp_path / "flows.npz", flows=data.flows, key=np.array([s.key for s in data.samples]))
    assert read_flow_set(tmp_path).samples == data.samples


class _Boom:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("1/0",))


def test_a_pickle_that_asks_for_more_than_strings_is_refused(flow_folder: Path, tmp_path: Path) -> None:
    shutil.copy(flow_folder / "samples.csv", tmp_path)
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    evil = header + text + b" " * (117 - len(text)) + b"\n" + pickle.dumps(_Boom())
    with (
        zipfile.ZipFile(flow_folder / "flows.npz") as source,
        zipfile.ZipFile(tmp_path / "flows.npz", "w") as out,
    ):
        out.writestr("flows.npy", source.read("flows.npy"))
        out.writestr("key.npy", evil)
    with pytest.raises(InputError, match="plain strings"):
        read_flow_set(tmp_path)


def test_what_is_missing_is_said(flow_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples\.csv"):
        read_flow_set(tmp_path)
    text = (flow_folder / "samples.csv").read_text()
    shutil.copy(flow_folder / "flows.npz", tmp_path)
    (tmp_path / "samples.csv").write_text(text + "ghost,smic,000,negative,,\n")
    with pytest.raises(InputError, match="ghost"):
        read_flow_set(tmp_path)
    (tmp_path / "samples.csv").write_text(text.replace("subject", "person"))
    with pytest.raises(InputError, match="subject"):
        read_flow_set(tmp_path)


def test_the_ratio_of_the_channels_comes_back() -> None:
    rng = np.random.default_rng(1)
    for gain in (0.5, 1.0, 2.0):
        flow = flow_of("positive", rng) * (1.0, gain)
        span = np.ptp(flow, axis=(0, 1))
        assert channel_ratio(stored(flow)) == pytest.approx(span[1] / span[0], rel=0.2)


def test_head_motion_is_taken_out_and_expression_stays() -> None:
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[:28, :28]
    flow = flow_of("positive", rng)
    turned = flow + np.stack([-(rows - 14) * 0.02, (columns - 13.5) * 0.02], axis=-1)
    apart = np.linalg.norm(recover_flow(stored(turned)) - recover_flow(stored(flow)), axis=-1).mean()
    kept = np.linalg.norm(
        recover_flow(stored(turned), head=False) - recover_flow(stored(flow)), axis=-1
    ).mean()
    assert apart < kept / 2


def test_regions_are_the_29_and_the_moving_one_moves() -> None:
    motion = regional_motion(recover_flow(stored(flow_of("positive", np.random.default_rng(3), ("left",)))))
    assert {m.name for m in motion} == set(REGION_NAMES)
    strongest = max(motion, key=lambda m: m.mean)
    assert strongest.name == "left mouth corner"
    assert strongest.octant == "up-left"


def test_a_flat_picture_does_not_break_anything() -> None:
    flat = np.full((28, 28, 3), 7, np.uint8)
    assert np.isfinite(recover_flow(flat)).all()
    assert np.isfinite(nose_flow(flat)).all()
    assert not any(m.mean for m in regional_motion(recover_flow(flat)))


def test_a_cell_of_units_nobody_can_read_stops_no_recognition(flow_folder: Path, tmp_path: Path) -> None:
    shutil.copy(flow_folder / "flows.npz", tmp_path)
    text = (flow_folder / "samples.csv").read_text().replace(",,R4\n", ",,see video\n", 1)
    (tmp_path / "samples.csv").write_text(text)
    assert "see video" in text
    run = evaluate_recognition(tmp_path, "zero-shot", "baseline-rule")
    units = evaluate_units(tmp_path, "zero-shot")
    assert len(run.samples) == len(units.samples) + 1
    assert units.figures.unreadable == 1


def test_a_key_that_occurs_twice_is_refused(flow_folder: Path, tmp_path: Path) -> None:
    shutil.copy(flow_folder / "samples.csv", tmp_path)
    data = read_flow_set(flow_folder)
    keys = [s.key for s in data.samples]
    np.savez(tmp_path / "flows.npz", flows=data.flows, key=np.array([keys[1], *keys[1:]]))
    with pytest.raises(InputError, match="twice"):
        read_flow_set(tmp_path)
