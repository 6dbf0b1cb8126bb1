"""Still pictures: JPEG, PNG, WebP, TIFF, BMP, PNM, AVIF to upright RGB. Knows no video and no folder."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.media.decoder_stderr import caught_chatter
from mellm.media.frame import Frame, Image, MediaInfo
from mellm.media.limits import Limits
from mellm.media.signatures import StillHeader, still_header
from mellm.media.source import Media
from mellm.wording.message import Message

# OpenCV reports damaged files on stderr; the user hears about them from us, once and in a sentence.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

BACKGROUND = 128
"""Grey value that transparent pixels are laid over, for stills, animations and videos alike."""

_HEAD_BYTES = 1 << 16
_TO_RGB = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}


class StillMedia(Media):
    """A single picture: one frame, index 0, time 0."""

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Decode the picture; `fps` means nothing here."""
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


def load_still(path: Path, limits: Limits) -> tuple[StillHeader, NDArray[np.uint8]]:
    """Header and bytes of a still file, checked against the limits before anything is decoded."""
    limits.check_picture_bytes(path, path.stat().st_size)
    # np.fromfile and not cv2.imread: the latter cannot open every path on Windows.
    data = np.fromfile(path, dtype=np.uint8)
    header = still_header(data.tobytes())
    if header is None:
        raise InputError(Message("media.picture_damaged", {"file": path.name}))
    limits.check_picture(path, header.width, header.height)
    return header, data


def peek_still(path: Path, limits: Limits) -> StillHeader | None:
    """Header of a still file, reading as little of it as possible; None when it is not a readable picture."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        header = still_header(head)
        if header is None and len(head) == _HEAD_BYTES:
            limits.check_picture_bytes(path, path.stat().st_size)
            header = still_header(head + stream.read())
    return header


def decode_still(
    path: Path, header: StillHeader, data: NDArray[np.uint8], warn: Callable[[Message], None]
) -> Image:
    """Decode what `load_still` read; `warn` is told of a picture that decodes with faults.

    Raises `InputError` when the picture is damaged beyond that, or cut short.
    """
    if not header.complete:
        raise InputError(Message("media.picture_cut_short", {"file": path.name}))
    try:
        with caught_chatter() as chatter:
            stored = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None:
        raise InputError(Message("media.picture_damaged", {"file": path.name}))
    if any("Corrupt JPEG data" in line for line in chatter):
        warn(Message("media.picture_faulty", {"file": path.name}))
    if stored.dtype == np.uint16:
        stored = cv2.convertScaleAbs(stored, alpha=1 / 257)
    if stored.dtype != np.uint8:
        raise InputError(f"{path.name} holds {stored.dtype} values: save it as an 8-bit or 16-bit picture.")
    channels = 1 if stored.ndim == 2 else stored.shape[2]
    rgb = cv2.cvtColor(stored, _TO_RGB[channels]).astype(np.uint8, copy=False)
    return header.orientation.apply(over_background(rgb) if channels == 4 else rgb)


def over_background(rgba: NDArray[np.uint8]) -> Image:
    """Lay an RGBA picture (H, W, 4; alpha not premultiplied) over mid grey: RGB (H, W, 3)."""
    alpha = rgba[..., 3]
    rgb = np.ascontiguousarray(rgba[..., :3])
    if alpha.min() == 255:
        return rgb
    weight = (alpha.astype(np.float32) / 255)[..., None]
    return np.rint(rgb * weight + BACKGROUND * (1 - weight)).astype(np.uint8)
