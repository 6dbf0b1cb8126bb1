"""Moments that a person names: onset, apex and perhaps offset by frame, or by the numbers in file names.

Knows frames and their order; finds no faces and spots nothing.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mellm.errors import InputError
from mellm.media import Media
from mellm.media.frame import Frame
from mellm.report import Interval
from mellm.wording.shown import shown


class NamedFrames(NamedTuple):
    """Frames of a moment: indices from 0, or the numbers in file names."""

    onset: int
    apex: int
    offset: int | None = None


def named_frames(onset: int | None, apex: int | None, offset: int | None) -> NamedFrames | None:
    """Return the frames a person named, None for none; raises InputError where they are no moment."""
    if onset is None and apex is None and offset is None:
        return None
    if onset is None or apex is None:
        raise InputError("Give both --onset-frame and --apex-frame (frames are counted from 0).")
    if not 0 <= onset < apex or (offset is not None and offset < apex):
        raise InputError(
            f"Onset {onset}, apex {apex}, offset {offset} are not in order; onset < apex <= offset is needed."
        )
    return NamedFrames(onset, apex, offset)


def indices_of(media: Media, numbers: NamedFrames) -> NamedFrames:
    """Return the frame indices of numbers in file names; raises InputError where there are none."""
    if not media.numbers:
        raise InputError(
            f"{media.path.name} is not a folder of numbered pictures; name frames by index, from 0."
        )
    places = {number: index for index, number in enumerate(media.numbers) if number is not None}
    for index, number in enumerate(media.numbers):
        if number is not None and number in numbers and places[number] != index:
            raise InputError(
                f"{media.files[index].name} and {media.files[places[number]].name} both have the number "
                f"{number}: name the frames by index (without --by-file-number), or keep one of the files."
            )
    missing = [number for number in numbers if number is not None and number not in places]
    if missing:
        raise InputError(f"{media.path.name} has no picture numbered {missing[0]}: check the sheet.")
    offset = None if numbers.offset is None else places[numbers.offset]
    return NamedFrames(places[numbers.onset], places[numbers.apex], offset)


def read_named(media: Media, named: NamedFrames) -> dict[int, Frame]:
    """Read the named frames; raises InputError where the clip has no such frame."""
    wanted = [i for i in named if i is not None]
    frames = media.read(wanted)
    missing = [i for i in wanted if i not in frames]
    if missing:
        raise InputError(f"{media.path.name} has no frame {missing[0]}; frames are counted from 0.")
    return frames


def named_interval(named: NamedFrames, frames: Mapping[int, Frame]) -> Interval:
    """Return the interval between named frames."""
    start, apex, end = (None if i is None else frames[i].time for i in named)
    return Interval(
        onset_frame=named.onset,
        apex_frame=named.apex,
        offset_frame=named.offset,
        onset_time=start,
        apex_time=apex,
        offset_time=end,
        duration=None if start is None or end is None else end - start,
        confidence=1.0,
        origin="given",
    )


def file_names(media: Media, interval: Interval) -> list[str]:
    """Return the file names of an interval's frames, for a folder of pictures."""
    if media.info.kind != "folder":
        return []
    frames = (interval.onset_frame, interval.apex_frame, interval.offset_frame)
    return [shown(media.files[frame].name) for frame in frames if frame is not None]
