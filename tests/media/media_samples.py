"""Real files written for the media tests: every frame carries its own number as a bar code."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 10
BLOCK = 16


def coded_picture(number: int, width: int = 192, height: int = 112) -> np.ndarray:
    """A smooth picture whose top rows spell `number` in black and white blocks, first bit on the left."""
    y, x = np.mgrid[:height, :width]
    red = 60 + 120 * x / width
    green = 60 + 120 * y / height
    blue = np.full_like(red, 90) + 20 * np.sin(x / 9 + number / 5)
    picture = np.rint(np.stack([red, green, blue], axis=2)).astype(np.uint8)
    for bit in range(BITS):
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
    return picture


def number_in(picture: np.ndarray) -> int:
    """The number that `coded_picture` wrote, read back from a decoded picture."""
    middle = BLOCK // 2
    bits = [picture[middle, bit * BLOCK + middle].mean() > 128 for bit in range(BITS)]
    return sum(1 << bit for bit, on in enumerate(bits) if on)


def write_video(
    path: Path,
    pictures: Iterable[np.ndarray],
    *,
    rate: Fraction | int = 30,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures; `stamps` are their presentation times in ticks of `time_base` (default: 1 / rate)."""
    base = time_base or 1 / Fraction(rate)
    # "file:" because a few of the names under test would be taken for image patterns or protocols.
    with av.open(f"file:{path}", "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(rate), options=options or {})
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = base
        for at, picture in enumerate(pictures):
            if at == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgba" if picture.shape[2] == 4 else "rgb24")
            frame.pts = at if stamps is None else stamps[at]
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Patch (a, b, c, d) into the track header of an MP4 file (ISO 14496-12, 8.3.2), as a phone would."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    start = at + (52 if data[at] == 1 else 40)
    a, b, c, d = (value * 65536 for value in matrix)
    values = [a, b, 0, c, d, 0, 0, 0, 1 << 30]
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(bytes(data))
