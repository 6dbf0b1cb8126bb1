"""Frames for the player, by index, from decoding processes: one per clip, the few last used are kept.

Knows files and processes, no job and no HTTP.
"""

import dataclasses
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mellm.errors import InputError, MellmError
from mellm.web.child_process import Header
from mellm.web.clip_parts import FrameTable
from mellm.web.parent_process import ChildGoneError, ChildProcess
from mellm.web.server_options import ServerOptions

KEPT = 3
"""Clips whose decoder keeps running."""

STUCK_SECONDS = 600.0
"""A decoder that has not answered for so long is ended: a far jump into a long clip takes minutes at most."""

_T = TypeVar("_T")
_Key = tuple[Path, float | None]


class StillLookingError(MellmError):
    """The frame is far into a long clip; the decoder goes on looking for it."""


class _Decoder:
    """One decoding process; its lock pairs each answer with its request."""

    def __init__(self, options: ServerOptions, key: _Key) -> None:
        path, fps = key
        arguments = [str(options.memory), json.dumps(dataclasses.asdict(options.limits)), str(path)]
        self.child = ChildProcess("mellm.web.clip_decoder", *arguments, *([] if fps is None else [str(fps)]))
        self._lock = threading.Lock()
        # Answers still to come that nobody waits for any more. The first one only says "ready".
        self._owed = 1
        self._asked = time.monotonic()
        self._table: FrameTable | None = None

    def jpeg(self, index: int, width: int, seconds: float) -> bytes:
        """Ask for a frame. Raises InputError; TimeoutError while it is being looked for; ChildGoneError."""
        return self._ask({"index": index, "width": width}, seconds)[1]

    def table(self, seconds: float) -> FrameTable:
        """Ask for the clip's frames, once; raises as `jpeg` does."""
        if self._table is None:
            header, _ = self._ask({"table": True}, seconds)
            self._table = FrameTable.model_validate(header["table"])
        return self._table

    def _ask(self, order: Header, seconds: float) -> tuple[Header, bytes]:
        with self._lock:
            end = time.monotonic() + seconds
            while self._owed:
                header, _ = self._answer(end)
                if "failed" in header and not header.get("asked"):
                    raise InputError(header["failed"])
            self.child.send(order)
            self._owed, self._asked = 1, time.monotonic()
            header, body = self._answer(end)
        if "failed" in header:
            raise InputError(header["failed"])
        return header, body

    @property
    def stuck(self) -> bool:
        """Whether the last question has been open for too long."""
        return self._owed > 0 and time.monotonic() - self._asked > STUCK_SECONDS

    def _answer(self, end: float) -> tuple[Header, bytes]:
        answer = self.child.receive(end - time.monotonic())
        self._owed -= 1
        return answer


class FramePool:
    """Decoders of the clips being looked at."""

    def __init__(self, options: ServerOptions) -> None:
        """Start nothing yet."""
        self._options = options
        self._lock = threading.Lock()
        self._decoders: OrderedDict[_Key, _Decoder] = OrderedDict()

    def jpeg(self, path: Path, fps: float | None, index: int, width: int) -> bytes:
        """Frame `index` of a clip as JPEG.

        Raises InputError where there is no such frame, StillLookingError where it takes long (ask again),
        MellmError where decoding dies.
        """
        seconds = self._options.frame_seconds
        return self._asked(path, fps, lambda decoder: decoder.jpeg(index, width, seconds), f"Frame {index}")

    def table(self, path: Path, fps: float | None) -> FrameTable:
        """The frames of a clip, as far as they are known without decoding any; raises as `jpeg` does."""
        seconds = self._options.frame_seconds
        return self._asked(path, fps, lambda decoder: decoder.table(seconds), "What the clip holds")

    def _asked(self, path: Path, fps: float | None, ask: Callable[[_Decoder], _T], what: str) -> _T:
        key = (path, fps)
        for last in (False, True):
            decoder = self._decoder(key)
            try:
                return ask(decoder)
            except TimeoutError:
                if decoder.stuck:
                    self._drop(key, decoder)
                raise StillLookingError(f"{what} is still being looked for; ask again.") from None
            except ChildGoneError:
                # Ended to make room for another clip between two requests: once more with a new one.
                self._drop(key, decoder)
                if last:
                    raise
        raise AssertionError("unreachable")

    def forget(self, path: Path) -> None:
        """End the decoders of a file that goes away."""
        with self._lock:
            gone = [key for key in self._decoders if key[0] == path]
            for key in gone:
                self._decoders.pop(key).child.end()

    def close(self) -> None:
        """End all decoders."""
        with self._lock:
            while self._decoders:
                self._decoders.popitem()[1].child.end()

    def _decoder(self, key: _Key) -> _Decoder:
        with self._lock:
            if key not in self._decoders:
                self._decoders[key] = _Decoder(self._options, key)
            self._decoders.move_to_end(key)
            while len(self._decoders) > KEPT:
                self._decoders.popitem(last=False)[1].child.end()
            return self._decoders[key]

    def _drop(self, key: _Key, decoder: _Decoder) -> None:
        with self._lock:
            if self._decoders.get(key) is decoder:
                del self._decoders[key]
        decoder.child.end()
