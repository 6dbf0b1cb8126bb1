"""Animated WebP, which FFmpeg does not decode: times out of the container, pictures from Pillow (libwebp)."""

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL.WebPImagePlugin import WebPImageFile

from mellm.errors import InputError
from mellm.media.frame import Frame, MediaInfo
from mellm.media.limits import Limits
from mellm.media.source import Media, damaged_end
from mellm.media.still import over_background


class WebpMedia(Media):
    """An animated WebP file, decoded one frame at a time from the beginning."""

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Find the frames in the container; `InputError` when the first cannot be decoded."""
        super().__init__(path, limits)
        self._fps = fps
        self._data = path.read_bytes()
        width, height, self._times, duration_ms = self._scan()
        count = len(self._times)
        if not count:
            raise InputError(f"{path.name} cannot be decoded: the animation is damaged; save it again.")
        duration = float(count / fps) if fps else duration_ms / 1000
        limits.check_length(path, count, duration)
        limits.check_density(path, count * width * height)
        rate = fps or (Fraction(count * 1000, duration_ms) if duration_ms else None)
        variable = fps is None and len(set(np.diff([*self._times, duration_ms]))) > 1
        self.info = MediaInfo(path, "animation", width, height, rate, count, duration, variable_rate=variable)
        if next(self.frames(0, 1), None) is None:
            raise InputError(f"{path.name} cannot be decoded: the animation is damaged; save it again.")

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames `start <= index < stop`; earlier ones are drawn too, since later ones lie over them."""
        count = len(self._times)
        index = 0
        try:
            decoder = WebPImageFile(BytesIO(self._data))
            for index in range(count if stop is None else min(stop, count)):
                if self._closed:
                    return
                decoder.seek(index)
                rgba = np.asarray(decoder.convert("RGBA"))
                if index >= start:
                    yield Frame(index, self._time(index), over_background(rgba))
        except (OSError, EOFError, SyntaxError):
            self.warn(damaged_end(index, count))

    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The frames with these indices, in one walk from the beginning."""
        wanted = set(indices)
        if not wanted:
            return {}
        return {frame.index: frame for frame in self.frames(0, max(wanted) + 1) if frame.index in wanted}

    def frame_times(self) -> list[float]:
        """Seconds of each frame."""
        return [self._time(index) for index in range(len(self._times))]

    def _time(self, index: int) -> float:
        return float(index / self._fps) if self._fps else self._times[index] / 1000

    def _scan(self) -> tuple[int, int, list[int], int]:
        """Canvas size, each frame's time and the whole duration in milliseconds (RFC 9649, section 2.7).

        Cuts the data before the first frame that is incomplete, since libwebp refuses such a file altogether.
        """
        data, times = self._data, list[int]()
        width = height = clock = 0
        at = 12
        while at + 24 <= len(data):
            name, length = struct.unpack_from("<4sI", data, at)
            if name == b"VP8X":
                width, height = _u24(data, at + 12) + 1, _u24(data, at + 15) + 1
                self.limits.check_picture(self.path, width, height)
            elif name == b"ANMF":
                if at + 8 + length > len(data):
                    self.warn(damaged_end(len(times), None))
                    self._data = data[:4] + (at - 8).to_bytes(4, "little") + data[8:at]
                    break
                times.append(clock)
                # Browsers show a frame without a delay for 100 ms, as for GIF.
                clock += _u24(data, at + 20) or 100
            at += 8 + length + (length & 1)
        return width, height, times, clock


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
