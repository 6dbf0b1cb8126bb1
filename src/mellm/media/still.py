"""Still pictures: JPEG, PNG, WebP, TIFF, BMP, PNM, AVIF, HEIC to upright RGB. Knows no video and no folder.

Pillow reads headers, so that a picture which would fill the memory is refused before a decoder sees it.
OpenCV decodes: it keeps the 16 bits of colour PNG and TIFF files, and says what libjpeg says of damage.
"""

import struct
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mellm.errors import InputError
from mellm.media.decoder_stderr import captured_stderr
from mellm.media.frame import Frame, Image, MediaInfo
from mellm.media.heic import heic_is_readable, heic_pixels, heic_size
from mellm.media.limits import Limits
from mellm.media.orientation import UPRIGHT, Orientation, from_exif
from mellm.media.signatures import still_format
from mellm.media.source import Media
from mellm.wording.message import Message

# OpenCV and Pillow report damaged files on stderr; the user hears about them from us, once and in a sentence.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
warnings.filterwarnings("ignore", module=r"PIL\.")

BACKGROUND = 128
"""Grey value that transparent pixels are laid over, for stills, animations and videos alike."""

_PILLOW = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "bmp": BmpImageFile,
    "pnm": PpmImageFile,
    "avif": AvifImageFile,
}
_DAMAGE = (OSError, SyntaxError, ValueError, KeyError, IndexError, RuntimeError, OverflowError, struct.error)
"""What Pillow raises on files that are not what they begin as."""

_HEAD_BYTES = 1 << 16
_BRAND_BYTES = 512
_TO_RGB = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


@dataclass(frozen=True, slots=True)
class StillHeader:
    """Size in pixels as decoded, and how the decoded picture must be turned."""

    width: int
    height: int
    orientation: Orientation = UPRIGHT


class StillMedia(Media):
    """A single picture: one frame, index 0, time 0."""

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Decode the picture; `fps` is ignored."""
        super().__init__(path, limits)
        header, data = load_still(path, limits)
        self._image = decode_still(path, header, data, self.warn)
        height, width = self._image.shape[:2]
        self.info = MediaInfo(path, "image", width, height, None, 1, 0.0, header.orientation.rotation)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """The picture as frame 0, if `start` and `stop` include it."""
        if start <= 0 and (stop is None or stop > 0) and not self._closed:
            yield Frame(0, 0.0, self._image)

    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The picture, if index 0 is asked for."""
        return {frame.index: frame for frame in self.frames() if 0 in set(indices)}

    def frame_times(self) -> list[float]:
        """The picture's: 0."""
        return [0.0]


def load_still(path: Path, limits: Limits) -> tuple[StillHeader, bytes]:
    """Header and bytes of a still file, checked against the limits before anything is decoded."""
    limits.check_picture_bytes(path, path.stat().st_size)
    data = path.read_bytes()
    _check_readable(path, data)
    header = still_header(BytesIO(data))
    if header is None:
        raise InputError(Message("media.picture_damaged", {"file": path.name}))
    limits.check_picture(path, header.width, header.height)
    return header, data


def peek_still(path: Path, limits: Limits) -> StillHeader | None:
    """Header of a still file, mostly without reading all of it; None when it is no readable picture."""
    if (size := path.stat().st_size) > _HEAD_BYTES:
        limits.check_picture_bytes(path, size)
    with path.open("rb") as stream:
        _check_readable(path, stream.read(_BRAND_BYTES))
        stream.seek(0)
        return still_header(stream)


def _check_readable(path: Path, data: bytes) -> None:
    """Raise `InputError` for a HEIC picture where no library reads it."""
    if still_format(data[:_BRAND_BYTES]) == "heic" and not heic_is_readable():
        raise InputError(Message("media.heic_needs_library", {"file": path.name}))


