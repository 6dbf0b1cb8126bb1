"""Opens every kind of source: looks at what a file holds, not at what it is called, and picks the reader.

Knows which reader serves which kind; decodes nothing itself and loads a reader only when it is needed.
"""

import re
from fractions import Fraction
from importlib import import_module
from os import PathLike
from pathlib import Path

from mellm.errors import InputError
from mellm.media.frame import Image
from mellm.media.limits import Limits
from mellm.media.signatures import sniff
from mellm.media.source import Media
from mellm.wording.message import Message
from mellm.wording.shown import shown

_READERS = {
    "image": ("mellm.media.still", "StillMedia"),
    "folder": ("mellm.media.folder", "FolderMedia"),
    "webp": ("mellm.media.webp", "WebpMedia"),
    "animation": ("mellm.media.video", "AnimationMedia"),
    "video": ("mellm.media.video", "VideoMedia"),
}


def open_media(
    path: str | PathLike[str],
    *,
    limits: Limits | None = None,
    fps: Fraction | float | str | None = None,
    overrule: bool = True,
) -> Media:
    """Open a picture, a folder of numbered pictures, an animation or a video.

    `fps` (frames per second; 200, 29.97 and "30000/1001" all do) is needed for a folder, which has no
    times of its own. For a video or an animation it replaces the file's times by index / fps: high-speed
    cameras often store a recording at its playback rate. With `overrule=False` it does so only where the
    source has no times of its own.

    Raises `InputError` for a missing, empty, unreadable or too large source.

    Example:
        >>> from importlib.resources import files
        >>> with open_media(files("mellm.data") / "portrait.jpg") as media:
        ...     print(media.info.kind, [frame.image.shape for frame in media.frames()])
        image [(512, 512, 3)]
    """
    source = Path(path)
    limits = limits or Limits()
    rate = None if fps is None else parse_fps(fps)
    try:
        kind = _kind(source, limits)
        module, name = _READERS[kind]
        reader = getattr(import_module(module), name)
        own = rate is not None and not overrule and kind != "folder"
        media = reader(source, limits, None if own else rate)
        if own and not media.has_times:
            media = reader(source, limits, rate)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror}): check its permissions.") from None
    assert isinstance(media, Media)
    return media


def read_image(path: str | PathLike[str], *, limits: Limits | None = None) -> Image:
    """Read one still picture: uint8 (H, W, 3) RGB, upright.

    Transparency is laid over mid grey, 16-bit values are scaled by 255/65535, grey becomes RGB.
    Raises `InputError` as `open_media` does, and for an animation or a video of several frames.
    """
    with open_media(path, limits=limits, fps=1) as media:
        if media.info.kind == "folder":
            raise InputError(
                f"{media.path.name} is a folder where one picture is expected: name a file in it."
            )
        frames = list(media.frames(0, 2))
        if len(frames) > 1:
            raise InputError(Message("media.not_one_picture", {"file": shown(media.path.name)}))
        if frames:
            return frames[0].image
    raise InputError(f"No picture could be decoded from {Path(path).name}: the file is damaged.")


def parse_fps(fps: Fraction | float | str) -> Fraction:
    """A frame rate as an exact fraction; the rounded rates of NTSC (23.976, 29.97, 59.94) become n/1.001.

    Raises `InputError` for anything that is not a rate between 0.01 and 1,000,000.
    """
    try:
        rate = Fraction(fps) if isinstance(fps, Fraction | int) else Fraction(str(fps).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not Fraction(1, 100) <= rate <= 1_000_000:
        raise InputError(
            f"A frame rate of {fps} makes no sense: give frames per second, such as 200 or 29.97."
        )
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    written = re.fullmatch(r"\d+\.(\d{2,})", str(fps).strip())
    if written and round(float(ntsc), len(written[1])) == float(fps):
        return ntsc
    return rate


def _kind(path: Path, limits: Limits) -> str:
    if "\0" in str(path):
        raise InputError("The path contains a zero byte: check it.")
    if path.is_dir():
        return "folder"
    limits.check_bytes(path, path.stat().st_size)
    if not path.is_file():
        raise InputError(
            f"{path} is not a file or a folder: give a picture, a video or a folder of pictures."
        )
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise InputError(f"{path.name} is empty (0 bytes): copy or download it again.")
    found = sniff(path, head)
    if found == "text":
        raise InputError(f"{path.name} is not a picture or video: it holds text.")
    return found
