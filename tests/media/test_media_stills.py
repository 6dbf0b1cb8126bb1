"""Still pictures: bit depth, transparency, grey, orientation, damage, size."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_samples import coded_picture, number_in, write_video
from PIL import Image

from mellm.errors import InputError
from mellm.media import Limits, open_media, read_image

RGB = coded_picture(5, width=224, height=130)
EXIF_TURNS = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: np.rot90(image, 2),
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
    8: lambda image: np.rot90(image, 1),
}


def encode(suffix: str, rgb: np.ndarray, *settings: int) -> bytes:
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[rgb.shape[2] if rgb.ndim == 3 else 2]
    stored = rgb if order is None else cv2.cvtColor(rgb, order)
    done, data = cv2.imencode(suffix, stored, settings)
    assert done
    return data.tobytes()


def exif(orientation: int, order: str) -> bytes:
    """The smallest EXIF block: a TIFF header and one directory with the orientation tag."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x112, 3, 1, orientation, 0)
    return head + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm"])
def test_lossless_formats_come_back_unchanged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"Bild 表{suffix}"
    path.write_bytes(encode(suffix, RGB))
    np.testing.assert_array_equal(read_image(path), RGB)
    with open_media(path) as media:
        info = media.info
        (frame,) = media.frames()
        assert media.read([0, 3]).keys() == {0}
    assert (info.kind, info.width, info.height, info.frames, info.fps) == ("image", 224, 130, 1, None)
    assert (frame.index, frame.time) == (0, 0.0)


@pytest.mark.parametrize(("suffix", "setting"), [(".jpg", cv2.IMWRITE_JPEG_QUALITY), (".webp", 64)])
def test_lossy_formats_are_close_and_in_rgb_order(tmp_path: Path, suffix: str, setting: int) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode(suffix, RGB, setting, 95))
    image = read_image(path)
    assert np.abs(image[40:].astype(int) - RGB[40:]).mean() < 3


def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 100 * 60).reshape(60, 100).astype(np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(encode(".png", ramp))
    image = read_image(path)
    assert image.shape == (60, 100, 3)
    np.testing.assert_array_equal(image[..., 1], np.rint(ramp / 257).astype(np.uint8))
    colour = np.repeat(ramp[..., None], 3, axis=2)
    colour[..., 0] = 65535
    path.with_suffix(".tiff").write_bytes(encode(".tiff", colour))
    assert (read_image(path.with_suffix(".tiff"))[..., 0] == 255).all()


def test_transparent_pixels_lie_over_mid_grey(tmp_path: Path) -> None:
    rgba = np.zeros((20, 40, 4), np.uint8)
    rgba[:, :10] = (200, 100, 0, 255)
    rgba[:, 10:20] = (200, 100, 0, 128)
    rgba[:, 20:] = (255, 255, 255, 0)
    path = tmp_path / "cut_out.png"
    path.write_bytes(encode(".png", rgba))
    image = read_image(path)
    assert image[5, 5].tolist() == [200, 100, 0]
    assert image[5, 15].tolist() == [164, 114, 64]
    assert image[5, 30].tolist() == [128, 128, 128]


def test_palette_with_transparency(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes([0, 1, 2, 1]) for _ in range(3))
    path = tmp_path / "palette.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 3, 0, 0, 0))
        + png_chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
        + png_chunk(b"tRNS", bytes([255, 0, 255]))
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )
    assert read_image(path)[1].tolist() == [[255, 0, 0], [128] * 3, [0, 0, 255], [128] * 3]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", EXIF_TURNS)
def test_exif_orientation_of_jpeg_and_png(tmp_path: Path, orientation: int, order: str) -> None:
    block = exif(orientation, order)
    stored = encode(".jpg", RGB, cv2.IMWRITE_JPEG_QUALITY, 100)
    jpeg = tmp_path / "photo.jpg"
    app1 = b"Exif\0\0" + block
    jpeg.write_bytes(stored[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + stored[2:])
    reference = cv2.imdecode(np.fromfile(jpeg, np.uint8), cv2.IMREAD_COLOR)
    image = read_image(jpeg)
    np.testing.assert_array_equal(image, cv2.cvtColor(reference, cv2.COLOR_BGR2RGB))
    expected = EXIF_TURNS[orientation](RGB)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 5

    plain = encode(".png", RGB)
    png = tmp_path / "photo.png"
    png.write_bytes(plain[:33] + png_chunk(b"eXIf", block) + plain[33:])
    np.testing.assert_array_equal(read_image(png), expected)
    with open_media(png) as media:
        assert (media.info.height, media.info.width) == expected.shape[:2]


def tiff(rgb: np.ndarray, orientation: int) -> bytes:
    """An uncompressed TIFF file with an orientation tag (TIFF 6.0, section 6)."""
    height, width = rgb.shape[:2]
    bits = 8 + 2 + 12 * 10 + 4
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 2, 273: bits + 6, 274: orientation, 277: 3}
    tags |= {278: height, 279: rgb.nbytes}
    entries = [struct.pack("<HHII", tag, 4, 3 if tag == 258 else 1, value) for tag, value in tags.items()]
    entries[2] = struct.pack("<HHII", 258, 3, 3, bits)
    entries[6] = struct.pack("<HHIHH", 274, 3, 1, orientation, 0)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<HHH", 8, 8, 8) + rgb.tobytes()


