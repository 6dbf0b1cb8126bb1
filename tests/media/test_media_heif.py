"""Photographs in HEIF containers: AVIF and HEIC, told apart by their brands, turned upright."""

import sys
from pathlib import Path

import numpy as np
import pytest
from media_samples import coded_picture
from PIL import Image

from mellm.errors import InputError
from mellm.media import open_media, read_image
from mellm.media.signatures import still_format

STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""Orientation code -> how the upright picture is stored under it."""


def saved(path: Path, code: int = 1) -> Path:
    """A picture stored turned, with the properties irot and imir that turn it back."""
    picture = Image.fromarray(coded_picture(77))
    stored = STORED[code]
    exif = Image.Exif()
    exif[0x112] = code
    picture = picture if stored is None else picture.transpose(stored)
    picture.save(path, exif=exif.tobytes(), quality=95)
    return path


def is_upright(path: Path) -> bool:
    picture, upright = read_image(path), coded_picture(77)
    return picture.shape == upright.shape and float(np.abs(picture.astype(int) - upright).mean()) < 5


def with_brand(path: Path, brand: bytes) -> Path:
    data = bytearray(path.read_bytes())
    data[8:12] = brand
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("code", STORED)
def test_avif_is_turned_upright(tmp_path: Path, code: int) -> None:
    assert is_upright(saved(tmp_path / "a.avif", code))


@pytest.mark.parametrize("brand", [b"mif1", b"miaf"])
def test_avif_under_a_general_brand_is_told_by_what_it_is_compatible_with(
    tmp_path: Path, brand: bytes
) -> None:
    assert is_upright(with_brand(saved(tmp_path / "a.avif"), brand))


@pytest.mark.parametrize("code", STORED)
def test_heic_is_turned_upright(tmp_path: Path, code: int) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    assert is_upright(saved(tmp_path / "a.heic", code))


def test_heic_under_a_general_brand_in_a_folder_and_cut_short(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    for number in (1, 2, 3):
        with_brand(saved(tmp_path / f"IMG_{number:04}.HEIC", 6), b"mif1")
    with open_media(tmp_path, fps=30) as media:
        assert (media.info.width, media.info.height) == (192, 112)
        assert [frame.index for frame in media.frames()] == [0, 1, 2]
        assert media.warnings == []
    cut = tmp_path / "cut.heic"
    cut.write_bytes((tmp_path / "IMG_0001.HEIC").read_bytes()[:900])
    with pytest.raises(InputError, match="damaged"):
        read_image(cut)


def test_heic_without_its_library_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pillow_heif", "pi_heif"):
        monkeypatch.setitem(sys.modules, name, None)
    for name, brands in {"1.heic": b"heicmif1heic", "2.heif": b"mif1\0\0\0\0heic"}.items():
        (tmp_path / name).write_bytes(b"\0\0\0\x1cftyp" + brands.ljust(20, b"\0") + bytes(200))
        with pytest.raises(InputError, match=rf"{name} is a HEIC photograph: .*mellm\[heic\]"):
            read_image(tmp_path / name)
    with pytest.raises(InputError, match="HEIC"):
        open_media(tmp_path, fps=30)


def test_videos_stay_videos() -> None:
    assert still_format(b"\0\0\0\x1cftypisom\0\0\2\0isomiso2avc1") is None
    assert still_format(b"\0\0\0\x1cftypqt  \0\0\0\0qt  ") is None
