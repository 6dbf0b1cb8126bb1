"""Animated WebP, which FFmpeg does not decode: frames out of the container, pictures from OpenCV.

Follows the WebP container specification (RFC 9649, section 2.7): each ANMF chunk is wrapped as a still file
of its own, decoded, and drawn on the canvas.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mellm.errors import InputError
from mellm.media.frame import Frame, MediaInfo
from mellm.media.limits import Limits
from mellm.media.source import Media, damaged_end
from mellm.media.still import over_background


@dataclass(frozen=True, slots=True)
class _Patch:
    """One ANMF chunk: where its bitstream lies in the file, where it goes on the canvas, when it is shown."""

    offset: int
    length: int
    x: int
    y: int
    width: int
    height: int
    time_ms: int
    blend: bool
    clear_after: bool


class WebpMedia(Media):
    """An animated WebP file, decoded one frame at a time from the beginning."""

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Find the frames in the container; `InputError` when the first cannot be decoded."""
        super().__init__(path, limits)
        self._fps = fps
        width, height, self._patches, duration_ms = self._scan()
        count = len(self._patches)
        if not count:
            raise InputError(f"{path.name} cannot be decoded: the animation is damaged; save it again.")
        duration = float(count / fps) if fps else duration_ms / 1000
        limits.check_length(path, count, duration)
        rate = fps or (Fraction(count * 1000, duration_ms) if duration_ms else None)
        ends = [patch.time_ms for patch in self._patches[1:]] + [duration_ms]
        delays = {end - patch.time_ms for patch, end in zip(self._patches, ends, strict=True)}
        variable = fps is None and len(delays) > 1
        self.info = MediaInfo(path, "animation", width, height, rate, count, duration, variable_rate=variable)
        if next(self.frames(0, 1), None) is None:
            raise InputError(f"{path.name} cannot be decoded: the animation is damaged; save it again.")

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames `start <= index < stop`; earlier ones are drawn too, since later ones lie over them."""
        canvas = np.zeros((self.info.height, self.info.width, 4), np.uint8)
        with self.path.open("rb") as stream:
            for index, patch in enumerate(self._patches[:stop]):
                if self._closed:
                    return
                stream.seek(patch.offset)
                drawn = _decode_patch(stream.read(patch.length), patch)
                if drawn is None:
                    self.warn(damaged_end(index, len(self._patches)))
                    return
                window = canvas[patch.y : patch.y + patch.height, patch.x : patch.x + patch.width]
                window[:] = _over(drawn, window) if patch.blend else drawn
                if index >= start:
                    time = float(index / self._fps) if self._fps else patch.time_ms / 1000
                    yield Frame(index, time, over_background(canvas))
                if patch.clear_after:
                    window[:] = 0

    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The frames with these indices, in one walk from the beginning."""
        wanted = set(indices)
        if not wanted:
            return {}
        return {frame.index: frame for frame in self.frames(0, max(wanted) + 1) if frame.index in wanted}

    def _scan(self) -> tuple[int, int, list[_Patch], int]:
        """Canvas size, the frames' places in the file, and the whole duration in milliseconds."""
        patches: list[_Patch] = []
        width = height = clock = 0
        size = self.path.stat().st_size
        with self.path.open("rb") as stream:
            at = 12
            while at + 8 <= size:
                stream.seek(at)
                name, length = struct.unpack("<4sI", stream.read(8))
                head = stream.read(16)
                if name == b"VP8X" and len(head) >= 10:
                    width, height = _u24(head, 4) + 1, _u24(head, 7) + 1
                    self.limits.check_picture(self.path, width, height)
                elif name == b"ANMF" and len(head) == 16:
                    if at + 8 + length > size:
                        self.warn(damaged_end(len(patches), None))
                        break
                    x, y, w, h = 2 * _u24(head, 0), 2 * _u24(head, 3), _u24(head, 6) + 1, _u24(head, 9) + 1
                    if x + w > width or y + h > height:
                        break
                    flags = head[15]
                    patches.append(
                        _Patch(at + 24, length - 16, x, y, w, h, clock, not flags & 2, bool(flags & 1))
                    )
                    # Browsers show a frame without a delay for 100 ms, as for GIF.
                    clock += _u24(head, 12) or 100
                at += 8 + length + (length & 1)
        return width, height, patches, clock


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _decode_patch(chunks: bytes, patch: _Patch) -> NDArray[np.uint8] | None:
    """RGBA picture of one frame: its chunks (ALPH, VP8, VP8L) put into a still WebP file of their own."""
    canvas = (patch.width - 1).to_bytes(3, "little") + (patch.height - 1).to_bytes(3, "little")
    extended = struct.pack("<4sIB3x", b"VP8X", 10, 0x10) + canvas
    body = b"WEBP" + extended + chunks
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if image is None or image.shape[:2] != (patch.height, patch.width) or image.dtype != np.uint8:
        return None
    code = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return cv2.cvtColor(image, code).astype(np.uint8, copy=False)


def _over(above: NDArray[np.uint8], below: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Alpha blending of RGBA pictures, not premultiplied (RFC 9649, section 2.7.1.1)."""
    if above[..., 3].min() == 255:
        return above
    a = above[..., 3:].astype(np.float32) / 255
    b = below[..., 3:].astype(np.float32) / 255 * (1 - a)
    alpha = a + b
    colour = (above[..., :3] * a + below[..., :3] * b) / np.maximum(alpha, 1e-6)
    mixed: NDArray[np.uint8] = np.rint(np.concatenate([colour, alpha * 255], axis=2)).astype(np.uint8)
    return mixed
