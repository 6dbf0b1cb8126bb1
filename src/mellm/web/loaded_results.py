"""Reports and frame times of the results people look at, kept in memory.

A report of an hour takes a second to read, and a page asks for parts of it again and again. Knows files only.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from mellm.report import Report

KEPT = 6
"""Files of each kind that stay in memory."""

_T = TypeVar("_T")
_Key = tuple[Path, int]


class _Kept(Generic[_T]):
    """What was made of the files asked for last; read again where a file has changed."""

    def __init__(self, read: Callable[[Path], _T]) -> None:
        self._read, self._lock = read, threading.Lock()
        self._known: OrderedDict[_Key, _T] = OrderedDict()

    def __call__(self, file: Path) -> _T:
        key = (file, file.stat().st_mtime_ns)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        value = self._read(file)
        with self._lock:
            self._known[key] = value
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return value


def _times(file: Path) -> list[float]:
    times: list[float] = json.loads(file.read_text(encoding="utf-8"))
    return times


def _names(file: Path) -> list[str]:
    names: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return names


class LoadedResults:
    """Reports and times by their files. What comes out is shared: nobody changes it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.report: Callable[[Path], Report] = _Kept(Report.load)
        self.times: Callable[[Path], list[float]] = _Kept(_times)
        self.names: Callable[[Path], list[str]] = _Kept(_names)
