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
    np.savez(tmp_path / "c.npz", points=np.arange(2808, dtype=np.float32).reshape(2, 468, 3))
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
        ("x.csv", f"frame,{coordinates(98)}\n0,{values(POINTS98)[:-6]}nan\n", "no frame with a face"),
        ("x.csv", f"frame,{coordinates(98)}\n0,{values(POINTS98)[:-6]}much\n", "not a number"),
        ("x.csv", f"frame,{coordinates(98)}\nnan,{values(POINTS98)}\n", "line 2: nan is no frame number"),
        ("x.csv", f"frame,{coordinates(98)}\n1.5,{values(POINTS98)}\n", "line 2: 1.5 is no frame number"),
        ("x.csv", f"{coordinates(98)}\n{values(POINTS98)}\n{values(POINTS98)}\n", "no column frame"),
        (
            "x.csv",
            f"frame,{coordinates(98)}\n" + f"3,{values(POINTS98)}\n" * 2,
            "second row for frame 3, and no",
        ),
        ("x.csv", f"frame,face,{coordinates(98)}\n" + f"3,1,{values(POINTS98)}\n" * 2, "frame 3 and face 1"),
        ("x.json", '{"0": null}', "no frame with a face"),
        ("x.json", '{"%s": []}' % ("9" * 400), "with frame numbers as keys"),
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


def table(frames: dict[int, np.ndarray | None], separator: str = ",", decimal: str = ".") -> str:
    """A table of 98 points; None is an empty row."""
    lines = [separator.join(["frame", coordinates(98, separator), "input"])]
    for frame, points in frames.items():
        cells = [""] * 196 if points is None else [f"{v:.3f}".replace(".", decimal) for v in points.T.ravel()]
        lines.append(separator.join([str(frame), *cells, "Müller.mp4"]))
    return "\n".join(lines) + "\n"


NAN = np.full_like(POINTS98, np.nan)
ONE_NAN = np.where(np.arange(98)[:, None] == 40, np.nan, POINTS98).astype(np.float32)
ZEROS = np.zeros_like(POINTS98)


def test_a_gap_is_a_gap_in_every_format(tmp_path: Path) -> None:
    faces = {0: POINTS98, 2: NAN, 3: ONE_NAN, 4: ZEROS, 5: POINTS98 + 1}
    (tmp_path / "a.csv").write_text(table({**faces, 7: None}))
    (tmp_path / "a.json").write_text(json.dumps({str(f): p.tolist() for f, p in faces.items()} | {"7": None}))
    np.savez(tmp_path / "a.npz", points=np.stack(list(faces.values())), frames=list(faces))
    for name in ("a.csv", "a.json", "a.npz"):
        found = load_landmarks(tmp_path / name)
        assert list(found) == [0, 5], name
        assert found[5].points == pytest.approx(POINTS98 + 1, abs=1e-3)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "cp1252", "utf-16", "utf-16-le", "utf-32"]
)
@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", ",")])
def test_tables_as_spreadsheets_save_them(
    tmp_path: Path, encoding: str, separator: str, decimal: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(table({0: POINTS98, 4: None, 6: POINTS98 + 1}, separator, decimal).encode(encoding))
    found = load_landmarks(file)
    assert list(found) == [0, 6]
    assert found[6].points == pytest.approx(POINTS98 + 1, abs=1e-3)


def test_a_table_that_names_its_separator_and_clips_in_chinese(tmp_path: Path) -> None:
    text = table({1: POINTS98}, ";").replace("Müller", "受试者匿名厖")
    (tmp_path / "a.csv").write_bytes(("sep=;\r\n" + text.replace("\n", "\r\n")).encode("gb18030"))
    assert list(load_landmarks(tmp_path / "a.csv")) == [1]


def test_people_numbered_in_words(tmp_path: Path) -> None:
    rows = [f"{f},Person_{p},{values(POINTS98 + 50 * p)}" for f in (0, 1) for p in (1, 0)]
    (tmp_path / "a.csv").write_text("\n".join([f"frame,Identity,{coordinates(98)}", *rows]))
    found = load_landmarks(tmp_path / "a.csv", face_id=1)
    assert [face.points[0, 0] for face in found.values()] == [50, 50]


def test_an_array_under_the_name_of_an_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.stack([POINTS98, NAN, POINTS98]))
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    assert list(load_landmarks(tmp_path / "a.npz")) == [0, 2]


def test_two_faces_for_one_frame_are_refused(tmp_path: Path) -> None:
    points = json.dumps(POINTS98.tolist())
    (tmp_path / "a.json").write_text(f'{{"1": {points}, "1": {points}}}')
    np.savez(tmp_path / "a.npz", points=np.stack([POINTS98, POINTS98]), frames=[1, 1])
    for name in ("a.json", "a.npz"):
        with pytest.raises(InputError, match="two sets of points for frame 1"):
            load_landmarks(tmp_path / name)


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """A file cut short, with bytes changed, a stretch repeated or put elsewhere."""
    at, end = sorted(random.integers(0, len(data), 2))
    match random.integers(0, 4):
        case 0:
            return data[:end]
        case 1:
            changed = bytearray(data)
            for place in random.integers(0, min(len(data), 600), 4):
                changed[place] = random.integers(0, 256)
            return bytes(changed)
        case 2:
            return data[:end] + data[at:]
        case _:
            return data[at:end] + bytes(random.integers(0, 256, 8, np.uint8)) + data[end:]


@pytest.mark.parametrize("name", ["a.csv", "u.csv", "a.json", "a.npz", "z.npz", "n.npz", "a.pts"])
def test_whatever_a_file_holds_ends_in_landmarks_or_one_sentence(tmp_path: Path, name: str) -> None:
    frames = {0: POINTS98, 1: NAN, 2: POINTS98 + 1}
    stack = np.stack(list(frames.values()))
    file = tmp_path / name
    match name:
        case "a.csv":
            file.write_text(table(frames))
        case "u.csv":
            file.write_bytes(table(frames, ";", ",").encode("utf-16"))
        case "a.json":
            file.write_text(json.dumps({str(f): p.tolist() for f, p in frames.items()}))
        case "a.npz":
            np.savez(file, points=stack, frames=[0, 1, 2])
        case "z.npz":
            np.savez_compressed(file, points=stack)
        case "n.npz":
            with file.open("wb") as stream:
                np.save(stream, stack)
        case _:
            file.write_text("{\n" + "\n".join(f"{u} {v}" for u, v in POINTS68) + "\n}\n")
    whole = file.read_bytes()
    assert load_landmarks(file)
    random = np.random.default_rng(11)
    for _ in range(120):
        file.write_bytes(damaged(whole, random))
        try:
            assert load_landmarks(file)
        except InputError as error:
            assert "\n" not in str(error)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no landmark file"):
        load_landmarks(tmp_path / "none.csv")
