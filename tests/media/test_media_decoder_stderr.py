"""A scratched JPEG is a warning, not a line of libjpeg's on the terminal."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mellm.errors import InputError
from mellm.media import open_media


def test_scratched_jpeg_warns_and_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (200, 200, 3)).astype(np.uint8), (0, 0), 3)
    data = bytearray(cv2.imencode(".jpg", picture)[1].tobytes())
    middle = len(data) // 2
    # A stray marker inside the entropy-coded data: libjpeg resynchronises and says so.
    data[middle : middle + 2] = b"\xff\xd3"
    path = tmp_path / "scratched.jpg"
    path.write_bytes(data)
    with open_media(path) as media:
        assert len(list(media.frames())) == 1
        assert any("damaged" in str(warning) for warning in media.warnings)
    assert capfd.readouterr().err == ""


def test_a_sound_jpeg_does_not_warn(tmp_path: Path) -> None:
    path = tmp_path / "sound.jpg"
    path.write_bytes(cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes())
    with open_media(path) as media:
        list(media.frames())
        assert media.warnings == []


def test_headless_jpeg_with_exif_is_no_traceback(tmp_path: Path) -> None:
    exif = bytes.fromhex("ffe100224578696600004d4d002a00000008000101120003000000010001") + bytes(2)
    exif = exif[:2] + (len(exif) - 2).to_bytes(2, "big") + exif[4:]
    data = cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    head, rest = data[:20], data[20:]
    path = tmp_path / "headless.jpg"
    path.write_bytes((head + exif + rest)[3:])
    try:
        with open_media(path) as media:
            list(media.frames())
    except InputError as error:
        assert "headless.jpg" in str(error)
