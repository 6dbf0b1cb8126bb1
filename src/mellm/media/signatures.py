"""What a file is, from its first bytes. Decodes no picture."""

import struct
from pathlib import Path


def sniff(path: Path, head: bytes) -> str:
    """Kind of a file from its first 4 KB: image, animation, webp, video or text.

    "video" also stands for everything unknown: FFmpeg then decides.
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "animation" if _is_apng(path) else "image"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "animation"
    if _is_webp(head):
        return "webp" if head[12:16] == b"VP8X" and head[20:21] and head[20] & 0x02 else "image"
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
    return _heif_format(head)


def _heif_format(head: bytes) -> str | None:
    """AVIF or HEIC by the brands of an ISO media file (ISO 14496-12, 4.3); None for a video.

    The first brand may be a general one (mif1, msf1, miaf): then those it is compatible with tell.
    """
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    if major not in _GENERAL_BRANDS:
        return "avif" if major == b"avif" else "heic" if major in _HEIC_BRANDS else None
    brands = {head[at : at + 4] for at in range(16, end - 3, 4)}
    # What is compatible with neither may still be HEVC in its general container: its library will tell.
    return "avif" if b"avif" in brands else "heic"


def animation_size(head: bytes) -> tuple[int, int]:
    """Canvas width and height of a GIF (logical screen) or an animated PNG from its first bytes."""
    if head.startswith(b"GIF"):
        width, height = struct.unpack_from("<HH", head.ljust(10, b"\0"), 6)
    else:
        width, height = struct.unpack_from(">II", head.ljust(24, b"\0"), 16)
    return width, height


_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_GENERAL_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf", b"MiHB", b"MiHE", b"MiPr"}
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
    # Imported here so that `import mellm.media` does not load Pillow.
    from PIL.PngImagePlugin import PngImageFile

    try:
        with PngImageFile(path) as picture:
            return bool(picture.get_format_mimetype() == "image/apng")
    except (OSError, SyntaxError, ValueError):
        return False
