"""Landmark files of other programs."""

import json
from pathlib import Path

import numpy as np
import pytest

from mellm.errors import InputError
from mellm.face import load_landmarks

POINTS68 = np.arange(136, dtype=np.float32).reshape(68, 2) + 0.5
POINTS98 = np.arange(196, dtype=np.float32).reshape(98, 2) * 0.25


def coordinates(count: int, separator: str = ",") -> str:
    names = [f"x_{i}" for i in range(count)] + [f"y_{i}" for i in range(count)]
    return separator.join(names)


def values(points: np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in points.T.ravel())


def openface(path: Path, rows: list[tuple[int, int, float, int, np.ndarray]]) -> Path:
    header = "frame, face_id, timestamp, confidence, success, gaze_0_x, " + coordinates(68, ", ")
    header += ", X_0, Y_0, Z_0, AU01_r"
    lines = [
        f"{frame}, {face}, {frame / 30:.3f}, {sure:.2f}, {ok}, 0.1, {values(p)}, -20.5, 3.1, 500.0, 0.4"
        for frame, face, sure, ok, p in rows
    ]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_openface_counts_from_one_and_has_gaps(tmp_path: Path) -> None:
    file = openface(
        tmp_path / "clip.csv",
        [
            (1, 0, 0.98, 1, POINTS68),
            (2, 0, 0.98, 0, POINTS68),
            (3, 0, 0.2, 1, POINTS68),
            (4, 0, 0.9, 1, POINTS68 + 2),
        ],
    )
    found = load_landmarks(file)
    assert list(found) == [0, 3]
    assert found[0].scheme == "ibug68"
    assert found[0].points == pytest.approx(POINTS68, abs=1e-3)
    assert found[3].points == pytest.approx(POINTS68 + 2, abs=1e-3)


def test_openface_with_several_faces(tmp_path: Path) -> None:
    rows = [(1, 0, 0.9, 1, POINTS68)] + [(f, 1, 0.9, 1, POINTS68 + 100) for f in (1, 2)]
    file = openface(tmp_path / "two.csv", rows)
    assert list(load_landmarks(file)) == [0, 1], "the face in the most frames"
    assert load_landmarks(file, face_id=0)[0].points[0, 0] == pytest.approx(0.5)
    with pytest.raises(InputError, match="no face_id 5: it has 0, 1"):
        load_landmarks(file, face_id=5)


def test_wflw_csv_counts_from_zero(tmp_path: Path) -> None:
    file = tmp_path / "wflw.csv"
    file.write_text(f"frame,{coordinates(98)}\n7,{values(POINTS98)}\n0,{values(POINTS98 + 1)}\n")
    found = load_landmarks(file)
    assert list(found) == [0, 7]
    assert found[7].scheme == "wflw98"
    assert found[7].points == pytest.approx(POINTS98, abs=1e-3)


def test_json_npz_and_pts(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"4": POINTS98.tolist()}))
    gap = np.full_like(POINTS98, np.nan)
    np.savez(tmp_path / "b.npz", points=np.stack([POINTS98, gap, POINTS98 + 1]), frames=[3, 4, 5])
    np.savez(tmp_path / "c.npz", points=np.zeros((2, 468, 3), np.float32))
    body = "\n".join(f"{u} {v}" for u, v in POINTS68)
    (tmp_path / "d.pts").write_text(f"version: 1\nn_points: 68\n{{\n{body}\n}}\n")
    assert load_landmarks(tmp_path / "a.json")[4].points == pytest.approx(POINTS98)
    b = load_landmarks(tmp_path / "b.npz")
    assert list(b) == [3, 5]
    assert b[5].points == pytest.approx(POINTS98 + 1)
    assert load_landmarks(tmp_path / "c.npz")[1].scheme == "mesh468"
    d = load_landmarks(tmp_path / "d.pts")
    assert list(d) == [0]
    assert d[0].points == pytest.approx(POINTS68)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.txt", "1 2", "not a landmark file"),
        ("x.csv", "frame,x_0,y_0\n0,1,2\n", "1 x and 1 y columns"),
        ("x.csv", "frame,confidence,success,AU01_r\n1,1,1,0\n", "-2Dfp"),
        ("x.csv", f"frame,{coordinates(98)}\n", "no frame with a face"),
        ("x.csv", f"frame,{coordinates(98)}\n0,1,2\n", "line 2: a cell is missing"),
        ("x.csv", f"frame,{coordinates(98)}\n0,{values(POINTS98)[:-5]}nan\n", "not a number"),
        ("x.csv", "", "0 x and 0 y columns"),
        ("x.json", "[1, 2]", "with frame numbers as keys"),
        ("x.json", '{"0": [[1, 2], [3]]}', "expected 68 or 98 or 468 points"),
        ("x.json", "{", "with frame numbers as keys"),
        ("x.npz", "no archive", "no readable array"),
        ("x.pts", "{\n a b \n}", "not a PTS file"),
    ],
)
def test_errors_say_what_is_wrong(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(InputError, match=sentence) as caught:
        load_landmarks(file)
    assert "\n" not in str(caught.value)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no landmark file"):
        load_landmarks(tmp_path / "none.csv")
