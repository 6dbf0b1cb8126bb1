"""Videos and animations through FFmpeg (PyAV): frames in order of presentation with the file's own times.

Knows packets, time stamps and display matrices; does not know still pictures.

An index is the frame's place among the frames that decode, counted from the beginning. The table of time
stamps that a pass leaves behind makes later random access exact: a seek is trusted only where every
decoded time stamp agrees with the table, otherwise decoding starts again from the beginning.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Literal, cast

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData, Type
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from mellm.errors import InputError
from mellm.media.frame import Frame, Image, MediaInfo
from mellm.media.limits import Limits
from mellm.media.orientation import UPRIGHT, Orientation, from_display_matrix
from mellm.media.packets import Packets, scan_packets
from mellm.media.signatures import animation_size
from mellm.media.source import Media, damaged_end
from mellm.media.stamps import FINE
from mellm.media.still import over_background
from mellm.wording.message import Message

# FFmpeg reports every damaged block on stderr; the user gets one sentence in `warnings` instead.
av.logging.set_level(None)

# Demuxers that open other files or addresses named in the file, or that turn text into pictures.
_REFUSED_FORMATS = {
    "hls",
    "dash",
    "concat",
    "concatf",
    "imf",
    "sdp",
    "rtsp",
    "rtp",
    "tty",
    "ffmetadata",
    "lavfi",
}
_FORMATS = ",".join(sorted(av.formats_available - _REFUSED_FORMATS))

# Containers that keep a time stamp for every frame. Others (MPEG-TS and -PS) leave some to be guessed, and
# guess differently after a seek; animations have one key frame.
_SEEKABLE_FORMATS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "asf", "flv", "mxf", "nut"}

_Decoded = tuple[int, float, VideoFrame]
"""Index, time in seconds, picture as decoded."""


class VideoMedia(Media):
    """A video file. See `Media` for what it offers."""

    kind: Literal["video", "animation"] = "video"

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Read what the packets say and decode the first frame, which tells size and rotation."""
        super().__init__(path, limits)
        self._given_fps = fps
        self._stamps = array("q")
        self._keys: list[int] = []
        self._seekable = self._complete = False
        with closing(self._open()) as container:
            stream = _video_stream(container, path)
            limits.check_picture(path, stream.codec_context.width, stream.codec_context.height)
            self._time_base = stream.time_base or Fraction(1, 1000)
            self._packets = scan_packets(container, stream, fps)
            # FFmpeg serves still formats that OpenCV lacks (JPEG 2000, TGA ...) as videos of one frame.
            still = container.format.name.endswith("_pipe") and self._packets.frames == 1
            self._seekable = self._packets.timed and container.format.name in _SEEKABLE_FORMATS
        self.has_times = not self._packets.rate_assumed
        if self._packets.rate_assumed:
            self.warn(Message("media.rate_assumed", {"fps": float(self._packets.fps or 0)}))
        first = self._first_picture()
        self._orientation = _orientation(first)
        self._size = first.width, first.height
        limits.check_picture(path, *self._size)
        width, height = self._orientation.size(*self._size)
        packets = self._packets
        limits.check_length(path, packets.frames, packets.duration)
        limits.check_density(path, (packets.frames or 0) * self._size[0] * self._size[1])
        self.info = MediaInfo(
            path,
            "image" if still else self.kind,
            width,
            height,
            None if still else packets.fps,
            packets.frames,
            0.0 if still else packets.duration,
            self._orientation.rotation,
            packets.variable_rate,
        )

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames `start <= index < stop` in order of presentation."""
        reformatter = VideoReformatter()
        for index, time, picture in self._decode(max(start, 0), stop):
            yield Frame(index, time, self._rgb(picture, reformatter))

    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The frames with these indices; seeks where an earlier pass has seen the frames' time stamps."""
        wanted = sorted({index for index in indices if index >= 0})
        found: dict[int, Frame] = {}
        reformatter = VideoReformatter()
        at = 0
        while at < len(wanted):
            # One walk serves every wanted frame up to the next one that a seek would reach sooner.
            end = at + 1
            while end < len(wanted) and self._key_before(wanted[end]) <= wanted[end - 1] + 1:
                end += 1
            group = set(wanted[at:end])
            for index, time, picture in self._decode(wanted[at], wanted[end - 1] + 1):
                if index in group:
                    found[index] = Frame(index, time, self._rgb(picture, reformatter))
            at = end
        return found

    def _open(self) -> InputContainer:
        try:
            return av.open(
                # "file:" keeps a name such as "concat:a" or "http:x" from being taken for a protocol.
                f"file:{self.path}",
                options={"protocol_whitelist": "file", "format_whitelist": _FORMATS},
                metadata_errors="replace",
            )
        except (av.FFmpegError, OSError, ValueError):
            raise InputError(Message("media.unreadable", {"file": self.path.name})) from None

    def _first_picture(self) -> VideoFrame:
        for _, _, picture in self._decode(0, 1):
            return picture
        raise InputError(Message("media.no_frame", {"file": self.path.name}))

    def _key_before(self, index: int) -> int:
        """Index of the key frame from which `index` is reached; 0 when seeking cannot be trusted."""
        if not self._seekable or not self._keys:
            return 0
        return self._keys[max(bisect_right(self._keys, index) - 1, 0)]

    def _decode(self, start: int, stop: int | None) -> Iterator[_Decoded]:
        """Decoded frames with their index and time, from `start` on."""
        key = self._key_before(start)
        if key > 0:
            for decoded in self._decode_from(key, stop):
                if decoded[0] >= start:
                    yield decoded
                    start = decoded[0] + 1
            if self._seekable:
                return
        for decoded in self._decode_from(0, stop):
            if decoded[0] >= start:
                yield decoded

    def _decode_from(self, key: int, stop: int | None) -> Iterator[_Decoded]:
        """Decode from key frame `key` up to `stop`. Clears `_seekable` and ends when the table disagrees."""
        index, damaged = key, False
        clock = _Clock(self._packets, self._stamps[key] if key else None)
        with closing(self._open()) as container:
            stream = _video_stream(container, self.path)
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"max_pixels": str(self.limits.max_pixels)}
            pictures = self._seek(container, stream, key) if key else _pictures(container, stream)
            for picture in pictures:
                if self._closed:
                    return
                if picture is None:
                    damaged = True
                    continue
                damaged |= picture.is_corrupt
                stamp = clock.time(picture.pts)
                if clock.mended:
                    self._seekable = False
                    if self._packets.timed and not self._given_fps:
                        self.warn(Message("media.times_out_of_order"))
                if index < len(self._stamps) and stamp != self._stamps[index]:
                    self._seekable = False
                    if key:
                        return
                    # FFmpeg's threads do not drop the same pictures of a damaged file each time.
                    del self._stamps[index:]
                if index == len(self._stamps):
                    self._stamps.append(stamp)
                    if picture.key_frame:
                        self._keys.append(index)
                    self.limits.check_length(self.path, index + 1, self._time(index))
                yield index, self._time(index), picture
                index += 1
                if index == stop:
                    return
        self._complete = True
        self._report_damage(index, damaged)

    def _seek(self, container: InputContainer, stream: VideoStream, key: int) -> Iterator[VideoFrame | None]:
        """Pictures from key frame `key` on; none at all when the container does not lead there."""
        target = self._stamps[key] // FINE
        # A seek goes by decoding time in some containers, so it may land one key frame late.
        for offset in (target, self._stamps[self._key_before(key - 1)] // FINE):
            try:
                container.seek(offset, stream=stream)
            except (av.FFmpegError, OSError):
                continue
            pictures = _pictures(container, stream)
            for picture in pictures:
                if picture is None or picture.pts is None or picture.pts < target:
                    continue
                if picture.pts == target:
                    return chain([picture], pictures)
                break
        self._seekable = False
        return iter(())

    def frame_times(self) -> list[float]:
        """Seconds of each frame: by the last pass as far as it went, by the packets beyond that."""
        passed, table = len(self._stamps), self._packets.stamps.times
        count = max(passed, 0 if self._complete else self._packets.frames or 0)
        if not self._given_fps and self._packets.timed:
            count = max(passed, 0 if self._complete else len(table))
            return [self._time(k) if k < passed else self._seconds(int(table[k])) for k in range(count)]
        return [self._time(k) for k in range(count)]

    def _time(self, index: int) -> float:
        if self._given_fps:
            return float(index / self._given_fps)
        if index >= len(self._stamps):
            return self._seconds(self._stamps[0] + index * self._packets.step * FINE)
        return self._seconds(self._stamps[index])

    def _seconds(self, stamp: int) -> float:
        ticks = (stamp - self._stamps[0]) * self._time_base.numerator
        return ticks / (self._time_base.denominator * FINE)

    def _report_damage(self, count: int, damaged: bool) -> None:
        expected = self._packets.expected
        if damaged or (expected is not None and count < expected):
            # Concealed faults depend on the frames before them, which a seek would skip.
            self._seekable = False
        if expected is not None and count < expected:
            self.warn(damaged_end(count, expected))
        elif damaged:
            self.warn(Message("media.parts_damaged"))

    def _rgb(self, picture: VideoFrame, reformatter: VideoReformatter) -> Image:
        if (picture.width, picture.height) != self._size:
            self.warn(Message("media.size_changes"))
        alpha = any(component.is_alpha for component in picture.format.components)
        width, height = self._size
        converted = reformatter.reformat(picture, width, height, "rgba" if alpha else "rgb24")
        pixels = converted.to_ndarray().astype(np.uint8, copy=False)
        upright = self._orientation.apply(over_background(pixels) if alpha else pixels)
        return np.ascontiguousarray(upright)


class _Clock:
    """Times of pictures as they come out of the decoder, in 1 / FINE of a tick."""

    def __init__(self, packets: Packets, start: int | None) -> None:
        """Begin at the frame whose time is `start`; None: at the first."""
        self._packets = packets
        self._next = 0 if start is None else int(np.searchsorted(packets.stamps.times, start))
        self._last: int | None = None
        self.mended = False

    def time(self, stamp: int | None) -> int:
        """The time of the next picture; one that is unknown, or falls, follows the last."""
        packets, last = self._packets, self._last
        time = None
        if packets.timed and stamp is not None:
            place = packets.stamps.place(stamp, self._next)
            time = stamp * FINE if place is None else int(packets.stamps.times[place])
            self._next = self._next if place is None else place + 1
        self.mended = time is None or time != (stamp or 0) * FINE
        if time is None or (last is not None and time <= last):
            self.mended = last is not None
            time = 0 if last is None else last + packets.step * FINE
        self._last = time
        return time


class AnimationMedia(VideoMedia):
    """A GIF or an animated PNG: always decoded from the beginning, since frames lie over earlier ones."""

    kind = "animation"

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Check the size in the header, which FFmpeg would hide when it is too large, then open."""
        with path.open("rb") as stream:
            limits.check_picture(path, *animation_size(stream.read(24)))
        super().__init__(path, limits, fps)


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    # The cover picture of a sound file is a video stream too, and phones add small depth maps.
    streams = [
        stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        raise InputError(Message("media.no_video", {"file": path.name}))
    streams = [stream for stream in streams if stream.codec_context is not None]
    if not streams:
        raise InputError(f"{path.name} uses a video format that cannot be decoded here: convert it to MP4.")
    return max(streams, key=lambda stream: stream.codec_context.width * stream.codec_context.height)


def _pictures(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """Decoded pictures; None where something could not be decoded."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            yield None
            packet = None
        if packet is None:
            break
        try:
            yield from packet.decode()
        except (av.FFmpegError, OSError):
            yield None


def _orientation(picture: VideoFrame) -> Orientation:
    try:
        # The container counts as a mapping in PyAV's stubs but is iterated like a list of side data.
        side_data = cast(Iterable[SideData], picture.side_data)
    except ValueError:
        # FFmpeg knows kinds of side data (EXIF of a headless JPEG, say) that PyAV has no name for.
        return UPRIGHT
    for data in side_data:
        if data.type == Type.DISPLAYMATRIX:
            return from_display_matrix(bytes(data))
    return UPRIGHT
