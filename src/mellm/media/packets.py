"""What a video's packets say before any is decoded: frame count, rate, length. Decodes nothing."""

from array import array
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from mellm.media.stamps import FINE, StampTable, stamp_table

_SCAN_BYTES = 4 * 1024**3
_MOST_FALLS = 0.1
"""Share of stamps that may be wrong; where more fall, packets come in order of decoding."""


@dataclass(frozen=True, slots=True)
class Packets:
    """What the packets of a video stream tell.

    `frames` counts the packets that will be shown; `expected` is the same, or the header's larger count when
    the file breaks off before it. `step` is the usual distance of two frames in ticks of the stream's time
    base. `timed` is False when there are no presentation times (raw H.264 streams, AVI with B-frames): frames
    are then evenly spaced, at a rate that is FFmpeg's assumption if `rate_assumed`. `stamps` is empty where
    the packets were not walked through.
    """

    frames: int | None
    expected: int | None
    fps: Fraction | None
    duration: float | None
    step: int
    variable_rate: bool
    timed: bool
    rate_assumed: bool
    stamps: StampTable


def scan_packets(container: InputContainer, stream: VideoStream, given: Fraction | None) -> Packets:
    """Walk through the packets of a stream. Files above 4 GiB are described by their header alone.

    `given` is the user's frame rate, which then replaces the file's.
    """
    base = stream.time_base or Fraction(1, 1000)
    claimed = stream.average_rate or stream.guessed_rate
    stamps, shown, hidden, last = array("q"), 0, 0, 0
    if container.size <= _SCAN_BYTES:
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.is_discard:
                    # An edit list cuts it: it is decoded for those after it, but not shown.
                    hidden += 1
                    continue
                shown += 1
                if packet.pts is not None:
                    stamps.append(packet.pts)
                    last = packet.duration or last
        except (av.FFmpegError, OSError):
            # Damaged here: what was counted so far is what can be expected.
            pass
    header = max(stream.frames - hidden, 0)
    frames = shown or header or None
    timed = len(stamps) == shown
    table, steps = _times(np.array(stamps if timed else (), np.int64), stream)
    if container.format.name == "avi" and stream.codec_context.has_b_frames and steps.size:
        # AVI knows only the order of decoding; its stamps are right as a set, not one by one.
        timed = bool(steps.max() != steps.min())
    usual = int(np.median(steps)) if steps.size else 0
    step = usual or (max(round(1 / (claimed * base)), 1) if claimed else 1)
    duration: Fraction | None = None
    if given and frames:
        duration = frames / given
    elif table.times.size:
        duration = (Fraction(int(table.times[-1] - table.times[0]), FINE) + (last or step)) * base
    elif not timed:
        duration = shown * step * base
    elif stream.duration:
        duration = stream.duration * base
    rate, variable = (given, False) if given else _rate(steps, usual, base, stream, claimed)
    expected = max(frames or 0, header) or None
    claim = _claimed_duration(container, Fraction(int(table.raw[0]) if table.raw.size else 0) * base)
    if claimed and claim and duration is not None and not given and (claim - duration) * claimed > 5:
        # Matroska and the like state a duration instead of a frame count.
        expected = max((frames or 0) + 1, round(claim * claimed))
    return Packets(
        frames=frames,
        expected=expected,
        fps=rate,
        duration=None if duration is None else float(duration),
        step=step,
        variable_rate=variable,
        timed=timed,
        rate_assumed=not timed and not stamps and not given,
        stamps=table if timed else StampTable(),
    )


def _times(raw: NDArray[np.int64], stream: VideoStream) -> tuple[StampTable, NDArray[np.int64]]:
    """The frames' times, and the steps between them in ticks."""
    falls = np.diff(raw) < 0
    if stream.codec_context.has_b_frames or np.count_nonzero(falls) > _MOST_FALLS * len(raw):
        # Packets come in order of decoding.
        raw = np.sort(raw)
    steps = np.diff(np.sort(raw))
    table = stamp_table(raw, max(int(np.median(steps)), 1) if steps.size else 1)
    return table, np.diff(np.rint(table.times / FINE).astype(np.int64))


def _claimed_duration(container: InputContainer, first: Fraction) -> Fraction | None:
    """Seconds of video by the header, where that can be told from the sound's and from FFmpeg's guesses.

    `first` is the first frame's stamp in seconds. Matroska and WMV state where a recording ends, not how long
    it is: a later part of one may begin at any time.
    """
    name = container.format.name
    if name not in {"matroska,webm", "asf", "flv"} or len(container.streams) > 1 or not container.duration:
        return None
    return Fraction(container.duration, 1_000_000) - (0 if name == "flv" else max(first, Fraction(0)))


def _rate(
    steps: NDArray[np.int64], usual: int, base: Fraction, stream: VideoStream, claimed: Fraction | None
) -> tuple[Fraction | None, bool]:
    """Average rate as an exact fraction, and whether steps differ by more than the time base rounds."""
    span = int(steps.sum()) * base
    if not span:
        return claimed, False
    variable = bool(np.abs(steps - usual).max() > max(1, usual // 10))
    for candidate in (1 / (usual * base) if usual else None, claimed, stream.base_rate, stream.guessed_rate):
        # A rate that lands on the last time stamp, but for rounding, is the one the file was made at.
        if candidate and abs(steps.size / candidate - span) <= base:
            return candidate, variable
    return (steps.size / span).limit_denominator(10_000), variable
