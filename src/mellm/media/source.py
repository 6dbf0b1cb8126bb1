"""What every kind of source has in common: description, frames, warnings, a hash. Knows no format."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mellm.media.frame import Frame, MediaInfo
from mellm.media.limits import Limits
from mellm.wording.message import Message


class Media(ABC):
    """An opened source of frames. Use it as a context manager, or call `close()`.

    Frames are decoded while they are asked for; nothing keeps more than the decoder's own few pictures.

    Attributes:
        info: what is known about the source.
        warnings: messages for the user about damage and doubtful time stamps; grows while frames are read.
        files: the picture file of each frame index, for a folder; the one file otherwise.
        numbers: the number in each file's name (175 for `175.jpg`), for a folder; empty otherwise.
        has_times: False where the source keeps no times and no rate of its own.
    """

    info: MediaInfo
    files: tuple[Path, ...]
    numbers: tuple[int | None, ...] = ()
    has_times: bool = True

    def __init__(self, path: Path, limits: Limits) -> None:
        """Remember the path; the readers fill `info`."""
        self.path = path
        self.limits = limits
        self.files = (path,)
        self.warnings: list[Message] = []
        self._closed = False

    @abstractmethod
    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames `start <= index < stop` in order of presentation. Each call begins anew.

        A frame that cannot be decoded is left out and a message is added to `warnings`.
        """

    @abstractmethod
    def read(self, indices: Iterable[int]) -> dict[int, Frame]:
        """The frames with these indices, numbered as `frames()` numbers them.

        Indices beyond the last frame, or of frames that cannot be decoded, are missing from the result.
        """

    @abstractmethod
    def frame_times(self) -> list[float]:
        """Seconds of each frame, by index, as far as they are known without decoding."""

    def sha256(self) -> str:
        """SHA-256 of the file as hexadecimal text; for a folder, of its pictures' bytes one after another."""
        digest = hashlib.sha256()
        for file in self.files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        return digest.hexdigest()

    def warn(self, warning: Message) -> None:
        """Add a warning once, however often the frames are read."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def close(self) -> None:
        """End running iterations at their next frame and refuse new ones."""
        self._closed = True

    def __enter__(self) -> Self:
        """The source itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()


def damaged_end(count: int, expected: int | None) -> Message:
    """Return the warning for a source that breaks off after `count` frames."""
    if expected is None:
        return Message("media.end_damaged", {"count": count})
    return Message("media.end_damaged_of", {"count": count, "expected": expected})