def still_header(stream: BinaryIO) -> StillHeader | None:
    """Size and orientation of a still file; None when its header is damaged or its format unknown."""
    kind = still_format(stream.read(_BRAND_BYTES))
    stream.seek(0)
    try:
        if kind == "webp":
            return _webp_header(stream.read())
        if kind == "tiff":
            return _tiff_header(stream)
        if kind == "heic":
            # Its library turns the picture upright, as it does for the size.
            return StillHeader(*heic_size(stream.read()))
        if kind is None:
            return None
        # The class itself and not Image.open, which has a limit of pixels of its own.
        picture = _PILLOW[kind](stream)
        width, height = picture.size
        return StillHeader(width, height, _exif_orientation(picture.info.get("exif", b"")))
    except _DAMAGE:
        return None


def _tiff_header(stream: BinaryIO) -> StillHeader:
    # Only the tags: Pillow opens fewer kinds of pixels than OpenCV. OpenCV turns TIFF pictures upright
    # itself, so the size given here is already that of the upright one.
    tags = ImageFileDirectory_v2(stream.read(8))
    stream.seek(tags.next)
    tags.load(stream)
    return StillHeader(*from_exif(tags.get(0x112, 1)).size(tags[0x100], tags[0x101]))


def _webp_header(data: bytes) -> StillHeader | None:
    # By hand (RFC 9649): Pillow allocates the canvas before it tells the size, and tells none of a cut file.
    size, orientation, at = None, UPRIGHT, 12
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
            orientation = _exif_orientation(data[body : body + length])
        at = body + length + (length & 1)
    return StillHeader(*size, orientation) if size else None


def _exif_orientation(exif: bytes) -> Orientation:
    tags = Pillow.Exif()
    try:
        tags.load(exif)
        return from_exif(tags.get(0x112, 1))
    except _DAMAGE:
        return UPRIGHT


def _is_complete(data: bytes) -> bool:
    """Whether nothing of the picture is missing. Of formats not named here OpenCV refuses cut files."""
    kind = still_format(data[:_BRAND_BYTES])
    if kind == "webp":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    stream = BytesIO(data)
    try:
        if kind == "png":
            PngImageFile(stream).verify()
        elif kind == "jpeg":
            JpegImageFile(stream)
            # Inside picture data FF is always stuffed, so the end mark can only be the end.
            return data.find(b"\xff\xd9", stream.tell()) >= 0
    except _DAMAGE:
        return False
    return True


def decode_still(path: Path, header: StillHeader, data: bytes, warn: Callable[[Message], None]) -> Image:
    """Decode what `load_still` read to upright RGB; calls `warn` where the picture decodes with faults.

    Raises `InputError` when the picture cannot be decoded or is cut short.
    """
    if still_format(data[:_BRAND_BYTES]) == "heic":
        return _heic(path, data)
    if not _is_complete(data):
        raise InputError(Message("media.picture_cut_short", {"file": path.name}))
    try:
        with captured_stderr() as printed:
            stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None:
        raise InputError(Message("media.picture_damaged", {"file": path.name}))
    if any("Corrupt JPEG data" in line for line in printed):
        warn(Message("media.picture_faulty", {"file": path.name}))
    if stored.dtype == np.uint16:
        stored = cv2.convertScaleAbs(stored, alpha=1 / 257)
    if stored.dtype != np.uint8:
        raise InputError(f"{path.name} holds {stored.dtype} values: save it as an 8-bit or 16-bit picture.")
    channels = 1 if stored.ndim == 2 else stored.shape[2]
    rgb = cv2.cvtColor(stored, _TO_RGB[channels]).astype(np.uint8, copy=False)
    return header.orientation.apply(over_background(rgb) if channels == 4 else rgb)


def _heic(path: Path, data: bytes) -> Image:
    try:
        pixels = heic_pixels(data)
    except _DAMAGE:
        raise InputError(Message("media.picture_damaged", {"file": path.name})) from None
    return over_background(pixels) if pixels.shape[2] == 4 else pixels


def over_background(rgba: NDArray[np.uint8]) -> Image:
    """Lay an RGBA picture (H, W, 4; alpha not premultiplied) over mid grey: RGB (H, W, 3)."""
    alpha = rgba[..., 3]
    rgb = np.ascontiguousarray(rgba[..., :3])
    if alpha.min() == 255:
        return rgb
    weight = (alpha.astype(np.float32) / 255)[..., None]
    return np.rint(rgb * weight + BACKGROUND * (1 - weight)).astype(np.uint8)
