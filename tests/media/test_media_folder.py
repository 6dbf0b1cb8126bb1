"""Folders of numbered pictures: order, numbers, times, unfit content."""

import hashlib
from pathlib import Path

import cv2
import pytest
from media_samples import coded_picture, number_in

from mellm.errors import InputError
from mellm.media import Limits, open_media


def fill(folder: Path, names: list[str]) -> Path:
    """Write a picture for each name, carrying the position in the list as its bar code."""
    folder.mkdir(exist_ok=True)
    for position, name in enumerate(names):
        picture = cv2.cvtColor(coded_picture(position), cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(Path(name).suffix, picture)
        (folder / name).write_bytes(data.tobytes())
    return folder


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        ([f"img{n}.jpg" for n in range(8, 13)], [8, 9, 10, 11, 12]),
        ([f"006_{n:05d}.jpg" for n in range(5562, 5566)], [5562, 5563, 5564, 5565]),
        ([f"{n}.jpg" for n in (98, 99, 100, 101)], [98, 99, 100, 101]),
        (["reg_img9.png", "reg_img10.png", "REG_IMG11.PNG"], [9, 10, 11]),
        ([f"image{n:06d}.bmp" for n in (1, 2, 3)], [1, 2, 3]),
        ([f"s03_frame{n}_v2.png" for n in (7, 8, 20)[:2]], [7, 8]),
    ],
)
def test_numeric_order_and_the_numbers_of_the_files(
    tmp_path: Path, names: list[str], numbers: list[int]
) -> None:
    folder = fill(tmp_path / "EP02_01f", names)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "._img1.jpg").write_bytes(b"resource fork")
    with open_media(folder, fps=200) as media:
        frames = list(media.frames())
        assert media.info.kind == "folder"
        assert (media.info.width, media.info.height, media.info.frames) == (192, 112, len(names))
        assert media.info.fps == 200
        assert media.info.duration == len(names) / 200
        assert [file.name for file in media.files] == names
        assert list(media.numbers) == numbers
        assert media.warnings == []
        last = media.read([len(names) - 1, 99])
    assert [number_in(frame.image) for frame in frames] == list(range(len(names)))
    assert [frame.time for frame in frames] == [index / 200 for index in range(len(names))]
    assert [number_in(frame.image) for frame in last.values()] == [len(names) - 1]


def test_times_follow_the_numbers_over_a_gap(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["img10.jpg", "img11.jpg", "img14.jpg"])
    with open_media(folder, fps=100) as media:
        assert [frame.time for frame in media.frames()] == [0.0, 0.01, 0.04]
        assert media.info.variable_rate
        assert [*map(str, media.warnings)] == [
            "2 numbers are missing between img10.jpg and img14.jpg: times follow the numbers."
        ]


def test_an_even_step_counts_as_the_folder_s_own_rate(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["f0.jpg", "f5.jpg", "f10.jpg"])
    with open_media(folder, fps=40) as media:
        assert [frame.time for frame in media.frames()] == [0.0, 1 / 40, 2 / 40]
        assert media.warnings == []


def test_names_without_numbers_go_by_name(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["apex.jpg", "onset.jpg"])
    with open_media(folder, fps=1) as media:
        assert media.numbers == (None, None)
        assert [number_in(frame.image) for frame in media.frames(1)] == [1]


def test_a_folder_needs_a_frame_rate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frame rate of its own"):
        open_media(fill(tmp_path / "clip", ["1.jpg", "2.jpg"]))


def test_mixed_sizes_are_refused_with_both_names(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["1.png", "2.png"])
    cv2.imwrite(str(folder / "3.png"), coded_picture(2)[:, :100])
    with pytest.raises(InputError, match=r"1\.png: 192x112, 3\.png: 100x112"):
        open_media(folder, fps=30)


def test_a_damaged_picture_is_left_out_and_the_others_keep_their_index(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["1.png", "2.png", "3.png", "4.png"])
    data = bytearray((folder / "3.png").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / "3.png").write_bytes(data)
    (folder / "5.png").write_bytes(b"no picture at all")
    with open_media(folder, fps=10) as media:
        assert [(f.index, number_in(f.image)) for f in media.frames()] == [(0, 0), (1, 1), (3, 3)]
        assert media.read([2]) == {}
        assert media.files[3].name == "4.png"
        assert [warning.split(":")[0] for warning in map(str, media.warnings)] == [
            "5.png is left out",
            "frame 2 is left out",
        ]


def test_folders_without_pictures_and_too_large_ones(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["1.jpg", "2.jpg"])
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(InputError, match="holds no pictures"):
        open_media(tmp_path, fps=30)
    with pytest.raises(InputError, match="frames"):
        open_media(folder, fps=30, limits=Limits(max_frames=1))
    with pytest.raises(InputError, match="GB"):
        open_media(folder, fps=30, limits=Limits(max_bytes=1000))


def test_a_folder_without_pictures_is_named_and_says_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work"
    (folder / "raw").mkdir(parents=True)
    (folder / "old.mellm").mkdir()
    (folder / "new").mkdir()
    (folder / "new" / "report.json").write_text("{}")
    (folder / "a.mp4").write_bytes(b"x")
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match=r"^work holds no pictures \(1 clip, 2 reports, 1 folder\): give"):
        open_media(".")
    monkeypatch.chdir(folder / "raw")
    with pytest.raises(InputError, match=r"^raw holds no pictures \(nothing at all\)"):
        open_media(".", fps=30)
    fill(folder / "raw", ["1.jpg", "2.jpg"])
    with pytest.raises(InputError, match=r"^raw is a folder of pictures, which has no frame rate"):
        open_media(".")


def test_hash_covers_all_pictures_in_order(tmp_path: Path) -> None:
    folder = fill(tmp_path / "clip", ["2.jpg", "10.jpg"])
    joined = (folder / "2.jpg").read_bytes() + (folder / "10.jpg").read_bytes()
    with open_media(folder, fps=30) as media:
        assert media.sha256() == hashlib.sha256(joined).hexdigest()
