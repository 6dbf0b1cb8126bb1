"""Where the server keeps files: uploads under their hash, one folder per result.

    STORE/media/<sha256>       uploaded files, as they came; their names are in the database only.
                               An uploaded folder of frames is a folder, its pictures under plain names
    STORE/results/<job id>/    report.json, report.html, tables, pictures, frames.json
    STORE/extras/<sha256>/     sound and magnified videos made of an upload when somebody asked for them
    STORE/drafts/              uploads and results on their way; emptied at the start

No path is ever made of what a client says. Knows no job and no HTTP.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from mellm.errors import InputError, MellmError
from mellm.media.signatures import sniff

FRAMES_FILE = "frames.json"
"""File in a result folder: list of the frames' times in seconds."""

NAMES_FILE = "names.json"
"""File in the result folder of a folder of frames: list of the frames' file names."""

THUMBNAIL_FILE = "thumbnail.jpg"
THUMBNAIL_WIDTH = 320
"""Px."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_JOB = re.compile(r"[0-9a-f]{20}")
_PICTURE = re.compile(r"me[0-9]{1,4}_[a-z_]{1,32}\.png")


_HEAD = 4096
_NO_MEDIA = (
    b"PK\x03\x04", b"PK\x05\x06", b"%PDF", b"MZ", b"\x7fELF", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!",
    b"BZh", b"\xfd7zXZ", b"\x93NUMPY", b"SQLite format 3", b"\x80\x04\x95", b"\xca\xfe\xba\xbe",
)  # fmt: skip
"""First bytes of what people send by mistake: archives, documents, programs, arrays, pickles."""


class TooLargeError(MellmError):
    """The upload is larger than the server takes."""


class NoMediaError(InputError):
    """The upload is neither a video nor a picture."""


class DiskFullError(MellmError):
    """There is no room for the upload."""


class StoredFiles:
    """The store's folders."""

    def __init__(self, store: Path) -> None:
        """Make the folders. Raises MellmError where that is impossible."""
        self.root = store
        names = ("media", "results", "drafts", "extras")
        self.media, self.results, self.drafts, self.extras = (store / name for name in names)
        try:
            shutil.rmtree(self.drafts, ignore_errors=True)
            for folder in (self.media, self.results, self.drafts, self.extras):
                folder.mkdir(parents=True, exist_ok=True)
            store.chmod(0o700)
        except OSError as error:
            raise MellmError(
                f"The store {store} cannot be used ({error.strerror}); choose another folder with --store."
            ) from error

    def has(self, digest: str) -> bool:
        """Whether an upload is there."""
        return bool(_DIGEST.fullmatch(digest)) and (self.media / digest).exists()

    def medium(self, digest: str) -> Path:
        """The uploaded file of this hash. Raises InputError where there is none."""
        if not self.has(digest):
            raise InputError(f"No uploaded file has the SHA-256 {digest[:12]}...; upload it first.")
        return self.media / digest

    async def keep(self, chunks: AsyncIterator[bytes], limit: int, keep_free: int) -> tuple[str, int, bool]:
        """Write an upload while it arrives; return its SHA-256, its size and whether it is new.

        Raises TooLargeError, DiskFullError, NoMediaError for what is neither a video nor a picture, and
        InputError for an empty one; nothing is left behind then.
        """
        digest, size, head = hashlib.sha256(), 0, b""
        handle, name = tempfile.mkstemp(dir=self.drafts)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit:
                        raise TooLargeError(
                            f"The file is larger than this server takes ({limit / 1e6:.0f} MB): cut it first."
                        )
                    if shutil.disk_usage(self.drafts).free < keep_free + len(chunk):
                        raise DiskFullError("The server's disk is full: delete old analyses and try again.")
                    digest.update(chunk)
                    head += chunk[: _HEAD - len(head)]
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            if size == 0:
                raise InputError("The upload is empty (0 bytes): choose the file again.")
            if head.startswith(_NO_MEDIA) or sniff(draft, head) == "text":
                raise NoMediaError("The file is neither a video nor a picture: choose another one.")
            target = self.media / digest.hexdigest()
            new = not target.exists()
            if new:
                draft.replace(target)
            return digest.hexdigest(), size, new
        finally:
            draft.unlink(missing_ok=True)

    def keep_draft(self, draft: Path, digest: str) -> bool:
        """Make a draft folder the medium of this hash; False where that was there already."""
        target = self.media / digest
        if target.exists():
            return False
        draft.rename(target)
        return True

    def draft_folder(self) -> Path:
        """A new folder for a result on its way."""
        return Path(tempfile.mkdtemp(dir=self.drafts))

    def finish(self, draft: Path, job: str) -> None:
        """Move a whole result to where it is found from now on, in place of an earlier one."""
        target = self.result(job)
        if target.exists():
            # Two renames: at no time is there half a folder under the job's name.
            target.rename(self.draft_folder() / "former")
        draft.rename(target)

    def result(self, job: str) -> Path:
        """A job's result folder, there or not."""
        if not _JOB.fullmatch(job):
            raise InputError("A job's id is 20 hexadecimal digits.")
        return self.results / job

    def picture(self, job: str, draft: Path | None, name: str) -> bytes | None:
        """One picture (PNG) of a result, or of its draft; None where there is none of this name."""
        if not _PICTURE.fullmatch(name):
            return None
        # A draft becomes the result while this looks: the result is asked again at the end.
        for folder in (self.result(job), draft, self.result(job)):
            data = None if folder is None else self.read(folder / name)
            if data is not None:
                return data
        return None

    def read(self, file: Path) -> bytes | None:
        """A file's bytes; None where it is not there, or not any more."""
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None

    def made(self, digest: str, name: str) -> Path:
        """Where a file that is made of an upload lies, there or not."""
        return self.extras / digest / name

    def drop_result(self, job: str) -> None:
        """Delete a result folder."""
        shutil.rmtree(self.result(job), ignore_errors=True)

    def drop_medium(self, digest: str) -> None:
        """Delete an upload."""
        if not _DIGEST.fullmatch(digest):
            return
        shutil.rmtree(self.extras / digest, ignore_errors=True)
        medium = self.media / digest
        if medium.is_dir():
            shutil.rmtree(medium, ignore_errors=True)
        else:
            medium.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as compact JSON."""
    path.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
