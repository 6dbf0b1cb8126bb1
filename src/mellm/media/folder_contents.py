"""What people's folders hold: clips, folders of numbered pictures, and what is neither, with the reason.

Goes by names, as a person looking at the folder would; opens and decodes nothing.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from mellm.errors import InputError
from mellm.media.frame import PICTURE_SUFFIXES
from mellm.wording.message import Message
from mellm.wording.shown import shown

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".qt", ".mp4v", ".3gp", ".3gpp", ".3g2", ".3gp2", ".f4v", ".flv"}
    | {".insv", ".360", ".mts", ".m2ts", ".m2t", ".mt2s", ".ts", ".trp", ".tod", ".mod", ".mpg"}
    | {".mpeg", ".mpe", ".mpv", ".m1v", ".m2v", ".m2p", ".vob", ".evo", ".mxf", ".gxf", ".dv"}
    | {".dif", ".avi", ".divx", ".xvid", ".wmv", ".asf", ".mkv", ".mk3d", ".webm", ".ogv", ".ogm"}
    | {".rm", ".rmvb", ".amv", ".nut", ".wtv", ".dvr-ms", ".y4m", ".h264", ".264", ".avc", ".h265"}
    | {".265", ".hevc", ".av1", ".ivf", ".obu", ".mjpg", ".mjpeg", ".gif", ".apng"}
)
"""What the name of a clip ends with, lower case."""

Reason = Literal["system", "report", "preview", "other", "linked", "unreadable"]
"""Why something is left out; `batch.left_out_REASON` says it in words."""

_SYSTEM_FOLDERS: Final = frozenset(
    {"__macosx", "@eadir", "@tmp", "@recycle", "@recently-snapshot", "@__thumb", "@sharesnap", "#recycle"}
    | {"#snapshot", "$recycle.bin", "recycler", "recycled", "system volume information", "lost+found"}
    | {"network trash folder", "temporary items", "thevolumesettingsfolder", "trash", "thmbnl"}
    | {"thumbnails", "thumbs", "thumbnail", "thumb", "__pycache__", "found.000"}
)
_SYSTEM_FILES: Final = frozenset({"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r"})
_PREVIEW_SUFFIXES: Final = frozenset({".thm", ".lrv"})
_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that is not analysed, and why."""

    path: Path
    why: Reason


@dataclass(slots=True)
class FolderContents:
    """What lies below a folder: the clips by name, what is left out, and what a person should hear."""

    clips: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def is_system(name: str, *, folder: bool) -> bool:
    """Whether a file or folder is the system's by its name: hidden, a bin, thumbnails, a disk's records."""
    if name.startswith((".", "~$")):
        return True
    return name.casefold() in (_SYSTEM_FOLDERS if folder else _SYSTEM_FILES)


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures that lie in a folder itself, by their names, without the system's; unsorted."""
    return [Path(entry.path) for entry in os.scandir(folder) if _is_picture(entry.name) and entry.is_file()]


def clips_in(folder: Path) -> list[Path]:
    """Return the video files that lie in a folder itself, by their names; sorted."""
    return sorted(Path(e.path) for e in os.scandir(folder) if _is_video(e.name) and e.is_file())


def without_pictures(folder: Path) -> Message:
    """Return what to say of a folder without pictures where one with pictures is expected."""
    kinds = Counter(_kind(entry) for entry in os.scandir(folder))
    counted = (
        (Message("media.of_clips", {"count": kinds["clip"]}), kinds["clip"]),
        (Message("media.of_reports", {"count": kinds["report"]}), kinds["report"]),
        (Message("media.of_folders", {"count": kinds["folder"]}), kinds["folder"]),
        (Message("media.of_files", {"count": kinds["file"]}), kinds["file"]),
    )
    held = tuple(message for message, count in counted if count) or (Message("media.of_nothing"),)
    name = shown(folder.name or folder.resolve().name)
    return Message("media.no_pictures", {"folder": name, "held": held})


def _kind(entry: os.DirEntry[str]) -> str:
    if is_system(entry.name, folder=entry.is_dir()):
        return "system"
    if entry.is_dir():
        return "report" if _is_report(Path(entry.path)) else "folder"
    return "clip" if _is_video(entry.name) else "file"


def is_recording(pictures: Iterable[str], clips: int) -> bool:
    """Whether one folder's pictures (names) are a recording's frames, with so many clips in or below it.

    Two pictures are, where there are no clips. Beside clips, pictures are previews of them, unless they are
    one numbered series that outnumbers the clips by far.
    """
    names = list(pictures)
    if not clips:
        return len(names) > 1
    series = Counter(re.sub(r"\d+", "0", name) for name in names if re.search(r"\d", name))
    return max(series.values(), default=0) > max(_FEW, 2 * clips)


