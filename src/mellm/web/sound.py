"""The sound of a clip: whether there is any, and as a file that browsers play. Knows files only."""

from fractions import Fraction
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

from mellm.errors import InputError

RATE = 48_000
"""Samples per second of Opus."""


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

    Raises InputError where there is none or it cannot be decoded.
    """
    with av.open(str(path)) as container, av.open(str(target), "w", format="ogg") as out:
        if not container.streams.audio:
            raise InputError("This clip has no sound.")
        sound = container.streams.audio[0]
        video = container.streams.video[0] if container.streams.video else None
        begin = _start(video) if video is not None else Fraction(0)
        stream = out.add_stream("libopus", rate=RATE)
        stream.codec_context.layout = "stereo"
        resampler = AudioResampler(format="s16", layout="stereo", rate=RATE)
        written = 0
        for frame in container.decode(sound):
            if frame.pts is None or frame.time_base is None:
                continue
            # Sound before the first picture is left out; later sound keeps its place.
            if frame.pts * frame.time_base + Fraction(frame.samples, frame.sample_rate) <= begin:
                continue
            for piece in resampler.resample(frame):
                if written == 0:
                    written = max(round((frame.pts * frame.time_base - begin) * RATE), 0)
                piece.pts, piece.time_base = written, Fraction(1, RATE)
                written += piece.samples
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


def _start(video: av.video.stream.VideoStream) -> Fraction:
    """When the first picture is shown, seconds of the file."""
    return (video.start_time or 0) * (video.time_base or Fraction(0))
