"""What a file is, and how large its picture is, from its first bytes. Decodes no picture.

Sizes are read here so that a picture which would fill the memory is refused before a decoder sees it.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mellm.media.orientation import UPRIGHT, Orientation, from_exif


@dataclass(frozen=True, slots=True)
class StillHeader:
    """Size in pixels as decoded, how the decoded picture must be turned, whether all of its data is there."""

    width: int
    height: int
    orientation: Orientation = UPRIGHT
    complete: bool = True


def sniff(path: Path, head: bytes) -> str:
    """Kind of a file from its first 4 KB: image, animation, webp, video, heic or text.

    "video" also stands for everything unknown: FFmpeg then decides.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "animation" if _is_apng(path) else "image"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "animation"
    if _is_webp(head):
        return "webp" if head[12:16] == b"VP8X" and head[20:21] and head[20] & 0x02 else "image"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "heic"
    if still_format(head):
        return "image"
    return "text" if _is_text(head) else "video"


def still_format(head: bytes) -> str | None:
    """Name of the still format these first bytes begin, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if _is_webp(head):
        return "webp"
    if head.startswith((b"II*\0", b"MM\0*")):
        return "tiff"
    if head.startswith(b"BM") and len(head) >= 26 and head[14:18] in _BMP_HEADER_SIZES:
        return "bmp"
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "pnm"
    if head[4:12] == b"ftypavif":
        return "avif"
    return None


def animation_size(head: bytes) -> tuple[int, int]:
    """Canvas width and height of a GIF (logical screen) or an animated PNG from its first bytes."""
    if head.startswith(b"GIF"):
        width, height = struct.unpack_from("<HH", head.ljust(10, b"\0"), 6)
    else:
        width, height = struct.unpack_from(">II", head.ljust(24, b"\0"), 16)
    return width, height


def still_header(data: bytes) -> StillHeader | None:
    """Size and orientation of a whole still file; None when the header is damaged or unknown."""
    kind = still_format(data)
    if kind is None:
        return None
    try:
        return _HEADERS[kind](data)
    except (struct.error, IndexError, ValueError):
        return None


_BMP_HEADER_SIZES = {struct.pack("<I", size) for size in (12, 40, 52, 56, 64, 108, 124)}


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_text(head: bytes) -> bool:
    # Playlists (HLS, concat, DASH) are text too: they must not reach FFmpeg, which would open what they name.
    if head.startswith(b"YUV4MPEG2 "):
        return False
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < 4096 else "ignore")
    except UnicodeDecodeError:
        return False
    if len(text.encode()) < len(head) - 3:
        return False
    return all(character.isprintable() or character in "\t\r\n\f\ufeff" for character in text)


def _is_apng(path: Path) -> bool:
    # The animation control chunk stands before the first picture data (APNG specification).
    with path.open("rb") as stream:
        stream.seek(8)
        while len(start := stream.read(8)) == 8:
            length, name = struct.unpack(">I4s", start)
            if name == b"acTL":
                return True
            if name == b"IDAT":
                return False
            stream.seek(length + 4, 1)
    return False


def _jpeg(data: bytes) -> StillHeader | None:
    size, orientation, at = None, UPRIGHT, 2
    while True:
        while data[at] != 0xFF:
            at += 1
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == 0xD9:
            return None
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        if marker == 0xDA:
            break
        if marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            orientation = _exif_orientation(data[at + 8 : at + length])
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = width, height
        at += length
    if size is None:
        return None
    # Inside picture data FF is always stuffed, so the end mark can only be the end.
    return StillHeader(*size, orientation, complete=data.find(b"\xff\xd9", at) >= 0)


def _png(data: bytes) -> StillHeader | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    orientation, complete, at = UPRIGHT, False, 8
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"eXIf":
            orientation = _exif_orientation(data[at + 8 : at + 8 + length])
        elif name == b"IEND":
            complete = True
            break
        if at + 12 + length > len(data) or not _crc_agrees(data, at, name, length):
            break
        at += length + 12
    return StillHeader(width, height, orientation, complete)


def _crc_agrees(data: bytes, at: int, name: bytes, length: int) -> bool:
    # A critical chunk (capital letter) that fails its check sum is damaged; libpng would say so on stderr.
    if name[0] & 0x20:
        return True
    stated: int = struct.unpack_from(">I", data, at + 8 + length)[0]
    return zlib.crc32(memoryview(data)[at + 4 : at + 8 + length]) == stated


def _webp(data: bytes) -> StillHeader | None:
    size, orientation, at = None, UPRIGHT, 12
    (riff,) = struct.unpack_from("<I", data, 4)
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if name == b"VP8X":
            packed = data[body + 4 : body + 10]
            size = int.from_bytes(packed[:3], "little") + 1, int.from_bytes(packed[3:], "little") + 1
        elif name == b"VP8 " and size is None:
            width, height = struct.unpack_from("<HH", data, body + 6)
            size = width & 0x3FFF, height & 0x3FFF
        elif name == b"VP8L" and size is None:
            (bits,) = struct.unpack_from("<I", data, body + 1)
            size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"EXIF":
            exif = data[body : body + length]
            orientation = _exif_orientation(exif.removeprefix(b"Exif\0\0"))
        at = body + length + (length & 1)
    return StillHeader(*size, orientation, complete=len(data) >= riff + 8) if size else None


def _tiff(data: bytes) -> StillHeader | None:
    # OpenCV turns TIFF pictures upright itself, so the size given here is already that of the upright one.
    tags = _tiff_tags(data)
    if 0x100 not in tags or 0x101 not in tags:
        return None
    return StillHeader(*from_exif(tags.get(0x112, 1)).size(tags[0x100], tags[0x101]))


def _bmp(data: bytes) -> StillHeader:
    if data[14] == 12:
        return StillHeader(*struct.unpack_from("<HH", data, 18))
    width, height = struct.unpack_from("<ii", data, 18)
    return StillHeader(width, abs(height))


def _pnm(data: bytes) -> StillHeader | None:
    # Comments run from # to the end of the line (Netpbm).
    words = b" ".join(line.split(b"#")[0] for line in data[2:2048].split(b"\n")).split()
    return StillHeader(int(words[0]), int(words[1])) if len(words) > 1 else None


def _avif(data: bytes) -> StillHeader | None:
    # The image spatial extents property: version and flags, width, height (ISO 23008-12, 6.5.3).
    at = data.find(b"ispe")
    return StillHeader(*struct.unpack_from(">II", data, at + 8)) if at >= 0 else None


def _exif_orientation(exif: bytes) -> Orientation:
    try:
        return from_exif(_tiff_tags(exif).get(0x112, 1))
    except (struct.error, IndexError):
        return UPRIGHT


def _tiff_tags(data: bytes) -> dict[int, int]:
    """First value of each short or long tag of the first directory (TIFF 6.0, section 2)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "<")
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    tags: dict[int, int] = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if kind in (3, 4):
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return tags


_HEADERS: dict[str, Callable[[bytes], StillHeader | None]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "pnm": _pnm,
    "avif": _avif,
}