def beside_pictures(folder: Path) -> Message | None:
    """Return what to say where clips lie among the pictures of a recording; None where there are none.

    Raises InputError where the pictures look like previews of the clips.
    """
    clips = clips_in(folder)
    if not clips:
        return None
    fields: dict[str, str | int] = {
        "folder": shown(folder.name),
        "count": len(clips),
        "first": shown(clips[0].name),
    }
    pictures = [file.name for file in pictures_in(folder)]
    if pictures and not is_recording(pictures, len(clips)):
        raise InputError(Message("media.previews", {**fields, "pictures": len(pictures)}))
    return Message("media.clips_passed_over", fields)


def folders_in(root: Path) -> list[Path]:
    """Return `root` and every folder below it, linked ones included, each once, without the system's."""
    return [place for place, _ in _walk(root, [])]


def look_through(folder: Path) -> FolderContents:
    """Find every clip below `folder`, linked folders included, each once; sorted by name.

    Raises InputError where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}: give one that holds clips.")
    found = FolderContents()
    videos: list[Path] = []
    albums: dict[Path, list[Path]] = {}
    for place, names in _walk(folder, found.left_out):
        for name in names:
            file = place / name
            if is_system(name, folder=False):
                found.left_out.append(LeftOut(file, "system"))
            elif _is_video(name):
                videos.append(file)
            elif _is_picture(name):
                albums.setdefault(place, []).append(file)
            else:
                preview = file.suffix.lower() in _PREVIEW_SUFFIXES
                found.left_out.append(LeftOut(file, "preview" if preview else "other"))
    below = Counter(parent for video in videos for parent in video.parents)
    for place, files in albums.items():
        if place == folder or not is_recording((file.name for file in files), below[place]):
            found.left_out += [LeftOut(file, "preview") for file in files]
            continue
        found.clips.append(place)
        if below[place]:
            name = shown(place.relative_to(folder))
            fields: dict[str, str | int] = {"folder": name, "count": len(files)}
            found.notes.append(Message("batch.pictures_beside_clips", fields))
    found.clips = sorted(found.clips + videos)
    found.left_out.sort(key=lambda one: one.path)
    return found


def holds_clips(folder: Path) -> bool:
    """Whether a folder is one of clips, rather than one recording as numbered pictures."""
    pictures = [file.name for file in pictures_in(folder)]
    if len(pictures) < 2:
        return True
    videos = sum(_is_video(clip.name) and not clip.is_dir() for clip in look_through(folder).clips)
    return not is_recording(pictures, videos)


def left_out_message(left_out: Iterable[LeftOut], root: Path) -> Message | None:
    """Return one sentence that counts and names what is left out, by reason; None for nothing."""
    parts = []
    everything = list(left_out)
    for why in get_args(Reason):
        paths = [one.path for one in everything if one.why == why]
        if paths:
            names = [shown(path.relative_to(root)) for path in paths[:3]]
            named = ", ".join(names) + (", ..." if len(paths) > 3 else "")
            parts.append(_counted(why, {"count": len(paths), "names": named}))
    return Message("batch.left_out", {"count": len(everything), "parts": tuple(parts)}) if parts else None


def _counted(why: Reason, fields: dict[str, str | int]) -> Message:
    return {
        "system": Message("batch.left_out_system", fields),
        "report": Message("batch.left_out_report", fields),
        "preview": Message("batch.left_out_preview", fields),
        "other": Message("batch.left_out_other", fields),
        "linked": Message("batch.left_out_linked", fields),
        "unreadable": Message("batch.left_out_unreadable", fields),
    }[why]


def _is_video(name: str) -> bool:
    return Path(name).suffix.lower() in VIDEO_SUFFIXES and not is_system(name, folder=False)


def _is_picture(name: str) -> bool:
    return Path(name).suffix.lower() in PICTURE_SUFFIXES and not is_system(name, folder=False)


def _walk(root: Path, left_out: list[LeftOut]) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder with its files' names; real folders before linked ones, and none twice."""
    seen: set[tuple[int, int]] = set()
    own = [_identity(parent) for parent in root.resolve().parents]
    waiting, links = [root], list[Path]()
    while waiting or links:
        linked = not waiting
        place = waiting.pop() if waiting else links.pop(0)
        try:
            identity = _identity(place)
            if identity in seen or (linked and identity in own):
                left_out.append(LeftOut(place, "linked"))
                continue
            seen.add(identity)
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            left_out.append(LeftOut(place, "unreadable"))
            continue
        if place != root and _is_report(place):
            left_out.append(LeftOut(place, "report"))
            continue
        folders = [entry for entry in entries if entry.is_dir()]
        for entry in folders:
            if is_system(entry.name, folder=True):
                left_out.append(LeftOut(Path(entry.path), "system"))
            else:
                (links if entry.is_symlink() else waiting).append(Path(entry.path))
        files = [entry for entry in entries if not entry.is_dir()]
        broken = [e for e in files if not e.is_file() and Path(e.name).suffix.lower() not in VIDEO_SUFFIXES]
        left_out += [LeftOut(Path(entry.path), "unreadable") for entry in broken]
        yield place, [entry.name for entry in files if entry not in broken]


def _is_report(folder: Path) -> bool:
    return Path(folder, "report.json").is_file() or folder.name.endswith(".mellm")


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
