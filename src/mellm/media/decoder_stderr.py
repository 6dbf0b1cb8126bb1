"""Captures what C libraries print on standard error while they decode.

libjpeg reports corrupt data only on the process's standard error: OpenCV passes it on, Pillow drops it.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()


@contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """Collect the lines written to file descriptor 2 inside the block; they are in the list after it.

    The descriptor belongs to the whole process: what other threads write meanwhile is caught too, so keep
    the block short. Where there is no such descriptor nothing is caught.
    """
    lines: list[str] = []
    with _LOCK, tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        try:
            kept = os.dup(2)
        except OSError:
            yield lines
            return
        try:
            os.dup2(caught.fileno(), 2)
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            lines += caught.read().decode(errors="replace").splitlines()
