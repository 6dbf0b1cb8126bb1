"""GIF, animated PNG and animated WebP: delays, transparency, access by index."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_samples import coded_picture, number_in
from PIL import Image

from mellm.errors import InputError
from mellm.media import open_media

DELAYS_MS = [100, 40, 40, 500, 30, 60]


def write_animation(path: Path, pictures: list[np.ndarray], delays: list[int]) -> Path:
    animation = cv2.Animation()
    code = cv2.COLOR_RGBA2BGRA if pictures[0].shape[2] == 4 else cv2.COLOR_RGB2BGR
    animation.frames = [cv2.cvtColor(picture, code) for picture in pictures]
    animation.durations = delays
    lossless = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []
    assert cv2.imwriteanimation(str(path), animation, lossless)
    return path


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_delays_are_exact(tmp_path: Path, suffix: str) -> None:
    pictures = [coded_picture(number) for number in range(len(DELAYS_MS))]
    path = write_animation(tmp_path / f"a{suffix}", pictures, DELAYS_MS)
    with open_media(path) as media:
        frames = list(media.frames())
        info = media.info
        some = media.read([4, 1, 77])
        assert [frame.index for frame in media.frames(2, 4)] == [2, 3]
    assert (info.kind, info.frames, info.variable_rate) == ("animation", len(DELAYS_MS), True)
    assert info.duration == pytest.approx(sum(DELAYS_MS) / 1000)
    assert [frame.time for frame in frames] == pytest.approx(np.cumsum([0, *DELAYS_MS[:-1]]) / 1000)
    assert [number_in(frame.image) for frame in frames] == list(range(len(DELAYS_MS)))
    assert sorted(some) == [1, 4]
    for index, frame in some.items():
        np.testing.assert_array_equal(frame.image, frames[index].image)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_given_rate_replaces_the_delays(tmp_path: Path, suffix: str) -> None:
    path = write_animation(tmp_path / f"a{suffix}", [coded_picture(n) for n in range(4)], [100] * 4)
    with open_media(path, fps=200) as media:
        assert [frame.time for frame in media.frames()] == [0, 1 / 200, 2 / 200, 3 / 200]
        assert media.info.duration == 4 / 200


def test_webp_patches_and_transparency_are_drawn_as_libwebp_draws_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = []
    for number in range(10):
        picture = np.zeros((90, 120, 4), np.uint8)
        x, y = rng.integers(0, 60, 2)
        picture[y : y + 30, x : x + 40] = (*rng.integers(0, 255, 3), 255)
        picture[:20, :20] = (250, 10, 10, 255)
        if number % 3 == 0:
            picture[60:, 90:] = (0, 200, 0, 128)
        pictures.append(picture)
    path = write_animation(tmp_path / "a.webp", pictures, [50] * 10)
    assert path.read_bytes().count(b"ANMF") == 10
    with open_media(path) as media:
        frames = list(media.frames())
    for frame, picture in zip(frames, pictures, strict=True):
        weight = picture[..., 3:] / 255
        expected = np.rint(picture[..., :3] * weight + 128 * (1 - weight))
        assert np.abs(frame.image - expected).max() <= 2, frame.index


def test_cut_off_webp_gives_its_frames_and_a_warning(tmp_path: Path) -> None:
    pictures = [coded_picture(number) for number in range(8)]
    path = write_animation(tmp_path / "a.webp", pictures, [50] * 8)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with open_media(path) as media:
        count = sum(1 for _ in media.frames())
        assert 0 < count < 8
        assert [*map(str, media.warnings)] == [
            f"the last part of the file is damaged: {count} frames could be read"
        ]


def test_still_gif_webp_and_png_are_not_animations(tmp_path: Path) -> None:
    for suffix in (".webp", ".png"):
        path = tmp_path / f"a{suffix}"
        cv2.imwrite(str(path), coded_picture(3))
        with open_media(path) as media:
            assert media.info.kind == "image"
    path = write_animation(tmp_path / "a.gif", [coded_picture(3)], [0])
    with open_media(path) as media:
        assert [(frame.index, frame.time) for frame in media.frames()] == [(0, 0.0)]


def test_webp_frames_without_a_delay_are_shown_for_a_tenth_of_a_second(tmp_path: Path) -> None:
    first, *others = [Image.fromarray(coded_picture(number)) for number in range(3)]
    path = tmp_path / "a.webp"
    first.save(path, save_all=True, append_images=others, duration=[40, 0, 30], lossless=True)
    with open_media(path) as media:
        assert [frame.time for frame in media.frames()] == [0.0, 0.04, 0.14]
        assert media.info.duration == 0.17


def test_a_small_file_of_endless_pixels_is_refused(tmp_path: Path) -> None:
    """2,000 frames of 25 million pixels in 46 kB of GIF: an hour of decoding that no recording asks for."""
    head = b"GIF89a" + struct.pack("<HHBBB", 5000, 5000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\0\1\0\0\0\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    path = tmp_path / "endless.gif"
    path.write_bytes(head + frame * 2000 + b"\x3b")
    with pytest.raises(InputError, match="promises 50000 million pixels in 46 kB"):
        open_media(path)
    # As many small pictures are an animation like any other.
    small = head.replace(struct.pack("<HH", 5000, 5000), struct.pack("<HH", 64, 64))
    path.write_bytes(small + frame * 2000 + b"\x3b")
    with open_media(path) as media:
        assert media.info.frames == 2000
