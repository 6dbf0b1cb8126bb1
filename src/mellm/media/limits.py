"""How large a source may be before it is refused. Does not read files."""

from dataclasses import dataclass
from pathlib import Path

from mellm.errors import InputError
from mellm.wording.message import Message

_MANY_PIXELS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest source that is accepted; every value may be raised by the caller.

    `max_pixels`: width times height of one picture (64 million: 8K video and 50-megapixel photographs pass).
    `max_side`: longest side of one picture in pixels. `max_frames` and `max_duration` (seconds): length of a
    video, animation or folder. `max_bytes`: size of the file, or of all pictures of a folder together.
    `max_pixels_per_byte`: of a video or animation of a thousand million pixels or more, all frames together;
    a black 4K picture that never changes has some 200,000.
    """

    max_pixels: int = 64_000_000
    max_side: int = 30_000
    max_frames: int = 2_000_000
    max_duration: float = 4 * 3600.0
    max_bytes: int = 32 * 1024**3
    max_pixels_per_byte: int = 500_000

    def check_picture(self, path: Path, width: int, height: int) -> None:
        """Raise `InputError` when a picture of this size is empty or too large. Call before decoding it."""
        if width < 1 or height < 1:
            raise InputError(f"{path.name} says its picture is {width}x{height}: the file is damaged.")
        if width * height > self.max_pixels or max(width, height) > self.max_side:
            size = {"width": width, "height": height}
            limit = {"millions": self.max_pixels / 1e6, "side": self.max_side}
            raise InputError(Message("media.too_many_pixels", {"file": path.name, **size, **limit}))

    def check_bytes(self, path: Path, size: int) -> None:
        """Raise `InputError` when a file (or a folder's pictures together) is too large."""
        if size > self.max_bytes:
            raise InputError(
                f"{path.name} is {size / 1e9:.1f} GB, more than the limit of {self.max_bytes / 1e9:.1f} GB: "
                "cut it into shorter pieces."
            )

    def check_picture_bytes(self, path: Path, size: int) -> None:
        """Raise `InputError` when one still picture's file is larger than any allowed picture can be.

        Eight bytes a pixel (16-bit RGBA, uncompressed) is the most a still needs; stills are read whole.
        """
        allowed = min(self.max_bytes, 8 * self.max_pixels + 1024**2)
        if size > allowed:
            raise InputError(
                f"{path.name} is {size / 1e6:.0f} MB, more than the limit of {allowed / 1e6:.0f} MB "
                "for one picture: save it smaller."
            )

    def check_density(self, path: Path, pixels: int) -> None:
        """Raise `InputError` when a small file promises so many pixels that it can be no recording."""
        size = max(path.stat().st_size, 1)
        if pixels >= _MANY_PIXELS and pixels > size * self.max_pixels_per_byte:
            sizes = {"millions": pixels / 1e6, "kilobytes": size / 1e3}
            raise InputError(Message("media.too_dense", {"file": path.name, **sizes}))

    def check_length(self, path: Path, frames: int | None, duration: float | None) -> None:
        """Raise `InputError` when a source has too many frames or lasts too long; None passes."""
        if frames is not None and frames > self.max_frames:
            raise InputError(
                f"{path.name} has {frames} frames, more than the limit of {self.max_frames}: "
                "cut it into shorter pieces."
            )
        if duration is not None and duration > self.max_duration:
            raise InputError(
                f"{path.name} lasts {duration / 60:.0f} minutes, more than the limit of "
                f"{self.max_duration / 60:.0f}: cut it into shorter pieces."
            )
