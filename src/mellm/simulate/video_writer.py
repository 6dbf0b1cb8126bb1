"""Frames in, a video file out."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av

from mellm.errors import InputError
from mellm.media.frame import Image


def write_video(
    path: str | Path, frames: Iterable[Image], fps: float, *, crf: int = 12, pixel_format: str = "yuv420p"
) -> None:
    """Write frames, uint8 (H, W, 3) RGB of even size, as H.264 (crf 12: visually lossless).

    `yuv420p` plays everywhere; `yuv444p` keeps the colour's full resolution.
    """
    with av.open(str(path), "w") as container:
        stream = None
        for image in frames:
            if stream is None:
                height, width = image.shape[:2]
                if (width % 2 or height % 2) and pixel_format == "yuv420p":
                    raise InputError(f"A video's size must be even, not {width}x{height}; crop a pixel.")
                stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(100_000))
                stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
                stream.options = {"crf": str(crf), "preset": "medium"}
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        if stream is None:
            raise InputError("A video needs at least one frame.")
        for packet in stream.encode(None):
            container.mux(packet)