@pytest.mark.parametrize("orientation", EXIF_TURNS)
def test_tiff_orientation(tmp_path: Path, orientation: int) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    expected = EXIF_TURNS[orientation](RGB)
    for number in (1, 2):
        (folder / f"{number}.tif").write_bytes(tiff(RGB, orientation))
    np.testing.assert_array_equal(read_image(folder / "1.tif"), expected)
    with open_media(folder, fps=25) as media:
        assert (media.info.height, media.info.width) == expected.shape[:2]
        assert sum(1 for _ in media.frames()) == 2


def test_still_formats_that_only_ffmpeg_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.jp2"
    path.write_bytes(encode(".jp2", coded_picture(6)))
    with open_media(path) as media:
        assert (media.info.kind, media.info.fps, media.info.frames) == ("image", None, 1)
        assert number_in(next(media.frames()).image) == 6


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
@pytest.mark.parametrize("keep", [0.02, 0.3, 0.9])
def test_cut_off_pictures_are_refused(tmp_path: Path, suffix: str, keep: float) -> None:
    data = encode(suffix, RGB)
    path = tmp_path / f"half{suffix}"
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(InputError, match=r"half\.\w+ .*damaged"):
        read_image(path)


def test_scratched_png_is_refused_quietly(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(".png", RGB))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "scratched.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        read_image(path)
    assert capfd.readouterr().err == ""


def bomb(suffix: str, side: int) -> bytes:
    """A small file whose header promises a picture of side x side pixels."""
    if suffix == ".png":
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        rows = zlib.compress(bytes(1_000_000))
        start = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
        return start + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")
    data = bytearray(encode(suffix, RGB))
    if suffix == ".bmp":
        data[18:26] = struct.pack("<ii", side, side)
    elif suffix == ".jpg":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", side, side)
    elif suffix == ".gif":
        data[6:10] = struct.pack("<HH", side, side)
    return bytes(data)


@pytest.mark.parametrize(
    ("suffix", "side"), [(".png", 100_000), (".bmp", 100_000), (".jpg", 65_000), (".gif", 65_000)]
)
def test_decompression_bombs_are_refused_before_decoding(tmp_path: Path, suffix: str, side: int) -> None:
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(bomb(suffix, side))
    with pytest.raises(InputError, match=f"bomb{suffix} is {side}x{side} pixels"):
        open_media(path)


def test_limits_may_be_raised_or_lowered(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(".png", RGB))
    with pytest.raises(InputError, match="224x130 pixels"):
        read_image(path, limits=Limits(max_pixels=10_000))
    with pytest.raises(InputError, match="GB"):
        read_image(path, limits=Limits(max_bytes=100))
    assert read_image(path, limits=Limits(max_side=224)).shape == RGB.shape


def test_a_video_serves_as_a_picture_only_where_it_is_one(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [coded_picture(9)])
    assert number_in(read_image(path)) == 9
    path = write_video(tmp_path / "clip.mp4", [coded_picture(n) for n in (9, 10)])
    with pytest.raises(InputError, match=r"clip\.mp4 is an animation or a video where one picture"):
        read_image(path)


@pytest.mark.parametrize("orientation", EXIF_TURNS)
def test_avif_is_turned_as_its_container_says(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "photo.avif"
    block = Image.Exif()
    block[0x112] = orientation
    # Pillow writes the orientation as the container's irot and imir properties.
    Image.fromarray(RGB).save(path, quality=100, subsampling="4:4:4", exif=block)
    expected = EXIF_TURNS[orientation](RGB)
    image = read_image(path)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 3


def test_pillow_s_own_limit_of_pixels_does_not_replace_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for suffix in (".jpg", ".png", ".bmp", ".webp", ".tiff"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(encode(suffix, RGB))
        assert read_image(path).shape == RGB.shape
        with pytest.raises(InputError, match="224x130 pixels"):
            read_image(path, limits=Limits(max_pixels=10_000))
