"""Folders of numbered pictures, as CASME II, SAMM, CAS(ME)3 and DFME ship them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from mellm.errors import InputError
from mellm.media.file_times import name_times, twins, without_copy_mark
from mellm.media.folder_contents import beside_pictures, pictures_in, without_pictures
from mellm.media.frame import Frame, MediaInfo
from mellm.media.limits import Limits
from mellm.media.source import Media
from mellm.media.still import decode_still, load_still, peek_still
from mellm.wording.message import Message
from mellm.wording.shown import shown


class FolderMedia(Media):
    """Pictures of one folder in numeric order; `files` and `numbers` map a frame index to its file.

    A picture that cannot be decoded is left out, but keeps its index, so that the map stays true.
    Times are index / fps when the numbers rise evenly; `mellm.media.file_times` has the other cases.
    """

    def __init__(self, path: Path, limits: Limits, fps: Fraction | None) -> None:
        """Look through the folder; `InputError` without pictures, with mixed sizes, or without `fps`."""
        super().__init__(path, limits)
        if not pictures_in(path):
            raise InputError(without_pictures(path))
        if fps is None:
            raise InputError(
                Message("media.folder_needs_rate", {"file": shown(path.name or path.resolve().name)})
            )
        self._fps = fps
        width, height = self._collect()
        named = name_times(self.files, self.numbers, fps)
        if named.warning is not None:
            self.warn(named.warning)
        self._times = named.seconds
        duration = float(self._times[-1] + 1 / fps)
        limits.check_length(path, len(self.files), duration)
        variable = any(time != index / fps for index, time in enumerate(self._times))
        self.info = MediaInfo(
            path, "folder", width, height, fps, len(self.files), duration, variable_rate=variable
        )

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Pictures `start <= index < stop`, each decoded when it is asked for."""
        for index in range(max(start, 0), len(self.files) if stop is None else min(stop, len(self.files))):
            if self._closed:
                return
            if (frame := self._frame(index)) is not None:
                yield frame

    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The pictures with these indices."""
        wanted = sorted({index for index in indices if 0 <= index < len(self.files)})
        frames = ((index, self._frame(index)) for index in wanted)
        return {index: frame for index, frame in frames if frame is not None}

    def frame_times(self) -> list[float]:
        """Seconds of each picture."""
        return [float(time) for time in self._times]

    def _frame(self, index: int) -> Frame | None:
        file = self.files[index]
        try:
            header, data = load_still(file, self.limits)
            image = decode_still(file, header, data, self.warn)
        except (InputError, OSError) as error:
            why = error.message if isinstance(error, InputError) else str(error)
            self.warn(Message("media.frame_left_out", {"frame": index, "why": why}))
            return None
        if image.shape[:2] != (self.info.height, self.info.width):
            self.warn(Message("media.frame_of_other_size", {"frame": index, "file": file.name}))
            return None
        return Frame(index, float(self._times[index]), image)

    def _collect(self) -> tuple[int, int]:
        """Find the pictures, check their sizes from their headers, and return the common width and height."""
        files: list[Path] = []
        size: tuple[int, int] | None = None
        total = 0
        if (clips := beside_pictures(self.path)) is not None:
            self.warn(clips)
        for file in sorted(pictures_in(self.path), key=natural_order):
            header = peek_still(file, self.limits)
            if header is None:
                self.warn(Message("media.file_left_out", {"file": file.name}))
                continue
            self.limits.check_picture(file, header.width, header.height)
            upright = header.orientation.size(header.width, header.height)
            if size is None:
                size = upright
            elif upright != size:
                raise InputError(
                    f"The pictures in {self.path.name} differ in size ({files[0].name}: {size[0]}x{size[1]}, "
                    f"{file.name}: {upright[0]}x{upright[1]}): keep one recording to a folder."
                )
            total += file.stat().st_size
            files.append(file)
            self.limits.check_length(self.path, len(files), None)
        if size is None:
            raise InputError(without_pictures(self.path))
        self.limits.check_bytes(self.path, total)
        if (pair := twins(files)) is not None:
            names = {"first": pair[0].name, "second": pair[1].name}
            raise InputError(Message("media.two_of_one", {"file": self.path.name, **names}))
        self.files = tuple(files)
        self.numbers = file_numbers(files)
        return size


def natural_order(file: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key that puts img2.jpg before img12.jpg, whatever the zero padding and the case."""
    parts = re.split(r"(\d+)", file.stem.casefold())
    key = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
    return key, file.name


def file_numbers(files: Sequence[Path]) -> tuple[int | None, ...]:
    """The frame number in each file's name: 12 for img12.jpg, 5562 for 006_05562.jpg; None without one.

    Of several numbers, the last that differs between the files counts (7 for s03_img7_v2.png).
    """
    stems = [file.stem for file in files]
    originals = [without_copy_mark(file) for file in files]
    if any(map(str.__eq__, stems, originals)):
        # A copy whose original is gone: the mark is no number. Where all have one, it numbers them.
        stems = originals
    digits = [[int(part) for part in re.findall(r"\d+", stem)] for stem in stems]
    if len({len(parts) for parts in digits}) == 1:
        columns = list(zip(*digits, strict=True))
        varying = [column for column in columns if len(set(column)) > 1] or columns
        return varying[-1] if varying else (None,) * len(files)
    return tuple(parts[-1] if parts else None for parts in digits)
