"""Moments named by a person: order, numbers in file names, frames that are not there."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm.analysis.named_frames import (
    NamedFrames,
    file_names,
    indices_of,
    named_frames,
    named_interval,
    read_named,
)
from mellm.errors import InputError
from mellm.media import open_media


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(46, 52):
        cv2.imwrite(str(tmp_path / f"img{number}.png"), np.full((32, 32, 3), number, np.uint8))
    return tmp_path


def test_frames_are_in_order_or_refused():
    assert named_frames(None, None, None) is None
    assert named_frames(3, 5, None) == (3, 5, None)
    for wrong in ((5, 3, None), (3, 3, None), (3, 5, 4), (-1, 5, None)):
        with pytest.raises(InputError, match="not in order"):
            named_frames(*wrong)
    with pytest.raises(InputError, match="both"):
        named_frames(3, None, 7)


def test_numbers_of_files_become_indices_and_an_interval(folder: Path):
    with open_media(folder, fps=200) as media:
        named = indices_of(media, NamedFrames(47, 49, 51))
        assert named == (1, 3, 5)
        interval = named_interval(named, read_named(media, named))
        assert (interval.onset_time, interval.apex_time, interval.offset_time) == pytest.approx(
            (0.005, 0.015, 0.025)
        )
        assert interval.duration == pytest.approx(0.02)
        assert interval.origin == "given"
        assert file_names(media, interval) == ["img47.png", "img49.png", "img51.png"]
        with pytest.raises(InputError, match="no picture numbered 60"):
            indices_of(media, NamedFrames(47, 60))
        with pytest.raises(InputError, match="no frame 9"):
            read_named(media, NamedFrames(1, 9))


def test_a_number_that_two_files_have_is_refused_with_both(tmp_path: Path):
    for name in ("img7", "img8", "img08", "img9"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((32, 32, 3), 90, np.uint8))
    with open_media(tmp_path, fps=200) as media:
        assert [*map(str, media.warnings)] == [
            "the numbers in the file names do not rise: pictures are taken in order of name, evenly."
        ]
        for wrong in (NamedFrames(7, 8), NamedFrames(8, 9), NamedFrames(7, 9, 8)):
            with pytest.raises(InputError, match=r"img0?8\.png and img0?8\.png both have the number 8"):
                indices_of(media, wrong)
        assert indices_of(media, NamedFrames(7, 9)) == (0, 3, None)
