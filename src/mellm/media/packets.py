"""What a video's packets say before any is decoded: frame count, rate, length. Decodes nothing."""

from array import array
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_SCAN_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Packets:
    """Frame count and rate as far as the packets tell.

    `frames` counts packets that will be shown; `expected` is that count, or the header's when the file
    breaks off before it. `step` is the usual distance of two frames in ticks of the stream's time base.
    """

    frames: int | None
    expected: int | None
    fps: Fraction | None
    duration: float | None
    step: int
    variable_rate: bool


def scan_packets(container: InputContainer, stream: VideoStream, given: Fraction | None) -> Packets:
    """Walk through the packets of a stream. Files above 4 GiB are described by their header alone."""
    base = stream.time_base or Fraction(1, 1000)
    claimed = stream.average_rate or stream.guessed_rate
    stamps, shown, hidden, last = array("q"), 0, 0, 0
    if container.size <= _SCAN_BYTES:
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.is_discard:
                    hidden += 1
                    continue
                shown += 1
                if packet.pts is not None:
                    stamps.append(packet.pts)
                    last = packet.duration or last
        except (av.FFmpegError, OSError):
            pass
    header = max(stream.frames - hidden, 0)
    frames = shown or header or None
    ordered = sorted(stamps)
    steps = [after - before for before, after in pairwise(ordered)]
    usual = sorted(steps)[len(steps) // 2] if steps else 0
    rate, variable = _rate(ordered, steps, usual, base, stream, claimed)
    step = usual or (max(round(1 / (claimed * base)), 1) if claimed else 1)
    if given is not None:
        duration = float(frames / given) if frames else None
        return Packets(frames, max(frames or 0, header) or None, given, duration, step, False)
    duration = None
    if ordered:
        duration = float((ordered[-1] - ordered[0] + (last or step)) * base)
    elif stream.duration:
        duration = float(stream.duration * base)
    return Packets(frames, max(frames or 0, header) or None, rate, duration, step, variable)


def _rate(
    ordered: list[int],
    steps: list[int],
    usual: int,
    base: Fraction,
    stream: VideoStream,
    claimed: Fraction | None,
) -> tuple[Fraction | None, bool]:
    """Average rate as an exact fraction, and whether steps differ by more than the time base rounds."""
    if not steps or ordered[-1] == ordered[0]:
        return claimed, False
    variable = max(steps) - usual > max(1, usual // 10) or usual - min(steps) > max(1, usual // 10)
    span = (ordered[-1] - ordered[0]) * base
    for candidate in (1 / (usual * base) if usual else None, claimed, stream.base_rate, stream.guessed_rate):
        # A rate that lands on the last time stamp, but for its rounding, is the one the file was made at.
        if candidate and abs(len(steps) / candidate - span) <= base:
            return candidate, variable
    return (len(steps) / span).limit_denominator(10_000), variable
