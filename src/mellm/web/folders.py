"""A folder of frames as one upload: a form with one part per picture, written to disk while it arrives.

The pictures become one medium, a folder under its hash. Their names keep the letters and digits of every
script and `._ ()-`, since frame numbers stand in them; everything else in a name becomes `_`. Knows no job.
"""

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from mellm.errors import InputError
from mellm.media.folder import natural_order
from mellm.media.frame import PICTURE_SUFFIXES
from mellm.media.signatures import still_format
from mellm.web.stored_files import DiskFullError, StoredFiles, TooLargeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

PART = "frames"
"""Name of the form's parts."""

_HEADERS = 4096
_NAME = 120
_HEAD = 64


async def keep_folder(
    files: StoredFiles,
    chunks: AsyncIterator[bytes],
    content_type: str,
    *,
    limit: int,
    most: int,
    keep_free: int,
) -> tuple[str, int, bool]:
    """Write the pictures of a form as one medium; return its digest, its size and whether it is new.

    `limit` bytes and `most` pictures are taken. Raises InputError for what is no form or no picture,
    TooLargeError, DiskFullError; nothing is left behind then.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise InputError(f"Send the pictures as a form (multipart/form-data) of parts named `{PART}`.")
    draft = files.draft_folder()
    parts = _Parts(draft, limit, most)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        async for chunk in chunks:
            if shutil.disk_usage(draft).free < keep_free + len(chunk):
                raise DiskFullError("The server's disk is full: delete old analyses and try again.")
            parser.write(chunk)
        if not parts.whole:
            raise InputError("The upload broke off before its end: send the folder again.")
        digest = parts.digest()
        new = files.keep_draft(draft, digest)
        return digest, parts.size, new
    except MultipartParseError as error:
        raise InputError(f"The form cannot be read: {error}.") from None
    finally:
        parts.close()
        shutil.rmtree(draft, ignore_errors=True)


def frame_name(given: str) -> str:
    """What a picture is called on disk. Raises InputError where its name is no picture's."""
    base = given.replace("\\", "/").rsplit("/", 1)[-1]
    plain = _tail(re.sub(r"[^\w. ()-]", "_", unicodedata.normalize("NFC", base))).lstrip(". ")
    if Path(plain).suffix.lower() not in PICTURE_SUFFIXES:
        raise InputError(
            f"'{base[:60]}' is no picture by its name: a folder of frames holds .png, .jpg and the like."
        )
    return plain


def _tail(name: str) -> str:
    """The end of a name: what file systems take, which count bytes."""
    while len(name.encode()) > _NAME:
        name = name[1:]
    return name


class _Parts:
    """Writes the parts of a form as they come; memory does not grow with them, except for their names."""

    def __init__(self, folder: Path, limit: int, most: int) -> None:
        self._folder, self._limit, self._most = folder, limit, most
        self.size, self.whole = 0, False
        self._kept: dict[str, tuple[str, str]] = {}
        self._field, self._value, self._disposition = bytearray(), bytearray(), ""
        self._name, self._head, self._hash = "", b"", hashlib.sha256()
        self._out: BinaryIO | None = None

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls, by name."""
        return {
            "on_header_field": self._on_field,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_headers_finished": self._begin,
            "on_part_data": self._write,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _finish(self) -> None:
        self.whole = True

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._bound()

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._bound()

    def _bound(self) -> None:
        if len(self._field) + len(self._value) > _HEADERS:
            raise InputError("A part of the form has headers longer than any name: send it again.")

    def _on_header(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value.decode("latin-1")
        self._field, self._value = bytearray(), bytearray()

    def _begin(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._disposition = ""
        if options.get(b"name") != PART.encode() or b"filename" not in options:
            raise InputError(f"Every part of the form must be a file and be named `{PART}`.")
        self._name = frame_name(options[b"filename"].decode("utf-8", "replace"))
        if self._name.casefold() in self._kept:
            raise InputError(f"Two pictures are called {self._name}: one folder is one recording.")
        if len(self._kept) >= self._most:
            raise TooLargeError(f"The folder holds more than {self._most} pictures: analyse it in parts.")
        self._head, self._hash = b"", hashlib.sha256()
        self._out = (self._folder / self._name).open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        assert self._out is not None
        part = data[start:end]
        self.size += len(part)
        if self.size > self._limit:
            raise TooLargeError(
                f"The folder is larger than this server takes ({self._limit / 1e6:.0f} MB): send it in parts."
            )
        if len(self._head) < _HEAD:
            self._head += part[:_HEAD]
        self._hash.update(part)
        self._out.write(part)

    def _end(self) -> None:
        assert self._out is not None
        if still_format(self._head) is None:
            raise InputError(f"{self._name} is no picture: a folder of frames holds nothing else.")
        self._out.flush()
        os.fsync(self._out.fileno())
        self.close()
        self._kept[self._name.casefold()] = (self._name, self._hash.hexdigest())

    def close(self) -> None:
        """Close the file that was being written, if any."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def digest(self) -> str:
        """The folder's identity: names and contents in their order. Raises InputError for less than two."""
        if len(self._kept) < 2:
            raise InputError("A folder of frames holds at least two pictures; one shows no motion.")
        ordered = sorted(self._kept.values(), key=lambda one: natural_order(Path(one[0])))
        lines = (f"{name}\0{digest}\n" for name, digest in ordered)
        return hashlib.sha256("".join(lines).encode()).hexdigest()
