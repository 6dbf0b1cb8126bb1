"""The sound of a clip: whether there is any, and as a file that browsers play. Knows files only."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler

from mellm.errors import InputError

RATE = 48_000
"""Samples per second of Opus."""

_REORDERED = 32
"""Packets among which the first picture is: those of pictures shown later may come before it."""


def has_sound(path: Path) -> bool:
    """Whether a file holds a track of sound."""
    if path.is_dir():
        return False
    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except (av.FFmpegError, OSError, ValueError):
        return False


def write_sound(path: Path, target: Path) -> None:
    """Write the sound of a clip as Ogg Opus whose time 0 is the clip's first frame.

    Raises InputError where there is none.
    """
    begin = _first_picture(path)
    with av.open(str(path)) as container, av.open(str(target), "w", format="ogg") as out:
        if not container.streams.audio:
            raise InputError("This clip has no sound.")
        stream = out.add_stream("libopus", rate=RATE)
        stream.codec_context.layout = "stereo"
        resampler = AudioResampler(format="s16", layout="stereo", rate=RATE)
        at: int | None = None
        for frame in container.decode(container.streams.audio[0]):
            if at is None:
                if frame.pts is None or frame.time_base is None:
                    continue
                # Samples from the first picture on; below 0 what is heard before it, which is left out.
                at = round((frame.pts * frame.time_base - begin) * RATE)
            for piece in resampler.resample(frame):
                samples = piece.to_ndarray()[:, 2 * max(-at, 0) :]
                if samples.shape[1]:
                    whole = np.ascontiguousarray(samples, np.int16)
                    kept = av.AudioFrame.from_ndarray(whole, format="s16", layout="stereo")
                    kept.sample_rate, kept.pts, kept.time_base = RATE, max(at, 0), Fraction(1, RATE)
                    out.mux(stream.encode(kept))
                at += piece.samples
        out.mux(stream.encode(None))


def _first_picture(path: Path) -> Fraction:
    """When the first picture is shown, seconds of the file's own clock; 0 without pictures."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            return Fraction(0)
        packets = islice(container.demux(container.streams.video[0]), _REORDERED)
        stamps = [p.pts * p.time_base for p in packets if p.pts is not None and p.time_base is not None]
        return min(stamps, default=Fraction(0))
