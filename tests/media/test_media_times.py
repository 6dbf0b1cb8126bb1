"""When a frame is shown: first stamps that are not zero, wrong stamps, and what file names say."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_samples import coded_picture, number_in, write_video

from mellm.errors import InputError
from mellm.media import open_media
from mellm.media.file_times import name_times, twins
from mellm.media.folder import file_numbers, natural_order
from mellm.media.stamps import FINE, stamp_table

MS = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("p.mkv", "libx264"), ("p.mkv", "mpeg4"), ("p.webm", "libvpx-vp9"), ("p.wmv", "wmv2"), ("p.flv", "flv")],
)
def test_a_later_part_of_a_recording_lacks_nothing(tmp_path: Path, name: str, codec: str) -> None:
    pictures = [coded_picture(n) for n in range(40)]
    stamps = [75 + n for n in range(40)]
    path = write_video(tmp_path / name, pictures, rate=25, stamps=stamps, codec=codec)
    with open_media(path) as media:
        known = media.frame_times()
        times = [frame.time for frame in media.frames()]
        assert media.warnings == []
        assert known == times == media.frame_times()
    assert times == pytest.approx([n / 25 for n in range(40)], abs=0.0011)


def test_a_later_part_that_breaks_off_is_called_damaged(tmp_path: Path) -> None:
    pictures = [coded_picture(n) for n in range(60)]
    path = write_video(tmp_path / "p.mkv", pictures, stamps=[90 + n for n in range(60)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_media(path) as media:
        count = len(list(media.frames()))
        assert count < 60
        assert [warning.code for warning in media.warnings] == ["media.end_damaged_of"]
        assert media.warnings[0].fields["expected"] == 60


def test_one_doubled_stamp_moves_no_other_frame(tmp_path: Path) -> None:
    stamps = [round(n * 1000 / 30) for n in range(40)]
    wrong = [*stamps[:12], stamps[11], *stamps[13:]]
    path = write_video(
        tmp_path / "p.mkv", map(coded_picture, range(40)), stamps=wrong, time_base=MS, codec="ffv1"
    )
    with open_media(path) as media:
        known = media.frame_times()
        frames = list(media.frames())
        again = media.read([12, 13, 39])
    assert [number_in(frame.image) for frame in frames] == list(range(40))
    times = [frame.time for frame in frames]
    assert known == times
    assert all(times[n] == stamps[n] / 1000 for n in range(40) if n != 12)
    assert times[11] < times[12] < times[13]
    assert [again[n].time for n in (12, 13, 39)] == [times[n] for n in (12, 13, 39)]
    assert [warning.code for warning in media.warnings] == ["media.times_out_of_order"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([0, 10, 20, 30], [0, 10, 20, 30]),
        ([0, 10, 10, 30], [0, 10, 20, 30]),
        ([0, 10, 10, 10, 40], [0, 10, 20, 30, 40]),
        ([0, 10, 10, 20], [0, 10, 15, 20]),
        ([0, 10, 4, 30], [0, 10, 20, 30]),
        ([0, 10, 900, 30, 40], [0, 10, 20, 30, 40]),
        ([900, 10, 20], [0, 10, 20]),
        ([0, 10, 20, 20], [0, 10, 20, 30]),
        ([0, 1, 1, 2], [0, 1, 1.5, 2]),
        ([0, 10, 20, 0, 10], [0, 10, 20, 30, 40]),
        ([7], [7]),
        ([], []),
    ],
)
def test_wrong_stamps_are_put_between_their_neighbours(raw: list[int], expected: list[float]) -> None:
    assert (stamp_table(raw, 1 if raw[-1:] == [2] else 10).times / FINE).tolist() == expected


@given(
    st.lists(st.integers(1, 5000), min_size=3, max_size=60),
    st.integers(-(10**9), 10**12),
    st.data(),
)
def test_right_stamps_are_kept_and_one_wrong_one_stays_alone(
    steps: list[int], first: int, data: st.DataObject
) -> None:
    right = first + np.concatenate([[0], np.cumsum(steps)])
    table = stamp_table(right, 40)
    assert not table.mended.any()
    at = data.draw(st.integers(1, len(right) - 2))
    wrong = right.copy()
    wrong[at] = data.draw(
        st.one_of(st.just(int(right[at - 1])), st.integers(first, int(right[at - 1])), st.just(10**13))
    )
    mended = stamp_table(wrong, 40).times
    others = np.arange(len(right)) != at
    assert (mended[others] == right[others] * FINE).all()
    assert (np.diff(mended) > 0).all()


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_times_rise_whatever_the_file_says(raw: list[int]) -> None:
    table = stamp_table(raw, 10)
    assert (np.diff(table.times) > 0).all()
    assert table.raw.tolist() == raw


def times_of(names: list[str], fps: float) -> tuple[list[float], str | None]:
    files = sorted(map(Path, names), key=natural_order)
    found = name_times(files, file_numbers(files), Fraction(fps))
    return [float(time) for time in found.seconds], found.warning and found.warning.code


MOMENTS = [0, 33, 67, 100, 133, 233, 267, 300]
"""Milliseconds at 30 frames per second; the frames at 167 and 200 are missing."""


@pytest.mark.parametrize(
    "names",
    [
        [f"frame_{ms:06}.jpg" for ms in MOMENTS],
        [f"frame_{1_700_000_000_900 + ms}.jpg" for ms in MOMENTS],
        [f"{(5000 + ms) * 1000}us.png" for ms in MOMENTS],
        [f"t={2.9 + ms / 1000:.3f}.jpg" for ms in MOMENTS],
        [f"{2.9 + ms / 1000:.3f}s.jpg".replace(".", ",", 1) for ms in MOMENTS],
        [f"12-30-{59 + (850 + ms) // 1000 - 1:02}.{(850 + ms) % 1000:03}.jpg" for ms in MOMENTS],
        [f"cam1_20240229_1159{58 + (850 + ms) // 1000}_{(850 + ms) % 1000:03}.jpg" for ms in MOMENTS],
        [f"2024-02-29 11.59.{58 + (850 + ms) // 1000}.{(850 + ms) % 1000:03}.jpg" for ms in MOMENTS],
    ],
)
def test_numbers_that_are_times(names: list[str]) -> None:
    times, warning = times_of(names, 30)
    assert times == pytest.approx([ms / 1000 for ms in MOMENTS], abs=1e-9)
    assert warning == "media.names_are_times"


def test_clocks_over_a_full_minute() -> None:
    names = [f"IMG_20240101_{clock}.jpg" for clock in ("235858", "235859", "235900", "235901")]
    assert times_of(names, 1) == ([0, 1, 2, 3], None)
    assert times_of(names, 30) == ([0, 1 / 30, 2 / 30, 3 / 30], "media.names_are_dates")
    night = [f"IMG_{clock}.jpg" for clock in ("20240131_235959", "20240201_000000", "20240201_000003")]
    assert times_of(night, 1)[0] == [0, 1, 2]  # what does not fit mostly is spaced evenly


def test_dates_are_no_counts() -> None:
    names = [f"s1_{date}.jpg" for date in ("20240130", "20240131", "20240201", "20240202")]
    assert times_of(names, 25) == ([0, 0.04, 0.08, 0.12], "media.names_are_dates")


@pytest.mark.parametrize(
    ("numbers", "fps", "expected"),
    [
        ([46, 47, 59], 200, [0, 1 / 200, 13 / 200]),
        ([46, 59, 86], 200, [0, 13 / 200, 40 / 200]),
        ([0, 5, 10, 20], 40, [0, 1 / 40, 2 / 40, 4 / 40]),
        ([100, 120, 119], 25, [0, 19 / 25, 20 / 25]),
        ([998, 999, 1000, 1002], 25, [0, 1 / 25, 2 / 25, 4 / 25]),
        ([58, 59, 60, 61, 100, 101], 1, [0, 1, 2, 3, 42, 43]),
    ],
)
def test_counts_stay_counts(numbers: list[int], fps: int, expected: list[float]) -> None:
    assert times_of([f"img{n}.jpg" for n in numbers], fps)[0] == pytest.approx(expected)


@given(
    st.sampled_from([10, 24, 25, 30, 60, 100, 120, 200]),
    st.integers(0, 10**9),
    st.lists(st.integers(0, 9), min_size=8, max_size=60),
)
def test_times_of_names_rise_from_zero_and_follow_the_names(fps: int, first: int, dropped: list[int]) -> None:
    kept = [k for k, drop in enumerate(dropped) if drop != 0]
    names = [f"f{first + round(k * 1000 / fps)}.jpg" for k in kept]
    times, _ = times_of(names, fps)
    assert all(before < after for before, after in pairwise(times))
    assert not times or times[0] == 0
    counts = [f"f{first + k:010}.jpg" for k in kept]
    if 2 * sum(after - before == 1 for before, after in pairwise(kept)) > len(kept) > 3:
        assert times_of(counts, fps)[0] == pytest.approx([(k - kept[0]) / fps for k in kept])
        assert times == pytest.approx([(k - kept[0]) / fps for k in kept], abs=0.0011)


def test_two_pictures_of_one_frame_are_refused_by_name(tmp_path: Path) -> None:
    for names in (
        ["img1.png", "img2.png", "img2 (2).png"],
        ["img1.png", "img2.png", "img1 - Copy.png"],
        ["img1.png", "img2.png", "img2 copy.png"],
        ["img1.png", "img2.png", "img2 2.png"],
        ["img1.png", "img2.png", "img2.bmp"],
    ):
        pair = twins(sorted(map(Path, names), key=natural_order))
        assert pair is not None
        assert {file.name for file in pair} == {next(n for n in names if n[3] == names[2][3]), names[2]}
    for fine in (["a (1).png", "a (2).png"], ["s1 2.png", "s1 3.png"], ["onset 1.png", "apex 1.png"]):
        assert twins([Path(name) for name in fine]) is None


def test_a_copy_whose_original_is_gone_has_the_original_s_number() -> None:
    files = [Path(name) for name in ("img7.jpg", "img8 (2).jpg", "img9.jpg")]
    assert file_numbers(files) == (7, 8, 9)
    assert file_numbers([Path("img (7).jpg"), Path("img (8).jpg")]) == (7, 8)


def test_a_folder_with_a_copy_says_which(tmp_path: Path) -> None:
    for name in ("img1.png", "img2.png", "img2 (2).png"):
        (tmp_path / name).write_bytes(_png())
    with pytest.raises(InputError, match=r"img2\.png.*img2 \(2\)\.png|img2 \(2\)\.png.*img2\.png"):
        open_media(tmp_path, fps=30)


def _png() -> bytes:
    import cv2

    return cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
