"""Flow files: every bit back, and one sentence for each kind of damage."""

import json
import struct

import cv2
import numpy as np
import pytest

from mellm.errors import InputError, MellmError
from mellm.flow import Flow, HeadMotion, read_estimate, read_flow, write_flow
from mellm.wording.message import Message


@pytest.fixture
def field(rng):
    return rng.normal(0, 1, (17, 23, 2)).astype(np.float32)


@pytest.mark.parametrize("ending", [".flo", ".npz"])
def test_a_field_comes_back_bit_for_bit(tmp_path, field, ending):
    write_flow(tmp_path / f"a{ending}", field)
    back = read_flow(tmp_path / f"a{ending}")
    assert back.dtype == np.float32 and np.array_equal(back, field)


def test_flo_is_readable_by_opencv(tmp_path, field):
    write_flow(tmp_path / "a.flo", field)
    assert np.array_equal(cv2.readOpticalFlow(str(tmp_path / "a.flo")), field)
    cv2.writeOpticalFlow(str(tmp_path / "b.flo"), field)
    assert np.array_equal(read_flow(tmp_path / "b.flo"), field)


def test_a_whole_estimate_comes_back(tmp_path, field):
    motion = HeadMotion(1.0, -2.0, 0.5, 0.1, 0.2, 1.01, 0.8, 0.05)
    warnings = (Message("flow.no_face"), Message("flow.head_turned", {"degrees": 7.25}))
    flow = Flow(field, field * np.float32(0.3), "dis", "mesh-rigid", warnings, motion)
    write_flow(tmp_path / "a.npz", flow)
    back = read_estimate(tmp_path / "a.npz")
    assert np.array_equal(back.facial, flow.facial) and np.array_equal(back.head, flow.head)
    assert (back.estimator, back.compensation, back.warnings) == ("dis", "mesh-rigid", warnings)
    assert back.head_motion == motion
    assert np.array_equal(read_flow(tmp_path / "a.npz"), flow.expression)
    assert np.array_equal(read_flow(tmp_path / "a.npz", "head"), flow.head)


def test_a_file_of_an_older_version_holds_sentences(tmp_path, field):
    made = {"estimator": "dis", "compensation": "none", "warnings": ["No face."], "head_motion": None}
    np.savez_compressed(tmp_path / "a.npz", facial=field, head=field, made=np.array(json.dumps(made)))
    assert [str(warning) for warning in read_estimate(tmp_path / "a.npz").warnings] == ["No face."]


def test_a_whole_estimate_does_not_fit_a_flo_file(tmp_path, field):
    with pytest.raises(InputError, match="expression"):
        write_flow(tmp_path / "a.flo", Flow(field, field, "dis", "none"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PIEH",
        b"RIFF" + struct.pack("<ii", 2, 2) + bytes(32),
        b"PIEH" + struct.pack("<ii", 2, 2) + bytes(31),
        b"PIEH" + struct.pack("<ii", 2, 2) + bytes(33),
        b"PIEH" + struct.pack("<ii", -2, -2) + bytes(32),
        b"PIEH" + struct.pack("<ii", 2**30, 2**30),
    ],
)
def test_damaged_flo_files_are_input_errors(tmp_path, data):
    (tmp_path / "bad.flo").write_bytes(data)
    with pytest.raises(InputError, match=r"bad\.flo"):
        read_flow(tmp_path / "bad.flo")


def test_damaged_npz_files_are_input_errors(tmp_path, field):
    write_flow(tmp_path / "a.npz", field)
    whole = (tmp_path / "a.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    for data in (b"", b"not a zip", whole[: len(whole) // 2], bytes(flipped)):
        (tmp_path / "bad.npz").write_bytes(data)
        with pytest.raises(InputError, match=r"bad\.npz"):
            read_flow(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", picture=np.zeros(3))
    with pytest.raises(InputError, match="picture"):
        read_flow(tmp_path / "other.npz")
    np.savez(tmp_path / "wrong.npz", flow=np.zeros((4, 4, 3), np.float32))
    with pytest.raises(InputError, match="float32"):
        read_flow(tmp_path / "wrong.npz")


def test_pickles_in_npz_are_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", flow=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"bad\.npz"):
        read_flow(tmp_path / "bad.npz")


def test_kitti_png_only_when_asked_for(tmp_path, field):
    path = tmp_path / "a.png"
    with pytest.raises(InputError, match="1/64"):
        write_flow(path, field)
    write_flow(path, field, allow_quantised=True)
    with pytest.raises(InputError, match="1/64"):
        read_flow(path)
    back = read_flow(path, allow_quantised=True)
    assert 0 < np.abs(back - field).max() <= 1 / 128 + 1e-6
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)  # OpenCV hands out B, G, R: valid, v, u
    assert (stored[..., 0] == 1).all()
    assert stored[3, 5, 2] == round(float(field[3, 5, 0]) * 64) + 2**15
    stored[0, 0, 0] = 0
    cv2.imwrite(str(path), stored)
    assert np.isnan(read_flow(path, allow_quantised=True)[0, 0]).all()


def test_a_place_that_cannot_be_written_to(tmp_path, field):
    with pytest.raises(MellmError, match="cannot be written"):
        write_flow(tmp_path / "no" / "a.flo", field)


def test_an_estimate_that_lost_its_facts(tmp_path, field):
    np.savez(tmp_path / "a.npz", facial=field, head=field, made=np.array("{}"))
    with pytest.raises(InputError, match="how its flow was made"):
        read_estimate(tmp_path / "a.npz")


def test_other_endings_missing_files_and_shapes(tmp_path, field):
    with pytest.raises(InputError, match=r"\.flo or \.npz"):
        write_flow(tmp_path / "a.tiff", field)
    with pytest.raises(InputError, match="no file"):
        read_flow(tmp_path / "none.flo")
    with pytest.raises(InputError, match="float32"):
        write_flow(tmp_path / "a.flo", field.astype(np.float64))
